"""How grave a wish for a person is: it opens a hand-off, or raises the one that is open. It never falls."""

from handlers.context import Context
from keywords.mask import mask
from keywords.wishes import CRISIS, GRAVEST, SEVERITY
from storage import handoff as memory
from storage import messages
from storage.conversations import Conversation
from storage.handoff import ASKED, POOLED, SERVED, Handoff

SAID_CHARACTERS = 60
LOOKED_BACK = 6


def is_urgent(ctx: Context, severity: int) -> bool:
    """Whether the duty staff are told at once."""
    return severity >= ctx.rules.handoff.alert_from


def open_or_raise(
    ctx: Context, conversation: Conversation, reason: str, evidence: str, severity: int | None = None
) -> tuple[Handoff, bool]:
    """The conversation's hand-off, and whether it is new or has become graver by this.

    `severity` may be higher than the reason's own, and at most 3. A new one is `asked`, unless a person serves already.
    """
    weight = min(max(SEVERITY[reason], severity or 0), GRAVEST)
    if reason == CRISIS:
        conversation.hushed_at = ctx.now
    known = memory.find_open(ctx.db, conversation.id)
    if known is not None and weight <= known.severity:
        return known, False
    if known is None:
        known = _new(ctx, conversation)
        ctx.db.add(known)
    known.reason, known.evidence, known.severity = reason, evidence, weight
    known.said = _said(ctx, conversation, evidence)
    ctx.db.flush()
    return known, True


def _new(ctx: Context, conversation: Conversation) -> Handoff:
    new = Handoff(conversation_id=conversation.id, state=ASKED, asked_at=ctx.now, tried="", servicer_userid="")
    if conversation.mode == "human":
        new.state, new.served_at, new.servicer_userid = SERVED, ctx.now, conversation.servicer_userid
    elif conversation.is_pooled:
        new.state = POOLED
    return new


def _said(ctx: Context, conversation: Conversation, evidence: str) -> str:
    """What the customer wrote: the newest message with those words, else the newest one."""
    texts = [
        message.text
        for message in reversed(messages.recent(ctx.db, conversation.id, LOOKED_BACK))
        if message.author == messages.CUSTOMER and message.text
    ]
    found = next((text for text in texts if evidence and evidence in text), texts[0] if texts else evidence)
    masked = " ".join(mask(found).split())
    return masked if len(masked) <= SAID_CHARACTERS else masked[: SAID_CHARACTERS - 1] + "…"
