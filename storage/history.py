"""What customers have said, streamed: history is longer than memory."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.conversations import KF, Conversation
from storage.messages import CUSTOMER, Message

AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Said:
    """One text message of a customer."""

    external_userid: str
    message_id: int
    text: str
    at: datetime


def said(db: Session, since: datetime | None = None) -> Iterator[Said]:
    """Customers' texts, one customer after the other, each conversation in its order; a thousand at most in memory.

    A query for each conversation: both are read in the order of an index, so nothing is sorted.
    """
    spoken = select(Conversation.peer, Conversation.id).where(Conversation.channel == KF)
    if since is not None:
        spoken = spoken.where(Conversation.last_message_at >= since)
    spoken = spoken.order_by(Conversation.peer, Conversation.id).execution_options(yield_per=AT_ONCE)
    for external_userid, conversation_id in db.execute(spoken):
        chosen = select(Message.id, Message.text, Message.recorded_at).where(
            Message.conversation_id == conversation_id,
            Message.author == CUSTOMER,
            Message.msgtype == "text",
            Message.text != "",
        )
        if since is not None:
            chosen = chosen.where(Message.recorded_at >= since)
        for row in db.execute(chosen.order_by(Message.id).execution_options(yield_per=AT_ONCE)):
            yield Said(external_userid, *row)


def texts(db: Session, message_ids: Collection[int]) -> dict[int, str]:
    """The texts of messages, by their ids; those that are not there are left out. At most a thousand at once."""
    rows = db.execute(select(Message.id, Message.text).where(Message.id.in_(message_ids)))
    return {message_id: text for message_id, text in rows if text}
