"""Finds meanings in a text: Aho-Corasick finds every occurrence of every word, then accidents are thrown out.

Segmenting first and looking words up afterwards misses 1-17 % of the occurrences; matching first misses none, and the
boundary filter then drops what cuts a word in two (老客 in 老客厅, 起皮 in 一起皮肤).
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TypeVar

import ahocorasick_rs

from keywords.lexicon import ALONE, NEAR, Meaning, Phrase
from keywords.normalise import normalise
from keywords.segment import is_word
from keywords.text import Text

#: Chinese words of this many characters are not made by accident where two others meet: boundaries are not asked; of
#: those one shorter, one side is.
_LONG = 4
#: What ends a clause, and what ends a sentence: a phrase's near gap may not hold the first, a far gap not the second.
_CLAUSE_END = re.compile(r"[，,。.！!？?；;\n]")
_CLAUSE_MARK = re.compile(r"[，,。.！!？?；;\n]|(?<=[\u4e00-\u9fff]) (?=[\u4e00-\u9fff])")
_SENTENCE_END = re.compile(r"[。！!？?；;\n]")


#: More parts no phrase has.
_MOST_PARTS = 16
_T = TypeVar("_T")
_Breaks = tuple[re.Pattern[str], re.Pattern[str]]


@dataclass(frozen=True, slots=True)
class Match:
    """A meaning at [start, end) of the folded text; `word` is what said it, folded, or the phrase's spelling.

    `kind` is how it was said: by a word, a phrase, a sound (other characters, pinyin), initials or a quantity. `parts`
    are the places of a phrase's parts.
    """

    name: str
    word: str
    start: int
    end: int
    kind: str = "word"
    parts: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class _Use:
    """What a pattern of the automaton is good for: a whole word, or one `part` of the phrase with this `number`.

    One object serves all patterns that are good for the same: there are thousands.
    """

    name: str
    trap: bool
    number: int = -1
    part: int = 0
    alone: bool = False


class Matcher:
    """Finds the meanings of a fixed list. Immutable; safe for many threads.

    `within_clauses`: far gaps of phrases stay inside a clause too, and traps go by whole words only.
    """

    def __init__(self, meanings: Iterable[Meaning], *, within_clauses: bool = False) -> None:
        self._strict = within_clauses
        self._breaks = (_CLAUSE_MARK, _CLAUSE_MARK) if within_clauses else (_CLAUSE_END, _SENTENCE_END)
        uses: dict[str, list[_Use]] = {}
        self._phrases: list[tuple[str, bool, Phrase]] = []
        for meaning in meanings:
            said, trapped = _Use(meaning.name, trap=False), _Use(meaning.name, trap=True)
            for word in meaning.words:
                _learn(uses, word, said)
            for phrase in meaning.phrases:
                self._learn_phrase(uses, meaning.name, phrase, trap=False)
            for trap in meaning.traps:
                if isinstance(trap, Phrase):
                    self._learn_phrase(uses, meaning.name, trap, trap=True)
                else:
                    _learn(uses, trap, trapped)
        uses = _folded(uses)
        self._uses = _shared(tuple(use for use in those if use.number < 0) for those in uses.values())
        self._parts = _shared(tuple(_place(use) for use in those if use.number >= 0) for those in uses.values())
        self._loose = _shared(
            tuple(_place(use) for use in those if use.number >= 0 and self._is_loose(use)) for those in uses.values()
        )
        self._automaton = ahocorasick_rs.AhoCorasick(list(uses), store_patterns=False)

    def _learn_phrase(self, uses: dict[str, list[_Use]], name: str, phrase: Phrase, *, trap: bool) -> None:
        number = len(self._phrases)
        self._phrases.append((name, trap, replace(phrase, parts=((),) * len(phrase.parts))))
        for part, alternatives in enumerate(phrase.parts):
            use = _Use(name, trap, number, part)
            for word in alternatives:
                _learn(uses, word, use)

    def _is_loose(self, use: _Use) -> bool:
        """Whether a part of one character counts inside other words too: its phrase's parts stand close together."""
        return max(self._phrases[use.number][2].gaps) <= NEAR and not (use.trap and self._strict)

    def find(self, text: Text) -> list[Match]:
        """What the text says, by place: no word inside a longer word of the list, none that a trap touches."""
        words: list[Match] = []
        rows: list[Match] = []
        traps: list[Match] = []
        parts: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
        for index, start, end in self._automaton.find_matches_as_indexes(text.flat, overlapping=True):
            whole = _is_whole(text, start, end)
            if whole or end - start == 1:
                for place in self._parts[index] if whole else self._loose[index]:
                    parts[place].append((start, end))
            for use in self._uses[index]:
                if (whole or use.trap) and (not use.alone or _is_alone(text.flat, start, end)):
                    (traps if use.trap else words).append(Match(use.name, text.flat[start:end], start, end))
        for place in [place for place in parts if place % _MOST_PARTS == 0]:
            name, trap, phrase = self._phrases[place // _MOST_PARTS]
            slots = [parts.get(place + part, []) for part in range(len(phrase.parts))]
            if not all(slots):
                continue
            for row in _rows(text.flat, phrase, slots, self._breaks):
                (traps if trap else rows).append(
                    Match(name, phrase.spelling, row[0][0], row[-1][1], "phrase", tuple(row))
                )
        said = [match for match in (*outermost(words), *rows) if not _trapped(match, traps)]
        return sorted(said, key=lambda match: (match.start, match.end))


def _shared(rows: Iterable[tuple[_T, ...]]) -> list[tuple[_T, ...]]:
    """The rows, equal ones being one object."""
    known: dict[tuple[_T, ...], tuple[_T, ...]] = {}
    return [known.setdefault(row, row) for row in rows]


def _place(use: _Use) -> int:
    """Where the places of a phrase's part are kept: one number for phrase and part is found faster than two."""
    return use.number * _MOST_PARTS + use.part


def _learn(uses: dict[str, list[_Use]], word: str, use: _Use) -> None:
    if word[0] == ALONE and len(word) > 1:
        word, use = word[1:], replace(use, alone=True)
    uses.setdefault(word, []).append(use)


def _folded(uses: dict[str, list[_Use]]) -> dict[str, list[_Use]]:
    """The same by folded words, each use once."""
    folded: dict[str, dict[_Use, None]] = {}
    for word, those in uses.items():
        folded.setdefault(normalise(word), {}).update(dict.fromkeys(those))
    return {word: list(those) for word, those in folded.items()}


def _is_whole(text: Text, start: int, end: int) -> bool:
    """Whether [start, end) is not cut out of other words."""
    if text.flat[start].isascii() and text.flat[end - 1].isascii():
        return not (_is_letter(text.flat[:start][-1:]) or _is_letter(text.flat[end : end + 1]))
    sides = (start in text.edges) + (end in text.edges)
    if sides == 2:
        return not (1 < end - start < _LONG and _is_crossed(text.flat, start, end))
    return end - start >= _LONG or (end - start == _LONG - 1 and sides == 1)


def _is_letter(character: str) -> bool:
    return character.isascii() and character.isalpha()


def _is_crossed(flat: str, start: int, end: int) -> bool:
    """Whether two words meet inside [start, end): 数学生气 is no 学生."""
    if start == 0 or end == len(flat):
        return False
    return is_word(flat[start - 1 : start + 1]) and any(is_word(flat[end - 1 : end + more]) for more in (1, 2))


def _is_alone(flat: str, start: int, end: int) -> bool:
    """Whether nothing else is said between the marks around [start, end)."""
    return not (flat[:start][-1:].isalnum() or flat[end : end + 1].isalnum())


def _rows(
    flat: str, phrase: Phrase, slots: list[list[tuple[int, int]]], breaks: _Breaks
) -> list[list[tuple[int, int]]]:
    """Where a phrase's parts follow each other: for each first part the nearest row."""
    rows = (_row(flat, phrase, slots, first, breaks) for first in sorted(slots[0]))
    return [row for row in rows if row]


def _row(
    flat: str, phrase: Phrase, slots: list[list[tuple[int, int]]], first: tuple[int, int], breaks: _Breaks
) -> list[tuple[int, int]]:
    row = [first]
    for gap, slot in zip(phrase.gaps, slots[1:], strict=True):
        following = _next(flat, row[-1][1], gap, slot, breaks[gap > NEAR])
        if following is None:
            return []
        row.append(following)
    return row


def _next(
    flat: str, place: int, gap: int, slot: list[tuple[int, int]], ends: re.Pattern[str]
) -> tuple[int, int] | None:
    """The nearest part that begins at most `gap` characters after `place`, no break in between."""
    for start, end in sorted(slot, key=lambda place: (place[0], -place[1])):
        if 0 <= start - place <= gap and not ends.search(flat, place, start):
            return start, end
    return None


def _trapped(match: Match, traps: list[Match]) -> bool:
    return any(trap.name == match.name and trap.start < match.end and match.start < trap.end for trap in traps)


def outermost(found: list[Match]) -> list[Match]:
    """Matches without the words that lie inside a longer one, whatever it means: 油皮 in 混油皮."""
    kept: list[Match] = []
    for match in sorted(found, key=lambda m: (m.start, -m.end)):
        inside = (o for o in kept if o.start <= match.start and match.end <= o.end)
        if not any((o.start, o.end) != (match.start, match.end) for o in inside):
            kept.append(match)
    return kept
