"""The bot speaks: a text becomes outbox rows of the channel's own call, and a line in the conversation.

Nothing leaves here without a `why`.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import structlog

from handlers.answers.gate import blocked, entry_texts
from handlers.context import Context
from persona import compose
from persona.gates import Block
from storage import messages, outbox
from storage.conversations import AIBOT, APP, KF, Conversation
from storage.messages import Message

log = structlog.get_logger()

TEXT_BYTES = 2048  # text.content of kf/send_msg (94677) and message/send (90236), in UTF-8 bytes
BY_CODE = "kf/send_msg_on_event"
AIBOT_BYTES = 20480  # markdown.content behind a response_url (101138)
MENU_HEAD_BYTES = 1024  # head_content and tail_content of a msgmenu (94677)
MENU_ITEM_BYTES = 128  # list[].click.content (94677)
KF_REPLY_LIMIT = 5  # kf messages per customer message, within 48 h (94677)
#: As many of the conversation's messages are looked at, so that no phrase comes in the same words twice in a row.
REMEMBERED = 30
RESPONSE_URL_LIFE = timedelta(hours=1)  # 101138


@dataclass(frozen=True)
class Words:
    """What to say. `menu` lists (id, title) that the customer may choose from; `why` says what led to it.

    `sources` are further texts that its numbers stand in, beside the knowledge entry named in `why` and the persona's
    own phrases: figures, order data, entries that a model put into words.
    """

    text: str
    why: dict[str, Any]
    menu: list[tuple[str, str]] = field(default_factory=list)
    tail: str = ""
    sources: tuple[str, ...] = ()


def seed(ctx: Context, conversation: Conversation) -> str:
    """Chooses among a phrase's variants: another one each time, the same again when the event is replayed."""
    return f"{conversation.peer}:{ctx.cause_id}"


def phrase(ctx: Context, conversation: Conversation, key: str, **facts: str) -> str:
    """A phrase of the persona, in another variant than the last time in this conversation."""
    past = said(ctx, conversation)
    return compose.say(ctx.brand.persona, key, f"{seed(ctx, conversation)}:{key}", past, **facts)


def dressed(ctx: Context, conversation: Conversation, answer: str) -> str:
    """An answer in the persona's voice, with other words around it than the last time."""
    return compose.dress(ctx.brand.persona, answer, seed(ctx, conversation), said(ctx, conversation))


def said(ctx: Context, conversation: Conversation) -> list[str]:
    """What the bot has said in a conversation lately, the newest first."""
    if conversation.id is None:
        return []
    recent = messages.recent(ctx.db, conversation.id, REMEMBERED)
    return [m.text for m in reversed(recent) if m.author in (messages.BOT, messages.SYSTEM)]


def _let_out(ctx: Context, conversation: Conversation, words: Words) -> Words:
    """The words, if every gate lets them out; else an honest phrase, with what was wrong in its `why`."""
    block = blocked(ctx, _shown(words.text, words.tail), words.why, words.sources)
    if block is None:
        approved = [*words.sources, *entry_texts(ctx, words.why)]
        return replace(words, text=compose.keep_emoji_habits(ctx.brand.persona, words.text, approved))
    _log_block(ctx, conversation, block)
    conversation.unanswered += 1
    key = "unsure" if conversation.channel == KF else "staff_unknown"
    honest = phrase(ctx, conversation, key)
    return Words(honest, {**words.why, "gate": block.told()})


def _shown(*parts: str) -> str:
    return "\n".join(filter(None, parts))


def _log_block(ctx: Context, conversation: Conversation, block: Block) -> None:
    log.warning("blocked", conversation_id=conversation.id, gate=block.gate, cause_id=ctx.cause_id)


def say(ctx: Context, conversation: Conversation, words: Words, response_url: str = "") -> None:
    """Queue a reply in the conversation's lane; long texts go out in pieces, in order. What a gate blocks is not."""
    words = _let_out(ctx, conversation, words)
    why = {
        **words.why,
        "persona": f"{ctx.brand.persona.name} {ctx.brand.persona.version}",
        "conversation": {"mode": conversation.mode, "epoch": conversation.epoch},
    }
    if conversation.channel == KF:
        bodies = _kf_bodies(conversation, words)
        api = "kf/send_msg"
    elif conversation.channel == APP:
        bodies = _app_bodies(conversation, words)
        api = "message/send"
    elif conversation.channel == AIBOT:
        bodies = [_aibot_body(response_url, words)]
        api = "aibot/response"
    else:
        raise ValueError(f"conversation {conversation.id}: no way to speak on {conversation.channel}")
    for body in bodies:
        _queue(ctx, conversation, api, body, why)
    conversation.last_message_at = ctx.now


def _queue(ctx: Context, conversation: Conversation, api: str, body: dict[str, Any], why: dict[str, Any]) -> None:
    msgid = body.get("msgid") if conversation.channel == KF else None  # elsewhere WeCom gives its own
    expires_at = ctx.now + RESPONSE_URL_LIFE if api == "aibot/response" else None
    row_id = ctx.call(
        outbox.NewCall(
            api=api,
            payload=body,
            lane=conversation.lane,
            why=why,
            conversation_id=conversation.id,
            epoch=conversation.epoch,
            msgid=msgid,
            expires_at=expires_at,
        )
    )
    _record(ctx, conversation, messages.BOT, body, row_id)


def _record(ctx: Context, conversation: Conversation, author: str, body: dict[str, Any], row_id: int | None) -> None:
    """The line in the timeline; `msgid` is known beforehand only where it is ours."""
    messages.add(
        ctx.db,
        Message(
            conversation_id=conversation.id,
            author=author,
            msgtype=body["msgtype"],
            text=shown_text(body),
            content=body[body["msgtype"]] if body["msgtype"] == "msgmenu" else {},
            msgid=body.get("msgid", "") if conversation.channel == KF else "",
            outbox_id=row_id,
            sent_at=ctx.now,
            recorded_at=ctx.now,
        ),
    )


def say_by_code(
    ctx: Context,
    conversation: Conversation,
    code: str,
    text: str,
    why: dict[str, Any],
    dies_at: datetime,
    sources: Sequence[str] = (),
) -> None:
    """Queue the one message that an event's code allows (95122), in the fast lane: it dies with the code.

    Not subject to takeover: it tells the customer where the session stands. What a gate blocks is not said.
    """
    block = blocked(ctx, text, why, sources)
    if block is not None:
        _log_block(ctx, conversation, block)
        return
    msgid = outbox.new_msgid()
    body = {
        "code": code,
        "msgid": msgid,
        "msgtype": "text",
        "text": {"content": compose.split_text(text, TEXT_BYTES)[0]},
    }
    row_id = ctx.call(
        outbox.NewCall(
            api=BY_CODE,
            payload=body,
            lane=f"code:{code}",
            dedup_key=f"code:{code}",
            why=why,
            priority=outbox.FAST,
            author="system",
            conversation_id=conversation.id,
            epoch=conversation.epoch,
            msgid=msgid,
            expires_at=dies_at,
        )
    )
    if row_id is not None:
        _record(ctx, conversation, messages.SYSTEM, body, row_id)
    conversation.last_message_at = ctx.now


def _kf_bodies(conversation: Conversation, words: Words) -> list[dict[str, Any]]:
    address = {"touser": conversation.peer, "open_kfid": conversation.account}
    if words.menu:
        menu = msgmenu(words)
        return [{**address, "msgid": outbox.new_msgid(), "msgtype": "msgmenu", "msgmenu": menu}]
    pieces = compose.split_text(words.text, TEXT_BYTES)[:KF_REPLY_LIMIT]
    return [{**address, "msgid": outbox.new_msgid(), "msgtype": "text", "text": {"content": piece}} for piece in pieces]


def msgmenu(words: Words) -> dict[str, Any]:
    """A menu as kf/send_msg and send_msg_on_event take it: items to click, each numbered to be answered by digit."""
    items = [
        {"type": "click", "click": {"id": item_id, "content": _fit(f"{number}. {title}", MENU_ITEM_BYTES)}}
        for number, (item_id, title) in enumerate(words.menu, 1)
    ]
    menu: dict[str, Any] = {"head_content": _fit(words.text, MENU_HEAD_BYTES), "list": items}
    if words.tail:
        menu["tail_content"] = _fit(words.tail, MENU_HEAD_BYTES)
    return menu


def _app_bodies(conversation: Conversation, words: Words) -> list[dict[str, Any]]:
    """`msgid` is not sent: the gateway makes each row's body its own by it, for WeCom drops repeated bodies (90236)."""
    return [
        {
            "touser": conversation.peer,
            "msgtype": "text",
            "agentid": int(conversation.account or 0),
            "text": {"content": piece},
            "msgid": outbox.new_msgid(),
        }
        for piece in compose.split_text(_numbered(words), TEXT_BYTES)
    ]


def _aibot_body(response_url: str, words: Words) -> dict[str, Any]:
    content = compose.split_text(_numbered(words), AIBOT_BYTES)[0]
    return {"response_url": response_url, "msgtype": "markdown", "markdown": {"content": content}}


def _numbered(words: Words) -> str:
    lines = [words.text, *(f"{number}. {title}" for number, (_, title) in enumerate(words.menu, 1)), words.tail]
    return "\n".join(line for line in lines if line)


def shown_text(body: dict[str, Any]) -> str:
    """The words of an outgoing body, as people read them in a timeline."""
    part: dict[str, Any] = body.get(body["msgtype"], {})
    if "head_content" in part:
        items = [item["click"]["content"] for item in part["list"]]
        return "\n".join([part["head_content"], *items, *filter(None, [part.get("tail_content", "")])])
    return str(part.get("content", ""))


def _fit(text: str, limit: int) -> str:
    """A text cut to at most `limit` bytes, with an ellipsis where something is missing."""
    if len(text.encode()) <= limit:
        return text
    return text.encode()[: limit - 3].decode(errors="ignore") + "…"


def trace(kind: str, rule: str, **facts: Any) -> dict[str, Any]:
    """The beginning of a `why`: what kind of reply this is and the rule that chose it. Must be JSON."""
    found = {"kind": kind, "rule": rule, **facts}
    json.dumps(found)
    return found
