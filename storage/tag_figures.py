"""Figures over the tags of all customers: how many have one, or two together, and when it was last said."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session, aliased

from storage.tags import CustomerTag

_HELD = CustomerTag.removed_at.is_(None)


def holders(db: Session) -> dict[str, int]:
    """How many customers have each tag now."""
    return _counts(db, _HELD)


def holders_unseen(db: Session, since: datetime) -> dict[str, int]:
    """How many customers have each tag now though nothing has said so since an instant."""
    return _counts(db, _HELD, CustomerTag.seen_at < since)


def seen(db: Session, since: datetime) -> dict[str, int]:
    """How many customers gained or renewed each tag since an instant, whether they have it still or not."""
    return _counts(db, CustomerTag.seen_at >= since)


def from_words(db: Session) -> dict[str, int]:
    """How many customers have each tag now because of their words."""
    return _counts(db, _HELD, CustomerTag.source == "keyword")


def _counts(db: Session, *which: ColumnElement[bool]) -> dict[str, int]:
    rows: Any = db.execute(select(CustomerTag.tag, func.count()).where(*which).group_by(CustomerTag.tag)).all()
    return dict(rows)


def together(db: Session) -> dict[tuple[str, str], int]:
    """How many customers have two tags at once, each pair once, the smaller name first."""
    one, other = aliased(CustomerTag), aliased(CustomerTag)
    rows = db.execute(
        select(one.tag, other.tag, func.count())
        .join(other, (other.external_userid == one.external_userid) & (one.tag < other.tag))
        .where(one.removed_at.is_(None), other.removed_at.is_(None))
        .group_by(one.tag, other.tag)
    )
    return {(first, second) if first < second else (second, first): count for first, second, count in rows}


def who_have(db: Session, tag: str, most: int, unseen_since: datetime | None = None) -> list[str]:
    """Some external_userids of those who have a tag, or have it by evidence older than an instant."""
    chosen = select(CustomerTag.external_userid).where(CustomerTag.tag == tag, _HELD)
    if unseen_since is not None:
        chosen = chosen.where(CustomerTag.seen_at < unseen_since)
    return list(db.scalars(chosen.order_by(CustomerTag.external_userid).limit(most)))


def who_have_both(db: Session, tag: str, and_also: str, most: int) -> list[str]:
    """Some external_userids of those who have two tags at once."""
    other = aliased(CustomerTag)
    chosen = (
        select(CustomerTag.external_userid)
        .join(other, other.external_userid == CustomerTag.external_userid)
        .where(CustomerTag.tag == tag, _HELD, other.tag == and_also, other.removed_at.is_(None))
    )
    return list(db.scalars(chosen.order_by(CustomerTag.external_userid).limit(most)))
