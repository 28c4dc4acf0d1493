"""Finding words in a text: by spelling, sound, number, likeness; and what a model learned of them."""
