"""Conversations: who talks with us over which channel, who serves them, and what is pending between us."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, String, UniqueConstraint, bindparam, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.base import Base, RowId

KF, APP, AIBOT = "kf", "app", "aibot"


class Conversation(Base):
    """One peer on one account of one channel.

    `mode` is bot, draft or human; a claim by a human raises `epoch`, and bot rows of an older epoch are withdrawn.
    `service_state` is WeCom's (94669): 0 new, 1 assistant, 2 pool, 3 servicer, 4 ended. `menu` holds the entry ids
    last offered, in order, and `menu_message_id` the question it was offered for, until the next turn. `topic` is what
    was answered last (handlers/answers/topic.py). `hushed_at` is when a crisis was heard. `last_customer_at` is by
    WeCom's clock, `heard_at` by ours.
    """

    __tablename__ = "conversations"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    channel: Mapped[str] = mapped_column(String(8))
    account: Mapped[str] = mapped_column(String(128))
    peer: Mapped[str] = mapped_column(String(128))
    mode: Mapped[str] = mapped_column(String(8), default="bot")
    epoch: Mapped[int] = mapped_column(default=0)
    service_state: Mapped[int] = mapped_column(default=0)
    servicer_userid: Mapped[str] = mapped_column(String(64), default="")
    unanswered: Mapped[int] = mapped_column(default=0)
    menu: Mapped[list[str]] = mapped_column(JSON, default=list)
    topic: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict, server_default="{}")
    menu_message_id: Mapped[int | None] = mapped_column(RowId)
    hushed_at: Mapped[datetime | None]
    turn_opened_at: Mapped[datetime | None]
    turn_key: Mapped[str] = mapped_column(String(64), default="")
    last_customer_at: Mapped[datetime | None]
    heard_at: Mapped[datetime | None]
    last_message_at: Mapped[datetime | None]
    created_at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("channel", "account", "peer"),
        Index("ix_conversations_recent", "last_message_at"),
        Index("ix_conversations_peer", "peer"),
    )

    @property
    def lane(self) -> str:
        """The lane of everything that goes to or comes from this conversation."""
        return f"{self.channel}:{self.account}:{self.peer}"

    @property
    def is_pooled(self) -> bool:
        """Whether it waits in WeCom's pool for a servicer."""
        return self.service_state == 2


_BY_PEER = (
    select(Conversation)
    .where(
        Conversation.channel == bindparam("channel"),
        Conversation.account == bindparam("account"),
        Conversation.peer == bindparam("peer"),
    )
    .with_for_update()
    .execution_options(autoflush=False)  # what it looks for is flushed where it is made
)
_BY_ID = (
    select(Conversation)
    .where(Conversation.id == bindparam("conversation_id"))
    .with_for_update()
    .execution_options(autoflush=False)
)

_FREE_BY_ID = _BY_ID.with_for_update(skip_locked=True)


def find(db: Session, channel: str, account: str, peer: str) -> Conversation | None:
    return db.scalars(_BY_PEER, {"channel": channel, "account": account, "peer": peer}).first()


def open_(db: Session, channel: str, account: str, peer: str, now: datetime) -> Conversation:
    """The conversation, made when it is new; locked until the transaction ends."""
    known = find(db, channel, account, peer)
    if known is None:
        known = Conversation(channel=channel, account=account, peer=peer, created_at=now, epoch=0, mode="bot")
        known.service_state, known.unanswered, known.menu, known.topic = 0, 0, [], {}
        known.servicer_userid = known.turn_key = ""
        db.add(known)
        db.flush()
    return known


def get(db: Session, conversation_id: int) -> Conversation:
    """The conversation, locked until the transaction ends. Raises LookupError when there is none."""
    row = db.scalars(_BY_ID, {"conversation_id": conversation_id}).first()
    if row is None:
        raise LookupError(f"conversation {conversation_id}")
    return row


def find_free(db: Session, conversation_id: int) -> Conversation | None:
    """The conversation, locked until the transaction ends; None while another transaction has it locked."""
    return db.scalars(_FREE_BY_ID, {"conversation_id": conversation_id}).first()


def count_by_mode(db: Session) -> dict[str, int]:
    rows: Any = db.execute(select(Conversation.mode, func.count()).group_by(Conversation.mode)).all()
    return dict(rows)
