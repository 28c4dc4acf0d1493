"""微信客服 API: sync_msg and its opaque cursors (94670)."""

import hashlib
import hmac
import random
import secrets
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode

from bot.sandbox import kf
from bot.sandbox.call import (
    BAD,
    Answer,
    Call,
    Route,
    at_most_bytes,
    maybe_int,
    maybe_text,
)
from bot.sandbox.model import KfAccount
from bot.sandbox.qyapi.kf_accounts import account_of
from bot.sandbox.refusal import Refusal

CURSOR_BYTES, TOKEN_BYTES = 64, 128
PAGE_MAX = 1000

#: cursors of an earlier run of the sandbox begin again at the oldest item: its memory is gone, WeCom's would not be
_RUN = secrets.token_bytes(4)


def sync_msg(call: Call) -> Answer:
    """94670: a page of what came in, by an opaque cursor; own sends are never among it."""
    token, cursor = maybe_text(call.body, "token"), maybe_text(call.body, "cursor")
    at_most_bytes(cursor, CURSOR_BYTES, "cursor")
    at_most_bytes(token, TOKEN_BYTES, "token")
    limit = maybe_int(call.body, "limit", PAGE_MAX, 1, PAGE_MAX)
    maybe_int(call.body, "voice_format", 0, 0, 1)
    account = account_of(call)
    _check_token(call, token)
    start = max(_read_cursor(account, cursor), kf.oldest_index(account, call.now))
    if random.random() < call.world.rules.kf_empty_page_probability:
        return {"next_cursor": _make_cursor(account, start), "has_more": 1, "msg_list": []}
    size = min(limit, call.world.rules.kf_page_size)
    first = start - account.dropped
    items = [item for _at, item in account.items[first : first + size]]
    more = first + size < len(account.items)
    return {"next_cursor": _make_cursor(account, start + len(items)), "has_more": int(more), "msg_list": items}


def _check_token(call: Call, token: str) -> None:
    world = call.world
    if token:
        if call.now >= world.kf_tokens.get(token, 0.0):
            raise Refusal(95007, "invalid msg token")
    elif not world.rates.allow(("kf/sync_msg", "tokenless"), world.rules.kf_tokenless_per_min, 60, call.now):
        raise Refusal(45009, "api freq out of limit: call without token")


def _make_cursor(account: KfAccount, index: int) -> str:
    plain = _RUN + struct.pack(">Q", index)
    mark = hmac.digest(account.open_kfid.encode(), plain, hashlib.sha256)[:12]
    return "4gw7" + urlsafe_b64encode(bytes(b ^ m for b, m in zip(plain, mark, strict=True)) + mark).decode()


def _read_cursor(account: KfAccount, cursor: str) -> int:
    """The absolute index a cursor of this account stands for. Raises Refusal for any other text."""
    if not cursor:
        return 0
    try:
        raw = urlsafe_b64decode(cursor.removeprefix("4gw7"))
    except ValueError as error:
        raise Refusal(BAD, "invalid cursor") from error
    mark = raw[12:]
    plain = bytes(b ^ m for b, m in zip(raw[:12], mark, strict=False))
    if len(raw) != 24 or not hmac.compare_digest(
        mark, hmac.digest(account.open_kfid.encode(), plain, hashlib.sha256)[:12]
    ):
        raise Refusal(BAD, "invalid cursor")
    if plain[:4] != _RUN:
        return 0
    (index,) = struct.unpack(">Q", plain[4:])
    return int(index)


ROUTES = {
    "kf/sync_msg": Route("POST", sync_msg, right="kf"),
}
