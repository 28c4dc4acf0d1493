"""Judging what was found: of whom, when, whether it was meant."""
