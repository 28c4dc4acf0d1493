"""What people write is recorded, whoever wrote it and whatever it is; then it is answered, or the burst waited for."""

from datetime import timedelta

from handlers import reply, tagging
from handlers.context import Context
from handlers.event import AibotMessage, AppMessage, Event, KfEvent, KfMessage, Turn
from handlers.hand_over import sessions
from handlers.hand_over.severity import is_urgent
from handlers.wording import has, word
from storage import contacts, conversations, messages, outbox
from storage.base import utc
from storage.conversations import AIBOT, APP, KF, Conversation
from storage.inbox import postpone
from storage.messages import Message

FROM_CUSTOMER, FROM_SERVICER = 3, 5  # `origin` of a sync_msg item (94670)
#: However fast somebody writes, the reply comes after this many burst windows at the latest.
LONGEST_BURST_WINDOWS = 4


def on_kf_message(event: Event, ctx: Context) -> bool:
    """A customer wrote to a kf account, or a servicer wrote to a customer in the WeCom client."""
    if not isinstance(event, KfMessage):
        return False
    conversation = conversations.open_(ctx.db, KF, event.open_kfid, event.external_userid, ctx.now)
    from_customer = event.origin == FROM_CUSTOMER
    if from_customer and conversation.last_customer_at is None:  # the first time; later we know them
        contacts.open_(ctx.db, event.external_userid, ctx.now)
    message = messages.add(
        ctx.db,
        Message(
            conversation_id=conversation.id,
            author=messages.CUSTOMER if from_customer else messages.SERVICER,
            author_id=event.external_userid if from_customer else event.servicer_userid,
            msgtype=event.msgtype,
            text=event.text,
            content={**event.content, **({"menu_id": event.menu_id} if event.menu_id else {})},
            msgid=event.msgid,
            sent_at=utc(event.send_time),
            recorded_at=ctx.now,
            answered_at=None if from_customer and not event.history else ctx.now,
        ),
    )
    conversation.last_message_at = ctx.now
    if not from_customer:
        sessions.servicer_speaks(conversation, event.servicer_userid)
        return True
    sessions.customer_returns(ctx, conversation, message.sent_at)
    conversation.heard_at = ctx.now
    conversation.last_customer_at = max(message.sent_at, conversation.last_customer_at or utc(0))
    ctx.db.flush()
    tagging.tag_from_words(ctx, event.external_userid, message)
    if not event.history:
        take_or_wait(ctx, conversation, message)
    return True


def on_staff_message(event: Event, ctx: Context) -> bool:
    """A staff member wrote to the app, or to the AI bot."""
    if isinstance(event, AppMessage):
        conversation = conversations.open_(ctx.db, APP, event.agentid, event.userid, ctx.now)
        url = ""
    elif isinstance(event, AibotMessage):
        peer = f"{event.chatid}:{event.userid}" if event.chatid else event.userid
        conversation = conversations.open_(ctx.db, AIBOT, event.aibotid, peer, ctx.now)
        url = event.response_url
    else:
        return False
    message = messages.add(
        ctx.db,
        Message(
            conversation_id=conversation.id,
            author=messages.CUSTOMER,
            author_id=event.userid,
            msgtype=event.msgtype,
            text=event.text,
            content={**event.content, **({"response_url": url} if url else {})},
            msgid=event.msgid,
            sent_at=utc(event.created_at) if event.created_at else ctx.now,
            recorded_at=ctx.now,
        ),
    )
    conversation.last_message_at = conversation.last_customer_at = ctx.now
    ctx.db.flush()
    if url:
        reply.take_turn(ctx, conversation, [message])  # each response_url answers its own message, once
    else:
        take_or_wait(ctx, conversation, message)
    return True


def take_or_wait(ctx: Context, conversation: Conversation, message: Message) -> None:
    """Answer at once, or when nothing more has come for the length of the burst window. What is grave cannot wait."""
    window = timedelta(seconds=ctx.rules.burst_window_s)
    if not window or message.msgtype == "event" or _cannot_wait(ctx, conversation, message):
        reply.take_turn(ctx, conversation, messages.open_turn(ctx.db, conversation.id))
        return
    latest = (conversation.turn_opened_at or ctx.now) + LONGEST_BURST_WINDOWS * window
    if conversation.turn_key and postpone(ctx.db, conversation.turn_key, min(ctx.now + window, latest)):
        return
    conversation.turn_key = f"turn:{conversation.id}:{message.id}"
    conversation.turn_opened_at = ctx.now
    ctx.tell(Turn(conversation_id=conversation.id), conversation.turn_key, ctx.now + window)


def _cannot_wait(ctx: Context, conversation: Conversation, message: Message) -> bool:
    if conversation.channel != KF or not message.text:
        return False
    alone = ctx.brand.read(message.text).alone
    return bool(alone) and is_urgent(ctx, alone.severity)


def on_turn(event: Event, ctx: Context) -> bool:
    """The burst window of a conversation closed."""
    if not isinstance(event, Turn):
        return False
    conversation = conversations.get(ctx.db, event.conversation_id)
    conversation.turn_key, conversation.turn_opened_at = "", None
    reply.take_turn(ctx, conversation, messages.open_turn(ctx.db, conversation.id))
    return True


def on_recall(event: Event, ctx: Context) -> bool:
    """Somebody took a message back."""
    if not isinstance(event, KfEvent) or event.event_type not in ("user_recall_msg", "servicer_recall_msg"):
        return False
    messages.recall(ctx.db, event.recall_msgid, ctx.now)
    return True


def on_send_fail(event: Event, ctx: Context) -> bool:
    """WeCom had said 0 and then could not deliver (msg_send_fail)."""
    if not isinstance(event, KfEvent) or event.event_type != "msg_send_fail":
        return False
    row = outbox.find_by_msgid(ctx.db, event.fail_msgid)
    if row is not None:
        kind = event.fail_type or 0
        known = f"send_failure.{kind}"
        row.state = "dead"
        row.reason = f"msg_send_fail {kind}: {word(known if has(known) else 'send_failure.other')}"
    return True
