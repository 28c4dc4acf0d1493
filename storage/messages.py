"""Messages: what was said, by whom, in order. Written once, never changed but for `answered_at` and `recalled_at`."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text, bindparam, func, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.base import Base, RowId
from storage.conversations import Conversation
from storage.outbox import OutboxRow

#: Who wrote: the customer (or a staff member to the app), the bot, a servicer, or the platform.
CUSTOMER, BOT, SERVICER, SYSTEM = "customer", "bot", "servicer", "system"
_OPEN = text("answered_at IS NULL AND author = 'customer'")


class Message(Base):
    """One message. `msgid` is WeCom's for what came in, ours for what goes out; `sent_at` is the writer's instant."""

    __tablename__ = "messages"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id"))
    author: Mapped[str] = mapped_column(String(8))
    author_id: Mapped[str] = mapped_column(String(128), default="")
    msgtype: Mapped[str] = mapped_column(String(32))
    text: Mapped[str] = mapped_column(Text, default="")
    content: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    msgid: Mapped[str] = mapped_column(String(128), default="")
    outbox_id: Mapped[int | None] = mapped_column(RowId)
    sent_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    recalled_at: Mapped[datetime | None]

    __table_args__ = (
        Index("ix_messages_conversation", "conversation_id", "id"),
        Index("ix_messages_open", "conversation_id", "id", sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("ix_messages_msgid", "msgid"),
        Index("ix_messages_recorded", "recorded_at", "author"),
    )


def add(db: Session, message: Message) -> Message:
    """Record a message. NUL cannot be stored everywhere and means nothing: it is dropped."""
    message.text = message.text.replace("\0", "")
    db.add(message)
    return message


_OPEN_TURN = (
    select(Message)
    .where(
        Message.conversation_id == bindparam("conversation_id"),
        Message.author == CUSTOMER,
        Message.answered_at.is_(None),
    )
    .order_by(Message.id)
)


def open_turn(db: Session, conversation_id: int) -> list[Message]:
    """What the customer wrote that nobody has answered, oldest first."""
    return list(db.scalars(_OPEN_TURN, {"conversation_id": conversation_id}))


def recent(db: Session, conversation_id: int, most: int) -> list[Message]:
    """The last `most` messages of a conversation, oldest first."""
    newest = db.scalars(
        select(Message).where(Message.conversation_id == conversation_id).order_by(Message.id.desc()).limit(most)
    ).all()
    return list(reversed(newest))


def recall(db: Session, msgid: str, now: datetime) -> None:
    """Note that the writer took a message back; one not yet answered needs no answer any more."""
    for message in db.scalars(select(Message).where(Message.msgid == msgid)):
        message.recalled_at, message.answered_at = now, message.answered_at or now


def count_since(db: Session, since: datetime, channel: str) -> dict[str, int]:
    """Messages of a channel recorded since an instant, by author; of the bot's own, those that left."""
    left = select(OutboxRow.id).where(OutboxRow.id == Message.outbox_id, OutboxRow.state == "sent").exists()
    rows: Any = db.execute(
        select(Message.author, func.count())
        .join(Conversation, Conversation.id == Message.conversation_id)
        .where(Message.recorded_at >= since, Conversation.channel == channel)
        .where((Message.author != BOT) | left)
        .group_by(Message.author)
    ).all()
    return dict(rows)
