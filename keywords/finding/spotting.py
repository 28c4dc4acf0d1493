"""Finds the meanings of thousands of words and hundreds of phrases at little cost: names and places, no evidence.

The rules are those of `keywords.match`, but that the ends of longer words count. A knowledge base of ten thousand
entries is read with it when it is loaded, so phrases are sieved first: each pattern carries the set of phrases it is
part of as the bits of one number, and only phrases of which every part was heard are looked at.
"""

import re
from collections.abc import Container, Iterable
from typing import TypeVar

import ahocorasick_rs

from keywords.lexicon import NEAR, Meaning, Phrase
from keywords.normalise import normalise
from keywords.text import Text

T = TypeVar("T")
Span = tuple[int, int]
Said = tuple[int, int, str]

#: Words of this many characters are not made by accident where two others meet: boundaries are not asked.
_LONG = 4
#: The end of a longer word is what it is a kind of: 发票 of 开发票. It may be this short.
_HEAD = 2
_CLAUSE_END = re.compile(r"[，,。.！!？?；;\n]")
_SENTENCE_END = re.compile(r"[。！!？?；;\n]")


class Spotter:
    """Finds the meanings of a fixed list. Immutable; safe for many threads."""

    def __init__(self, meanings: Iterable[Meaning], parts: Container[str] = ()) -> None:
        """`parts`: meanings that a longer word with another meaning does not hide (防晒 in 哪款防晒)."""
        self._open = parts
        patterns: dict[str, int] = {}
        words: dict[int, tuple[str, ...]] = {}
        traps: dict[int, tuple[str, ...]] = {}
        parted: dict[int, dict[int, int]] = {}
        self._phrases: list[tuple[str, bool, tuple[int, ...]]] = []

        def pattern(word: str) -> int:
            return patterns.setdefault(normalise(word), len(patterns))

        def learn_phrase(name: str, phrase: Phrase, trap: bool) -> None:
            bit = 1 << len(self._phrases)
            self._phrases.append((name, trap, phrase.gaps))
            for part, alternatives in enumerate(phrase.parts):
                for word in alternatives:
                    of = parted.setdefault(pattern(word), {})
                    of[part] = of.get(part, 0) | bit

        for meaning in meanings:
            for word in meaning.words:
                _note(words, pattern(word), meaning.name)
            for phrase in meaning.phrases:
                learn_phrase(meaning.name, phrase, False)
            for trap in meaning.traps:
                if isinstance(trap, Phrase):
                    learn_phrase(meaning.name, trap, True)
                else:
                    _note(traps, pattern(trap), meaning.name)
        longest = max((len(gaps) for _, _, gaps in self._phrases), default=0)
        #: for each part that a phrase may lack, the phrases that lack it
        self._without = [
            sum(1 << number for number, (_, _, gaps) in enumerate(self._phrases) if len(gaps) < part)
            for part in range(longest + 1)
        ]
        self._words, self._traps = _listed(words, len(patterns)), _listed(traps, len(patterns))
        self._parts = _listed({index: tuple(of.items()) for index, of in parted.items()}, len(patterns))
        self._automaton = ahocorasick_rs.AhoCorasick(list(patterns), store_patterns=False)

    def find(self, text: Text, *, phrases: bool = True) -> list[Said]:
        """Start, end and name of what the text says: no word inside a longer one, nothing that a trap touches.

        Without `phrases` only words are looked for, which costs a third.
        """
        words: list[Said] = []
        traps: list[Said] = []
        hits: list[tuple[int, int, int]] = []
        heard = [0] * len(self._without)
        for hit in self._automaton.find_matches_as_indexes(text.flat, overlapping=True):
            index, start, end = hit
            whole = _is_whole(text, start, end)
            traps += [(start, end, name) for name in self._traps[index]]
            if whole:
                words += [(start, end, name) for name in self._words[index]]
            if phrases and (whole or end - start == 1) and self._parts[index]:
                hits.append(hit)
                for part, bits in self._parts[index]:
                    heard[part] |= bits
        said = _outermost(words, self._open)
        for start, end, name, trap in self._rows(text.flat, hits, heard) if hits else ():
            (traps if trap else said).append((start, end, name))
        return [one for one in said if not _trapped(one, traps)]

    def _rows(self, flat: str, hits: list[tuple[int, int, int]], heard: list[int]) -> list[tuple[int, int, str, bool]]:
        """Where the parts of a phrase follow each other."""
        whole = -1
        for bits, lacking in zip(heard, self._without, strict=True):
            whole &= bits | lacking
        found = []
        while whole > 0:
            bit = whole & -whole
            whole ^= bit
            name, trap, gaps = self._phrases[bit.bit_length() - 1]
            slots: list[list[Span]] = [[] for _ in range(len(gaps) + 1)]
            for index, start, end in hits:
                for part, bits in self._parts[index]:
                    if bits & bit:
                        slots[part].append((start, end))
            row = _row(flat, gaps, slots)
            if row:
                found.append((*row, name, trap))
        return found


def _listed(of: dict[int, tuple[T, ...]], length: int) -> list[tuple[T, ...]]:
    """What each pattern stands for, by its number; equal ones are one object: most patterns share theirs."""
    same: dict[tuple[T, ...], tuple[T, ...]] = {}
    return [same.setdefault(stands, stands) for stands in (of.get(index, ()) for index in range(length))]


def _note(of: dict[int, tuple[str, ...]], pattern: int, name: str) -> None:
    if name not in of.get(pattern, ()):
        of[pattern] = (*of.get(pattern, ()), name)


def _is_whole(text: Text, start: int, end: int) -> bool:
    """Whether [start, end) is not cut out of other words."""
    sides = (start in text.edges) + (end in text.edges)
    if sides == 2:
        return True
    length = _HEAD if end in text.edges else _LONG - sides
    return end - start >= length and not text.flat[start].isascii()


def _row(flat: str, gaps: tuple[int, ...], slots: list[list[Span]]) -> Span | None:
    """The first row of parts, each the nearest after the one before it."""
    for start, end in sorted(slots[0]):
        place: int | None = end
        for gap, slot in zip(gaps, slots[1:], strict=True):
            place = None if place is None else _next(flat, place, gap, slot)
        if place is not None:
            return start, place
    return None


def _next(flat: str, place: int, gap: int, slot: list[Span]) -> int | None:
    """The end of the nearest part that begins at most `gap` characters after `place`, no break in between."""
    breaks = _CLAUSE_END if gap <= NEAR else _SENTENCE_END
    for start, end in sorted(slot):
        if 0 <= start - place <= gap and not breaks.search(flat, place, start):
            return end
    return None


def _outermost(words: list[Said], parts: Container[str]) -> list[Said]:
    """Without the words that lie inside a longer one, whatever it means, unless they are parts of it."""
    kept: list[Said] = []
    for start, end, name in sorted(words, key=lambda said: (said[0], -said[1])):
        if (name in parts and end - start > 1) or not any(
            s <= start and end <= e and (s, e) != (start, end) for s, e, _ in kept
        ):
            kept.append((start, end, name))
    return kept


def _trapped(said: Said, traps: list[Said]) -> bool:
    start, end, name = said
    return any(trap == name and s < end and start < e for s, e, trap in traps)
