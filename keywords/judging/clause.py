"""The clauses of a text, and what a clause does to the words in it: denies, supposes, asks, puts in the past.

The words that do so stand in lexicons/clause.yaml.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from keywords.finding.patterns import pattern, patterns

_FAR, _NEAR = 8, 2
#: A denial goes no further than this: what stands before 的 only describes ("不油的面膜").
_DENIAL_STOPS = "的但就只却还是要"


def _p(key: str) -> re.Pattern[str]:
    return pattern("clause", key)


@dataclass(frozen=True)
class Clause:
    """A stretch [start, end) of a folded text."""

    start: int
    end: int
    text: str

    @cached_property
    def _harmless(self) -> list[tuple[int, int]]:
        return [found.span() for each in patterns("clause", "not_denial") for found in each.finditer(self.text)]

    @cached_property
    def past(self) -> re.Match[str] | None:
        return _p("past").search(self.text)

    @cached_property
    def asks(self) -> bool:
        return bool(_p("asked").search(self.text))

    @cached_property
    def own(self) -> bool:
        """Whether the writer speaks of themselves, be it only by being precise."""
        return bool(_p("own").search(self.text) or _p("sure").search(self.text))

    def is_uncertain(self, start: int, end: int) -> bool:
        """Whether a word at [start, end) of the whole text is doubted, or said of everybody it is true of."""
        if _p("uncertain").search(self.text, 0, max(0, start - self.start)):
            return True
        return not self.own and bool(_p("generic_after").search(self.text[end - self.start :]))

    def denies(self, parts: Sequence[tuple[int, int]]) -> bool:
        """Whether words are denied before, between or after them. `parts` are their places in the whole text."""
        inside = [(start - self.start, end - self.start) for start, end in parts]
        return self._denied_before(inside) or bool(_p("denial_after").search(self.text[max(0, inside[-1][1]) :]))

    def _denied_before(self, parts: list[tuple[int, int]]) -> bool:
        begin, last = max(0, parts[0][0]), max(0, parts[-1][0])
        for key, reach in (("denial_far", _FAR), ("denial_near", _NEAR)):
            for found in _p(key).finditer(self.text, 0, last):
                if any(start < found.end() and found.start() < end for start, end in parts) or self._is_harmless(found):
                    continue
                between = self.text[found.end() : begin] if found.end() <= begin else ""
                if len(between) <= reach and not any(stop in between for stop in _DENIAL_STOPS):
                    return not self._is_double(found)
        return False

    def _is_double(self, denial: re.Match[str]) -> bool:
        """Whether a second denial right behind the first takes it back: 不是没有, 没有不."""
        return bool(_p("denial_near").match(self.text, denial.end()))

    def _is_harmless(self, found: re.Match[str]) -> bool:
        return any(start < found.end() and found.start() < end for start, end in self._harmless)

    def has_harmless(self, start: int) -> bool:
        """Whether a "not" that denies nothing stands before a place of the whole text."""
        return any(end <= start - self.start for _, end in self._harmless)

    def is_over(self, start: int, end: int) -> bool:
        """Whether a word at [start, end) of the whole text was true once and is no more."""
        if _p("over_after").search(self.text[end - self.start :]):
            return True
        past = self.past
        return past is not None and past.start() < start - self.start and not _p("still").search(self.text)

    def has_ended(self, start: int, flat: str) -> bool:
        """Whether what was so once, at `start` of the whole text, is said to have ended."""
        past = self.past
        return past is not None and past.start() < start - self.start and bool(_p("ended").search(flat, start))

    def supposes(self, start: int) -> bool:
        """Whether a word at `start` of the whole text is only thought of."""
        return bool(_p("supposed").search(self.text, 0, max(0, start - self.start)))


def clauses(flat: str) -> list[Clause]:
    """The clauses of a folded text in order; what separates them is in none."""
    found, start = [], 0
    for cut in _p("breaks").finditer(flat):
        if cut.start() > start:
            found.append(Clause(start, cut.start(), flat[start : cut.start()]))
        start = cut.end()
    if start < len(flat):
        found.append(Clause(start, len(flat), flat[start:]))
    return found


def quoted(flat: str) -> list[tuple[int, int]]:
    """Stretches that repeat somebody else: titles, and what stands in quotation marks after a verb of saying."""
    return [
        found.span()
        for found in _p("quoted").finditer(flat)
        if found[0].startswith("《") or _p("said_by").search(flat, 0, found.start())
    ]


def corrections(flat: str) -> list[int]:
    """Where the writer corrects what stands before."""
    return [found.start() for found in _p("correction").finditer(flat)]


def defines(sentence: str) -> bool:
    """Whether a sentence asks what a word means, or how to know whether it is true."""
    return bool(_p("definition").search(sentence))
