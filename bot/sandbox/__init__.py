"""A WeCom of our own: the test double of every scenario and the demo."""
