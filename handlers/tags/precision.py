"""How often each rule is right: its evidence read again by the present rules, and samples judged by a person."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from random import Random
from typing import Any

from sqlalchemy.orm import Session

from handlers.tags.faults import SHOWN, Fault
from keywords.mask import mask
from keywords.tagger import Tagger
from storage import history, judgments, tags
from storage.tags import CustomerTag


@dataclass
class RuleFigures:
    """A rule of one tag: how many customers have the tag by it, and what the looks at its evidence showed.

    `sample` holds evidence drawn at random; `agreed` counts those that the present rules give again.
    """

    tag: str
    rule: str
    holders: int = 0
    sample: list["Sample"] = field(default_factory=list)
    judged: int = 0
    right: int = 0

    @property
    def agreed(self) -> int:
        return sum(sample.agrees for sample in self.sample)

    @property
    def precision(self) -> float | None:
        """The share of judged evidence that was right; None while nobody has judged any."""
        return self.right / self.judged if self.judged else None

    @property
    def wrong(self) -> float | None:
        """How many customers probably have the tag wrongly by this rule: what its mistakes cost."""
        return None if self.precision is None else (1 - self.precision) * self.holders


@dataclass(frozen=True)
class Sample:
    """One piece of evidence beside its message, personal data masked, for a person to judge."""

    message_id: int
    tag: str
    rule: str
    version: str
    span: str
    text: str
    agrees: bool
    sensitive: bool

    def line(self) -> dict[str, Any]:
        """A line of the sheet; the judge sets `right` to true or false."""
        return {**vars(self), "right": None}


@dataclass(frozen=True)
class _Evidence:
    external_userid: str
    tag: str
    rule: str
    version: str
    span: str
    message_id: int


def look_again(db: Session, tagger: Tagger, most: int, seed: int = 0) -> tuple[list[RuleFigures], list[Fault]]:
    """Figures of every rule with up to `most` samples each, and the stale tags: older rules gave them, these do not."""
    rules: dict[tuple[str, str], RuleFigures] = {}
    drawn: dict[tuple[str, str], list[_Evidence]] = {}
    lost: dict[str, list[str]] = {}
    chance = Random(seed)
    for batch in _batches(_evidence(db), history.AT_ONCE):
        old = [one for one in batch if one.version != tagger.version]
        said = history.texts(db, {one.message_id for one in old})
        for one in old:
            if one.message_id in said and not _gives(tagger, said[one.message_id], one.tag):
                lost.setdefault(one.tag, []).append(one.external_userid)
        for one in batch:
            figures = rules.setdefault((one.tag, one.rule), RuleFigures(one.tag, one.rule))
            figures.holders += 1
            _draw(drawn.setdefault((one.tag, one.rule), []), one, figures.holders, most, chance)
    for key, evidence in drawn.items():
        rules[key].sample = _samples(db, tagger, evidence)
    for key, (judged, right) in judgments.by_rule(db).items():
        figures = rules.setdefault(key, RuleFigures(*key))
        figures.judged, figures.right = judged, right
    stale = [
        Fault("stale", (tag,), "the present rules do not give it any more", len(who), tuple(sorted(who)[:SHOWN]))
        for tag, who in sorted(lost.items())
    ]
    return [rules[key] for key in sorted(rules)], stale


def _evidence(db: Session) -> Iterator[_Evidence]:
    for tag in tags.held(db):
        if tag.source == "keyword" and "message_id" in tag.evidence:
            yield _of(tag)


def _of(tag: CustomerTag) -> _Evidence:
    told = tag.evidence
    return _Evidence(
        external_userid=tag.external_userid,
        tag=tag.tag,
        rule=str(told.get("rule", "")),
        version=str(told.get("version", "")),
        span=str(told.get("span", "")),
        message_id=int(told["message_id"]),
    )


def _batches(items: Iterator[_Evidence], size: int) -> Iterator[list[_Evidence]]:
    while batch := list(islice(items, size)):
        yield batch


def _draw(kept: list[_Evidence], one: _Evidence, seen: int, most: int, chance: Random) -> None:
    """Keep `most` of all seen so far, each as likely as any other (reservoir sampling)."""
    if len(kept) < most:
        kept.append(one)
    elif (place := chance.randrange(seen)) < most:
        kept[place] = one


def _gives(tagger: Tagger, text: str, tag: str) -> bool:
    return any(
        f.tag == tag and f.relation is None and not f.withdraws and tagger.catalogue.admits(tag, f.confidence)
        for f in tagger.read(text)
    )


def _samples(db: Session, tagger: Tagger, evidence: list[_Evidence]) -> list[Sample]:
    said = history.texts(db, {one.message_id for one in evidence})
    return [
        Sample(
            message_id=one.message_id,
            tag=one.tag,
            rule=one.rule,
            version=one.version,
            span=one.span,
            text=mask(said[one.message_id]),
            agrees=_gives(tagger, said[one.message_id], one.tag),
            sensitive=tagger.catalogue.is_sensitive(one.tag),
        )
        for one in evidence
        if one.message_id in said
    ]


def verdicts(sheet: Iterable[dict[str, Any]]) -> Iterator[judgments.Verdict]:
    """The judged lines of a sheet. Raises ValueError naming a line that is not one of ours."""
    for number, line in enumerate(sheet, 1):
        right = line.get("right")
        if right is None:
            continue
        if not isinstance(right, bool) or not isinstance(line.get("message_id"), int):
            raise ValueError(f"sheet line {number}: 'right' must be true, false or null, 'message_id' as it was")
        yield judgments.Verdict(
            line["message_id"], str(line["tag"]), str(line["rule"]), str(line.get("version", "")), right
        )
