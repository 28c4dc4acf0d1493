"""Corp tags: what stands for our tags in WeCom, and on which contacts we put them."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import String, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.base import Base


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


def find(db: Session, name: str) -> CorpTag | None:
    return db.get(CorpTag, name)


def remember(db: Session, name: str, tag_id: str, group_name: str) -> None:
    """Keep the id WeCom gave a corp tag."""
    known = db.get(CorpTag, name)
    if known is None:
        db.add(CorpTag(name=name, tag_id=tag_id, group_name=group_name))
    else:
        known.tag_id, known.group_name = tag_id, group_name


def forget(db: Session, tag_id: str) -> None:
    """A corp tag was deleted in WeCom: it will be made again when it is needed."""
    for known in db.scalars(select(CorpTag).where(CorpTag.tag_id == tag_id)):
        db.delete(known)


def forget_all_but(db: Session, tag_ids: Collection[str], before: datetime) -> None:
    """Forget the corp tags that WeCom does not have any more; those asked for since `before` may be on their way."""
    for known in db.scalars(select(CorpTag).where(CorpTag.tag_id != "")):
        if known.tag_id not in tag_ids and (known.asked_at is None or known.asked_at < before):
            db.delete(known)


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
