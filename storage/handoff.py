"""Hand-offs: each wish for a person, from the asking to its end. The open ones are the waiting list."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, bindparam, func, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.base import Base, RowId

#: asked: WeCom has not answered yet · promised: off hours, waits for the morning · pooled · served · closed
ASKED, PROMISED, POOLED, SERVED, CLOSED = "asked", "promised", "pooled", "served", "closed"
_OPEN = text("state <> 'closed'")


class Handoff(Base):
    """One hand-off of one conversation; at most one is open. `tried` lists servicers that could not take it."""

    __tablename__ = "handoffs"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id"))
    reason: Mapped[str] = mapped_column(String(24))
    evidence: Mapped[str] = mapped_column(Text, default="")
    state: Mapped[str] = mapped_column(String(8), default=ASKED)
    servicer_userid: Mapped[str] = mapped_column(String(64), default="")
    tried: Mapped[str] = mapped_column(Text, default="")
    asked_at: Mapped[datetime]
    promised_for: Mapped[datetime | None]
    served_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]

    __table_args__ = (
        Index(
            "uq_handoffs_open",
            "conversation_id",
            unique=True,
            sqlite_where=_OPEN,
            postgresql_where=_OPEN,
        ),
        Index("ix_handoffs_asked", "asked_at"),
    )


_FIND_OPEN = select(Handoff).where(Handoff.conversation_id == bindparam("conversation_id"), Handoff.state != CLOSED)


def find_open(db: Session, conversation_id: int) -> Handoff | None:
    """The conversation's open hand-off."""
    return db.scalars(_FIND_OPEN, {"conversation_id": conversation_id}).first()


def close(db: Session, conversation_id: int, now: datetime) -> None:
    """End the conversation's open hand-off, if there is one."""
    known = find_open(db, conversation_id)
    if known is not None:
        known.state, known.closed_at = CLOSED, now


def waiting(db: Session) -> list[Handoff]:
    """The waiting list: who asked for a person and has none, oldest first."""
    return list(
        db.scalars(
            select(Handoff).where(Handoff.state.in_((ASKED, PROMISED, POOLED))).order_by(Handoff.asked_at, Handoff.id)
        )
    )


def due(db: Session, now: datetime) -> list[Handoff]:
    """Promises whose time has come."""
    return list(
        db.scalars(
            select(Handoff)
            .where(Handoff.state == PROMISED, Handoff.promised_for <= now)
            .order_by(Handoff.asked_at, Handoff.id)
        )
    )


def count_since(db: Session, since: datetime) -> int:
    return db.scalar(select(func.count()).select_from(Handoff).where(Handoff.asked_at >= since)) or 0


def loads(db: Session) -> dict[str, int]:
    """How many customers each servicer serves now."""
    rows: Any = db.execute(
        select(Handoff.servicer_userid, func.count()).where(Handoff.state == SERVED).group_by(Handoff.servicer_userid)
    ).all()
    return dict(rows)
