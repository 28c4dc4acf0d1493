"""What remains of all that a message says: corrections keep the last version, mere comparisons fall."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from keywords.lexicon import Meaning
from keywords.match import Match


@dataclass(frozen=True, slots=True)
class Said:
    """A match that counts: of whom (`relation`, "" for the writer), or taken back by the writer."""

    match: Match
    dimension: str
    relation: str = ""
    withdraws: bool = False


class Around(Protocol):
    """What is asked of the text that the matches stand in."""

    corrections: list[int]

    def compared(self, first: Match, second: Match) -> bool:
        """Whether two contrary words are set beside each other, not said of one person."""

    def was_said(self, match: Match) -> bool:
        """Whether the writer repeats what they said before."""

    def is_slip(self, place: int) -> bool:
        """Whether the correction at a place says in so many words that what stands before it was a slip."""

    def before(self, place: int) -> int:
        """Where the clause before a place begins."""


def last_word(said: list[Said], around: Around, meanings: Mapping[str, Meaning]) -> list[Said]:
    """The findings that stand, each tag of a person once: by a word, else by what was said first."""
    kept = [one for one in said if not _corrected(one, said, around)]
    kept = [one for one in kept if not any(_falls(one, other, around, meanings) for other in kept if other is not one)]
    given = {(one.match.name, one.relation) for one in kept if not one.withdraws}
    once: dict[tuple[str, str, bool], Said] = {}
    for one in sorted(kept, key=lambda one: one.match.kind != "word"):
        if not (one.withdraws and (one.match.name, one.relation) in given):
            once.setdefault((one.match.name, one.relation, one.withdraws), one)
    return list(once.values())


def _corrected(one: Said, said: list[Said], around: Around) -> bool:
    """Whether it stands before a correction that says something else of its kind, or right before one that does not."""
    for place in around.corrections:
        if one.match.start >= place or one.withdraws:
            continue
        later = [other for other in said if other.match.start >= place and other.dimension == one.dimension]
        if any(other.match.name != one.match.name and not other.withdraws for other in later):
            return not any(other.match.name == one.match.name and not other.withdraws for other in later)
        if any(other.match.name == one.match.name and other.withdraws for other in later):
            return True
        if (
            not later
            and (around.was_said(one.match) or one.dimension == "attribute" or around.is_slip(place))
            and one.match.start >= around.before(place)
        ):
            return True
    return False


def _is_cause(one: Said, other: Said, meanings: Mapping[str, Meaning]) -> bool:
    """Whether it only names what somebody cannot stand: the nuts of an allergy to nuts are not wanted."""
    meaning = meanings.get(other.match.name)
    inside = other.match.start <= one.match.start and one.match.end <= other.match.end
    return inside and meaning is not None and meaning.sensitive and one.dimension == "preference"


def _falls(one: Said, other: Said, around: Around, meanings: Mapping[str, Meaning]) -> bool:
    """Whether a contrary statement makes this one void: it covers it, or both are only compared."""
    if one.withdraws or other.withdraws:
        return False
    if _is_cause(one, other, meanings):
        return True
    if one.relation != other.relation:
        return False
    mine, theirs = meanings.get(one.match.name), meanings.get(other.match.name)
    if mine is None or theirs is None or not (theirs.name in mine.against or mine.name in theirs.against):
        return False
    inside = other.match.start <= one.match.start and one.match.end <= other.match.end
    if inside:
        return (
            len(one.match.parts) < len(other.match.parts)
            or one.match.end - one.match.start < other.match.end - other.match.start
        )
    covers = one.match.start <= other.match.start and other.match.end <= one.match.end
    return not covers and around.compared(one.match, other.match)
