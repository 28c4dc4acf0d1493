"""Judgments: a person looked at a tag beside its message and said whether it is right."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import String, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.base import Base, RowId


class TagJudgment(Base):
    """Whether a rule was right about one message; the last word counts."""

    __tablename__ = "tag_judgments"

    message_id: Mapped[int] = mapped_column(RowId, primary_key=True, autoincrement=False)
    tag: Mapped[str] = mapped_column(String(64), primary_key=True)
    rule: Mapped[str] = mapped_column(String(128), primary_key=True)
    version: Mapped[str] = mapped_column(String(64), default="")
    right: Mapped[bool]
    by: Mapped[str] = mapped_column(String(64), default="")
    judged_at: Mapped[datetime]


@dataclass(frozen=True)
class Verdict:
    """One line of a judged sheet."""

    message_id: int
    tag: str
    rule: str
    version: str
    right: bool


def keep(db: Session, verdict: Verdict, by: str, now: datetime) -> None:
    """Store a verdict; one on the same message, tag and rule is replaced."""
    key = (verdict.message_id, verdict.tag, verdict.rule[:128])
    known = db.get(TagJudgment, key)
    if known is None:
        known = TagJudgment(message_id=key[0], tag=key[1], rule=key[2])
        db.add(known)
    known.version, known.right, known.by, known.judged_at = verdict.version[:64], verdict.right, by, now


def by_rule(db: Session) -> dict[tuple[str, str], tuple[int, int]]:
    """Of each (tag, rule): how many were judged, and how many of them right."""
    right = func.count().filter(TagJudgment.right)
    rows: Any = db.execute(
        select(TagJudgment.tag, TagJudgment.rule, func.count(), right).group_by(TagJudgment.tag, TagJudgment.rule)
    ).all()
    return {(tag, rule): (judged, found) for tag, rule, judged, found in rows}
