"""How a text leans where no listed word decides: by the characters and pairs it shares with examples of two kinds.

A lexicon never holds every wording of anger or distress. What most examples of the one kind share and few of the other
weighs for it (naive Bayes, odds in logarithms); a text's hunch is their sum, held back for its length.
"""

from collections import Counter
from collections.abc import Iterable
from itertools import pairwise
from math import log, sqrt
from pathlib import Path

from keywords.lexicon import LexiconError, read_yaml
from keywords.normalise import normalise

#: What stands in fewer examples than this says nothing; what is added to each count; what a short text is held back by.
_SEEN, _SMOOTH, _STEADY = 2, 0.5, 4
#: A long text says a little of everything: from the square of this many grams on, its mean counts.
_LONG = 8


class Hunch:
    """Weighs texts by examples for and against. Immutable; safe for many threads."""

    def __init__(self, wanted: Iterable[str], ordinary: Iterable[str]) -> None:
        wanted_in, wanted_of = _counted(wanted)
        ordinary_in, ordinary_of = _counted(ordinary)
        self._odds = {
            gram: _share(wanted_in[gram], wanted_of) - _share(ordinary_in[gram], ordinary_of)
            for gram in wanted_in.keys() | ordinary_in.keys()
            if wanted_in[gram] + ordinary_in[gram] >= _SEEN
        }

    def weigh(self, flat: str) -> float:
        """Positive when a folded text is more like the examples for, negative when more like those against."""
        grams = _grams(flat)
        return sum(self._odds.get(gram, 0.0) for gram in grams) / max(sqrt(len(grams) + _STEADY), len(grams) / _LONG)


def load_hunch(path: Path) -> Hunch:
    """Read examples, {wanted: [...], ordinary: [...]}. Raises LexiconError."""
    data = read_yaml(path)
    if not isinstance(data, dict) or set(data) != {"wanted", "ordinary"}:
        raise LexiconError(f"{path}: must hold lists under 'wanted' and 'ordinary'")
    return Hunch(map(str, data["wanted"]), map(str, data["ordinary"]))


def _counted(examples: Iterable[str]) -> tuple[Counter[str], int]:
    """In how many examples each gram stands, and how many examples there are."""
    read = [_grams(normalise(example)) for example in examples]
    return Counter(gram for grams in read for gram in grams), len(read)


def _share(count: int, among: int) -> float:
    return log((count + _SMOOTH) / (among + 2 * _SMOOTH))


def _grams(flat: str) -> set[str]:
    """The characters and pairs of a text, its beginning and end among them; marks other than ! and ? are skipped."""
    chars = [char for char in flat if char.isalnum() or char in "!?"]
    return {*chars, *(one + two for one, two in pairwise(["^", *chars, "$"]))}
