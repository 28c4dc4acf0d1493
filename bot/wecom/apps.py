"""The app's own voice: messages to staff, internal group chats, webhook robots, AI bot answers, media.

Pages 90236, 90244 ff., 91770, 101138, 90253.
"""

import re
import zlib
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from bot.errors import Rejected
from bot.wecom.bounds import REQUIRED, URL, Body, Bound, Bounds, check, check_message, require_any
from bot.wecom.client import WeComClient

MAX_RECEIVERS = 1000  # userids in touser (90236)
DUPLICATE_CHECK_S = 14_400  # the longest interval in which WeCom drops an identical request (90236)
DUPLICATE_SPREAD_S = 7_200
MEDIA_MIN_BYTES = 6  # more than 5 (90253)
MEDIA_MAX_BYTES = {"image": 10 << 20, "voice": 2 << 20, "video": 10 << 20, "file": 20 << 20}  # (90253)
UPLOADIMG_MAX_BYTES = 2 << 20

_TEXT: Bounds = {"content": Bound(1, 2048, "bytes")}
_MEDIA: Bounds = {"media_id": REQUIRED}
_ARTICLES: Bounds = {
    "articles": Bound(1, 8, "items"),
    "articles[].title": Bound(1, 128, "bytes"),
    "articles[].description": Bound(0, 512, "bytes"),
    "articles[].url": Bound(0, 2048, "bytes"),
}
_APP_MESSAGES: dict[str, Bounds] = {
    "text": _TEXT,
    "markdown": _TEXT,
    "image": _MEDIA,
    "voice": _MEDIA,
    "file": _MEDIA,
    "video": {**_MEDIA, "title": Bound(0, 128, "bytes"), "description": Bound(0, 512, "bytes")},
    "textcard": {
        "title": Bound(1, 128, "bytes"),
        "description": Bound(1, 512, "bytes"),
        "url": URL,
        "btntxt": Bound(0, 4, "characters"),
    },
    "news": _ARTICLES,
    "mpnews": {"articles": Bound(1, 8, "items")},
    "template_card": {"card_type": REQUIRED, "task_id": re.compile(r"[0-9A-Za-z_@-]{0,128}")},
}
_WEBHOOK_MESSAGES: dict[str, Bounds] = {
    "text": _TEXT,
    "markdown": {"content": Bound(1, 4096, "bytes")},
    "markdown_v2": {"content": Bound(1, 4096, "bytes")},
    "image": {"base64": Bound(1, (2 << 20) * 4 // 3 + 4, "bytes"), "md5": REQUIRED},
    "news": {**_ARTICLES, "articles[].url": URL},
    "file": _MEDIA,
    "voice": _MEDIA,
    "template_card": {"card_type": REQUIRED},
}
_AIBOT_MESSAGES: dict[str, Bounds] = {
    "markdown": {"content": Bound(1, 20_480, "bytes"), "feedback.id": Bound(0, 256, "bytes")},
    "template_card": {"card_type": REQUIRED},
}


def send_message(client: WeComClient, body: Body) -> Body:
    """touser, toparty or totag, msgtype and the message; agentid is ours unless given (90236).

    Always sent with the duplicate check, so that the same body may be sent again after an unknown outcome. WeCom would
    also drop a second message of the same words, meant as such: let `msgid`, a name of our own that is not sent, differ
    between messages. It is folded into duplicate_check_interval, which makes the requests differ too. Raises Rejected
    for texts that WeCom would silently cut. Some invalid receivers are no error: see invaliduser.
    """
    api = "message/send"
    message = {"agentid": client.agentid, **body, "enable_duplicate_check": 1}
    msgid = str(message.pop("msgid", ""))
    message.setdefault("duplicate_check_interval", DUPLICATE_CHECK_S - zlib.crc32(msgid.encode()) % DUPLICATE_SPREAD_S)
    require_any(api, message, "touser", "toparty", "totag")
    for name, most in (("touser", MAX_RECEIVERS), ("toparty", 100), ("totag", 100)):
        receivers = str(message.get(name) or "").split("|")
        if len(receivers) > most:
            raise Rejected(api, f"{name}: {len(receivers)} items, allowed 0 to {most}")
    check_message(api, message, _APP_MESSAGES)
    return client.post(api, message)


def recall_message(client: WeComClient, body: Body) -> Body:
    """msgid of message/send, within 24 h (90236)."""
    check("message/recall", body, {"msgid": REQUIRED})
    return client.post("message/recall", body)


def create_appchat(client: WeComClient, body: Body) -> Body:
    """name, owner, userlist, chatid: an internal group (90244 ff.). We name it, so that a repeat is refused."""
    api = "appchat/create"
    bounds: Bounds = {
        "name": Bound(0, 50, "characters"),
        "userlist": Bound(2, 2000, "items"),
        "chatid": re.compile(r"[0-9A-Za-z]{1,32}"),
    }
    check(api, body, bounds)
    return client.post(api, body)


def get_appchat(client: WeComClient, chatid: str) -> Body:
    """chat_info: chatid, name, owner, userlist."""
    chat: Body = client.get("appchat/get", {"chatid": chatid}).get("chat_info", {})
    return chat


def send_appchat(client: WeComClient, body: Body) -> Body:
    """chatid, msgtype and the message (90244 ff.). There is no duplicate check and no way to ask what was sent."""
    api = "appchat/send"
    check(api, body, {"chatid": REQUIRED})
    check_message(api, body, _APP_MESSAGES)
    return client.post(api, body)


def send_webhook(client: WeComClient, body: Body) -> Body:
    """A message to an internal group by its robot; `key`, which names the robot, goes into the query (91770)."""
    api = "webhook/send"
    check(api, body, {"key": REQUIRED})
    check_message(api, body, _WEBHOOK_MESSAGES)
    message = {name: value for name, value in body.items() if name != "key"}
    return client.post(api, message, {"key": body["key"]}, token=False)


def answer_aibot(client: WeComClient, body: Body) -> Body:
    """The one answer that the body's response_url takes, within 1 h (101138). See `aibot_response`."""
    message = {name: value for name, value in body.items() if name != "response_url"}
    return aibot_response(client, str(body.get("response_url", "")), message)


def aibot_response(client: WeComClient, response_url: str, body: Body) -> Body:
    """Answer through a callback's response_url. Raises Rejected when that is not an address of our platform."""
    api = "aibot/response"
    address, _, query = response_url.partition("?")
    if not client.same_host(response_url) or urlsplit(address).path != urlsplit(client.base_url + api).path:
        raise Rejected(api, "response_url: not an address of this platform")
    check_message(api, body, _AIBOT_MESSAGES)
    return client.post(api, body, dict(parse_qsl(query)), token=False)


def upload_media(client: WeComClient, type_: str, filename: str, data: bytes, content_type: str) -> Body:
    """type image, voice, video or file. Returns media_id, good for 3 days, and created_at as text (90253)."""
    api = "media/upload"
    check(api, {"type": type_}, {"type": frozenset(MEDIA_MAX_BYTES)})
    _check_size(api, data, MEDIA_MAX_BYTES[type_])
    return client.upload(api, "media", filename, data, content_type, {"type": type_})


def upload_img(client: WeComClient, filename: str, data: bytes, content_type: str) -> Body:
    """Returns a url that lasts, as pic_url wants it. 1,000 a day and 3,000 a month for the corp (90454)."""
    _check_size("media/uploadimg", data, UPLOADIMG_MAX_BYTES)
    return client.upload("media/uploadimg", "media", filename, data, content_type)


def upload_attachment(
    client: WeComClient, media_type: str, attachment_type: int, filename: str, data: bytes, content_type: str
) -> Body:
    """media_type image, video or file, for moments (attachment_type 1) or products (2)."""
    api = "media/upload_attachment"
    query: dict[str, Any] = {"media_type": media_type, "attachment_type": attachment_type}
    check(api, query, {"media_type": frozenset({"image", "video", "file"}), "attachment_type": frozenset({1, 2})})
    _check_size(api, data, MEDIA_MAX_BYTES[media_type])
    return client.upload(api, "media", filename, data, content_type, query)


def get_media(client: WeComClient, media_id: str) -> bytes:
    """The file. Asking for the same one again and again is answered 45033."""
    return client.download("media/get", {"media_id": media_id})


def _check_size(api: str, data: bytes, most: int) -> None:
    if not MEDIA_MIN_BYTES <= len(data) <= most:
        raise Rejected(api, f"media: {len(data)} bytes, allowed {MEDIA_MIN_BYTES} to {most}")
