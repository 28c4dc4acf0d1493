"""A person takes a conversation from the bot in the console, and gives it back.

The claim raises the epoch: the sender withdraws every bot row of an older one. It is confirmed only when no bot row
is being sent any more; after the confirmation none leaves.
"""

from handlers.context import Context
from handlers.errors import Refused
from handlers.wording import word
from storage import conversations, handoff, outbox


def claim(ctx: Context, conversation_id: int, userid: str) -> bool:
    """Take a conversation. True when the claim is confirmed; False: ask `is_confirmed` until it is.

    Raises Refused when another person has it.
    """
    conversation = conversations.get(ctx.db, conversation_id)
    if conversation.mode == "human" and conversation.servicer_userid not in ("", userid):
        raise Refused(word("takeover.taken", name=ctx.brand.staff_name(conversation.servicer_userid)))
    if conversation.mode != "human":
        conversation.mode, conversation.epoch = "human", conversation.epoch + 1
    conversation.servicer_userid = userid
    handoff.serve(ctx.db, conversation_id, userid, ctx.now)
    return is_confirmed(ctx, conversation_id)


def is_confirmed(ctx: Context, conversation_id: int) -> bool:
    """Whether a claimed conversation is free of bot messages on their way."""
    return outbox.in_flight(ctx.db, conversation_id) == 0


def release(ctx: Context, conversation_id: int, userid: str) -> None:
    """Give a conversation back to the bot. Raises Refused when another person has it."""
    conversation = conversations.get(ctx.db, conversation_id)
    if conversation.mode != "human":
        return
    if conversation.servicer_userid != userid:
        raise Refused(word("takeover.taken", name=ctx.brand.staff_name(conversation.servicer_userid)))
    conversation.mode, conversation.servicer_userid, conversation.unanswered = "bot", "", 0
    handoff.close(ctx.db, conversation_id, ctx.now)
