"""Which meanings a text may speak of, by the characters it shares with their wordings.

A lexicon never holds every wording. "老的积分会没掉吗" stands in none, but its characters and pairs of characters are
those of the wordings of one meaning more than of any other.
"""

from array import array
from collections import Counter
from collections.abc import Iterable
from itertools import accumulate, pairwise
from math import log, sqrt

from keywords.lexicon import Meaning

#: What a character weighs beside a pair of them, and a wording that is only part of a phrase beside a whole one.
SINGLE, PART = 0.5, 0.6
#: How far a meaning of many wordings is held back: half way between not at all and wholly.
_NORM_POWER = 0.5


class Nearby:
    """Compares texts with the wordings of a fixed list of meanings. Immutable; safe for many threads."""

    def __init__(self, meanings: Iterable[Meaning]) -> None:
        counted = [(meaning.name, _counted(meaning)) for meaning in meanings]
        self._names = [name for name, _ in counted]
        spread = Counter(gram for _, grams in counted for gram in grams)
        # one array for all grams, each gram a span of it: arrays of their own would take several times as much
        begins = accumulate(spread.values(), initial=0)
        self._spans = {gram: (begin, among) for begin, (gram, among) in zip(begins, spread.items(), strict=False)}
        self._owners = array("H", bytes(2 * spread.total()))
        self._weights = array("f", bytes(4 * spread.total()))
        rows = [
            {gram: (1.0 + log(1.0 + count)) * self._rarity(gram) for gram, count in grams.items()}
            for _, grams in counted
        ]
        norms = [sqrt(sum(weight * weight for weight in row.values())) for row in rows]
        usual = sum(norms) / max(1, len(norms))
        filled = dict.fromkeys(spread, 0)
        for number, (row, norm) in enumerate(zip(rows, norms, strict=True)):
            scale = norm**_NORM_POWER * usual ** (1.0 - _NORM_POWER)
            for gram, weight in row.items():
                place = self._spans[gram][0] + filled[gram]
                filled[gram] += 1
                self._owners[place], self._weights[place] = number, weight / scale

    def _rarity(self, gram: str) -> float:
        """How much a known gram tells: the fewer meanings share it, the more."""
        return (SINGLE if len(gram) == 1 else 1.0) * log(1.0 + len(self._names) / self._spans[gram][1])

    def guess(self, flat: str) -> dict[str, float]:
        """How near a folded text is to each meaning that it shares characters with, mostly between 0 and 1."""
        told = {gram: self._rarity(gram) for gram in _grams(flat) if gram in self._spans}
        norm = sqrt(sum(weight * weight for weight in told.values()))
        near = [0.0] * len(self._names)
        for gram, rarity in told.items():
            begin, among = self._spans[gram]
            for place in range(begin, begin + among):
                near[self._owners[place]] += rarity / norm * self._weights[place]
        return {name: value for name, value in zip(self._names, near, strict=True) if value > 0}


def _counted(meaning: Meaning) -> dict[str, float]:
    """In how many wordings of a meaning each character and pair of characters stands."""
    counted: dict[str, float] = {}
    parts = (word for phrase in meaning.phrases for part in phrase.parts for word in part)
    for weight, words in ((1.0, meaning.words), (PART, parts)):
        for word in words:
            for gram in set(_grams(word)):
                counted[gram] = counted.get(gram, 0.0) + weight
    return counted


def _grams(text: str) -> list[str]:
    chars = [char for char in text if char.isalnum()]
    return [*chars, *(one + two for one, two in pairwise(chars))]
