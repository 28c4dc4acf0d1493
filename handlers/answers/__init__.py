"""Answering from the knowledge: what is found, for whom, in which words, and what nobody could answer."""
