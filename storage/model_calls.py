"""Questions put to a language model: what was asked (masked), what came back, what became of it, what it cost."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.base import Base, RowId

#: pending: not answered yet · used · refused: a gate blocked its words · late, failed: the knowledge answered instead
#: · overtaken: the customer wrote on, or a person took over
PENDING, USED, REFUSED, LATE, FAILED, OVERTAKEN = "pending", "used", "refused", "late", "failed", "overtaken"


class ModelCall(Base):
    """One call. `message_id` is the last message of the turn it is to answer, `epoch` the conversation's then.

    `prompt` holds the chat messages as sent, personal data masked, `candidates` the entry ids offered in them.
    """

    __tablename__ = "model_calls"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id"))
    message_id: Mapped[int] = mapped_column(RowId)
    epoch: Mapped[int]
    model: Mapped[str] = mapped_column(String(128))
    prompt_version: Mapped[str] = mapped_column(String(32))
    prompt: Mapped[list[dict[str, str]]] = mapped_column(JSON)
    candidates: Mapped[list[str]] = mapped_column(JSON)
    state: Mapped[str] = mapped_column(String(12), default=PENDING)
    reason: Mapped[str] = mapped_column(Text, default="")
    reply: Mapped[str] = mapped_column(Text, default="")
    tokens: Mapped[int] = mapped_column(default=0)
    took_ms: Mapped[int] = mapped_column(default=0)
    asked_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]

    __table_args__ = (
        Index("ix_model_calls_conversation", "conversation_id", "state"),
        Index("ix_model_calls_asked", "asked_at"),
    )


def find(db: Session, call_id: int) -> ModelCall | None:
    return db.get(ModelCall, call_id)


def pending(db: Session, conversation_id: int) -> list[ModelCall]:
    """The calls of a conversation that have not come back."""
    return list(
        db.scalars(select(ModelCall).where(ModelCall.conversation_id == conversation_id, ModelCall.state == PENDING))
    )


def settle(call: ModelCall, state: str, reason: str, now: datetime) -> None:
    """Note what became of a call. What it brought is kept whatever became of it."""
    call.state, call.reason, call.settled_at = state, reason, now


def keep_answer(call: ModelCall, result: dict[str, Any]) -> None:
    """Keep what the model said and what it cost."""
    call.reply = str(result.get("text", ""))
    call.tokens, call.took_ms = int(result.get("tokens", 0)), int(result.get("took_ms", 0))


def tokens_since(db: Session, since: datetime) -> int:
    """Tokens spent on calls asked since an instant."""
    return db.scalar(select(func.coalesce(func.sum(ModelCall.tokens), 0)).where(ModelCall.asked_at >= since)) or 0
