"""Which meanings a text may speak of, by the characters it shares with their wordings.

A lexicon never holds every wording. "老的积分会没掉吗" stands in none, but its characters and pairs of characters are
those of the wordings of one meaning more than of any other.
"""

from array import array
from bisect import bisect_left
from collections.abc import Iterable
from itertools import pairwise
from math import log, sqrt

from keywords.lexicon import Meaning

#: What a character weighs beside a pair of them, and a wording that is only part of a phrase beside a whole one.
SINGLE, PART = 0.5, 0.6
#: How far a meaning of many wordings is held back: half way between not at all and wholly.
_NORM_POWER = 0.5
#: A gram is one number, a pair of characters shifted by the bits that a character may have: numbers in sorted arrays
#: take a tenth of what strings in a dictionary take.
_CHARACTER_BITS = 21


class Nearby:
    """Compares texts with the wordings of a fixed list of meanings. Immutable; safe for many threads."""

    def __init__(self, meanings: Iterable[Meaning]) -> None:
        names: list[str] = []
        told: list[tuple[int, int, float]] = []
        for number, meaning in enumerate(meanings):
            names.append(meaning.name)
            told += [(gram, number, 1.0 + log(1.0 + count)) for gram, count in _counted(meaning).items()]
        told.sort()
        self._names = names
        self._grams, self._begins = array("Q"), array("I")
        for place, (gram, _, _) in enumerate(told):
            if not self._grams or self._grams[-1] != gram:
                self._grams.append(gram)
                self._begins.append(place)
        self._begins.append(len(told))
        self._owners = array("H", (number for _, number, _ in told))
        self._weights = array("f", (weight for _, _, weight in told))
        self._scale()

    def _scale(self) -> None:
        """Weigh the grams by rarity, and hold back the meanings of many wordings."""
        norms = [0.0] * len(self._names)
        for place in range(len(self._grams)):
            rarity = self._rarity(place)
            for row in range(self._begins[place], self._begins[place + 1]):
                self._weights[row] *= rarity
                norms[self._owners[row]] += self._weights[row] ** 2
        norms = [sqrt(norm) for norm in norms]
        usual = sum(norms) / max(1, len(norms))
        scales = [norm**_NORM_POWER * usual ** (1.0 - _NORM_POWER) or 1.0 for norm in norms]
        for row, owner in enumerate(self._owners):
            self._weights[row] /= scales[owner]

    def _rarity(self, place: int) -> float:
        """How much a known gram tells: the fewer meanings share it, the more."""
        among = self._begins[place + 1] - self._begins[place]
        return (1.0 if self._grams[place] >> _CHARACTER_BITS else SINGLE) * log(1.0 + len(self._names) / among)

    def guess(self, flat: str) -> dict[str, float]:
        """How near a folded text is to each meaning that it shares characters with, mostly between 0 and 1."""
        known = {place for gram in _grams(flat) if (place := self._place(gram)) is not None}
        told = {place: self._rarity(place) for place in sorted(known)}
        norm = sqrt(sum(weight * weight for weight in told.values()))
        near = [0.0] * len(self._names)
        for place, rarity in told.items():
            for row in range(self._begins[place], self._begins[place + 1]):
                near[self._owners[row]] += rarity / norm * self._weights[row]
        return {name: value for name, value in zip(self._names, near, strict=True) if value > 0}

    def _place(self, gram: int) -> int | None:
        place = bisect_left(self._grams, gram)
        return place if place < len(self._grams) and self._grams[place] == gram else None


def _counted(meaning: Meaning) -> dict[int, float]:
    """In how many wordings of a meaning each character and pair of characters stands."""
    counted: dict[int, float] = {}
    parts = (word for phrase in meaning.phrases for part in phrase.parts for word in part)
    for weight, words in ((1.0, meaning.words), (PART, parts)):
        for word in words:
            for gram in set(_grams(word)):
                counted[gram] = counted.get(gram, 0.0) + weight
    return counted


def _grams(text: str) -> list[int]:
    characters = [ord(character) for character in text if character.isalnum()]
    return [*characters, *(one << _CHARACTER_BITS | other for one, other in pairwise(characters))]
