"""Files: media/upload, uploadimg, upload_attachment and media/get (90253, 90254, 90256, 95098)."""

from bot.sandbox.call import Answer, Binary, Call, Route, text
from bot.sandbox.refusal import Refusal

MB = 1024 * 1024
LEAST_BYTES = 5  # a file must be larger (90253)
MOST_BYTES = {"image": 10 * MB, "voice": 2 * MB, "video": 10 * MB, "file": 20 * MB}
UPLOADIMG_BYTES = 2 * MB  # 90256
PICTURES_PER_DAY = 1000  # per corp (90454)
MOMENTS, PRODUCT = "1", "2"  # attachment_type (95098)
SAME_MEDIA_PER_MIN = 120  # unpublished; media/get of one id again and again answers 45033


def content_of(call: Call, type_: str, most: int) -> bytes:
    """The uploaded bytes, checked for presence, size and kind. Raises Refusal 44001, 40006, 45001 or 40004."""
    if call.upload is None or not call.upload.content:
        raise Refusal(44001, "empty media data")
    content = call.upload.content
    if len(content) <= LEAST_BYTES:
        raise Refusal(40006, "invalid file size")
    if len(content) > most:
        raise Refusal(45001, "media file too large")
    if not _looks_like(type_, content):
        raise Refusal(40004, "invalid media type")
    return content


def _looks_like(type_: str, content: bytes) -> bool:
    if type_ == "image":
        return content.startswith((b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"))
    if type_ == "voice":
        return content.startswith(b"#!AMR")
    return type_ != "video" or content[4:8] == b"ftyp"


def upload(call: Call) -> Answer:
    """90253: errmsg is empty and created_at a string; the media_id lives three days."""
    type_ = text(call.args, "type", 40004)
    if type_ not in MOST_BYTES:
        raise Refusal(40004, "invalid media type")
    content = content_of(call, type_, MOST_BYTES[type_])
    name = call.upload.filename if call.upload else ""
    if not name:
        raise Refusal(44001, "missing filename")
    media = call.world.media.add(type_, name, content, call.now)
    return {"errmsg": "", "type": type_, "media_id": media.media_id, "created_at": str(media.created_at)}


def uploadimg(call: Call) -> Answer:
    """90256: a permanent address for pic_url."""
    content_of(call, "image", UPLOADIMG_BYTES)
    if not call.world.rates.allow(("uploadimg",), PICTURES_PER_DAY, 86_400, call.now):
        raise Refusal(45009, "api freq out of limit")
    return {"errmsg": "", "url": call.world.media.add_picture()}


def upload_attachment(call: Call) -> Answer:
    """95098: for moments and product albums only; created_at is a number here."""
    type_, use = text(call.args, "media_type", 40004), text(call.args, "attachment_type", 40058)
    if use not in (MOMENTS, PRODUCT):
        raise Refusal(40058, "invalid attachment_type")
    if type_ not in ("image", "video", "file") or (use == PRODUCT and type_ != "image"):
        raise Refusal(40004, "invalid media type")
    if call.upload is not None and len(call.upload.content) > MOST_BYTES[type_]:
        raise Refusal(41080, "attachment too large")
    content = content_of(call, type_, MOST_BYTES[type_])
    name = call.upload.filename if call.upload else ""
    media = call.world.media.add(type_, name, content, call.now, "attachment")
    return {"type": type_, "media_id": media.media_id, "created_at": media.created_at}


def get_media(call: Call) -> Binary:
    """90254: the bytes, or a JSON error."""
    media = call.world.media.find(text(call.args, "media_id", 41006), call.now)
    if media is None:
        raise Refusal(40007, "invalid media_id")
    if not call.world.rates.allow(("media/get", media.media_id), SAME_MEDIA_PER_MIN, 60, call.now):
        raise Refusal(45033, "api concurrent out of limit")
    return Binary(media.filename, media.content)


ROUTES = {
    "media/upload": Route("POST", upload, changes=True),
    "media/uploadimg": Route("POST", uploadimg, changes=True),
    "media/upload_attachment": Route("POST", upload_attachment, changes=True),
    "media/get": Route("GET", get_media),
}
