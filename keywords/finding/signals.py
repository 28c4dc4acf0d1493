"""Hears signals in a text: meanings whose words count wherever they stand, each with what it is worth for a reason.

Unlike tags, signals need no word boundaries and may lie inside each other: 脸 in 脸肿 is a part of the body too. What a
trap of the same meaning touches does not count. "^" and "$" in a word are the beginning and the end of the text.
"""

import re
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from pathlib import Path

import ahocorasick_rs

from keywords.lexicon import NEAR, LexiconError, Meaning, Phrase, read_yaml
from keywords.normalise import normalise

_CLAUSE_END = re.compile(r"[，,。.！!？?；;\n]")
_SENTENCE_END = re.compile(r"[。！!？?；;\n]")
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Use:
    """A pattern is a word of meaning `name`, or `part` of its phrase `number`."""

    name: str
    trap: bool
    number: int = -1
    part: int = 0


class Signals:
    """The signals of a fixed list of meanings. Immutable; safe for many threads."""

    def __init__(self, meanings: Iterable[Meaning]) -> None:
        self._uses: dict[str, tuple[_Use, ...]] = {}
        self._phrases: list[tuple[str, bool, Phrase]] = []
        for meaning in meanings:
            self._learn(meaning.name, (*meaning.words, *meaning.phrases), trap=False)
            self._learn(meaning.name, meaning.traps, trap=True)
        self._patterns = list(self._uses)
        self._automaton = ahocorasick_rs.AhoCorasick(
            self._patterns, implementation=ahocorasick_rs.Implementation.ContiguousNFA, store_patterns=False
        )

    def _learn(self, name: str, told: Iterable[str | Phrase], *, trap: bool) -> None:
        whole = _Use(name, trap)
        for one in told:
            if isinstance(one, str):
                self._add(one, whole)
                continue
            for part, alternatives in enumerate(one.parts):
                use = _Use(name, trap, len(self._phrases), part)
                for word in alternatives:
                    self._add(word, use)
            self._phrases.append((name, trap, one))

    def _add(self, word: str, use: _Use) -> None:
        pattern = normalise(word)
        uses = self._uses.get(pattern, ())
        if use not in uses:
            self._uses[pattern] = (*uses, use)

    def hear(self, folded: str) -> dict[str, Span]:
        """The signals of a text, each with the first and longest place in the folded text that gives it."""
        flat = f"^{folded}$"
        said: list[tuple[str, Span]] = []
        traps: dict[str, list[Span]] = {}
        parts: dict[int, list[list[Span]]] = {}
        for index, start, end in self._automaton.find_matches_as_indexes(flat, overlapping=True):
            for use in self._uses[self._patterns[index]]:
                if use.number >= 0:
                    slots = parts.setdefault(use.number, [[] for _ in self._phrases[use.number][2].parts])
                    slots[use.part].append((start, end))
                elif use.trap:
                    traps.setdefault(use.name, []).append((start, end))
                else:
                    said.append((use.name, (start, end)))
        for number, slots in parts.items():
            name, trap, phrase = self._phrases[number]
            for row in _rows(flat, phrase, slots):
                if trap:
                    traps.setdefault(name, []).append(row)
                else:
                    said.append((name, row))
        heard: dict[str, Span] = {}
        for name, (start, end) in sorted(said, key=lambda one: (one[1][0], -one[1][1])):
            if not any(first < end and start < last for first, last in traps.get(name, ())):
                heard.setdefault(name, (max(start - 1, 0), min(end - 1, len(folded))))
        return heard


def _rows(flat: str, phrase: Phrase, slots: list[list[Span]]) -> list[Span]:
    """Where a phrase's parts follow each other, from the beginning of the first to the end of the last."""
    if not all(slots):
        return []
    rows = []
    for start, end in slots[0]:
        ends = {end}
        for gap, slot in zip(phrase.gaps, slots[1:], strict=True):
            ends = {last for first, last in slot for place in ends if _follows(flat, place, first, gap)}
        if ends:
            rows.append((start, min(ends)))
    return rows


def _follows(flat: str, place: int, first: int, gap: int) -> bool:
    breaks = _CLAUSE_END if gap <= NEAR else _SENTENCE_END
    return 0 <= first - place <= gap and not breaks.search(flat, place, first)


@dataclass(frozen=True, slots=True)
class Rule:
    """Signals that must be there, those that must not, and what both together add to the score of a reason."""

    needs: frozenset[str]
    lacks: frozenset[str]
    adds: float
    spelling: str


Weights = Mapping[str, tuple[Rule, ...]]


def fired(rules: Iterable[Rule], heard: Set[str]) -> list[Rule]:
    """The rules whose signals are heard."""
    return [rule for rule in rules if rule.needs <= heard and not rule.lacks & heard]


def scores(weights: Weights, heard: Set[str]) -> dict[str, float]:
    """What signals come to for each reason that they speak for or against."""
    sums = {reason: sum(rule.adds for rule in fired(rules, heard)) for reason, rules in weights.items()}
    return {reason: score for reason, score in sums.items() if score}


def load_weights(path: Path, known: Iterable[str]) -> Weights:
    """Read how signals make reasons: {REASON: {"signal + !signal": NUMBER}}. Raises LexiconError."""
    names = set(known)
    data = read_yaml(path)
    return {
        reason: tuple(_rule(path, line, adds, names) for line, adds in told.items()) for reason, told in data.items()
    }


def _rule(path: Path, line: str, adds: float, names: set[str]) -> Rule:
    terms = [term.strip() for term in line.split("+")]
    needs = frozenset(term for term in terms if not term.startswith("!"))
    lacks = frozenset(term[1:] for term in terms if term.startswith("!"))
    if not needs or (needs | lacks) - names:
        raise LexiconError(f"{path}: '{line}' must name signals of the lexicon, joined by +")
    return Rule(needs, lacks, float(adds), line)
