"""Fetching a person: to a servicer who is accepting, else to the pool, else a promise with its time.

What comes of it is told by WeCom (`handlers/hand_over/sessions.py`). While a person serves, or is on the way, the bot
is silent.
"""

from datetime import datetime
from typing import Any

from handlers.context import Context
from handlers.event import Event, HandoffDue
from handlers.hand_over import alerts
from handlers.hand_over.severity import is_urgent, open_or_raise
from handlers.say import Words, phrase, say, trace
from handlers.wording import word
from keywords.wishes import CRISIS, SEVERITY
from storage import accounts, conversations, outbox
from storage import handoff as memory
from storage.conversations import Conversation
from storage.handoff import ASKED, POOLED, PROMISED, SERVED, Handoff

NEW, ASSISTANT, POOL, SERVICER, ENDED = 0, 1, 2, 3, 4  # service_state (94669)
TRANS = "kf/service_state/trans"
#: Plain wishes: their first words only say that somebody is being fetched.
PLAIN = frozenset({"ask_human", "repeated_nonanswer"})


def is_in_hands(ctx: Context, conversation: Conversation) -> bool:
    """Whether a person serves this conversation or has been sent for, so that the bot must not speak."""
    if conversation.service_state in (POOL, SERVICER):
        return True
    known = memory.find_open(ctx.db, conversation.id)
    return known is not None and known.state in (ASKED, POOLED, SERVED)


def ask(
    ctx: Context, conversation: Conversation, reason: str, evidence: str, severity: int | None = None
) -> Words | None:
    """A person is wanted. Returns what to say when nobody serves now; otherwise everything is queued already."""
    conversation.unanswered = 0
    known, is_graver = open_or_raise(ctx, conversation, reason, evidence, severity)
    words = _fetch(ctx, conversation, known, reason, trace("handoff", f"reason:{reason}", evidence=evidence))
    if is_graver:
        alerts.begin(ctx, conversation, known)
    return words


def _fetch(ctx: Context, conversation: Conversation, known: Handoff, reason: str, why: dict[str, Any]) -> Words | None:
    """First words by the reason just heard, then a person, or the promise of one: in a crisis nobody is put off."""
    somebody = somebody_may_come(ctx, conversation, known)
    if somebody or reason not in PLAIN:
        say(ctx, conversation, Words(phrase(ctx, conversation, f"handoff_asking.{reason}"), why))
    if not somebody:
        words = promise(ctx, conversation, known, why)
        return words if reason != CRISIS else None
    known.state, known.promised_for = ASKED, None
    offer(ctx, conversation, known)
    return None


def overhear(ctx: Context, conversation: Conversation, reason: str, evidence: str, severity: int | None = None) -> None:
    """A wish heard while a person serves or has been sent for: a graver one raises the hand-off, and is told of.

    The bot speaks only as long as nobody has come: what is said too late, the sender withdraws.
    """
    known = memory.find_open(ctx.db, conversation.id)
    if known is None and not is_urgent(ctx, max(SEVERITY[reason], severity or 0)):
        return
    known, is_graver = open_or_raise(ctx, conversation, reason, evidence, severity)
    if not is_graver:
        return
    if known.state == ASKED and conversation.mode == "bot" and conversation.service_state in (NEW, ASSISTANT):
        why = trace("handoff", f"reason:{reason}", evidence=evidence)
        say(ctx, conversation, Words(phrase(ctx, conversation, f"handoff_asking.{reason}"), why))
    alerts.begin(ctx, conversation, known)


def _free_servicers(ctx: Context, conversation: Conversation, known: Handoff) -> list[str]:
    """Who accepts customers of this account now and has not been tried in vain."""
    tried = known.tried.split()
    return [userid for userid in accounts.accepting(ctx.db, conversation.account) if userid not in tried]


def somebody_may_come(ctx: Context, conversation: Conversation, known: Handoff) -> bool:
    """A servicer who accepts may be sent at any hour; the pool is looked at in business hours only."""
    return bool(_free_servicers(ctx, conversation, known)) or ctx.brand.hours.is_open(ctx.local)


def promise(ctx: Context, conversation: Conversation, known: Handoff, why: dict[str, Any]) -> Words:
    """Put a hand-off off until the next opening. Returns what says so."""
    opening = ctx.brand.hours.next_opening(ctx.local)
    known.state, known.promised_for = PROMISED, opening
    return Words(phrase(ctx, conversation, "handoff_promise", time=_in_words(opening, ctx.local)), why)


def _in_words(at: datetime, local: datetime) -> str:
    days = (at.date() - local.date()).days
    return word(f"day.{days if days <= 2 else 'later'}", month=at.month, day=at.day, time=f"{at:%H:%M}")


def offer(ctx: Context, conversation: Conversation, known: Handoff) -> None:
    """Queue the transition: the accepting servicer with the fewest customers who was not tried yet, else the pool."""
    free = _free_servicers(ctx, conversation, known)
    body: dict[str, Any] = {"open_kfid": conversation.account, "external_userid": conversation.peer}
    if free:
        loads = memory.loads(ctx.db)
        chosen = min(free, key=lambda userid: loads.get(userid, 0))
        body |= {"service_state": SERVICER, "servicer_userid": chosen}
        known.servicer_userid = chosen
    else:
        body |= {"service_state": POOL}
        known.servicer_userid = ""
    ctx.call(
        outbox.NewCall(
            api=TRANS,
            payload=body,
            lane=conversation.lane,
            why=trace("handoff", f"reason:{known.reason}", evidence=known.evidence),
            priority=outbox.URGENT if is_urgent(ctx, known.severity) else outbox.NORMAL,
            author="system",
            conversation_id=conversation.id,
            epoch=conversation.epoch,
            notify=True,
        )
    )


def tick(ctx: Context) -> None:
    """Promises whose time has come are offered to a person, once each."""
    for known in memory.due(ctx.db, ctx.now):
        assert known.promised_for is not None
        key = f"handoff:{known.id}:{int(known.promised_for.timestamp())}"
        ctx.tell(HandoffDue(conversation_id=known.conversation_id), key)


def on_due(event: Event, ctx: Context) -> bool:
    """A waiting hand-off may be offered: business hours have begun, or a servicer accepts again."""
    if not isinstance(event, HandoffDue):
        return False
    conversation = conversations.get(ctx.db, event.conversation_id)
    known = memory.find_open(ctx.db, conversation.id)
    if known is None or known.state not in (PROMISED, POOLED):
        return True
    known.tried = ""
    if known.state == POOLED and not _free_servicers(ctx, conversation, known):
        return True
    if somebody_may_come(ctx, conversation, known):
        known.state = ASKED
        offer(ctx, conversation, known)
    else:
        known.promised_for = ctx.brand.hours.next_opening(ctx.local)
        known.overdue_at = alerts.overdue_at(ctx, known)
    return True
