"""群机器人 webhook: send and upload_media, by key instead of token, 20 messages a minute (91770, 99110)."""

import base64
import binascii
import hashlib
from typing import Any

from bot.sandbox.call import (
    TOO_LARGE,
    Answer,
    Call,
    Route,
    at_most_bytes,
    has_scheme,
    maybe_text,
    part,
    parts,
    strings,
    text,
)
from bot.sandbox.model import Message, Robot
from bot.sandbox.qyapi.media import MB, content_of
from bot.sandbox.refusal import Refusal

TEXT_BYTES, MARKDOWN_BYTES = 2048, 4096
IMAGE_BYTES = 2 * MB
TITLE_BYTES, DESCRIPTION_BYTES = 128, 512
MAX_ARTICLES = 8
UPLOAD_BYTES = {"file": 20 * MB, "voice": 2 * MB}

Content = tuple[str, dict[str, Any] | None]


def _robot(call: Call) -> Robot:
    robot = call.world.robots.get(call.args.get("key", ""))
    if robot is None:
        raise Refusal(93000, "invalid webhook url or robot removed")
    return robot


def send(call: Call) -> Answer:
    """99110."""
    robot = _robot(call)
    if not call.world.rates.allow(("robot", robot.key), call.world.rules.robot_per_min, 60, call.now):
        raise Refusal(45009, "api freq out of limit")
    msgtype = text(call.body, "msgtype", 40008)
    words, beside = _content(call, robot, msgtype)
    bubble = Message("bot", words, call.now, msgtype, sender=robot.name, via="robot", content=beside)
    call.world.say("internal_message", {"key": robot.key}, robot.messages, bubble)
    return {}


def _content(call: Call, robot: Robot, msgtype: str) -> Content:
    if msgtype in ("text", "markdown", "markdown_v2"):
        own = part(call.body, msgtype, 44004)
        content = text(own, "content", 44004)
        most = TEXT_BYTES if msgtype == "text" else MARKDOWN_BYTES
        at_most_bytes(content, most, f"{msgtype}.content", TOO_LARGE)
        mentioned = strings(own, "mentioned_list", 1000) if msgtype == "text" else []
        return content, {"mentioned_list": mentioned} if mentioned else None
    if msgtype == "image":
        return _image(part(call.body, "image"))
    if msgtype == "news":
        return _news(part(call.body, "news"))
    if msgtype in ("file", "voice"):
        media = call.world.media.find(text(part(call.body, msgtype), "media_id", 41006), call.now)
        if media is None or media.origin != "webhook" or media.owner != robot.key or media.type != msgtype:
            raise Refusal(40007, "invalid media_id")
        return "", {"filename": media.filename}
    if msgtype == "template_card":
        card = part(call.body, "template_card")
        if text(card, "card_type") not in ("text_notice", "news_notice"):
            raise Refusal(40058, "invalid card_type")
        return str((card.get("main_title") or {}).get("title", "")), card
    raise Refusal(40008, "invalid message type")


def _image(image: dict[str, Any]) -> Content:
    try:
        content = base64.b64decode(text(image, "base64"), validate=True)
    except binascii.Error as error:
        raise Refusal(40058, "image.base64 is not base64") from error
    if len(content) > IMAGE_BYTES:
        raise Refusal(45001, "image too large")
    if not content.startswith((b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")):
        raise Refusal(40004, "image must be JPG or PNG")
    if hashlib.md5(content).hexdigest() != text(image, "md5").lower():  # noqa: S324 the platform's own choice
        raise Refusal(301019, "image md5 does not match")
    return "", {"bytes": len(content)}


def _news(news: dict[str, Any]) -> Content:
    articles = parts(news, "articles")
    if not 1 <= len(articles) <= MAX_ARTICLES:
        raise Refusal(45008, "article count out of limit")
    for article in articles:
        at_most_bytes(text(article, "title", 41016), TITLE_BYTES, "title")
        at_most_bytes(maybe_text(article, "description"), DESCRIPTION_BYTES, "description")
        if not has_scheme(text(article, "url", 41010)):
            raise Refusal(45034, "url must have a scheme")
    return articles[0]["title"], {"articles": articles}


def upload_media(call: Call) -> Answer:
    """99110: for this robot only; file or voice."""
    robot = _robot(call)
    type_ = text(call.args, "type", 40004)
    if type_ not in UPLOAD_BYTES:
        raise Refusal(40004, "invalid media type")
    content = content_of(call, type_, UPLOAD_BYTES[type_])
    name = call.upload.filename if call.upload else ""
    media = call.world.media.add(type_, name, content, call.now, "webhook", robot.key)
    return {"type": type_, "media_id": media.media_id, "created_at": str(media.created_at)}


ROUTES = {
    "webhook/send": Route("POST", send, changes=True, tokenless=True),
    "webhook/upload_media": Route("POST", upload_media, changes=True, tokenless=True),
}
