"""Reads a message and says which tags its writer earns, with evidence."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from keywords.catalogue import Catalogue, load_catalogue
from keywords.finding.ear import Ear
from keywords.finding.quantity import Budgets, bands
from keywords.finding.vocabulary import digest, vocabulary
from keywords.judging.circumstance import Circumstances
from keywords.judging.cues import Cues, Elsewhere
from keywords.judging.meant import GIVEN, Candidate, fitted
from keywords.judging.spam import is_spam
from keywords.judging.verdict import Said, last_word
from keywords.lexicon import Meaning, load_own_words
from keywords.match import Match, Matcher
from keywords.text import Text, read_text

#: How certain a finding is, by the way it was said; a sensitive tag is not given by ear.
CONFIDENCE = {"word": 0.95, "quantity": 0.9, "phrase": 0.85, "sound": 0.85, "near": 0.75, "initials": 0.75}
_RULES = {"word": "keyword", "quantity": "budget"}
_UNSURE = ("near", "initials")
#: The brand's own words, beside its catalogue.
OWN_WORDS = "lexicon.yaml"


@dataclass(frozen=True)
class TagFinding:
    """A tag with its evidence. `relation` names the person it describes when that is not the writer.

    `withdraws`: the writer says that it is not true, or no more.
    """

    tag: str
    dimension: str
    span: str
    start: int
    end: int
    rule: str
    version: str
    confidence: float
    relation: str | None = None
    withdraws: bool = False

    def evidence(self) -> dict[str, object]:
        """What is kept beside the tag: the words, where they stand, the rule and its version."""
        return {
            "span": self.span,
            "start": self.start,
            "end": self.end,
            "rule": self.rule,
            "version": self.version,
            "confidence": self.confidence,
        }


class Tagger:
    """Reads messages with one catalogue. Immutable; safe for many threads."""

    def __init__(self, catalogue: Catalogue, own_words: Path | None = None) -> None:
        self.catalogue = catalogue
        self.version = f"{catalogue.version}+{digest(catalogue, own_words)}"
        own = load_own_words(own_words) if own_words else {}
        self._dimensions = {rule.name: rule.dimension for rule in catalogue.tags}
        budgets = bands(self._dimensions)
        meanings = [m for m in vocabulary(catalogue, own) if m.name not in {band.name for band in budgets}]
        self._meanings = {m.name: replace(m, words=(), phrases=(), traps=()) for m in meanings}
        self._budgets = Budgets(budgets)
        self._matcher = Matcher(meanings, within_clauses=True)
        self._strange = {m.name for m in meanings if not m.phrases and m.holds is None}
        self._elsewhere = Elsewhere(word for meaning in meanings for word in meaning.words)
        self._ear = Ear(_audible(catalogue, meanings))

    def read(self, text: str | Text) -> list[TagFinding]:
        """Tags of the writer (`relation` None), traits of others, and what is withdrawn, in order of place."""
        ready = read_text(text) if isinstance(text, str) else text
        candidates = self.candidates(ready)
        likelihoods = fitted().likelihoods(ready.flat, candidates)
        meant: dict[str, tuple[Candidate, float]] = {}
        for one, likelihood in zip(candidates, likelihoods, strict=True):
            if one.is_meant(likelihood) and likelihood > meant.get(one.match.name, (one, 0.0))[1]:
                meant[one.match.name] = one, likelihood
        mine = [
            (Said(one.match, one.dimension), 1.0 if one.sensitive else likelihood) for one, likelihood in meant.values()
        ]
        rest = [(said, 1.0) for one in candidates for said in one.said if _is_beside(said, meant)]
        found = sorted((*mine, *rest), key=lambda item: (item[0].match.start, item[0].match.end))
        return [self._finding(ready, said, likelihood) for said, likelihood in found]

    def candidates(self, ready: Text) -> list[Candidate]:
        """Every match of a text with what the rules make of it; none of an advertisement."""
        around = Circumstances(ready.flat)
        judged = {match: self._said(match, around) for match in self._matches(ready, around)}
        if not judged or is_spam(ready.flat):
            return []
        cues = Cues(ready, self._elsewhere)
        stands = last_word([one for those in judged.values() for one in those], around, self._meanings)
        given = {one.match.name: one.match for one in stands if not one.relation and not one.withdraws}
        return [
            Candidate(
                match=match,
                dimension=self._dimensions[match.name],
                signs=(*around.signs(match, self._meaning(match), cues), *_echoes(match, judged)),
                said=tuple(one for one in stands if one.match == match),
                verdict=GIVEN if given.get(match.name) == match else _verdict(said),
                sensitive=self._meaning(match).sensitive,
                known=match.name not in self._strange,
            )
            for match, said in judged.items()
            if given.get(match.name, match) == match or any(one.relation for one in said)
        ]

    def _meaning(self, match: Match) -> Meaning:
        return self._meanings.get(match.name) or Meaning(match.name)

    def _matches(self, ready: Text, around: Circumstances) -> Iterable[Match]:
        written, heard = self._matcher.find(ready), self._ear.find(ready)
        heard = [
            match for match in heard if not any(_touch(other, match) and not _within(other, match) for other in written)
        ]
        written = [match for match in written if not any(_within(match, other) for other in heard)]
        return sorted((*written, *heard, *self._budgets.find(around.parts, ready.flat)), key=lambda m: (m.start, m.end))

    def _said(self, match: Match, around: Circumstances) -> list[Said]:
        meaning = self._meaning(match)
        if meaning.sensitive and match.kind in _UNSURE:
            return []
        return around.judge(match, meaning, self._dimensions[match.name])

    def _finding(self, ready: Text, one: Said, likelihood: float) -> TagFinding:
        match = one.match
        span, start, end = ready.span(match.start, match.end)
        return TagFinding(
            tag=match.name,
            dimension=one.dimension,
            span=span,
            start=start,
            end=end,
            rule=f"{_RULES.get(match.kind, match.kind)}:{match.word}",
            version=self.version,
            confidence=min(CONFIDENCE[match.kind], round(likelihood, 2)),
            relation=one.relation or None,
            withdraws=one.withdraws,
        )


def _is_beside(said: Said, meant: Mapping[str, object]) -> bool:
    """Whether something said stays worth telling beside the writer's tags: another's trait, or what is taken back."""
    return bool(said.relation) or (said.withdraws and said.match.name not in meant)


def _verdict(said: list[Said]) -> str:
    """What became of a match that gives the writer no tag."""
    if not said:
        return "dropped"
    if said[0].withdraws:
        return "withdrawn"
    return "void" if "" in {one.relation for one in said} else "third"


def _echoes(match: Match, matches: Iterable[Match]) -> list[str]:
    """How often the same is said at other places, and of how many kinds at this one."""
    same = [other for other in matches if other.name == match.name and other != match]
    apart = sum(not _touch(match, other) for other in same)
    return [f"again {min(apart, 2)}", f"thick {min(len(same) - apart, 2)}"]


def _touch(one: Match, other: Match) -> bool:
    return one.start < other.end and other.start < one.end


def _within(one: Match, other: Match) -> bool:
    """Whether the first is a part of the second, which goes on."""
    return other.start <= one.start and one.end <= other.end and one.end - one.start < other.end - other.start


def load_tagger(catalogue: Path) -> Tagger:
    """The tagger of a catalogue file and the brand's own words beside it."""
    return Tagger(load_catalogue(catalogue), catalogue.parent / OWN_WORDS)


def _audible(catalogue: Catalogue, meanings: list[Meaning]) -> list[tuple[str, str]]:
    """What is listened for: the operator's own words. Those of the house are too many to be told by their sound."""
    known = {meaning.name for meaning in meanings}
    return [(rule.name, word) for rule in catalogue.tags if rule.name in known for word in (rule.name, *rule.words)]
