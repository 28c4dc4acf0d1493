"""Whether a person is needed now: the recent turns of a conversation, read together with what was just written."""

from datetime import timedelta

from handlers.context import Context
from keywords.judging.talk import BOT, CUSTOMER, PERSON, Turn, unheard
from keywords.wishes import Decision
from storage import handoff, messages
from storage.conversations import Conversation
from storage.messages import Message

#: What was said longer ago, or before these many messages, weighs no more.
LOOKED_BACK, LOOKED_BACK_FOR = 12, timedelta(hours=24)
_ROLES = {messages.CUSTOMER: CUSTOMER, messages.BOT: BOT, messages.SERVICER: PERSON}


def decide(ctx: Context, conversation: Conversation, written: list[Message]) -> Decision | None:
    """Why a person is needed, when what was just written says so; a wish that was heard before is not told again."""
    if not written:
        return None
    recent = _recent(ctx, conversation)
    decision = ctx.brand.reader.wishes.decide([_turn(ctx, message) for message in recent])
    new = {message.id for message in written}
    return decision if decision and recent[decision.turn].id in new else None


def _recent(ctx: Context, conversation: Conversation) -> list[Message]:
    since = ctx.now - LOOKED_BACK_FOR
    ended_at = handoff.last_ended_at(ctx.db, conversation.id)
    if ended_at is not None:
        since = max(since, ended_at)
    return [
        message
        for message in messages.recent(ctx.db, conversation.id, LOOKED_BACK)
        if message.text.strip() and message.author in _ROLES and message.recorded_at >= since
    ]


def _turn(ctx: Context, message: Message) -> Turn:
    role = _ROLES[message.author]
    return Turn(role, ctx.brand.read(message.text).heard if role == CUSTOMER else unheard(message.text))
