"""Hand-offs: each wish for a person, from the asking to its end. The open ones are the waiting list."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, bindparam, func, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.base import Base, RowId
from storage.conversations import Conversation

#: asked: WeCom has not answered yet · promised: off hours, waits for the morning · pooled · served · closed
ASKED, PROMISED, POOLED, SERVED, CLOSED = "asked", "promised", "pooled", "served", "closed"
#: In these states the customer has nobody yet.
UNSERVED = (ASKED, PROMISED, POOLED)
_OPEN = text("state <> 'closed'")
_WAITING = text("state IN ('asked', 'promised', 'pooled')")


class Handoff(Base):
    """One hand-off of one conversation; at most one is open. `tried` lists servicers that could not take it.

    `severity` is 0 to 3 and never falls; `said` is what the customer wrote, masked and cut. `alerts` counts what the
    duty staff were told at this severity, `alert_at` is when they are told again, `overdue_at` when it has waited too
    long; None: not any more.
    """

    __tablename__ = "handoffs"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id"))
    reason: Mapped[str] = mapped_column(String(24))
    severity: Mapped[int] = mapped_column(default=0)
    evidence: Mapped[str] = mapped_column(Text, default="")
    said: Mapped[str] = mapped_column(Text, default="")
    state: Mapped[str] = mapped_column(String(8), default=ASKED)
    servicer_userid: Mapped[str] = mapped_column(String(64), default="")
    tried: Mapped[str] = mapped_column(Text, default="")
    asked_at: Mapped[datetime]
    promised_for: Mapped[datetime | None]
    served_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    alerts: Mapped[int] = mapped_column(default=0)
    alert_at: Mapped[datetime | None]
    overdue_at: Mapped[datetime | None]

    __table_args__ = (
        Index(
            "uq_handoffs_open",
            "conversation_id",
            unique=True,
            sqlite_where=_OPEN,
            postgresql_where=_OPEN,
        ),
        Index("ix_handoffs_asked", "asked_at"),
        Index("ix_handoffs_waiting", "severity", "asked_at", sqlite_where=_WAITING, postgresql_where=_WAITING),
    )

    @property
    def is_waiting(self) -> bool:
        """Whether the customer has nobody yet."""
        return self.state in UNSERVED


_GRAVEST_FIRST = (Handoff.severity.desc(), Handoff.asked_at, Handoff.id)
_FIND_OPEN = select(Handoff).where(Handoff.conversation_id == bindparam("conversation_id"), Handoff.state != CLOSED)

_LAST_ENDED = select(func.max(Handoff.closed_at)).where(Handoff.conversation_id == bindparam("conversation_id"))


def find_open(db: Session, conversation_id: int) -> Handoff | None:
    """The conversation's open hand-off."""
    return db.scalars(_FIND_OPEN, {"conversation_id": conversation_id}).first()


def last_ended_at(db: Session, conversation_id: int) -> datetime | None:
    """When the conversation's last hand-off ended."""
    return db.scalar(_LAST_ENDED, {"conversation_id": conversation_id})


def serve(db: Session, conversation_id: int, servicer_userid: str, now: datetime) -> None:
    """A person serves the conversation's open hand-off, if there is one."""
    known = find_open(db, conversation_id)
    if known is not None:
        known.state, known.served_at, known.servicer_userid = SERVED, now, servicer_userid


def close(db: Session, conversation_id: int, now: datetime) -> None:
    """End the conversation's open hand-off, if there is one."""
    known = find_open(db, conversation_id)
    if known is not None:
        known.state, known.closed_at = CLOSED, now


def waiting(db: Session) -> list[Handoff]:
    """The waiting list: who asked for a person and has none, the gravest first, then the oldest."""
    return list(db.scalars(select(Handoff).where(_WAITING).order_by(*_GRAVEST_FIRST)))


def waiting_at(db: Session, account: str, severity: int) -> list[Handoff]:
    """The waiting list of one kf account, from a severity on."""
    return list(
        db.scalars(
            select(Handoff)
            .join(Conversation, Conversation.id == Handoff.conversation_id)
            .where(_WAITING, Handoff.severity >= severity, Conversation.account == account)
            .order_by(*_GRAVEST_FIRST)
        )
    )


def due(db: Session, now: datetime) -> list[Handoff]:
    """Promises whose time has come, in the waiting list's order."""
    return list(
        db.scalars(
            select(Handoff)
            .where(_WAITING, Handoff.state == PROMISED, Handoff.promised_for <= now)
            .order_by(*_GRAVEST_FIRST)
        )
    )


def to_alert(db: Session, now: datetime) -> list[Handoff]:
    """Those who wait and of whom the duty staff should hear now, again or for being overdue."""
    return list(
        db.scalars(
            select(Handoff)
            .where(_WAITING, (Handoff.alert_at <= now) | (Handoff.overdue_at <= now))
            .order_by(*_GRAVEST_FIRST)
        )
    )


def count_since(db: Session, since: datetime) -> int:
    return db.scalar(select(func.count()).select_from(Handoff).where(Handoff.asked_at >= since)) or 0


def loads(db: Session) -> dict[str, int]:
    """How many customers each servicer serves now or is being given."""
    rows: Any = db.execute(
        select(Handoff.servicer_userid, func.count())
        .where(Handoff.state.in_((ASKED, SERVED)))
        .group_by(Handoff.servicer_userid)
    ).all()
    return dict(rows)
