"""Attachments of welcome and mass messages: at most nine, five types, limits in bytes (92135, 92137)."""

from typing import Any

from bot.sandbox.call import BAD, TOO_LARGE, Call, at_most_bytes, has_scheme, maybe_text, part, parts, text
from bot.sandbox.refusal import Refusal

TEXT_BYTES = 4000
MAX_ATTACHMENTS = 9
TITLE_BYTES, DESC_BYTES, URL_BYTES, MINIPROGRAM_TITLE_BYTES = 128, 512, 2048, 64


def check_text_and_attachments(call: Call) -> tuple[str, list[dict[str, Any]]]:
    """The text and the attachments of the body; not both may be empty."""
    content = maybe_text(part(call.body, "text"), "content") if call.body.get("text") is not None else ""
    at_most_bytes(content, TEXT_BYTES, "text.content", TOO_LARGE)
    attachments = parts(call.body, "attachments")
    if len(attachments) > MAX_ATTACHMENTS:
        raise Refusal(41064, "too many attachments")
    if not content and not attachments:
        raise Refusal(40063, "text and attachments both empty")
    for attachment in attachments:
        check = _CHECKS.get(str(attachment.get("msgtype")))
        if check is None:
            raise Refusal(41065, "invalid attachment type")
        check(call, part(attachment, attachment["msgtype"]))
    return content, attachments


def _media(call: Call, media_id: str, type_: str) -> None:
    media = call.world.media.find(media_id, call.now)
    if media is None or media.type != type_ or media.origin != "upload":
        raise Refusal(40007, "invalid media_id")


def _image(call: Call, image: dict[str, Any]) -> None:
    """media_id, or a pic_url that came from uploadimg."""
    if image.get("media_id"):
        _media(call, text(image, "media_id"), "image")
    elif text(image, "pic_url", 41006) not in call.world.media.pictures:
        raise Refusal(BAD, "pic_url must come from media/uploadimg")


def _link(_call: Call, link: dict[str, Any]) -> None:
    at_most_bytes(text(link, "title", 41016), TITLE_BYTES, "link.title")
    at_most_bytes(maybe_text(link, "desc"), DESC_BYTES, "link.desc")
    for name in ("url", "picurl"):
        url = text(link, "url", 41010) if name == "url" else maybe_text(link, "picurl")
        at_most_bytes(url, URL_BYTES, f"link.{name}", 40039)
        if url and not has_scheme(url):
            raise Refusal(45034, "url must have a scheme")


def _miniprogram(call: Call, program: dict[str, Any]) -> None:
    at_most_bytes(text(program, "title", 41016), MINIPROGRAM_TITLE_BYTES, "miniprogram.title")
    _media(call, text(program, "pic_media_id", 41006), "image")
    text(program, "appid")
    text(program, "page")


def _video(call: Call, video: dict[str, Any]) -> None:
    _media(call, text(video, "media_id", 41006), "video")


def _file(call: Call, file: dict[str, Any]) -> None:
    _media(call, text(file, "media_id", 41006), "file")


_CHECKS = {"image": _image, "link": _link, "miniprogram": _miniprogram, "video": _video, "file": _file}
