"""Finds the entry a customer means: words, pairs of characters and concepts, fused; and how sure that is.

Questions and entries that share no word may share concepts. The score of a candidate is the confidence that it answers
what was asked, in [0, 1], comparable between brands; see `persona/search_trust.py`.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from heapq import nlargest

import numpy as np
import numpy.typing as npt

from persona.entries import Entry
from persona.search_clauses import clauses, is_bare_asking, is_bare_thing
from persona.search_fields import ConceptField, Floats, TextField
from persona.search_terms import ASIDES, ASKING, CARE, COMPANY, ELSEWHERE, THINGS, Analyse, Analysis, is_loose, terms
from persona.search_trust import ANSWER_AT, ASK_AT, Decision, Signs, Trust, out_of_scope
from persona.search_vectors import Embed, Likeness

__all__ = ["ANSWER_AT", "ASK_AT", "Candidate", "Index", "decide", "plausible"]

#: What each way of finding adds to the rank of an entry.
BY_CONCEPT, BY_GUESS, BY_QUESTION, BY_ANSWER, BY_LIKENESS = 1.0, 3.0, 0.8, 0.4, 0.15
#: How much more a question is like its entry than entries are at the median, by vectors.
USUAL_LIKENESS = 2.0
#: How many of the concepts that a question may mean are pursued.
GUESSES = 5
#: How plainly an entry speaks of a concept that stands in its question, a similar question, its answer.
IN_QUESTION, IN_SIMILAR, IN_ANSWER = 1.0, 0.9, 0.35
#: What a concept weighs in a question by its kind; subjects weigh 1.
KIND_WEIGHTS = {ASKING: 0.2, ELSEWHERE: 1.5, ASIDES: 1.5, THINGS: 0.7, CARE: 3.0}
#: Kinds of concepts whose absence from a knowledge base says nothing of it, or is counted apart.
OUTSIDE = (ASKING, ELSEWHERE, ASIDES, COMPANY, THINGS)
#: Kinds of concepts that an entry must speak of itself.
FOREIGN = (ELSEWHERE, ASIDES, COMPANY)
#: What a word outside all concepts weighs beside a concept that no entry knows: known to some entry, or to none.
KNOWN, STRANGE = 0.3, 0.5
#: How much of a word's weight an entry earns that holds it in its answer.
HELD_IN_ANSWER = 0.7
#: What keeps a question that says next to nothing from being covered by any entry, in the same measure.
SILENCE = 0.2
#: How many entries are looked through for the things they name, and how many things are kept.
SAMPLE, MOST_THINGS = 300, 48
#: A base of more entries than this is measured on every third sentence of the bank, to be loaded in time.
LARGE, SPARSE = 2000, 3
#: What the ranks by the whole text count beside those by the clause that asks.
CONTEXT = 0.25
#: What is left of the rank of an entry that says nothing of those who must be careful, when one of them asks.
CARELESS = 0.75
#: How near a guess must be to be asked back about, when an entry shares nothing else with the question.
GOOD_GUESS = 0.25
#: A candidate whose score is less than this share of the best one's is no line of a menu.
MENU_SHARE = 0.5
#: Just too little to answer, and to ask back.
_NO_ANSWER, _NO_MENU = ANSWER_AT - 0.01, ASK_AT - 0.01


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
        self._questions, self._answers, self._concepts = TextField(), TextField(), ConceptField()
        for number, entry in enumerate(entries):
            asked = [analyse(text, asked=True) for text in (entry.question, *entry.similar)]
            told = analyse(" ".join((entry.answer, entry.category, *entry.tags)), asked=False)
            for analysis in asked:
                self._questions.add(number, terms(analysis.words))
            self._answers.add(number, terms(told.words, pairs=False))
            self._concepts.add(_speaks(asked, told))
        self._questions.close(len(entries))
        self._answers.close(len(entries))
        self._concepts.close()
        self._likeness = Likeness([f"{e.question} {e.answer}" for e in entries], embed) if embed and entries else None
        self._trust = Trust(self._wrong())

    def search(self, text: str | Analysis, most: int = 5) -> list[Candidate]:
        """The best entries for a question, best first; entries that share nothing with it are not among them."""
        asked = self._analyse(text, asked=True) if isinstance(text, str) else text
        alike = self._likeness.of(asked.flat) if self._likeness else None
        whole = found = self._rank(asked, alike, most)
        score = self._score(asked, whole, asked)
        for clause in clauses(asked, self._analyse):
            ranking = self._rank(clause, alike, most, whole.ranks)
            if found is whole and self._misses(clause, whole, ranking):
                score = min(score, _NO_MENU)
            sure = self._score(clause, ranking, asked)
            if sure > score:
                score, found = sure, ranking
        if not found.best:
            return []
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
        lines = out_of_scope(self._things())[:: SPARSE if len(self._order) > LARGE else 1]
        bank = [self._analyse(line, asked=True) for line in lines if self._order]
        alike = self._likeness.of_all([asked.flat for asked in bank]) if self._likeness else [None] * len(bank)
        for asked, likeness in zip(bank, alike, strict=True):
            found = self._rank(asked, likeness, 2)
            yield self._signs(asked, found) if found.best and self._shares(asked, found.best[0]) else None

    def _things(self) -> list[str]:
        """What the entries are about in their own words: those that stand in most questions, most frequent first."""
        counted = Counter(word for entry in self._order[:SAMPLE] for word in self._named(entry))
        return [word for word, _ in counted.most_common(MOST_THINGS)]

    def _named(self, entry: Entry) -> set[str]:
        words = self._analyse(entry.question, asked=True).words
        return {word for word in words if is_loose(word) and not word.isascii()}

    def _weigh(self, asked: Analysis) -> dict[str, float]:
        return {
            name: KIND_WEIGHTS.get(kind, 1.0) * self._concepts.rarity(name) for name, kind in asked.concepts.items()
        }

    def _guesses(self, asked: Analysis) -> dict[str, float]:
        """The likeliest of the concepts that a question may mean and some entry speaks of."""
        known = ((near, name) for name, near in asked.guess().items() if self._concepts.knows(name))
        return {name: near for near, name in nlargest(GUESSES, known)}

    def _rank(self, asked: Analysis, alike: Floats | None, most: int, context: Floats | None = None) -> _Ranking:
        query, guesses = terms(asked.words), self._guesses(asked)
        words = self._questions.scores(query)
        ranks = BY_CONCEPT * self._concepts.scores(self._weigh(asked)) + BY_QUESTION * words
        ranks += BY_ANSWER * self._answers.scores(query) + BY_GUESS * self._concepts.guessed(guesses)
        if alike is not None:
            ranks += BY_LIKENESS * np.maximum(alike, 0)
        if context is not None:
            ranks += CONTEXT * context
        for name in (name for name, kind in asked.concepts.items() if kind == CARE):
            told = self._concepts.told(name, IN_ANSWER)
            ranks *= np.where(told, 1.0, CARELESS) if told.any() else 1.0
        hits: npt.NDArray[np.int64] = np.flatnonzero(ranks)
        return _Ranking(hits[np.argsort(-ranks[hits], kind="stable")[:most]].tolist(), ranks, words, guesses, alike)

    def _score(self, asked: Analysis, found: _Ranking, whole: Analysis) -> float:
        """How sure it is that the first of the ranked entries answers; `asked` may be a clause of the `whole`."""
        if not found.best:
            return 0.0
        signs = self._signs(asked, found)
        score = self._trust.score(signs)
        if asked is not whole and self._elsewhere(whole, found.best[0], (ELSEWHERE,)):
            return min(_NO_ANSWER, score)
        if signs.verbatim >= 1.0:
            return score
        shares = self._shares(asked, found.best[0])
        if is_bare_thing(asked):
            return min(_NO_ANSWER, max(score, ASK_AT)) if shares else min(_NO_MENU, score)
        if is_bare_asking(asked) or not (shares or signs.guessed >= GOOD_GUESS):
            return min(_NO_MENU, score)
        return score

    def _shares(self, asked: Analysis, entry: int) -> bool:
        """Whether an entry speaks of something that is asked about, not only in the way in which it is asked."""
        subjects = (name for name, kind in asked.concepts.items() if kind not in (ASKING, ELSEWHERE, ASIDES))
        return any(self._concepts.strength(name, entry) for name in subjects) or self._loose(asked, entry)[0] > 0

    def _misses(self, clause: Analysis, whole: _Ranking, ranking: _Ranking) -> bool:
        """Whether the entry found by the whole text lacks a thing that the clause asks about and its own entry has."""
        if not (whole.best and ranking.best):
            return False
        things = (name for name, kind in clause.concepts.items() if kind == THINGS)
        lacks, has = whole.best[0], ranking.best[0]
        return any(
            not self._concepts.strength(n, lacks) and self._concepts.strength(n, has) > IN_ANSWER for n in things
        )

    def _elsewhere(self, asked: Analysis, entry: int, kinds: tuple[str, ...] = FOREIGN) -> int:
        """How many things outside the shop's world a text names that an entry's questions do not."""
        outside = (name for name, kind in asked.concepts.items() if kind in kinds)
        return sum(self._concepts.strength(name, entry) <= IN_ANSWER for name in outside)

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
            elsewhere=self._elsewhere(asked, first),
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


def plausible(found: Iterable[Candidate]) -> list[Candidate]:
    """The candidates worth a line of a menu, best first: those not far below the best."""
    ranked = list(found)
    return [candidate for candidate in ranked if candidate.score >= MENU_SHARE * ranked[0].score > 0]


def _speaks(asked: Iterable[Analysis], told: Analysis) -> dict[str, float]:
    """The concepts of an entry, and how plainly it speaks of each: as its most prominent text does."""
    speaks = dict.fromkeys(told.concepts, IN_ANSWER)
    for number, analysis in enumerate(asked):
        for name in analysis.concepts:
            speaks[name] = max(speaks.get(name, 0.0), IN_SIMILAR if number else IN_QUESTION)
    return speaks
