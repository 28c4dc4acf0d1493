"""The outbox: every call that changes something outside, kept until its outcome is known.

    pending ──claim──> sending ──> sent
       │                  ├─> pending   (try again at `available_at`)
       │                  ├─> unknown   (a call that cannot be repeated was cut off: ask WeCom, never send blindly)
       ├─> withdrawn      └─> dead      (refused; shown to people with the reason, can be replayed)
       └─> dead           (expired, no allowance)

Lanes are recipients: a row can be claimed only when its lane has no older row that is pending or sending.
"""

import json
import secrets
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    Index,
    String,
    Table,
    Text,
    bindparam,
    exists,
    func,
    literal_column,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column

from storage.base import Base, RowId
from storage.inbox import NEVER

FAST, URGENT, NORMAL, BULK = 0, 2, 5, 8
_OPEN = text("state IN ('pending', 'sending')")


class OutboxRow(Base):
    """One call. `payload` is the final JSON body; `why` says what led to it; `author` is bot, human or system.

    `caused_at` is when the event that led to it had reached us. `doubtful`: an earlier try was cut off, and may have
    reached WeCom.
    """

    __tablename__ = "outbox"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    dedup_key: Mapped[str | None] = mapped_column(String(200), unique=True)
    lane: Mapped[str] = mapped_column(String(200))
    priority: Mapped[int] = mapped_column(default=NORMAL)
    api: Mapped[str] = mapped_column(String(80))
    payload: Mapped[str] = mapped_column(Text)
    msgid: Mapped[str | None] = mapped_column(String(80), index=True)
    author: Mapped[str] = mapped_column(String(8), default="bot")
    conversation_id: Mapped[int | None] = mapped_column(ForeignKey("conversations.id"))
    epoch: Mapped[int] = mapped_column(default=0)
    cause_id: Mapped[int | None] = mapped_column(RowId)
    notify: Mapped[bool] = mapped_column(default=False)
    why: Mapped[str] = mapped_column(Text, default="{}")
    state: Mapped[str] = mapped_column(String(9), default="pending")
    attempts: Mapped[int] = mapped_column(default=0)
    doubtful: Mapped[bool] = mapped_column(default=False)
    caused_at: Mapped[datetime]
    created_at: Mapped[datetime]
    available_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    lease_until: Mapped[datetime] = mapped_column(default=NEVER)
    claimed_at: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]
    errcode: Mapped[int | None]
    reason: Mapped[str] = mapped_column(Text, default="")
    response: Mapped[str] = mapped_column(Text, default="{}")

    __table_args__ = (
        Index("ix_outbox_open_lane", "lane", "id", sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("ix_outbox_open_order", "state", "priority", "id", sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("ix_outbox_conversation", "conversation_id", "id"),
        Index(
            "ix_outbox_stuck",
            "state",
            "id",
            sqlite_where=text("state IN ('dead', 'unknown')"),
            postgresql_where=text("state IN ('dead', 'unknown')"),
        ),
    )

    @property
    def body(self) -> dict[str, Any]:
        loaded: dict[str, Any] = json.loads(self.payload)
        return loaded


@dataclass(frozen=True)
class NewCall:
    """A call to be made. `lane` names the recipient; `expires_at` is when it is better dead than late."""

    api: str
    payload: dict[str, Any]
    lane: str
    why: dict[str, Any] = field(default_factory=dict)
    priority: int = NORMAL
    author: str = "bot"
    conversation_id: int | None = None
    epoch: int = 0
    msgid: str | None = None
    dedup_key: str | None = None
    cause_id: int | None = None
    caused_at: datetime | None = None
    notify: bool = False
    available_at: datetime | None = None
    expires_at: datetime | None = None


def new_msgid() -> str:
    """A msgid of our own for kf send_msg: at most 32 bytes of [0-9a-zA-Z_-] (94677)."""
    return "wz" + secrets.token_hex(12)


#: The statements of the hot path are made once, and on the table, without the ORM's own work.
_TABLE = cast(Table, OutboxRow.__table__)
_INSERT = {
    "sqlite": sqlite_insert(_TABLE).on_conflict_do_nothing(index_elements=["dedup_key"]).returning(_TABLE.c.id),
    "postgresql": postgresql_insert(_TABLE).on_conflict_do_nothing(index_elements=["dedup_key"]).returning(_TABLE.c.id),
}


def put(db: Session, call: NewCall, now: datetime) -> int | None:
    """Queue a call and return its id; None when a call with this `dedup_key` is there already."""
    result = db.execute(
        _INSERT[db.get_bind().dialect.name],
        {
            "dedup_key": call.dedup_key,
            "lane": call.lane,
            "priority": call.priority,
            "api": call.api,
            "payload": json.dumps(call.payload, ensure_ascii=False),
            "msgid": call.msgid,
            "author": call.author,
            "conversation_id": call.conversation_id,
            "epoch": call.epoch,
            "cause_id": call.cause_id,
            "notify": call.notify,
            "why": json.dumps(call.why, ensure_ascii=False),
            "state": "pending",
            "attempts": 0,
            "doubtful": False,
            "caused_at": call.caused_at or now,
            "created_at": now,
            "available_at": call.available_at or now,
            "expires_at": call.expires_at,
            "lease_until": NEVER,
            "reason": "",
            "response": "{}",
        },
    )
    row_id: int | None = result.scalar_one_or_none()
    return row_id


def _is_open(row: type[OutboxRow]) -> ColumnElement[bool]:
    """The condition of the partial indexes, word for word: with bound values SQLite does not see that it is theirs."""
    return row.state.in_((literal_column("'pending'"), literal_column("'sending'")))


_older = aliased(OutboxRow)
_CLAIMABLE = (
    select(OutboxRow)
    .where(
        _is_open(OutboxRow),
        OutboxRow.state == "pending",
        OutboxRow.priority <= bindparam("least_urgent"),
        OutboxRow.available_at <= bindparam("now"),
        OutboxRow.api.not_in(bindparam("paused", expanding=True)),
        ~exists().where(
            _older.lane == OutboxRow.lane,
            _is_open(_older),
            _older.id < OutboxRow.id,
        ),
    )
    .order_by(OutboxRow.priority, OutboxRow.id)
    .limit(bindparam("most"))
)
_SENDING = (
    update(_TABLE)
    .where(
        _TABLE.c.id == bindparam("row_id"),
        _TABLE.c.state == "pending",
        _TABLE.c.attempts == bindparam("seen_attempts"),
        _TABLE.c.available_at <= bindparam("now"),
    )
    .values(
        state="sending",
        lease_until=bindparam("until"),
        claimed_at=bindparam("now"),
        attempts=_TABLE.c.attempts + 1,
    )
)


def claimable(
    db: Session, now: datetime, *, most: int, least_urgent: int, paused: Collection[str] = ()
) -> list[OutboxRow]:
    """Lane heads that may go out now, most urgent and oldest first. Look only: take them with `take`."""
    values = {"now": now, "most": most, "least_urgent": least_urgent, "paused": list(paused)}
    return list(db.scalars(_CLAIMABLE, values).all())


def take(db: Session, row: OutboxRow, now: datetime, lease_s: float) -> bool:
    """Lease a row for sending, by compare-and-set. False when somebody else has it, or has had it since it was read."""
    until = now + timedelta(seconds=lease_s)
    seen = {"row_id": row.id, "seen_attempts": row.attempts}
    taken: Any = db.execute(_SENDING, {**seen, "now": now, "until": until})
    if taken.rowcount != 1:
        return False
    db.expunge(row)
    row.state, row.attempts, row.claimed_at = "sending", row.attempts + 1, now
    return True


_SETTLE = (
    update(_TABLE)
    .where(_TABLE.c.id == bindparam("row_id"), _TABLE.c.state.in_(("pending", "sending", "unknown")))
    .values(
        state=bindparam("new_state"),
        settled_at=bindparam("now"),
        errcode=bindparam("new_errcode"),
        reason=bindparam("new_reason"),
        response=bindparam("new_response"),
        msgid=func.coalesce(_TABLE.c.msgid, bindparam("new_msgid", type_=String)),
    )
)


def settle(
    db: Session,
    row_id: int,
    state: str,
    now: datetime,
    *,
    errcode: int | None = None,
    reason: str = "",
    response: dict[str, Any] | None = None,
) -> bool:
    """Write a row's outcome (sent, dead, withdrawn, unknown). False when it was settled already."""
    msgid = (response or {}).get("msgid")
    result: Any = db.execute(
        _SETTLE,
        {
            "row_id": row_id,
            "new_state": state,
            "now": now,
            "new_errcode": errcode,
            "new_reason": reason[:500],
            "new_response": json.dumps(response or {}, ensure_ascii=False),
            "new_msgid": str(msgid) if msgid else None,
        },
    )
    return bool(result.rowcount == 1)


@dataclass(frozen=True)
class Again:
    """Why and when a taken row is tried again. `counted` is False when nothing had been tried."""

    at: datetime
    reason: str
    errcode: int | None = None
    counted: bool = True
    doubtful: bool = False


def retry(db: Session, row_id: int, again: Again) -> None:
    """Give a taken row back. A doubt stays until the row is settled."""
    db.execute(
        update(OutboxRow)
        .where(OutboxRow.id == row_id, OutboxRow.state == "sending")
        .values(
            state="pending",
            available_at=again.at,
            lease_until=NEVER,
            errcode=again.errcode,
            reason=again.reason[:500],
            attempts=OutboxRow.attempts if again.counted else OutboxRow.attempts - 1,
            doubtful=OutboxRow.doubtful | again.doubtful,
        )
        .execution_options(synchronize_session=False)
    )


_CUT_OFF = (
    select(OutboxRow)
    .where(_is_open(OutboxRow), OutboxRow.state == "sending", OutboxRow.lease_until < bindparam("now"))
    .with_for_update(skip_locked=True)
)


def cut_off(db: Session, now: datetime) -> list[OutboxRow]:
    """Rows whose sender vanished: still `sending` though their lease has run out. Locked; each is one finder's."""
    return list(db.scalars(_CUT_OFF, {"now": now}))


def expire_leases(db: Session) -> None:
    """Recovery at start of the only sender: whatever is `sending` was cut off."""
    db.execute(
        update(OutboxRow)
        .where(OutboxRow.state == "sending")
        .values(lease_until=NEVER)
        .execution_options(synchronize_session=False)
    )


def in_flight(db: Session, conversation_id: int) -> int:
    """How many bot rows of a conversation are being sent at this moment."""
    return (
        db.scalar(
            select(func.count()).where(
                OutboxRow.conversation_id == conversation_id,
                OutboxRow.state == "sending",
                OutboxRow.author == "bot",
            )
        )
        or 0
    )


_SENT_SINCE = select(func.count()).where(
    _TABLE.c.conversation_id == bindparam("conversation_id"),
    _TABLE.c.api == bindparam("api"),
    _TABLE.c.state.in_(("sending", "sent", "unknown")),
    _TABLE.c.claimed_at >= bindparam("since"),
)


def count_sent_since(db: Session, conversation_id: int, since: datetime, api: str) -> int:
    """How many calls of `api` in a conversation left, or may have left, at or after `since`."""
    return db.scalar(_SENT_SINCE, {"conversation_id": conversation_id, "api": api, "since": since}) or 0


def is_free(db: Session, lane: str) -> bool:
    """Whether a lane has no open row."""
    return not db.scalar(select(exists().where(OutboxRow.lane == lane, _is_open(OutboxRow))))


def find(db: Session, row_id: int) -> OutboxRow | None:
    return db.get(OutboxRow, row_id)


def find_by_msgid(db: Session, msgid: str) -> OutboxRow | None:
    """The row whose message WeCom knows by `msgid`; None when it is not ours."""
    return db.scalars(select(OutboxRow).where(OutboxRow.msgid == msgid).limit(1)).first()


def revive(db: Session, row_id: int, now: datetime) -> bool:
    """Send a dead row, or one of unknown outcome, as if new: a person has looked and wants it.

    False when it is neither, or its time has passed for good.
    """
    result: Any = db.execute(
        update(OutboxRow)
        .where(
            OutboxRow.id == row_id,
            OutboxRow.state.in_(("dead", "unknown")),
            (OutboxRow.expires_at.is_(None)) | (OutboxRow.expires_at > now),
        )
        .values(state="pending", attempts=0, available_at=now, lease_until=NEVER, settled_at=None)
        .execution_options(synchronize_session=False)
    )
    return bool(result.rowcount == 1)


def drop(db: Session, row_id: int, now: datetime) -> bool:
    """A person has looked at a dead or unknown row and lets it be. False when it is neither."""
    result: Any = db.execute(
        update(OutboxRow)
        .where(OutboxRow.id == row_id, OutboxRow.state.in_(("dead", "unknown")))
        .values(state="withdrawn", settled_at=now)
        .execution_options(synchronize_session=False)
    )
    return bool(result.rowcount == 1)


def stuck(db: Session, most: int = 100) -> list[OutboxRow]:
    """The newest rows that need a person: dead, or of unknown outcome."""
    return list(
        db.scalars(
            select(OutboxRow).where(OutboxRow.state.in_(("dead", "unknown"))).order_by(OutboxRow.id.desc()).limit(most)
        )
    )


def depth(db: Session) -> tuple[int, datetime | None]:
    """How many rows are open and when the oldest of them was made."""
    count, oldest = db.execute(select(func.count(), func.min(OutboxRow.created_at)).where(_is_open(OutboxRow))).one()
    return count, oldest


def msgids_since(db: Session, api: str, since: datetime) -> set[str]:
    """The msgids WeCom gave to rows of an api made at or after `since`."""
    return set(
        db.scalars(
            select(OutboxRow.msgid).where(
                OutboxRow.api == api, OutboxRow.created_at >= since, OutboxRow.msgid.is_not(None)
            )
        )
    ) - {None}  # type: ignore[return-value]
