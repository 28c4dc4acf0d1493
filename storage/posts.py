"""Deliveries: which post is due in which group when, and what became of it. Unique per (post, group, due_at)."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String, Text, UniqueConstraint, select, text, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.base import Base, RowId

#: queued → waiting (for the owner's click) → sent; or skipped (too late), failed, unknown (cut off: look there)
QUEUED, WAITING, SENT, SKIPPED, FAILED, UNKNOWN = "queued", "waiting", "sent", "skipped", "failed", "unknown"


class Delivery(Base):
    """One post in one group at one due time. `task_msgid` is the mass message task that carries it, if one does."""

    __tablename__ = "deliveries"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    post_id: Mapped[str] = mapped_column(String(64))
    address: Mapped[str] = mapped_column(String(128))
    due_at: Mapped[datetime]
    owner: Mapped[str] = mapped_column(String(64), default="")
    state: Mapped[str] = mapped_column(String(8), default=QUEUED)
    catch_up: Mapped[bool] = mapped_column(default=False)
    outbox_id: Mapped[int | None] = mapped_column(RowId, index=True)
    task_msgid: Mapped[str] = mapped_column(String(80), default="")
    reason: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    check_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("post_id", "address", "due_at"),
        Index(
            "ix_deliveries_check",
            "check_at",
            sqlite_where=text("state = 'waiting'"),
            postgresql_where=text("state = 'waiting'"),
        ),
        Index("ix_deliveries_due", "due_at"),
    )


class ScheduleMark(Base):
    """How far the calendar has been worked through: everything due up to `done_until` has its delivery rows."""

    __tablename__ = "schedule_marks"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    done_until: Mapped[datetime]


def plan(db: Session, values: dict[str, Any]) -> int | None:
    """Make a delivery and return its id; None when this post is planned there and then already."""
    insert = sqlite_insert if db.get_bind().dialect.name == "sqlite" else postgresql_insert
    return db.execute(
        insert(Delivery)
        .values({"owner": "", "catch_up": False, "task_msgid": "", "reason": "", **values})
        .on_conflict_do_nothing(index_elements=["post_id", "address", "due_at"])
        .returning(Delivery.id)
    ).scalar_one_or_none()


def mark(db: Session, name: str, start: datetime) -> ScheduleMark:
    """The mark, locked until the transaction ends; a new one begins at `start`."""
    known = db.scalars(select(ScheduleMark).where(ScheduleMark.name == name).with_for_update()).first()
    if known is None:
        known = ScheduleMark(name=name, done_until=start)
        db.add(known)
        db.flush()
    return known


def attach(db: Session, delivery_ids: list[int], outbox_id: int) -> None:
    """Note which outbox row carries these deliveries."""
    db.execute(update(Delivery).where(Delivery.id.in_(delivery_ids)).values(outbox_id=outbox_id))


def of_outbox(db: Session, outbox_id: int) -> list[Delivery]:
    return list(db.scalars(select(Delivery).where(Delivery.outbox_id == outbox_id).order_by(Delivery.id)))


def to_check(db: Session, now: datetime) -> list[Delivery]:
    """Deliveries whose outcome should be asked for now."""
    return list(
        db.scalars(
            select(Delivery).where(Delivery.state == WAITING, Delivery.check_at <= now).order_by(Delivery.check_at)
        )
    )


def of_task(db: Session, task_msgid: str) -> list[Delivery]:
    return list(db.scalars(select(Delivery).where(Delivery.task_msgid == task_msgid).order_by(Delivery.id)))


def due_between(db: Session, start: datetime, end: datetime) -> list[Delivery]:
    """Deliveries due in [start, end), by due time and group."""
    return list(
        db.scalars(
            select(Delivery)
            .where(Delivery.due_at >= start, Delivery.due_at < end)
            .order_by(Delivery.due_at, Delivery.address)
        )
    )
