"""The inbox: every event that reached us, once, in order, until it is done.

A row is open while it is `pending`. A lane is a queue of its own: a row can be claimed only when its lane has no
older open row. A claim is a lease, taken by compare-and-set; a lease that ran out is anybody's again.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import Index, String, Table, Text, bindparam, delete, exists, func, select, text, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column

from storage.base import Base, RowId, utc
from storage.database import Database

URGENT, NORMAL = 0, 5
MAX_ATTEMPTS = 6
NEVER = utc(0)
#: When the last commit stored several callbacks, the next one waits for more of them (seconds).
GATHER_S = 0.002


class InboxRow(Base):
    """One event. `payload` is the event's JSON; `is_read` marks those that the worker answers by asking WeCom."""

    __tablename__ = "inbox"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    dedup_key: Mapped[str] = mapped_column(String(200), unique=True)
    kind: Mapped[str] = mapped_column(String(40))
    lane: Mapped[str] = mapped_column(String(200))
    priority: Mapped[int] = mapped_column(default=NORMAL)
    is_read: Mapped[bool] = mapped_column(default=False)
    payload: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(8), default="pending")
    attempts: Mapped[int] = mapped_column(default=0)
    received_at: Mapped[datetime]
    available_at: Mapped[datetime]
    lease_until: Mapped[datetime] = mapped_column(default=NEVER)
    done_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(Text, default="")

    __table_args__ = (
        Index(
            "ix_inbox_open_lane",
            "lane",
            "id",
            sqlite_where=text("state = 'pending'"),
            postgresql_where=text("state = 'pending'"),
        ),
        Index(
            "ix_inbox_open_order",
            "is_read",
            "priority",
            "id",
            sqlite_where=text("state = 'pending'"),
            postgresql_where=text("state = 'pending'"),
        ),
        Index(
            "ix_inbox_done",
            "done_at",
            sqlite_where=text("state = 'done'"),
            postgresql_where=text("state = 'done'"),
        ),
        Index(
            "ix_inbox_dead",
            "id",
            sqlite_where=text("state = 'dead'"),
            postgresql_where=text("state = 'dead'"),
        ),
    )


@dataclass(frozen=True)
class NewRow:
    """What the inbox needs to know of an event before it is stored."""

    dedup_key: str
    kind: str
    lane: str
    payload: str
    priority: int = NORMAL
    is_read: bool = False
    available_at: datetime | None = None


#: The statements of the hot path are made once, and on the table, without the ORM's own work.
_TABLE = cast(Table, InboxRow.__table__)
_INSERT = {
    "sqlite": sqlite_insert(_TABLE).on_conflict_do_nothing(index_elements=["dedup_key"]),
    "postgresql": postgresql_insert(_TABLE).on_conflict_do_nothing(index_elements=["dedup_key"]),
}


def put_many(db: Session, rows: list[NewRow], now: datetime) -> None:
    """Store events; one whose `dedup_key` is known already is left as it is."""
    if not rows:
        return
    values = [
        {
            "dedup_key": row.dedup_key,
            "kind": row.kind,
            "lane": row.lane,
            "priority": row.priority,
            "is_read": row.is_read,
            "payload": row.payload,
            "state": "pending",
            "attempts": 0,
            "received_at": now,
            "available_at": row.available_at or now,
            "lease_until": NEVER,
            "reason": "",
        }
        for row in rows
    ]
    db.connection().execute(_INSERT[db.get_bind().dialect.name], values)


def put(db: Session, row: NewRow, now: datetime) -> None:
    """Store one event; known `dedup_key`s are left as they are."""
    put_many(db, [row], now)


class GroupCommit:
    """Stores callback rows for many threads with one commit for all that wait (design: 1.3-2 times the rate).

    One thread leads: it writes all that is queued, makes the first of those who came meanwhile the next leader, and
    wakes its own. `committed` hears how many rows each commit stored.
    """

    def __init__(self, database: Database, committed: Callable[[int], None] = lambda _rows: None) -> None:
        self._database = database
        self._committed = committed
        self._queue: list[_Ticket] = []
        self._lock = threading.Lock()
        self._is_led = self._was_crowded = False

    def put(self, row: NewRow, now: datetime) -> None:
        """Return when `row` is on disk. Raises what the database raised; then nothing is stored."""
        ticket = _Ticket(row)
        with self._lock:
            self._queue.append(ticket)
            ticket.leads, self._is_led = not self._is_led, True
        if not ticket.leads:
            ticket.woken.acquire()
        if ticket.leads:
            self._lead(now)
        if ticket.error is not None:
            raise ticket.error
        if not ticket.settled:
            raise RuntimeError("the row is not stored: the thread that wrote for this one failed")

    def _lead(self, now: datetime) -> None:
        if self._was_crowded:
            time.sleep(GATHER_S)
        with self._lock:
            batch, self._queue = self._queue, []
        self._was_crowded = len(batch) > 1
        try:
            self._commit(batch, now)
        finally:
            with self._lock:
                following = self._queue[0] if self._queue else None
                self._is_led = following is not None
            if following is not None:
                following.leads = True
                following.woken.release()
            for ticket in batch:
                if not ticket.leads:
                    ticket.woken.release()
        self._committed(len(batch))

    def _commit(self, batch: list["_Ticket"], now: datetime) -> None:
        if not self._store(batch, now) and len(batch) > 1:
            for ticket in batch:  # one row that cannot be stored must not take the others with it
                self._store([ticket], now)

    def _store(self, tickets: list["_Ticket"], now: datetime) -> bool:
        error: SQLAlchemyError | None = None
        try:
            with self._database.write() as db:
                put_many(db, [ticket.row for ticket in tickets], now)
        except SQLAlchemyError as exc:
            error = exc
        for ticket in tickets:
            ticket.settled, ticket.error = True, error
        return error is None


class _Ticket:
    """A row that waits. `woken` is held until it is settled, or its thread is to lead."""

    __slots__ = ("error", "leads", "row", "settled", "woken")

    def __init__(self, row: NewRow) -> None:
        self.row = row
        self.leads = False
        self.settled = False
        self.error: SQLAlchemyError | None = None
        self.woken = threading.Lock()
        self.woken.acquire()


_older = aliased(InboxRow)
_CLAIMABLE = (
    select(InboxRow)
    .where(
        InboxRow.state == "pending",
        InboxRow.is_read == bindparam("is_read"),
        InboxRow.available_at <= bindparam("now"),
        InboxRow.lease_until < bindparam("now"),
        ~exists().where(_older.lane == InboxRow.lane, _older.state == "pending", _older.id < InboxRow.id),
    )
    .order_by(InboxRow.priority, InboxRow.id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
_LEASE = (
    update(_TABLE)
    .where(
        _TABLE.c.id.in_(bindparam("row_ids", expanding=True)),
        _TABLE.c.state == "pending",
        _TABLE.c.lease_until < bindparam("now"),
    )
    .values(lease_until=bindparam("until"), attempts=_TABLE.c.attempts + 1)
    .returning(_TABLE.c.id)
)


def claim(db: Session, now: datetime, *, reads: bool, most: int, lease_s: float) -> list[InboxRow]:
    """Lease up to `most` lane heads, most urgent and oldest first. `reads` chooses look-ups or everything else."""
    found = db.scalars(_CLAIMABLE, {"is_read": reads, "now": now, "most": most}).all()
    if not found:
        return []
    until = now + timedelta(seconds=lease_s)
    taken = set(db.scalars(_LEASE, {"row_ids": [row.id for row in found], "now": now, "until": until}))
    claimed = [row for row in found if row.id in taken]
    for row in claimed:
        db.expunge(row)
        row.attempts += 1
    return claimed


_FINISH = (
    update(_TABLE)
    .where(_TABLE.c.id.in_(bindparam("row_ids", expanding=True)), _TABLE.c.state == "pending")
    .values(state="done", done_at=bindparam("now"))
    .returning(_TABLE.c.id)
)


def finish_many(db: Session, row_ids: list[int], now: datetime) -> set[int]:
    """Mark rows done. Returns those that were still open: nothing may be done for the others."""
    return set(db.scalars(_FINISH, {"row_ids": row_ids, "now": now}))


def finish(db: Session, row_id: int, now: datetime) -> bool:
    """Mark a row done. False when somebody else had finished it: then undo what was done for it."""
    return row_id in finish_many(db, [row_id], now)


def finish_lane(db: Session, lane: str, up_to_id: int, now: datetime) -> None:
    """Mark every open row of a lane up to `up_to_id` done: one answered doorbell answers the older ones."""
    db.execute(
        update(InboxRow)
        .where(InboxRow.lane == lane, InboxRow.state == "pending", InboxRow.id <= up_to_id)
        .values(state="done", done_at=now)
        .execution_options(synchronize_session=False)
    )


def newest_open(db: Session, lane: str, now: datetime | None = None) -> int:
    """The id of the newest open row of a lane, with `now` of those that may be handled then; 0 when there is none."""
    newest = select(func.max(InboxRow.id)).where(InboxRow.lane == lane, InboxRow.state == "pending")
    return db.scalar(newest if now is None else newest.where(InboxRow.available_at <= now)) or 0


def retry(db: Session, row: InboxRow, at: datetime, reason: str, most: int | None = MAX_ATTEMPTS) -> None:
    """Give a claimed row back, to be tried again at `at`; after `most` attempts it is dead (None: never)."""
    state = "dead" if most is not None and row.attempts >= most else "pending"
    db.execute(
        update(InboxRow)
        .where(InboxRow.id == row.id, InboxRow.state == "pending")
        .values(state=state, available_at=at, lease_until=NEVER, reason=reason[:500])
        .execution_options(synchronize_session=False)
    )


def progress(db: Session, row: InboxRow, now: datetime, lease_s: float) -> None:
    """A claimed row whose work takes many steps has come a step on: its lease and its attempts begin anew."""
    row.attempts = 1
    db.execute(
        update(InboxRow)
        .where(InboxRow.id == row.id, InboxRow.state == "pending")
        .values(attempts=1, lease_until=now + timedelta(seconds=lease_s))
        .execution_options(synchronize_session=False)
    )


def give_back(db: Session, rows: list[InboxRow]) -> None:
    """Claimed rows of which nothing has been done are anybody's again, at once."""
    db.execute(
        update(InboxRow)
        .where(InboxRow.id.in_([row.id for row in rows]), InboxRow.state == "pending")
        .values(lease_until=NEVER)
        .execution_options(synchronize_session=False)
    )


def postpone(db: Session, dedup_key: str, until: datetime) -> bool:
    """Move a row that still waits to a later instant. False when it is done, or being worked on."""
    result: Any = db.execute(
        update(InboxRow)
        .where(InboxRow.dedup_key == dedup_key, InboxRow.state == "pending", InboxRow.lease_until == NEVER)
        .values(available_at=until)
        .execution_options(synchronize_session=False)
    )
    return bool(result.rowcount == 1)


def release_leases(db: Session) -> int:
    """Recovery at start of the only worker: forget all leases. Returns how many rows were held."""
    result: Any = db.execute(
        update(InboxRow)
        .where(InboxRow.state == "pending", InboxRow.lease_until > NEVER)
        .values(lease_until=NEVER)
        .execution_options(synchronize_session=False)
    )
    return int(result.rowcount)


def revive(db: Session, row_id: int, now: datetime) -> bool:
    """Put a dead row back to work with fresh attempts. False when it is not dead."""
    result: Any = db.execute(
        update(InboxRow)
        .where(InboxRow.id == row_id, InboxRow.state == "dead")
        .values(state="pending", attempts=0, available_at=now, lease_until=NEVER)
        .execution_options(synchronize_session=False)
    )
    return bool(result.rowcount == 1)


def drop(db: Session, row_id: int, now: datetime) -> bool:
    """A person has looked at a dead row and lets it be. False when it is not dead."""
    result: Any = db.execute(
        update(InboxRow)
        .where(InboxRow.id == row_id, InboxRow.state == "dead")
        .values(state="done", done_at=now)
        .execution_options(synchronize_session=False)
    )
    return bool(result.rowcount == 1)


def dead(db: Session, most: int = 100) -> list[InboxRow]:
    """The newest dead rows."""
    return list(db.scalars(select(InboxRow).where(InboxRow.state == "dead").order_by(InboxRow.id.desc()).limit(most)))


def depth(db: Session) -> tuple[int, datetime | None]:
    """How many rows are open and when the oldest of them came."""
    count, oldest = db.execute(
        select(func.count(), func.min(InboxRow.received_at)).where(InboxRow.state == "pending")
    ).one()
    return count, oldest


def forget_handled(db: Session, before: datetime, most: int) -> int:
    """Delete up to `most` of the oldest rows that were done before an instant. Returns how many."""
    handled = (InboxRow.state == "done", InboxRow.done_at < before)
    oldest = select(InboxRow.id).where(*handled).order_by(InboxRow.done_at).limit(most).scalar_subquery()
    result: Any = db.execute(
        delete(InboxRow).where(InboxRow.id.in_(oldest)).execution_options(synchronize_session=False)
    )
    return int(result.rowcount)
