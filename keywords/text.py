"""A text made ready for reading: folded, cut into words, its word boundaries known. Made once, read by all."""

from dataclasses import dataclass

from keywords.normalise import Folded, fold
from keywords.segment import boundaries, cut


@dataclass(frozen=True, slots=True)
class Text:
    """`flat` is the folded text that offsets of matches point into; `edges`: where words begin or end."""

    folded: Folded
    words: tuple[str, ...]
    edges: frozenset[int]

    @property
    def flat(self) -> str:
        return self.folded.text

    def span(self, start: int, end: int) -> tuple[str, int, int]:
        """What the customer wrote at [start, end) of the folded text, and where in the original."""
        first, last = self.folded.origin(start, end)
        return self.folded.original[first:last], first, last


def read_text(original: str) -> Text:
    """Fold and cut a text."""
    folded = fold(original)
    words = cut(folded.text)
    return Text(folded, tuple(words), frozenset(boundaries(words)))
