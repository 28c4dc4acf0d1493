"""Faults of a tag catalogue that only its use shows: unused, duplicate, overlapping, conflicting and stale tags."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations

from sqlalchemy.orm import Session

from keywords.catalogue import Catalogue
from keywords.normalise import normalise
from storage import tag_figures

#: Customers or words in common, as a share of those that either tag has (Jaccard).
SAME_AT, OVERLAP_AT = 0.95, 0.5
#: Words in common weigh more than customers in common: one message gives both tags.
WORDS_OVERLAP_AT = 0.25
#: Fewer customers than this with both tags say nothing.
ENOUGH = 5
SHOWN = 5


@dataclass(frozen=True)
class Fault:
    """One finding. `kind` is unused, duplicate, overlapping, conflicting or stale; customers by id only."""

    kind: str
    tags: tuple[str, ...]
    reason: str
    customers: int = 0
    examples: tuple[str, ...] = ()


@dataclass(frozen=True)
class Ages:
    """What counts as long ago, in days: nobody got the tag; nothing has said it again."""

    unused_days: int = 90
    stale_days: int = 180


def find_faults(db: Session, catalogue: Catalogue, ages: Ages, now: datetime) -> list[Fault]:
    """All faults that can be seen without reading a message again, by kind."""
    holders, together = tag_figures.holders(db), tag_figures.together(db)
    return [
        *_unused(db, catalogue, now - timedelta(days=ages.unused_days), ages.unused_days),
        *_alike(catalogue, holders, together),
        *_conflicting(db, catalogue, together),
        *_stale(db, now - timedelta(days=ages.stale_days), ages.stale_days),
        *_orphaned(db, catalogue),
    ]


def _unused(db: Session, catalogue: Catalogue, since: datetime, days: int) -> Iterator[Fault]:
    seen = tag_figures.seen(db, since)
    for rule in catalogue.tags:
        if not seen.get(rule.name):
            yield Fault("unused", (rule.name,), f"nobody got it in {days} days")


def _alike(catalogue: Catalogue, holders: dict[str, int], together: dict[tuple[str, str], int]) -> Iterator[Fault]:
    words = {rule.name: {normalise(word) for word in rule.words} for rule in catalogue.tags}
    for pair in combinations(sorted(words), 2):
        one, other = pair
        both = together.get(pair, 0)
        in_common = words[one] & words[other]
        people = _share(both, holders.get(one, 0), holders.get(other, 0)) if both >= ENOUGH else 0.0
        alike = _share(len(in_common), len(words[one]), len(words[other]))
        if max(people, alike) >= SAME_AT:
            reason = "the same customers" if people >= SAME_AT else "the same words"
            yield Fault("duplicate", pair, reason, both, tuple(sorted(in_common)[:SHOWN]))
        elif people >= OVERLAP_AT or alike >= WORDS_OVERLAP_AT:
            reason = f"{people:.0%} of their customers and {alike:.0%} of their words in common"
            yield Fault("overlapping", pair, reason, both, tuple(sorted(in_common)[:SHOWN]))


def _share(both: int, one: int, other: int) -> float:
    return both / (one + other - both) if both else 0.0


def _conflicting(db: Session, catalogue: Catalogue, together: dict[tuple[str, str], int]) -> Iterator[Fault]:
    for (one, other), count in sorted(together.items()):
        if other in catalogue.contrary_to(one):
            who = tag_figures.who_have_both(db, one, other, SHOWN)
            yield Fault("conflicting", (one, other), "they exclude each other", count, tuple(who))


def _stale(db: Session, since: datetime, days: int) -> Iterator[Fault]:
    for tag, count in sorted(tag_figures.holders_unseen(db, since).items()):
        who = tag_figures.who_have(db, tag, SHOWN, since)
        yield Fault("stale", (tag,), f"not said again in {days} days", count, tuple(who))


def _orphaned(db: Session, catalogue: Catalogue) -> Iterator[Fault]:
    given = {rule.name for rule in catalogue.tags}
    for tag, count in sorted(tag_figures.from_words(db).items()):
        if tag not in given:
            who = tag_figures.who_have(db, tag, SHOWN)
            yield Fault("stale", (tag,), "the catalogue does not give it any more", count, tuple(who))
