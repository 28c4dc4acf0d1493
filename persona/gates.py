"""What may not leave the house: numbers and links without a source, forbidden claims, other brands' names, length.

A gate only says what is wrong; it never changes a text. The words stand in claims.yaml and brands.yaml, and in the
persona's own lists.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ahocorasick_rs
import yaml

from persona import numbers
from persona.model import Persona
from persona.plain import bare, narrow, plain


def _read(name: str) -> dict[str, Any]:
    words: dict[str, Any] = yaml.safe_load(Path(__file__).with_name(name).read_text(encoding="utf-8"))
    return words


_CLAIMS = _read("claims.yaml")
_BRANDS: dict[str, list[str]] = _read("brands.yaml")
ABSOLUTE, MEDICAL, FORBIDDEN = "absolute", "medical", "forbidden"
VERTICALS = frozenset(_BRANDS)
_LINK = re.compile(r"https?://[^\s，。！？、；：“”（）)>\]]+|[\w.+-]+@[\w-]+\.[\w.-]+")
#: How many characters may stand between a denial and what it denies: 不能代替药物治疗.
_DENIAL_REACH = 8
_SPAN_END = re.compile("[，。！？；：,.!?;:]")
#: A Latin name this short counts only in its capitals: GAP is a brand, a gap is none.
SHORT_NAME = 3
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Block:
    """Why a text may not be sent: `gate` is number, link, absolute, medical, forbidden, brand or length."""

    gate: str
    words: str

    def told(self) -> dict[str, str]:
        """As a reply's `why` tells it."""
        return {"name": self.gate, "words": self.words}


class Words:
    """Finds any of many words in a bare text."""

    def __init__(self, words: Iterable[str]) -> None:
        self._words = sorted({bare(word) for word in words} - {""})
        self._automaton = ahocorasick_rs.AhoCorasick(self._words)

    def spans(self, text: str) -> list[Span]:
        found = self._automaton.find_matches_as_indexes(text, overlapping=True)
        return [(start, end) for _, start, end in found]


_INNOCENT_PATTERNS = [re.compile(pattern) for pattern in _CLAIMS["innocent_patterns"]]
_DENIED_BEHIND = re.compile(_CLAIMS["denied_behind"])
_DENIED_AT_ONCE = tuple(_CLAIMS["denials_at_once"])
_DENIED = re.compile(f"(?:{'|'.join(_CLAIMS['denials'])})(?P<between>[^，。！？；：,.!?;:]{{0,{_DENIAL_REACH}}})$")
_TURN = re.compile("|".join(_CLAIMS["turns"]))


class Gate:
    """All gates of one persona. Immutable, safe for many threads."""

    def __init__(self, persona: Persona) -> None:
        self._max_length = persona.max_length
        self._claims = {
            **{
                kind: (Words(_CLAIMS[kind]), [re.compile(pattern) for pattern in _CLAIMS["patterns"][kind]])
                for kind in (ABSOLUTE, MEDICAL)
            },
            FORBIDDEN: (Words(persona.forbidden), []),
        }
        self._innocent = Words([*_CLAIMS["innocent"], *persona.innocent])
        self._brands = _brand_pattern(persona)

    def check(self, text: str, sources: Sequence[str], without: Sequence[str] = ()) -> Block | None:
        """What keeps a text from being sent, or None. `sources` are what its numbers and links must stand in.

        `without` lists the parts of it that do not count for its length: set phrases around an answer.
        """
        return (
            unsourced(text, sources)
            or next(self.said(text), None)
            or self._too_long(len(text) - sum(map(len, without)), sources)
        )

    def said(self, text: str) -> Iterator[Block]:
        """Every forbidden claim and every other brand's name in a text."""
        yield from self.claims(text)
        yield from self.brands(text)

    def claims(self, text: str) -> Iterator[Block]:
        """Forbidden claims: not where the words are part of innocent ones, nor where the text denies them."""
        flat = bare(text)
        innocent = self._innocent.spans(flat)
        innocent += [match.span() for pattern in _INNOCENT_PATTERNS for match in pattern.finditer(flat)]
        told: list[Span] = []
        for start, end, kind in self._spans(flat):
            known = _covered(start, end, innocent) or any(start < last and first < end for first, last in told)
            if not known and not _denied(flat, start, end):
                told.append((start, end))
                yield Block(kind, _with_context(flat, start, end) if kind == ABSOLUTE else flat[start:end])

    def _spans(self, flat: str) -> Iterator[tuple[int, int, str]]:
        """Where something forbidden stands: the law's words before the persona's, by place, the longest first."""
        for kind, (words, patterns) in self._claims.items():
            found = words.spans(flat) + [match.span() for pattern in patterns for match in pattern.finditer(flat)]
            for start, end in sorted(found, key=lambda span: (span[0], -span[1])):
                yield start, end, kind

    def brands(self, text: str) -> Iterator[Block]:
        """Names of other brands."""
        if self._brands is not None:
            for match in self._brands.finditer(narrow(text)):
                yield Block("brand", match[0])

    def _too_long(self, length: int, sources: Sequence[str]) -> Block | None:
        """An approved text that is long by itself is said as it stands; what is composed keeps to the limit."""
        if length <= self._max_length or any(len(source) > self._max_length for source in sources):
            return None
        return Block("length", f"{length} > {self._max_length}")


def unsourced(text: str, sources: Sequence[str]) -> Block | None:
    """The first number or link of a text that stands in none of its sources."""
    links = {plain(link) for source in sources for link in _LINK.findall(source)}
    for link in _LINK.findall(text):
        if plain(link) not in links:
            return Block("link", link)
    said = numbers.read(text)
    if not said:
        return None
    known: dict[str, set[str]] = {}
    for source in sources:
        for number in numbers.read(source):
            known.setdefault(number.value, set()).add(number.unit)
    for number in said:
        units = known.get(number.value, set())
        if not units or (number.unit and number.unit not in units and "" not in units):
            return Block("number", number.words)
    return None


def _covered(start: int, end: int, innocent: list[Span]) -> bool:
    return any(first <= start and end <= last for first, last in innocent)


def _denied(text: str, start: int, end: int) -> bool:
    if text.endswith(_DENIED_AT_ONCE, 0, start) or _DENIED_BEHIND.match(text, end):
        return True
    before = _DENIED.search(text, 0, start)
    return before is not None and not _TURN.search(before["between"])


def _with_context(text: str, start: int, end: int) -> str:
    """The words and up to four characters of their clause that follow: 最好用 says more than 最."""
    stop = _SPAN_END.search(text, end)
    return text[start : min(end + 4, stop.start() if stop else len(text))]


def _brand_pattern(persona: Persona) -> re.Pattern[str] | None:
    """Other brands' names, but for our own and our partners'. Latin ones are whole words, short ones as they stand."""
    listed = _BRANDS.get(persona.vertical) or [name for names in _BRANDS.values() for name in names]
    ours = {plain(persona.brand), *map(plain, persona.partner_brands)}
    names = {narrow(str(name)) for name in (*listed, *persona.other_brands) if plain(str(name)) not in ours}
    ordered = sorted(names - {""}, key=len, reverse=True)
    return re.compile("|".join(map(_name_pattern, ordered))) if ordered else None


def _name_pattern(name: str) -> str:
    if not name.isascii():
        return re.escape(name)
    as_written = name.isupper() and len(name) <= SHORT_NAME
    return rf"(?<![A-Za-z]){re.escape(name) if as_written else f'(?i:{re.escape(name)})'}(?![A-Za-z])"
