"""After a crisis: no cheerful greeting, no menu, nothing that sells, for as long as the settings say."""

from datetime import timedelta

from handlers.context import Context
from handlers.say import Words, phrase
from storage import handoff
from storage.conversations import Conversation

#: What is said all the same: an answer to what was asked, and where a person stands.
PLAIN_KINDS = frozenset({"answer", "handoff"})
HONEST = "intent:robot"
#: From here on an open hand-off means that the customer is hurt, angry, or at odds with us over money.
AGGRIEVED = 1


def is_hushed(ctx: Context, conversation: Conversation) -> bool:
    """Whether a crisis was heard in this conversation not long ago."""
    at = conversation.hushed_at
    return at is not None and ctx.now - at < timedelta(days=ctx.rules.handoff.hush_days)


def takes_no_offers(ctx: Context, conversation: Conversation) -> bool:
    """Whether nothing that sells may be sent now: after a crisis, or while a quarrel is open (product rule A-27)."""
    if is_hushed(ctx, conversation):
        return True
    known = handoff.find_open(ctx.db, conversation.id)
    return known is not None and known.severity >= AGGRIEVED


def hush(ctx: Context, conversation: Conversation, words: Words) -> Words:
    """The words themselves, or after a crisis quiet ones in place of small talk and menus."""
    kept = words.why["kind"] in PLAIN_KINDS or words.why["rule"] == HONEST
    if kept or not is_hushed(ctx, conversation):
        return words
    conversation.menu = []
    return Words(phrase(ctx, conversation, "after_crisis"), {**words.why, "hushed": True})
