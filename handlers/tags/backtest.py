"""Backtest: a changed catalogue runs over what customers have said, before it goes live. Changes nothing."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from keywords.flow import follow
from keywords.mask import mask
from keywords.tagger import Tagger
from storage.history import Said

EXAMPLES = 3


@dataclass(frozen=True)
class Example:
    """Words that give a tag, and the message they stand in, personal data masked."""

    span: str
    text: str


@dataclass
class Difference:
    """What a change means for one tag: who would gain it and who would lose it, with some of the words."""

    tag: str
    gain: list[str] = field(default_factory=list)
    lose: list[str] = field(default_factory=list)
    gain_examples: list[Example] = field(default_factory=list)
    lose_examples: list[Example] = field(default_factory=list)

    def line(self, name: Callable[[str], str], most: int) -> dict[str, Any]:
        """What is printed: counts, at most `most` customers of each side by `name`, and the examples."""
        return {
            "tag": self.tag,
            "gain": len(self.gain),
            "lose": len(self.lose),
            "gaining": [name(one) for one in self.gain[:most]],
            "losing": [name(one) for one in self.lose[:most]],
            "gain_examples": [{"span": one.span, "text": one.text} for one in self.gain_examples],
            "lose_examples": [{"span": one.span, "text": one.text} for one in self.lose_examples],
        }


@dataclass(frozen=True)
class Outcome:
    """How much was read, and the tags that differ, by name."""

    messages: int
    customers: int
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class _Held:
    """Why a customer would have a tag."""

    span: str
    text: str
    at: datetime


class _Standing:
    """The tags of one customer by one catalogue, message after message, as production gives and ends them."""

    def __init__(self, tagger: Tagger, removed: set[str]) -> None:
        """`removed` are the tags that a person took away from the customer."""
        self._read, self._catalogue, self._removed = tagger.read, tagger.catalogue, removed
        self._held: dict[str, _Held] = {}

    def hear(self, said: Said) -> None:
        found = [f for f in self._read(said.text) if f.relation is None and f.tag not in self._removed]
        own = [f for f in found if self._catalogue.admits(f.tag, f.confidence)]
        held = self.at(said.at)
        taken_back = {f.tag for f in own if f.withdraws}
        flow = follow(self._catalogue, held, [f.tag for f in own if not f.withdraws], taken_back)
        spans = {f.tag: f.span for f in reversed(own)}
        gained = {tag: _Held(spans[tag], said.text, said.at) for tag in flow.gained}
        self._held = {tag: why for tag, why in held.items() if tag not in flow.ended} | gained

    def at(self, now: datetime) -> dict[str, _Held]:
        """What the customer has at an instant: some tags last for their days only."""
        return {tag: why for tag, why in self._held.items() if not self._is_over(tag, why.at, now)}

    def _is_over(self, tag: str, seen_at: datetime, now: datetime) -> bool:
        rule = self._catalogue.find(tag)
        return bool(rule and rule.expires_days and seen_at + timedelta(days=rule.expires_days) <= now)


def compare(
    said: Iterator[Said], present: Tagger, changed: Tagger, removed: set[tuple[str, str]], now: datetime
) -> Outcome:
    """Run both catalogues over a stream of messages in which each customer's stand together.

    `removed` are (external_userid, tag) that a person took away.
    """
    differences: dict[str, Difference] = {}
    messages = customers = 0
    by_hand: dict[str, set[str]] = {}
    for external_userid, tag in removed:
        by_hand.setdefault(external_userid, set()).add(tag)
    for external_userid, theirs in groupby(said, key=lambda one: one.external_userid):
        taken = by_hand.get(external_userid, set())
        one, other = _Standing(present, taken), _Standing(changed, taken)
        for line in theirs:
            one.hear(line)
            other.hear(line)
            messages += 1
        customers += 1
        before, after = one.at(now), other.at(now)
        for tag in before.keys() ^ after.keys():
            _note(differences.setdefault(tag, Difference(tag)), external_userid, before.get(tag), after.get(tag))
    return Outcome(messages, customers, tuple(differences[tag] for tag in sorted(differences)))


def _note(difference: Difference, external_userid: str, before: _Held | None, after: _Held | None) -> None:
    why = after or before
    who, examples = (
        (difference.gain, difference.gain_examples) if after else (difference.lose, difference.lose_examples)
    )
    who.append(external_userid)
    if why is not None and len(examples) < EXAMPLES:
        examples.append(Example(why.span, mask(why.text)))
