"""Hints beside the rules: the tone of a sentence, and words of other worlds than the shop's (会议精华, 车窗防晒膜).

None decides alone; the model of `keywords.judging.meant` weighs them. Words: cues.yaml and elsewhere.yaml in
lexicons.
"""

from collections.abc import Iterable
from functools import cache

import ahocorasick_rs

from keywords.finding.patterns import pattern, read_patterns
from keywords.text import Text

#: So near a match another world's word most likely belongs to it.
_BESIDE = 4


class Elsewhere:
    """Words of other worlds, without those that a catalogue's own words hold: nuts are at home in a shop of nuts."""

    def __init__(self, own: Iterable[str]) -> None:
        worlds = {word: world for world, words in read_patterns("elsewhere").items() for word in words}
        listed = list(worlds)
        at_home = ahocorasick_rs.AhoCorasick(listed).find_matches_as_indexes("\n".join(own), overlapping=True)
        known = {listed[index] for index, _, _ in at_home}
        self._words = [(word, world) for word, world in worlds.items() if word not in known]
        self._automaton = ahocorasick_rs.AhoCorasick([word for word, _ in self._words], store_patterns=False)

    def find(self, text: Text) -> list[tuple[int, int, str]]:
        """(start, end, world) of the whole words of a text."""
        return [
            (start, end, self._words[index][1])
            for index, start, end in self._automaton.find_matches_as_indexes(text.flat)
            if start in text.edges and end in text.edges
        ]


class Cues:
    """The hints of one text."""

    def __init__(self, text: Text, elsewhere: Elsewhere) -> None:
        self._flat = text.flat
        self._far = elsewhere.find(text)
        self._tone = tuple(f"all {name}" for name in _names() if pattern("cues", name).search(text.flat))
        self._clauses: dict[tuple[int, int], tuple[str, ...]] = {}

    def around(self, start: int, end: int, clause: tuple[int, int]) -> tuple[str, ...]:
        """The hints for a match at [start, end) in a clause."""
        return (*self._tone, *self._within(clause), *self._worlds(start, end, clause))

    def _within(self, clause: tuple[int, int]) -> tuple[str, ...]:
        if clause not in self._clauses:
            said = self._flat[slice(*clause)]
            self._clauses[clause] = tuple(name for name in _names() if pattern("cues", name).search(said))
        return self._clauses[clause]

    def _worlds(self, start: int, end: int, clause: tuple[int, int]) -> list[str]:
        far = [(first, last, world) for first, last, world in self._far if last <= start or first >= end]
        seen = {f"world {world}" for _, _, world in far}
        if far:
            seen.add("elsewhere")
        if any(clause[0] <= first < clause[1] for first, _, _ in far):
            seen.add("elsewhere in clause")
        if any(start - last <= _BESIDE and first - end <= _BESIDE for first, last, _ in far):
            seen.add("elsewhere beside")
        if any(first <= start and end <= last for first, last, _ in self._far):
            seen.add("elsewhere over")
        return sorted(seen)


@cache
def _names() -> tuple[str, ...]:
    return tuple(read_patterns("cues"))
