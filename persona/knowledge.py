"""Finds the entry a customer means: words, pairs of characters and concepts, fused; and how sure that is.

Questions and entries that share no word may share concepts. The score of a candidate is the confidence that it answers
what was asked, in [0, 1], comparable between brands; see `persona/search_trust.py`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from heapq import nlargest

import numpy as np
import numpy.typing as npt

from persona.entries import Entry
from persona.search_fields import ConceptField, Floats, TextField
from persona.search_terms import ASKING, ELSEWHERE, THINGS, Analyse, Analysis, Terms, terms
from persona.search_trust import ANSWER_AT, ASK_AT, Decision, Signs, Trust, out_of_scope
from persona.search_vectors import Embed, Likeness

__all__ = ["ANSWER_AT", "ASK_AT", "Candidate", "Index", "decide"]

#: What each way of finding adds to the rank of an entry.
BY_CONCEPT, BY_GUESS, BY_QUESTION, BY_ANSWER, BY_LIKENESS = 1.0, 3.0, 0.8, 0.4, 0.15
#: How much more a question is like its entry than entries are at the median, by vectors.
USUAL_LIKENESS = 2.0
#: How many of the concepts that a question may mean are pursued.
GUESSES = 5
#: How plainly an entry speaks of a concept that stands in its question, a similar question, its answer.
IN_QUESTION, IN_SIMILAR, IN_ANSWER = 1.0, 0.9, 0.35
#: What a concept weighs in a question by its kind; subjects weigh 1.
KIND_WEIGHTS = {ASKING: 0.2, ELSEWHERE: 1.5, THINGS: 0.7}
#: Kinds of concepts whose absence from a knowledge base says nothing of it, or is counted apart.
OUTSIDE = (ASKING, ELSEWHERE, THINGS)
#: What a word outside all concepts weighs beside a concept that no entry knows: known to some entry, or to none.
KNOWN, STRANGE = 0.3, 0.5
#: How much of a word's weight an entry earns that holds it in its answer.
HELD_IN_ANSWER = 0.7
#: What keeps a question that says next to nothing from being covered by any entry, in the same measure.
SILENCE = 0.2


@dataclass(frozen=True)
class Candidate:
    """An entry found, and how sure it is that it answers the question (0 to 1)."""

    entry: Entry
    score: float


@dataclass(frozen=True, slots=True)
class _Ranking:
    """Entries by position, best first; of all: their ranks, nearness by words, by vectors; and what was guessed."""

    best: list[int]
    ranks: Floats
    words: Floats
    guesses: dict[str, float]
    alike: Floats | None


class Index:
    """Searches the entries of a knowledge base. Built once, immutable, safe for many threads."""

    def __init__(self, entries: list[Entry], analyse: Analyse, embed: Embed | None = None) -> None:
        self.entries = {entry.id: entry for entry in entries}
        self._order = entries
        self._analyse = analyse
        owners: list[int] = []
        questions: list[Terms] = []
        answers: list[Terms] = []
        speaks: list[dict[str, float]] = []
        for number, entry in enumerate(entries):
            asked = [analyse(text, asked=True) for text in (entry.question, *entry.similar)]
            told = analyse(" ".join((entry.answer, entry.category, *entry.tags)), asked=False)
            owners += [number] * len(asked)
            questions += [terms(analysis.words) for analysis in asked]
            answers.append(terms(told.words, pairs=False))
            speaks.append(_speaks(asked, told))
        self._questions = TextField(owners, questions, len(entries))
        self._answers = TextField(list(range(len(entries))), answers, len(entries))
        self._concepts = ConceptField(speaks)
        self._likeness = Likeness([f"{e.question} {e.answer}" for e in entries], embed) if embed and entries else None
        self._trust = Trust(self._wrong())

    def search(self, text: str | Analysis, most: int = 5) -> list[Candidate]:
        """The best entries for a question, best first; entries that share nothing with it are not among them."""
        asked = self._analyse(text, asked=True) if isinstance(text, str) else text
        found = self._rank(asked, self._likeness.of(asked.flat) if self._likeness else None, most)
        if not found.best:
            return []
        score = self._trust.score(self._signs(asked, found))
        shares = found.ranks[found.best] / found.ranks[found.best[0]]
        return [
            Candidate(self._order[place], round(score * float(share), 4))
            for place, share in zip(found.best, shares, strict=True)
        ]

    def look(self, text: str) -> tuple[Entry, Signs] | None:
        """The entry ranked first and the signs that it answers, for fitting and for looking closely."""
        asked = self._analyse(text, asked=True)
        found = self._rank(asked, self._likeness.of(asked.flat) if self._likeness else None, 2)
        return (self._order[found.best[0]], self._signs(asked, found)) if found.best else None

    def _wrong(self) -> Iterator[Signs | None]:
        """The signs of answers that would be wrong: those to sentences that no entry answers."""
        bank = [self._analyse(line, asked=True) for line in out_of_scope() if self._order]
        alike = self._likeness.of_all([asked.flat for asked in bank]) if self._likeness else [None] * len(bank)
        for asked, likeness in zip(bank, alike, strict=True):
            found = self._rank(asked, likeness, 2)
            yield self._signs(asked, found) if found.best else None

    def _weigh(self, asked: Analysis) -> dict[str, float]:
        return {
            name: KIND_WEIGHTS.get(kind, 1.0) * self._concepts.rarity(name) for name, kind in asked.concepts.items()
        }

    def _guesses(self, asked: Analysis) -> dict[str, float]:
        """The likeliest of the concepts that a question may mean and some entry speaks of."""
        known = ((near, name) for name, near in asked.guess().items() if self._concepts.knows(name))
        return {name: near for near, name in nlargest(GUESSES, known)}

    def _rank(self, asked: Analysis, alike: Floats | None, most: int) -> _Ranking:
        query, guesses = terms(asked.words), self._guesses(asked)
        words = self._questions.scores(query)
        ranks = BY_CONCEPT * self._concepts.scores(self._weigh(asked)) + BY_QUESTION * words
        ranks += BY_ANSWER * self._answers.scores(query) + BY_GUESS * self._concepts.guessed(guesses)
        if alike is not None:
            ranks += BY_LIKENESS * np.maximum(alike, 0)
        hits: npt.NDArray[np.int64] = np.flatnonzero(ranks)
        return _Ranking(hits[np.argsort(-ranks[hits], kind="stable")[:most]].tolist(), ranks, words, guesses, alike)

    def _signs(self, asked: Analysis, found: _Ranking) -> Signs:
        """What tells whether the first of the ranked entries answers the question."""
        first, unheard = found.best[0], self._concepts.unheard
        query = self._weigh(asked)
        told, named = self._concepts.covered(query, first)
        heard, said = self._loose(asked, first)
        covered = (told / unheard + heard) / (sum(query.values()) / unheard + said + SILENCE)
        second = float(found.ranks[found.best[1]]) if len(found.best) > 1 else 0.0
        return Signs(
            lead=1.0 - second / float(found.ranks[first]),
            covered=covered,
            guessed=self._concepts.likely(found.guesses, first),
            named=named,
            alike=float(found.alike[first]) - USUAL_LIKENESS if found.alike is not None else 0.0,
            verbatim=min(1.0, max(0.0, (float(found.words[first]) - 0.6) / 0.3)),
            absent=sum(kind not in OUTSIDE and not self._concepts.knows(name) for name, kind in asked.concepts.items()),
            elsewhere=sum(
                kind == ELSEWHERE and not self._concepts.strength(name, first) for name, kind in asked.concepts.items()
            ),
        )

    def _loose(self, asked: Analysis, entry: int) -> tuple[float, float]:
        """What an entry holds of the words outside all concepts, and what they weigh together."""
        heard = said = 0.0
        for word in asked.loose:
            known = self._questions.knows(word) or self._answers.knows(word)
            said += KNOWN if known else STRANGE
            if self._questions.holds(word, entry):
                heard += KNOWN
            elif self._answers.holds(word, entry):
                heard += KNOWN * HELD_IN_ANSWER
        return heard, said


def decide(found: Iterable[Candidate]) -> Decision:
    """Whether the best candidate is the answer, the candidates are worth asking back about, or nothing fits."""
    best = max((candidate.score for candidate in found), default=0.0)
    return "answer" if best >= ANSWER_AT else "ask" if best >= ASK_AT else "unsure"


def _speaks(asked: Iterable[Analysis], told: Analysis) -> dict[str, float]:
    """The concepts of an entry, and how plainly it speaks of each: as its most prominent text does."""
    speaks = dict.fromkeys(told.concepts, IN_ANSWER)
    for number, analysis in enumerate(asked):
        for name in analysis.concepts:
            speaks[name] = max(speaks.get(name, 0.0), IN_SIMILAR if number else IN_QUESTION)
    return speaks
