"""The front door: is this callback genuine, and what does it say? (90930, 90968, 101033)

Everything up to the decrypted bytes is here, on the webhook's hot path; their meaning is read in `events` (XML) and
`items` (JSON).
"""

from collections.abc import Callable, Mapping

from bot.errors import CallbackError
from bot.wecom.crypto import Crypto
from bot.wecom.events import dedup_key, parse_event
from bot.wecom.items import parse_aibot, parse_kf_item
from bot.wecom.wire import read_json, read_xml

__all__ = [
    "Crypto",
    "dedup_key",
    "open_callback",
    "parse_aibot",
    "parse_event",
    "parse_kf_item",
    "read_envelope",
    "read_json_envelope",
    "verify_url",
]

ENVELOPE_ELEMENTS = 16  # xml, ToUserName, AgentID, Encrypt, and room for a few more


def read_envelope(body: bytes) -> str:
    """The Encrypt text of an XML body. Raises CallbackError(400)."""
    return _encrypt_text(lambda: read_xml(body, ENVELOPE_ELEMENTS).get("Encrypt"))


def read_json_envelope(body: bytes) -> str:
    """The encrypt text of a JSON body, as AI bots send it (101033). Raises CallbackError(400)."""
    return _encrypt_text(lambda: read_json(body).get("encrypt"))


def open_callback(
    crypto: Crypto,
    args: Mapping[str, str],
    body: bytes,
    now: float,
    max_age_s: int,
    envelope: Callable[[bytes], str] = read_envelope,
) -> bytes:
    """The decrypted message of a POST whose query is `args`; `now` is unix seconds.

    `max_age_s` bounds the timestamp in both directions, 0 switches that off. Raises CallbackError: 403 when not
    genuine, 400 when there is no envelope to judge.
    """
    msg_signature, timestamp, nonce = _arguments(args, now, max_age_s)
    encrypt = envelope(body)
    crypto.check(msg_signature, timestamp, nonce, encrypt)
    return crypto.decrypt(encrypt)


def verify_url(crypto: Crypto, args: Mapping[str, str], now: float, max_age_s: int) -> str:
    """The plaintext with which a GET must be answered within 1 s, to the byte (101033). Raises CallbackError(403).

    A `+` that came unescaped, so that the query parser made it a space, is restored: Base64 has no spaces.
    """
    msg_signature, timestamp, nonce = _arguments(args, now, max_age_s)
    echostr = args.get("echostr", "").replace(" ", "+")
    crypto.check(msg_signature, timestamp, nonce, echostr)
    try:
        return crypto.decrypt(echostr).decode()
    except UnicodeDecodeError:
        raise CallbackError("echostr is not text") from None


def _arguments(args: Mapping[str, str], now: float, max_age_s: int) -> tuple[str, str, str]:
    """msg_signature, timestamp and nonce, with the timestamp checked."""
    try:
        msg_signature, timestamp, nonce = args["msg_signature"], args["timestamp"], args["nonce"]
    except KeyError:
        raise CallbackError("msg_signature, timestamp or nonce is missing") from None
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 15):
        raise CallbackError("timestamp is not a whole number of seconds")
    if max_age_s and abs(now - int(timestamp)) > max_age_s:
        raise CallbackError("timestamp is too far from now")
    return msg_signature, timestamp, nonce


def _encrypt_text(read: Callable[[], object]) -> str:
    try:
        encrypt = read()
    except ValueError as error:
        raise CallbackError(str(error), 400) from None
    if not isinstance(encrypt, str) or not encrypt:
        raise CallbackError("no encrypted message in the body", 400)
    return encrypt
