"""智能机器人: messages to the AI bot, its streamed answers and the one answer through response_url (101031, 101033)."""

import json
import threading
from typing import Any

from bot.sandbox.model import Aibot, Message
from bot.sandbox.state import World

RESPONSE_LIFE_S = 3600  # response_url answers once within an hour (101138)
RESPONSES_KEPT = 10_000
STREAM_S = 360  # refreshes end six minutes after the message (101031)
STREAM_GAP_S = 0.5
STREAM_LIMIT_BYTES = 20_480  # 101031


def ask(world: World, bot: Aibot, userid: str, chatid: str | None, text: str) -> str:
    """Deliver a staff member's message to the bot; the answer appears where it was asked. Returns the msgid."""
    now = world.now()
    msgid, code = world.new_id("CAIQ", 12), world.new_id("", 24)
    if len(world.response_codes) > RESPONSES_KEPT:
        world.response_codes = {c: entry for c, entry in world.response_codes.items() if now < entry[3]}
    world.response_codes[code] = (bot.aibotid, userid, chatid or "", now + RESPONSE_LIFE_S)
    asked = Message("staff", text, now, msgid=msgid, sender=userid)
    show(world, bot.aibotid, userid, chatid, asked)
    content = f"@{bot.name} {text}" if chatid else text
    message: dict[str, Any] = {
        "msgid": msgid, "aibotid": bot.aibotid, "chattype": "group" if chatid else "single", "from": {"userid": userid},
        "response_url": f"{world.base_url}/cgi-bin/aibot/response?response_code={code}",
        "msgtype": "text", "text": {"content": content},
    }  # fmt: skip
    if chatid:
        message["chatid"] = chatid
    _post(world, bot, message, _Conversation(world, bot, userid, chatid, now + STREAM_S))
    return msgid


def show(world: World, aibotid: str, userid: str, chatid: str | None, message: Message) -> None:
    if chatid:
        world.say_internal(world.internal_chats[chatid], message)
    else:
        world.say_aibot(userid, aibotid, message)


def _post(world: World, bot: Aibot, message: dict[str, Any], conversation: "_Conversation") -> None:
    plain = json.dumps(message, ensure_ascii=False).encode()
    world.deliveries.post(f"aibot.{message['msgtype']}", world.aibot_address(bot), plain, conversation.hear)


class _Conversation:
    """One question and its answer, which may stream: each refresh replaces the whole bubble."""

    def __init__(self, world: World, bot: Aibot, userid: str, chatid: str | None, until: float) -> None:
        self._world, self._bot, self._userid, self._chatid, self._until = world, bot, userid, chatid, until
        self._bubble: Message | None = None

    def hear(self, reply: str) -> None:
        answer = json.loads(reply)
        stream = answer.get("stream") or {}
        kind = answer["msgtype"]
        text = stream.get("content") if stream else (answer.get(kind) or {}).get("content", "")
        if len((text or "").encode()) > STREAM_LIMIT_BYTES:
            return
        with self._world.lock:
            self._show(text or "", kind)
        if stream and not stream.get("finish") and self._world.now() < self._until:
            refresh = {"msgid": self._world.new_id("CAIQ", 12), "aibotid": self._bot.aibotid,
                       "chattype": "group" if self._chatid else "single", "from": {"userid": self._userid},
                       "msgtype": "stream", "stream": {"id": stream["id"]}}  # fmt: skip
            timer = threading.Timer(STREAM_GAP_S, _post, (self._world, self._bot, refresh, self))
            timer.daemon = True
            timer.start()

    def _show(self, text: str, kind: str) -> None:
        if self._bubble is None:
            self._bubble = Message("bot", text, self._world.now(), kind, sender=self._bot.aibotid, via="aibot")
            show(self._world, self._bot.aibotid, self._userid, self._chatid, self._bubble)
            return
        self._bubble.text = text
        where = {"chatid": self._chatid} if self._chatid else {"userid": self._userid, "aibotid": self._bot.aibotid}
        event = "internal_message" if self._chatid else "app_message"
        self._world.journal.note(event, where | {"message": self._bubble.view()})
