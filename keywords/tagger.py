"""Reads a message and says which tags its writer earns, with evidence."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from keywords.catalogue import Catalogue, load_catalogue
from keywords.circumstance import Circumstances
from keywords.cues import Cues, Elsewhere
from keywords.ear import Ear
from keywords.lexicon import Meaning, load_own_words
from keywords.match import Match, Matcher
from keywords.meant import Candidate
from keywords.quantity import Budgets, bands
from keywords.spam import is_spam
from keywords.text import Text, read_text
from keywords.verdict import Said, last_word
from keywords.vocabulary import digest, vocabulary

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
        self._elsewhere = Elsewhere(word for meaning in meanings for word in meaning.words)
        self._ear = Ear(_audible(catalogue, meanings))

    def read(self, text: str | Text) -> list[TagFinding]:
        """Tags of the writer (`relation` None), traits of others, and what is withdrawn, in order of place."""
        ready = read_text(text) if isinstance(text, str) else text
        if is_spam(ready.flat):
            return []
        around = Circumstances(ready.flat)
        said = [one for match in self._matches(ready, around) for one in self._judge(match, around)]
        return [self._finding(ready, one) for one in last_word(said, around, self._meanings)]

    def candidates(self, ready: Text) -> list[Candidate]:
        """Every match of a text with what the rules make of it."""
        if is_spam(ready.flat):
            return []
        around = Circumstances(ready.flat)
        cues = Cues(ready, self._elsewhere)
        matches = list(self._matches(ready, around))
        judged = {match: self._judge(match, around) for match in matches}
        said = [one for those in judged.values() for one in those]
        stands = last_word(said, around, self._meanings)
        return [
            Candidate(
                match,
                self._dimensions[match.name],
                around.signs(match, self._meaning(match), cues),
                _verdict(match, judged[match], stands),
            )
            for match in judged
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

    def _judge(self, match: Match, around: Circumstances) -> list[Said]:
        meaning = self._meanings.get(match.name, Meaning(match.name))
        if meaning.sensitive and match.kind in _UNSURE:
            return []
        dimension = self._dimensions[match.name]
        return around.judge(match, meaning, dimension)

    def _finding(self, ready: Text, one: Said) -> TagFinding:
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
            confidence=CONFIDENCE[match.kind],
            relation=one.relation or None,
            withdraws=one.withdraws,
        )


def _verdict(match: Match, judged: list[Said], stands: list[Said]) -> str:
    """What became of a match: given to the writer, to somebody else, taken back, or dropped early or late."""
    if not judged:
        return "dropped"
    if judged[0].withdraws:
        return "withdrawn"
    if "" not in {one.relation for one in judged}:
        return "third"
    mine = [one for one in stands if one.match.name == match.name and not one.relation and not one.withdraws]
    return "given" if any(one.match == match for one in mine) else "again" if mine else "void"


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
