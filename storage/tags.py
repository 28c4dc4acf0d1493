"""Tags: what we know of a customer and which words said so; and the corp tags that stand for them in WeCom."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, String, delete, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.base import Base


class CustomerTag(Base):
    """A tag a customer has, or had. `evidence` is the latest reason: message, span, rule and its version.

    A tag removed by hand stays as a row with `removed_by`: the same words do not bring it back.
    """

    __tablename__ = "customer_tags"

    external_userid: Mapped[str] = mapped_column(String(64), primary_key=True)
    tag: Mapped[str] = mapped_column(String(64), primary_key=True)
    dimension: Mapped[str] = mapped_column(String(16))
    source: Mapped[str] = mapped_column(String(16))
    evidence: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    times: Mapped[int] = mapped_column(default=1)
    gained_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]
    removed_by: Mapped[str] = mapped_column(String(64), default="")

    __table_args__ = (Index("ix_customer_tags_tag", "tag", "external_userid"),)


class CorpTag(Base):
    """A corp tag in WeCom (92117): its `tag_id`, known once WeCom told us; empty while it is being made."""

    __tablename__ = "corp_tags"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    tag_id: Mapped[str] = mapped_column(String(64), default="", index=True)
    group_name: Mapped[str] = mapped_column(String(64), default="")
    asked_at: Mapped[datetime | None]


class TagMark(Base):
    """A corp tag that we put on a (staff, customer) pair; if it is gone later, a person took it away."""

    __tablename__ = "tag_marks"

    userid: Mapped[str] = mapped_column(String(64), primary_key=True)
    external_userid: Mapped[str] = mapped_column(String(64), primary_key=True)
    tag_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    marked_at: Mapped[datetime]


@dataclass(frozen=True)
class Gain:
    """A reason to give a customer a tag."""

    tag: str
    dimension: str
    source: str
    evidence: dict[str, Any]


def gain(db: Session, external_userid: str, reason: Gain, now: datetime) -> bool:
    """Give a tag. True when the customer did not have it; False when known, or when a person had removed it."""
    known = db.get(CustomerTag, (external_userid, reason.tag))
    if known is None:
        db.add(
            CustomerTag(
                external_userid=external_userid,
                tag=reason.tag,
                dimension=reason.dimension,
                source=reason.source,
                evidence=reason.evidence,
                times=1,
                gained_at=now,
                seen_at=now,
                removed_by="",
            )
        )
        return True
    if known.removed_at is not None:
        return False
    known.times, known.seen_at, known.evidence = known.times + 1, now, reason.evidence
    return False


def remove(db: Session, external_userid: str, tag: str, by: str, now: datetime) -> bool:
    """Take a tag away by hand, and remember it. False when the customer does not have it."""
    known = db.get(CustomerTag, (external_userid, tag))
    if known is None or known.removed_at is not None:
        return False
    known.removed_at, known.removed_by = now, by
    return True


def restore(db: Session, external_userid: str, tag: str, now: datetime) -> bool:
    """Give a removed tag back by hand; from now on words count again. False when it was not removed."""
    known = db.get(CustomerTag, (external_userid, tag))
    if known is None or known.removed_at is None:
        return False
    known.removed_at, known.removed_by, known.gained_at = None, "", now
    return True


def of_customer(db: Session, external_userid: str) -> list[CustomerTag]:
    """The tags a customer has now, oldest first."""
    return list(
        db.scalars(
            select(CustomerTag)
            .where(CustomerTag.external_userid == external_userid, CustomerTag.removed_at.is_(None))
            .order_by(CustomerTag.gained_at, CustomerTag.tag)
        )
    )


def count_gained_since(db: Session, since: datetime) -> int:
    return db.scalar(select(func.count()).select_from(CustomerTag).where(CustomerTag.gained_at >= since)) or 0


def find_corp_tag(db: Session, name: str) -> CorpTag | None:
    return db.get(CorpTag, name)


def remember_corp_tag(db: Session, name: str, tag_id: str, group_name: str) -> None:
    """Keep the id WeCom gave a corp tag."""
    known = db.get(CorpTag, name)
    if known is None:
        db.add(CorpTag(name=name, tag_id=tag_id, group_name=group_name))
    else:
        known.tag_id, known.group_name = tag_id, group_name


def forget_corp_tag(db: Session, tag_id: str) -> None:
    """A corp tag was deleted in WeCom: it will be made again when it is needed."""
    for known in db.scalars(select(CorpTag).where(CorpTag.tag_id == tag_id)):
        db.delete(known)


def forget_corp_tags_but(db: Session, tag_ids: Collection[str], before: datetime) -> None:
    """Forget the corp tags that WeCom does not have any more; those asked for since `before` may be on their way."""
    for known in db.scalars(select(CorpTag).where(CorpTag.tag_id != "")):
        if known.tag_id not in tag_ids and (known.asked_at is None or known.asked_at < before):
            db.delete(known)


def customers_with(db: Session, tag: str) -> list[str]:
    """The external_userids of all who have a tag now."""
    return list(
        db.scalars(select(CustomerTag.external_userid).where(CustomerTag.tag == tag, CustomerTag.removed_at.is_(None)))
    )


def name_of(db: Session, tag_id: str) -> str:
    """The name of a corp tag; empty when we do not know it."""
    return db.scalar(select(CorpTag.name).where(CorpTag.tag_id == tag_id)) or ""


def note_mark(db: Session, userid: str, external_userid: str, tag_id: str, now: datetime) -> None:
    """Keep that a corp tag stands on a contact because we put it there."""
    if db.get(TagMark, (userid, external_userid, tag_id)) is None:
        db.add(TagMark(userid=userid, external_userid=external_userid, tag_id=tag_id, marked_at=now))


def marks(db: Session, userid: str, external_userid: str, before: datetime | None = None) -> list[str]:
    """The tag_ids we put on a contact; with `before`, only those known to stand there before that instant."""
    chosen = select(TagMark.tag_id).where(TagMark.userid == userid, TagMark.external_userid == external_userid)
    return list(db.scalars(chosen if before is None else chosen.where(TagMark.marked_at < before)))


def forget_mark(db: Session, userid: str, external_userid: str, tag_id: str) -> None:
    mark = db.get(TagMark, (userid, external_userid, tag_id))
    if mark is not None:
        db.delete(mark)


def forget_marks(db: Session, userid: str, external_userid: str) -> None:
    """The contact ended or began anew: whatever we had put on it is gone with it."""
    db.execute(delete(TagMark).where(TagMark.userid == userid, TagMark.external_userid == external_userid))
