"""New wordings for a tag from what customers write: said more often with the tag than without, or close to its words.

Reads its messages twice and keeps counts, not messages.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from math import log, log2
from pathlib import Path

import ahocorasick_rs
import yaml

from keywords.judging.kinship import Kinship, Words
from keywords.mask import mask
from keywords.normalise import normalise
from keywords.segment import cut

#: Words in a row that may make a wording, and its length in characters.
LONGEST_ROW, SHORTEST, LONGEST = 4, 2, 8
#: A wording that is not close to a known one must be said this often by the tag's customers, this much more often than
#: by others, and not by chance (G², one in a thousand).
OFTEN, LIFT, SURPRISING = 3, 2.0, 10.83
EXAMPLES, EXAMPLE_CHARACTERS = 3, 48
#: Counts held in memory; beyond it those seen once are dropped.
MOST_COUNTS = 200_000


class Known:
    """What need not be suggested: whatever holds a word that any tag has, and what was decided before."""

    def __init__(self, words: Iterable[str], decided: Iterable[str] = ()) -> None:
        self._words = ahocorasick_rs.AhoCorasick([normalise(word) for word in words])
        self._decided = {normalise(word) for word in decided}

    def is_news(self, phrase: str) -> bool:
        return phrase not in self._decided and not self._words.find_matches_as_indexes(phrase)


@dataclass(frozen=True, slots=True)
class Line:
    """A message: whether the tag was read in it or its customer has the tag, and the text around the known words."""

    text: str
    carries: bool
    unknown: str


@dataclass
class Suggestion:
    """A wording that may stand for the tag: `count` messages have it, `carrying` of these carry the tag."""

    word: str
    kinship: Kinship
    count: int = 0
    carrying: int = 0
    score: float = 0.0
    examples: list[str] = field(default_factory=list)


@cache
def _edges() -> frozenset[str]:
    path = Path(__file__).parent / "lexicons" / "function_words.yaml"
    return frozenset(yaml.safe_load(path.read_text(encoding="utf-8"))["edges"])


def suggest(
    lines: Callable[[], Iterable[Line]], words: Collection[str], known: Known, most: int = 20
) -> list[Suggestion]:
    """The best new wordings for a tag that has `words`. `lines` is called twice and tells the same each time."""
    found, carrying, total = _candidates(lines(), Words(words), known)
    for line in lines():
        for phrase in phrases(line.unknown) & found.keys():
            _count(found[phrase], line)
    for one in found.values():
        one.score = _score(one, carrying, total)
    return _best([one for one in found.values() if one.score > 0], most)


def _candidates(lines: Iterable[Line], kin: Words, known: Known) -> tuple[dict[str, Suggestion], int, int]:
    """What is close to the tag's words or often said with it; and how many messages carry the tag, of how many."""
    near: dict[str, Suggestion] = {}
    often: Counter[str] = Counter()
    carrying = total = 0
    for line in lines:
        total, carrying = total + 1, carrying + line.carries
        for phrase in filter(known.is_news, phrases(line.unknown)):
            if phrase not in near and (kinship := kin.of(phrase)).is_near and not _is_other_word(phrase, kinship):
                near[phrase] = Suggestion(phrase, kinship)
            if line.carries:
                often[phrase] += 1
        if len(often) > MOST_COUNTS:
            often = Counter({phrase: count for phrase, count in often.items() if count > 1})
    frequent = {phrase: Suggestion(phrase, kin.of(phrase)) for phrase, count in often.items() if count >= OFTEN}
    return frequent | near, carrying, total


def _is_other_word(phrase: str, kinship: Kinship) -> bool:
    """Whether what sounds like a known word is a word of the dictionary itself: a mirror is no misspelt firmness."""
    return kinship.how == "sound" and cut(phrase) == [phrase]


def phrases(text: str) -> set[str]:
    """The wordings of a text: words in a row within a clause, no function word at either end."""
    return {phrase for row in _rows(cut(normalise(text))) for phrase in _joined(row)}


def _rows(words: list[str]) -> Iterator[list[str]]:
    row: list[str] = []
    for word in (*words, "\n"):
        if word.isalnum() and not word.isdigit():
            row.append(word)
        elif row:
            yield row
            row = []


def _joined(row: list[str]) -> Iterator[str]:
    for start in range(len(row)):
        for end in range(start + 1, min(len(row), start + LONGEST_ROW) + 1):
            if row[start] in _edges() or row[end - 1] in _edges():
                continue
            phrase = "".join(row[start:end])
            if SHORTEST <= len(phrase) <= LONGEST:
                yield phrase


def _count(one: Suggestion, line: Line) -> None:
    one.count, one.carrying = one.count + 1, one.carrying + line.carries
    example = mask(" ".join(line.text.split()))[:EXAMPLE_CHARACTERS]
    if len(one.examples) < EXAMPLES and example not in one.examples:
        one.examples.append(example)


def _score(one: Suggestion, carrying: int, total: int) -> float:
    """How good a wording is; 0 when it is neither close nor said more often with the tag than by chance."""
    lift = _lift(one, carrying, total)
    tied = one.carrying >= OFTEN and lift >= LIFT and surprise(one.carrying, one.count, carrying, total) >= SURPRISING
    if not tied and not one.kinship.is_near:
        return 0.0
    return log2(1 + one.count) * (one.kinship.weight + (min(log2(lift), 3.0) if tied else 0.0))


def _lift(one: Suggestion, carrying: int, total: int) -> float:
    inside = one.carrying / max(carrying, 1)
    outside = (one.count - one.carrying + 0.5) / max(total - carrying, 1)
    return inside / outside


def surprise(both: int, word: int, tag: int, total: int) -> float:
    """Dunning's log-likelihood ratio (G²) of a word and a tag that meet in `both` of `total` messages."""
    cells = ((both, word, tag), (word - both, word, total - tag), (tag - both, total - word, tag))
    rest = total - word - tag + both
    observed = [*cells, (rest, total - word, total - tag)]
    return 2 * sum(seen * log(seen * total / (one * other)) for seen, one, other in observed if seen > 0)


def _best(found: list[Suggestion], most: int) -> list[Suggestion]:
    """The highest scores; of a wording and a longer one around it, the one that says more."""
    ranked = sorted(found, key=lambda one: (-one.score, one.word))
    kept: list[Suggestion] = []
    for one in ranked:
        if len(kept) == most:
            break
        rivals = (o for o in ranked if o is not one and (o.kinship.is_near or not one.kinship.is_near))
        if not any(_says_less(one, other) for other in rivals):
            kept.append(one)
    return kept


def _says_less(one: Suggestion, other: Suggestion) -> bool:
    if one.word in other.word:
        return 4 * other.count >= 3 * one.count
    return other.word in one.word and 4 * one.count < 3 * other.count
