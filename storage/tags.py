"""Tags: what we know of a customer, which words said so, and how each came and went."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, String, delete, func, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.base import Base, RowId

#: What may happen to a customer's tag.
GAINED, RENEWED, WITHDRAWN, REPLACED, EXPIRED = "gained", "renewed", "withdrawn", "replaced", "expired"
REMOVED, RESTORED = "removed", "restored"
_RUNS_OUT = text("removed_at IS NULL AND expires_at IS NOT NULL")


class CustomerTag(Base):
    """A tag a customer has, or had. `evidence` is the latest reason: message, span, rule and its version.

    `ended` tells how a tag with `removed_at` came to its end. What a person decided, words and time do not undo: a tag
    that was removed by hand does not come back by words, one that was given back by hand (`kept_by`) does not end.
    """

    __tablename__ = "customer_tags"

    external_userid: Mapped[str] = mapped_column(String(64), primary_key=True)
    tag: Mapped[str] = mapped_column(String(64), primary_key=True)
    dimension: Mapped[str] = mapped_column(String(16))
    source: Mapped[str] = mapped_column(String(16))
    evidence: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    sensitive: Mapped[bool] = mapped_column(default=False)
    times: Mapped[int] = mapped_column(default=1)
    gained_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    removed_at: Mapped[datetime | None]
    removed_by: Mapped[str] = mapped_column(String(64), default="")
    ended: Mapped[str] = mapped_column(String(10), default="")
    kept_by: Mapped[str] = mapped_column(String(64), default="")

    __table_args__ = (
        Index("ix_customer_tags_tag", "tag", "external_userid"),
        Index("ix_customer_tags_expires", "expires_at", sqlite_where=_RUNS_OUT, postgresql_where=_RUNS_OUT),
    )


class TagChange(Base):
    """One thing that happened to a customer's tag; only ever added. `by` is a userid, or empty for words and time."""

    __tablename__ = "tag_changes"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    external_userid: Mapped[str] = mapped_column(String(64))
    tag: Mapped[str] = mapped_column(String(64))
    change: Mapped[str] = mapped_column(String(10))
    evidence: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    by: Mapped[str] = mapped_column(String(64), default="")
    at: Mapped[datetime]

    __table_args__ = (Index("ix_tag_changes_customer", "external_userid", "tag", "id"),)


@dataclass(frozen=True)
class Gain:
    """A reason to give a customer a tag, and how long it lasts."""

    tag: str
    dimension: str
    source: str
    evidence: dict[str, Any]
    sensitive: bool = False
    expires_at: datetime | None = None


def gain(db: Session, external_userid: str, reason: Gain, now: datetime) -> bool:
    """Give a tag, or renew it. False when a person had removed it: then nothing changes."""
    tag = db.get(CustomerTag, (external_userid, reason.tag))
    if tag is None:
        tag = CustomerTag(external_userid=external_userid, tag=reason.tag, times=0, gained_at=now, kept_by="")
        db.add(tag)
    elif tag.ended == REMOVED:
        return False
    change = RENEWED if tag.times and tag.removed_at is None else GAINED
    if change == GAINED:
        tag.gained_at, tag.removed_at, tag.removed_by, tag.ended = now, None, "", ""
    tag.dimension, tag.source, tag.sensitive = reason.dimension, reason.source, reason.sensitive
    tag.times, tag.seen_at, tag.evidence = tag.times + 1, now, reason.evidence
    tag.expires_at = None if tag.kept_by else reason.expires_at
    note(db, external_userid, TagChange(tag=reason.tag, change=change, evidence=reason.evidence, at=now))
    return True


def end(db: Session, external_userid: str, tag: str, how: str, evidence: dict[str, Any], now: datetime) -> bool:
    """Let words or time end a tag (withdrawn, replaced, expired). False when it is not held, or kept by a person."""
    known = db.get(CustomerTag, (external_userid, tag))
    if known is None or known.removed_at is not None or known.kept_by:
        return False
    known.removed_at, known.removed_by, known.ended = now, "", how
    note(db, external_userid, TagChange(tag=tag, change=how, evidence=evidence, at=now))
    return True


def remove(db: Session, external_userid: str, tag: str, by: str, now: datetime) -> bool:
    """Take a tag away by hand, and remember it. False when the customer does not have it."""
    known = db.get(CustomerTag, (external_userid, tag))
    if known is None or known.removed_at is not None:
        return False
    known.removed_at, known.removed_by, known.ended, known.kept_by = now, by, REMOVED, ""
    note(db, external_userid, TagChange(tag=tag, change=REMOVED, by=by, at=now))
    return True


def restore(db: Session, external_userid: str, tag: str, by: str, now: datetime) -> bool:
    """Give an ended tag back by hand; words and time do not end it again. False when it had not ended."""
    known = db.get(CustomerTag, (external_userid, tag))
    if known is None or known.removed_at is None:
        return False
    known.removed_at, known.removed_by, known.ended, known.gained_at = None, "", "", now
    known.kept_by, known.expires_at = by, None
    note(db, external_userid, TagChange(tag=tag, change=RESTORED, by=by, at=now))
    return True


def note(db: Session, external_userid: str, change: TagChange) -> None:
    """Add a line to a customer's history."""
    change.external_userid, change.by, change.evidence = external_userid, change.by or "", change.evidence or {}
    db.add(change)


def history(db: Session, external_userid: str, tag: str = "") -> list[TagChange]:
    """What happened to a customer's tags (or to one of them), oldest first."""
    chosen = select(TagChange).where(TagChange.external_userid == external_userid).order_by(TagChange.id)
    return list(db.scalars(chosen.where(TagChange.tag == tag) if tag else chosen))


def of_customer(db: Session, external_userid: str) -> list[CustomerTag]:
    """The tags a customer has now, oldest first."""
    return list(
        db.scalars(
            select(CustomerTag)
            .where(CustomerTag.external_userid == external_userid, CustomerTag.removed_at.is_(None))
            .order_by(CustomerTag.gained_at, CustomerTag.tag)
        )
    )


def all_of_customer(db: Session, external_userid: str) -> list[CustomerTag]:
    """The tags a customer has or had."""
    return list(db.scalars(select(CustomerTag).where(CustomerTag.external_userid == external_userid)))


def has(db: Session, external_userid: str, tag: str) -> bool:
    known = db.get(CustomerTag, (external_userid, tag))
    return known is not None and known.removed_at is None


def customers_with(db: Session, tag: str) -> list[str]:
    """The external_userids of all who have a tag now."""
    return list(
        db.scalars(select(CustomerTag.external_userid).where(CustomerTag.tag == tag, CustomerTag.removed_at.is_(None)))
    )


def count_gained_since(db: Session, since: datetime) -> int:
    return db.scalar(select(func.count()).select_from(CustomerTag).where(CustomerTag.gained_at >= since)) or 0


def run_out(db: Session, now: datetime, most: int) -> list[CustomerTag]:
    """Tags whose time is over, the oldest first."""
    return list(
        db.scalars(
            select(CustomerTag)
            .where(CustomerTag.removed_at.is_(None), CustomerTag.expires_at <= now)
            .order_by(CustomerTag.expires_at)
            .limit(most)
        )
    )


def named(db: Session, names: Collection[str], most: int) -> list[CustomerTag]:
    """Tags of these names, ended ones too."""
    return list(db.scalars(select(CustomerTag).where(CustomerTag.tag.in_(names)).limit(most)))


def forget(db: Session, external_userid: str, tag: str) -> None:
    """Delete a tag with its evidence and history, as if it had never been recorded."""
    for table in (CustomerTag, TagChange):
        db.execute(delete(table).where(table.external_userid == external_userid, table.tag == tag))


def removed_by_hand(db: Session) -> set[tuple[str, str]]:
    """Customers and the tags that a person took away from them."""
    rows = db.execute(select(CustomerTag.external_userid, CustomerTag.tag).where(CustomerTag.ended == REMOVED))
    return {(external_userid, tag) for external_userid, tag in rows}


def held(db: Session) -> Iterator[CustomerTag]:
    """All tags that all customers have now, streamed."""
    yield from db.scalars(select(CustomerTag).where(CustomerTag.removed_at.is_(None)).execution_options(yield_per=1000))
