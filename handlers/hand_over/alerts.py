"""The duty staff are told of a hand-off that cannot wait, again until somebody serves, and of any that is overdue."""

from datetime import datetime, timedelta

import structlog

from handlers.context import Context
from handlers.hand_over.severity import is_urgent
from handlers.say import trace
from handlers.wording import word
from storage import contacts, conversations, outbox
from storage import handoff as memory
from storage.conversations import Conversation
from storage.handoff import PROMISED, Handoff

log = structlog.get_logger()

API = "message/send"
NAME_CHARACTERS = 12


def begin(ctx: Context, conversation: Conversation, known: Handoff) -> None:
    """A hand-off is new, or graver than before: tell of it if it cannot wait, and plan when it is overdue."""
    known.alerts, known.alert_at = 0, None
    known.overdue_at = overdue_at(ctx, known)
    if is_urgent(ctx, known.severity):
        _tell(ctx, conversation, known, word(f"alert.head.{known.severity}"), f"{known.severity}:0")
        _plan_next(ctx, known)


def overdue_at(ctx: Context, known: Handoff) -> datetime:
    """When a hand-off has waited too long; one that can wait is counted from the time that was promised."""
    promised = known.promised_for if known.state == PROMISED and not is_urgent(ctx, known.severity) else None
    return (promised or ctx.now) + timedelta(seconds=ctx.rules.handoff.overdue_s[known.severity])


def tick(ctx: Context) -> None:
    """Tell again of those who still wait. Nothing piles up while WeCom does not take the last alert."""
    for known in memory.to_alert(ctx.db, ctx.now):
        overdue = known.overdue_at is not None and known.overdue_at <= ctx.now
        if not outbox.is_free(ctx.db, _lane(known)):
            continue
        conversation = conversations.get(ctx.db, known.conversation_id)
        if overdue:
            known.overdue_at = None
            _tell(ctx, conversation, known, word("alert.overdue"), f"{known.severity}:overdue")
        else:
            head = word("alert.again", head=word(f"alert.head.{known.severity}"))
            _tell(ctx, conversation, known, head, f"{known.severity}:{known.alerts}")
        if known.alert_at is not None:
            _plan_next(ctx, known)


def _plan_next(ctx: Context, known: Handoff) -> None:
    """One more was told; the next is due after a while, as long as somebody waits and it is not enough."""
    rules = ctx.rules.handoff
    known.alerts += 1
    more = known.is_waiting and known.alerts < rules.alert_most
    known.alert_at = ctx.now + timedelta(seconds=rules.alert_repeat_s) if more else None


def _lane(known: Handoff) -> str:
    return f"alert:{known.id}"


def _tell(ctx: Context, conversation: Conversation, known: Handoff, head: str, mark: str) -> None:
    """Queue one app message to all on duty, in the fast lane: it waits for no customer channel."""
    if not ctx.brand.on_duty:
        log.warning("nobody_on_duty", handoff=known.id, severity=known.severity)
        return
    body = {
        "touser": "|".join(ctx.brand.on_duty),
        "msgtype": "text",
        "agentid": ctx.rules.agentid,
        "text": {"content": text(ctx, conversation, known, head)},
        "msgid": outbox.new_msgid(),
    }
    ctx.call(
        outbox.NewCall(
            api=API,
            payload=body,
            lane=_lane(known),
            dedup_key=f"{_lane(known)}:{mark}",
            why=trace("alert", f"reason:{known.reason}", evidence=known.evidence, severity=known.severity),
            priority=outbox.FAST,
            author="system",
        )
    )


def text(ctx: Context, conversation: Conversation, known: Handoff, head: str) -> str:
    """What the duty staff read."""
    since = ctx.brand.local(known.asked_at)
    minutes = int((ctx.now - known.asked_at).total_seconds() // 60)
    name = contacts.name_of(ctx.db, conversation.peer)
    return word(
        "alert.text",
        head=head,
        reason=word(f"handoff_reason.{known.reason}"),
        customer=name[:NAME_CHARACTERS] or conversation.peer,
        said=known.said or known.evidence,
        since=f"{since:%m-%d %H:%M}",
        waited=word("alert.waited", minutes=minutes) if minutes else word("alert.just_now"),
        state=word(f"handoff_state.{known.state}", servicer=ctx.brand.staff_name(known.servicer_userid)),
    )
