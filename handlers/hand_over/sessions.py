"""Where a 客服会话 stands, as WeCom tells: a transition came out, a servicer took, passed on or ended it, or it lapsed.

Nothing is said to be done before WeCom said so: the outcome of `service_state/trans` comes back as an event, and only
then the customer hears who has come.
"""

from datetime import datetime, timedelta

from handlers import handoff
from handlers.answers.hush import is_hushed
from handlers.context import Context
from handlers.event import Event, Fetch, Fetched, HandoffDue, KfEvent, Settled
from handlers.hand_over.severity import is_urgent
from handlers.handoff import ENDED, NEW, POOL, SERVICER, TRANS
from handlers.say import BY_CODE, Words, phrase, say, say_by_code, trace
from keywords.wishes import CRISIS
from storage import accounts, conversations, outbox
from storage import handoff as memory
from storage.conversations import KF, Conversation
from storage.handoff import ASKED, CLOSED, POOLED, PROMISED, SERVED, Handoff

NOT_ACCEPTING = frozenset({95014, 95019})  # not a servicer of the account, or paused
NOT_OURS = frozenset({95013, 95018})  # the session has ended, or a person has it
CONSULTATION = timedelta(hours=48)  # from the customer's last message (94669)
END_CODE_LIFE = timedelta(seconds=20)  # msg_code of an ended session (95122)
POOL_CODE_LIFE = timedelta(hours=48)  # msg_code on entering or leaving the pool (95122)
SEND = "kf/send_msg"
FROM_POOL, TRANSFERRED, FINISHED, REENTERED = 1, 2, 3, 4  # change_type of session_status_change (94698)
ACCEPTING = 1  # status of servicer_status_change (94670); servicer/list says 0 for the same


def on_trans_settled(event: Event, ctx: Context) -> bool:
    """WeCom answered a transition."""
    if not isinstance(event, Settled) or event.api != TRANS:
        return False
    row = outbox.find(ctx.db, event.outbox_id)
    if row is None or row.conversation_id is None:
        return True
    conversation = conversations.get(ctx.db, row.conversation_id)
    known = memory.find_open(ctx.db, conversation.id)
    body = row.body
    if event.ok:
        _arrived(ctx, conversation, known, body["service_state"], str(body.get("servicer_userid", "")))
        _speak_by_code(ctx, conversation, str(event.response.get("msg_code", "")), POOL_CODE_LIFE)
    elif known is not None and event.errcode in NOT_ACCEPTING and body.get("servicer_userid"):
        accounts.set_servicer(ctx.db, conversation.account, body["servicer_userid"], False, ctx.now)
        known.tried = f"{known.tried} {body['servicer_userid']}".strip()
        if handoff.somebody_may_come(ctx, conversation, known):
            handoff.offer(ctx, conversation, known)
        else:
            why = trace("handoff", f"errcode:{event.errcode}", evidence=known.evidence)
            words = handoff.promise(ctx, conversation, known, why)
            if known.reason != CRISIS:
                say(ctx, conversation, words)
    else:  # we do not know where the session stands: ask before a word is said
        _ask_state(ctx, conversation, event.outbox_id)
    return True


def on_send_refused(event: Event, ctx: Context) -> bool:
    """WeCom refused a reply: the session is not where we believed. Ask, so that the next turn finds it right."""
    if not isinstance(event, Settled) or event.api not in (SEND, BY_CODE):
        return False
    row = outbox.find(ctx.db, event.outbox_id)
    if event.errcode in NOT_OURS and row is not None and row.conversation_id is not None:
        _ask_state(ctx, conversations.get(ctx.db, row.conversation_id), event.outbox_id)
    return True


def _ask_state(ctx: Context, conversation: Conversation, outbox_id: int) -> None:
    arguments = {"open_kfid": conversation.account, "external_userid": conversation.peer}
    ctx.tell(Fetch(what="service_state", arguments=arguments), f"service_state:{outbox_id}")


def _arrived(ctx: Context, conversation: Conversation, known: Handoff | None, state: int, userid: str) -> None:
    conversation.service_state = state
    if state == SERVICER:
        hand_over(conversation, userid)
    if known is not None:
        known.servicer_userid = userid
        known.state = SERVED if state == SERVICER else POOLED
        known.served_at = ctx.now if state == SERVICER else None


def hand_over(conversation: Conversation, userid: str) -> None:
    """From here on a person serves: the epoch rises, so bot rows still waiting are withdrawn."""
    if conversation.mode != "human":
        conversation.mode, conversation.epoch = "human", conversation.epoch + 1
    conversation.service_state, conversation.servicer_userid = SERVICER, userid


def hand_back(conversation: Conversation) -> None:
    """The person is gone; the bot answers again from the next message on."""
    conversation.mode, conversation.servicer_userid, conversation.unanswered = "bot", "", 0


def _speak_by_code(ctx: Context, conversation: Conversation, code: str, life: timedelta) -> None:
    """Say where the session stands now, by the one-time code WeCom gave for it (95122); without one, be silent.

    After a crisis only who has come is worth a word.
    """
    if not code or (conversation.service_state != SERVICER and is_hushed(ctx, conversation)):
        return
    key = {SERVICER: "handoff_servicer", POOL: "handoff_pool"}.get(conversation.service_state, "session_ended")
    name = ctx.brand.staff_name(conversation.servicer_userid)
    text = (
        phrase(ctx, conversation, key, servicer=name) if key == "handoff_servicer" else phrase(ctx, conversation, key)
    )
    why = trace("handoff", f"service_state:{conversation.service_state}")
    say_by_code(ctx, conversation, code, text, why, ctx.now + life)


def on_state_fetched(event: Event, ctx: Context) -> bool:
    """Where a session really stands, asked after WeCom refused a transition or a reply."""
    if not isinstance(event, Fetched) or event.what != "service_state":
        return False
    conversation = conversations.find(ctx.db, KF, event.arguments["open_kfid"], event.arguments["external_userid"])
    if conversation is None:
        return True
    known = memory.find_open(ctx.db, conversation.id)
    state = int(event.result.get("service_state", ENDED)) if event.ok else ENDED
    if state in (POOL, SERVICER):
        _arrived(ctx, conversation, known, state, str(event.result.get("servicer_userid", "")))
        return True
    conversation.service_state = state
    if known is None or known.state != ASKED:
        return True
    if state == ENDED:  # nothing can be said or done until the customer writes: stay on the waiting list
        known.state, known.promised_for = PROMISED, None
        return True
    if is_urgent(ctx, known.severity):  # the duty staff go on being told
        known.state, known.promised_for = PROMISED, None
    else:
        known.state, known.closed_at = CLOSED, ctx.now
    if known.reason != CRISIS:
        why = trace("handoff", "transition refused", evidence=known.evidence)
        say(ctx, conversation, Words(phrase(ctx, conversation, "handoff_failed"), why))
    return True


def on_session_change(event: Event, ctx: Context) -> bool:
    """A servicer did something in the WeCom client (session_status_change; an API transition rings no bell)."""
    if not isinstance(event, KfEvent) or event.event_type != "session_status_change":
        return False
    conversation = conversations.open_(ctx.db, KF, event.open_kfid, event.external_userid, ctx.now)
    if event.change_type == FINISHED:
        hand_back(conversation)
        conversation.service_state = ENDED
        memory.close(ctx.db, conversation.id, ctx.now)
        _speak_by_code(ctx, conversation, event.msg_code, END_CODE_LIFE)
        return True
    hand_over(conversation, event.new_servicer_userid)
    memory.serve(ctx.db, conversation.id, event.new_servicer_userid, ctx.now)
    if event.change_type == FROM_POOL:
        _speak_by_code(ctx, conversation, event.msg_code, POOL_CODE_LIFE)
    return True


def customer_returns(ctx: Context, conversation: Conversation, at: datetime) -> None:
    """A customer writes at `at`. A session silent for 48 h has ended by itself (94669), without an event.

    Their message reopens an ended session (94698); who still waits for a person is offered again.
    """
    last = conversation.last_customer_at
    if conversation.service_state in (POOL, SERVICER) and last is not None and at - last > CONSULTATION:
        hand_back(conversation)
        conversation.service_state = ENDED
    if conversation.service_state != ENDED:
        return
    conversation.service_state = NEW
    known = memory.find_open(ctx.db, conversation.id)
    if known is not None and known.state == SERVED:
        memory.close(ctx.db, conversation.id, ctx.now)
    elif known is not None and known.state != ASKED:
        known.state, known.promised_for = PROMISED, known.promised_for or ctx.now


def servicer_speaks(conversation: Conversation, userid: str) -> None:
    """A servicer's own message is proof that a person serves, should the event before it have been missed."""
    if conversation.service_state != SERVICER or conversation.mode != "human":
        hand_over(conversation, userid)


def on_servicer_status(event: Event, ctx: Context) -> bool:
    """A servicer began or stopped accepting. Whoever cannot wait is given to them, the gravest first.

    The others are taken from the pool by the servicers themselves, or have a promise.
    """
    if not isinstance(event, KfEvent) or event.event_type != "servicer_status_change":
        return False
    accounts.open_(ctx.db, event.open_kfid)
    accounts.set_servicer(ctx.db, event.open_kfid, event.servicer_userid, event.status == ACCEPTING, ctx.now)
    if event.status == ACCEPTING:
        for known in memory.waiting_at(ctx.db, event.open_kfid, ctx.rules.handoff.alert_from):
            ctx.tell(HandoffDue(conversation_id=known.conversation_id), f"handoff:{known.id}:free:{ctx.cause_id}")
    return True
