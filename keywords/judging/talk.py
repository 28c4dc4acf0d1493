"""A conversation as it is read for a wish for a person: turns, what is heard in each, and what is said again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from keywords.finding.signals import Span
from keywords.normalise import Folded, fold

CUSTOMER, BOT, PERSON = "user", "bot", "human"
#: Two texts are the same again when this part of the shorter one's letter pairs stands in the other.
ALIKE = 0.6


@dataclass(frozen=True, slots=True)
class Heard:
    """A text and the signals in it, each with its place in the folded text. A brand's text needs none.

    `flat` is the folded text with what is a trap of the brand left blank; `scores` what the signals come to for each
    reason that they speak for or against.
    """

    text: Folded
    flat: str
    signals: Mapping[str, Span]
    scores: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Turn:
    """One message: `role` is user, bot or human (a person of the brand)."""

    role: str
    heard: Heard


@dataclass(frozen=True, slots=True)
class Repeats:
    """How a conversation goes in circles: `stuck` when the bot's last two answers are one, `again` when its last is
    much like an earlier one, `asked` when the customer said again what they had said before."""

    stuck: bool
    again: bool
    asked: bool


def unheard(text: str) -> Heard:
    """A text that is not the customer's: it says nothing of what they wish."""
    folded = fold(text)
    return Heard(folded, folded.text, {}, {})


def repeats(turns: Sequence[Turn]) -> Repeats:
    """What is said again in a conversation."""
    said = [turn.heard.flat for turn in turns if turn.role == BOT]
    asked = [turn.heard.flat for turn in turns if turn.role == CUSTOMER]
    return Repeats(
        stuck=len(said) > 1 and said[-1] == said[-2],
        again=any(_alike(said[-1], before) for before in said[:-1]),
        asked=any(_alike(text, before) for number, text in enumerate(asked) for before in asked[:number]),
    )


def _alike(one: str, other: str) -> bool:
    """Whether the shorter text says mostly what the longer one says."""
    pairs, more = sorted((_pairs(one), _pairs(other)), key=len)
    return bool(pairs) and len(pairs & more) >= ALIKE * len(pairs)


def _pairs(flat: str) -> set[str]:
    letters = [char for char in flat if char.isalnum()]
    return {first + second for first, second in pairwise(letters)}
