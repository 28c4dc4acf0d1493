"""Uploaded files: media_id with its three days (90253), attachment media (95098) and permanent pictures."""

import secrets
from collections import OrderedDict
from dataclasses import dataclass

MEDIA_LIFE_S = 3 * 24 * 3600  # 90253
KEPT_BYTES = 256 * 1024 * 1024

#: a picture of one grey pixel, the stand-in for what a customer's phone would have sent
PNG_PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010800000000"
    "3a7e9b550000000a49444154789c6368000000820081a2d0a6bf0000000049454e44ae426082"
)


@dataclass(frozen=True)
class Media:
    """`origin`: upload, attachment (media/upload_attachment), webhook, or received (from a customer)."""

    media_id: str
    type: str
    filename: str
    content: bytes
    created_at: int
    origin: str = "upload"
    owner: str = ""


class MediaStore:
    """Keeps at most 256 MB, forgetting the oldest. Used under the world's lock."""

    def __init__(self) -> None:
        self._media: OrderedDict[str, Media] = OrderedDict()
        self._bytes = 0
        self.pictures: set[str] = set()

    def add(
        self, type_: str, filename: str, content: bytes, now: float, origin: str = "upload", owner: str = ""
    ) -> Media:
        media = Media("3" + secrets.token_urlsafe(48), type_, filename, content, int(now), origin, owner)
        self._media[media.media_id] = media
        self._bytes += len(content)
        while self._bytes > KEPT_BYTES:
            self._bytes -= len(self._media.popitem(last=False)[1].content)
        return media

    def find(self, media_id: object, now: float) -> Media | None:
        """A media that is known and no older than three days."""
        media = self._media.get(media_id) if isinstance(media_id, str) else None
        return media if media is not None and now - media.created_at < MEDIA_LIFE_S else None

    def add_picture(self) -> str:
        """The permanent URL of an uploadimg picture; only such URLs may be used as pic_url (90256)."""
        url = f"https://wework.qpic.cn/wwpic/{secrets.token_hex(12)}/0"
        self.pictures.add(url)
        return url
