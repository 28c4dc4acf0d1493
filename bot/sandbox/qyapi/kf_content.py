"""What a kf message may contain: types, required fields and limits in UTF-8 bytes (94677)."""

from typing import Any

from bot.sandbox.call import BAD, TOO_LARGE, Call, at_most_bytes, has_scheme, maybe_text, part, parts, text
from bot.sandbox.refusal import Refusal

TEXT_BYTES = 2048
TITLE_BYTES, DESC_BYTES, URL_BYTES, MINIPROGRAM_TITLE_BYTES = 128, 512, 2048, 64
MENU_ITEMS, MENU_HEAD_BYTES, MENU_ID_BYTES, CLICK_BYTES = 10, 1024, 64, 128
VIEW_BYTES, APPID_BYTES = 1024, 32

Content = tuple[str, dict[str, Any] | None]


def check_content(call: Call, msgtype: str, body: dict[str, Any]) -> Content:
    """The text to show and the content beside it. Raises Refusal 40008 for a type kf cannot send."""
    if msgtype == "text":
        content = text(part(body, "text", 44004), "content", 44004)
        at_most_bytes(content, TEXT_BYTES, "text.content", TOO_LARGE)
        return content, None
    if msgtype in ("image", "voice", "video", "file"):
        own = part(body, msgtype)
        _check_media(call, own, "media_id", msgtype)
        return "", own
    check = _CHECKS.get(msgtype)
    if check is None:
        raise Refusal(40008, "invalid message type")
    own = part(body, msgtype)
    return check(call, own)


def _check_media(call: Call, body: dict[str, Any], name: str, type_: str) -> None:
    """A media_id must come from media/upload within three days, not from sync_msg."""
    media = call.world.media.find(text(body, name, 41006), call.now)
    if media is None or media.type != type_ or media.origin != "upload":
        raise Refusal(40007, f"invalid {name}")


def _link(call: Call, link: dict[str, Any]) -> Content:
    title, url = text(link, "title", 41016), text(link, "url", 41010)
    at_most_bytes(title, TITLE_BYTES, "link.title")
    at_most_bytes(maybe_text(link, "desc"), DESC_BYTES, "link.desc")
    _check_url(url)
    _check_media(call, link, "thumb_media_id", "image")
    return title, link


def _check_url(url: str) -> None:
    at_most_bytes(url, URL_BYTES, "url", 40039)
    if not has_scheme(url):
        raise Refusal(45034, "url must have a scheme")


def _miniprogram(call: Call, program: dict[str, Any]) -> Content:
    text(program, "appid")
    text(program, "pagepath")
    title = maybe_text(program, "title")
    at_most_bytes(title, MINIPROGRAM_TITLE_BYTES, "miniprogram.title")
    _check_media(call, program, "thumb_media_id", "image")
    return title, program


def _menu(_call: Call, menu: dict[str, Any]) -> Content:
    head, tail = maybe_text(menu, "head_content"), maybe_text(menu, "tail_content")
    at_most_bytes(head, MENU_HEAD_BYTES, "msgmenu.head_content", TOO_LARGE)
    at_most_bytes(tail, MENU_HEAD_BYTES, "msgmenu.tail_content", TOO_LARGE)
    items = parts(menu, "list")
    if len(items) > MENU_ITEMS:
        raise Refusal(95008, "menu count over limit")
    if not items and not head:
        raise Refusal(44004, "empty menu")
    shown = [_menu_item(item) for item in items]
    return head, {"head": head, "items": shown, "tail": tail}


def _menu_item(item: dict[str, Any]) -> dict[str, Any]:
    kind = item.get("type")
    if kind not in ("click", "view", "miniprogram", "text"):
        raise Refusal(95009, "invalid menu type")
    own = part(item, kind)
    content = text(own, "content")
    if kind == "click":
        if "id" in own:
            at_most_bytes(text(own, "id"), MENU_ID_BYTES, "click.id")
        at_most_bytes(content, CLICK_BYTES, "click.content")
    elif kind == "view":
        _check_url(text(own, "url", 41010))
        at_most_bytes(content, VIEW_BYTES, "view.content")
    elif kind == "miniprogram":
        at_most_bytes(text(own, "appid"), APPID_BYTES, "miniprogram.appid")
        text(own, "pagepath")
        at_most_bytes(content, VIEW_BYTES, "miniprogram.content")
    shown = {"id": own.get("id", ""), "content": content, "type": kind}
    return shown | ({"url": own["url"]} if kind == "view" else {})


def _location(_call: Call, place: dict[str, Any]) -> Content:
    for name, bound in (("latitude", 90), ("longitude", 180)):
        value = place.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not -bound <= value <= bound:
            raise Refusal(BAD, f"invalid {name}")
    return maybe_text(place, "name"), place


def _business_card(call: Call, card: dict[str, Any]) -> Content:
    userid = text(card, "userid", 41009)
    if userid not in call.world.staff:
        raise Refusal(60111, "userid not found")
    return userid, card


def _ca_link(_call: Call, link: dict[str, Any]) -> Content:
    url = text(link, "link_url", 41010)
    _check_url(url)
    return url, link


_CHECKS = {
    "link": _link,
    "miniprogram": _miniprogram,
    "msgmenu": _menu,
    "location": _location,
    "business_card": _business_card,
    "ca_link": _ca_link,
}
