"""Only what WeCom signed and sealed for us gets in."""

import base64
import json
import struct
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import CallbackError, SettingsError
from bot.wecom.callback import Crypto, open_callback, read_envelope, read_json_envelope, verify_url

TOKEN = "wanziToken1"
KEY = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"
CORPID = "ww5f1c0de0wanzi001"
NOW = 1_763_712_000
CRYPTO = Crypto(TOKEN, KEY, CORPID)


@dataclass(frozen=True)
class Vector:
    """A sample of WeCom's documentation (90968), which every implementation reproduces."""

    msg_signature: str
    timestamp: str
    nonce: str
    encrypt: str
    plaintext: str


OFFICIAL = Crypto("QDG6eK", KEY, "wx5823bf96d3bd56c7")
VERIFY = Vector(
    "5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3",
    "1409659589",
    "263014780",
    "P9nAzCzyDtyTWESHep1vC5X9xho/qYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp+4RPcs8TgAE7OaBO+FZXvnaqQ==",
    "1616140317555161061",
)
MESSAGE = Vector(
    "477715d11cdb4164915debcba66cb864d751f3e6",
    "1409659813",
    "1372623149",
    "RypEvHKD8QQKFhvQ6QleEB4J58tiPdvo+rtK1I9qca6aM/wvqnLSV5zEPeusUiX5L5X/0lWfrf0QADHHhGd3QczcdCUpj911L3vg3W/sYYvuJTs3"
    "TUUkSUXxaccAS0qhxchrRYt66wiSpGLYL42aM6A8dTT+6k4aSknmPj48kzJs8qLjvd4Xgpue06DOdnLxAUHzM6+kDZ+HMZfJYuR+LtwGc2hgf5gs"
    "ijff0ekUNXZiqATP7PF5mZxZ3Izoun1s4zG4LUMnvw2r+KqCKIw+3IQH03v+BCA9nMELNqbSf6tiWSrXJB3LAVGUcallcrw8V2t9EL4EhzJWrQUa"
    "x5wLVMNS0+rUPA3k22Ncx4XXZS9o0MBH27Bo6BpNelZpS+/uh9KsNlY6bHCmJU9p8g7m3fVKn28H3KDYA5Pl/T8Z1ptDAVe0lXdQ2YoyyH2uyPIG"
    "HBZZIs2pDBS8R07+qN+E7Q==",
    "<xml><ToUserName><![CDATA[wx5823bf96d3bd56c7]]></ToUserName>\n<FromUserName><![CDATA[mycreate]]></FromUserName>\n"
    "<CreateTime>1409659813</CreateTime>\n<MsgType><![CDATA[text]]></MsgType>\n<Content><![CDATA[hello]]></Content>\n"
    "<MsgId>4561255354251345929</MsgId>\n<AgentID>218</AgentID>\n</xml>",
)


def args_for(encrypt: str, timestamp: str = str(NOW), nonce: str = "n1") -> dict[str, str]:
    return {
        "msg_signature": CRYPTO.sign(timestamp, nonce, encrypt),
        "timestamp": timestamp,
        "nonce": nonce,
    }


def envelope(encrypt: str) -> bytes:
    head = f"<ToUserName>{CORPID}</ToUserName><AgentID></AgentID>"
    return f"<xml>{head}<Encrypt><![CDATA[{encrypt}]]></Encrypt></xml>".encode()


def seal(frame: bytes) -> str:
    """A frame encrypted as it stands, however wrong."""
    key = base64.b64decode(KEY + "=")
    sealer = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
    return base64.b64encode(sealer.update(frame) + sealer.finalize()).decode()


def frame(message: bytes, receive_id: bytes = CORPID.encode(), length: int | None = None) -> bytes:
    return b"r" * 16 + struct.pack(">I", len(message) if length is None else length) + message + receive_id


def pad(data: bytes) -> bytes:
    size = 32 - len(data) % 32
    return data + bytes((size,)) * size


@pytest.mark.parametrize("vector", [VERIFY, MESSAGE])
def test_the_documented_samples_are_accepted_and_read(vector: Vector) -> None:
    OFFICIAL.check(vector.msg_signature, vector.timestamp, vector.nonce, vector.encrypt)
    assert OFFICIAL.decrypt(vector.encrypt).decode() == vector.plaintext


def test_a_post_is_opened_and_a_get_verified_with_the_documented_samples() -> None:
    post = {"msg_signature": MESSAGE.msg_signature, "timestamp": MESSAGE.timestamp, "nonce": MESSAGE.nonce}
    assert open_callback(OFFICIAL, post, envelope(MESSAGE.encrypt), 1409659813 + 599, 600).decode() == MESSAGE.plaintext
    get = {"msg_signature": VERIFY.msg_signature, "timestamp": VERIFY.timestamp, "nonce": VERIFY.nonce}
    assert verify_url(OFFICIAL, {**get, "echostr": VERIFY.encrypt}, 0, 0) == VERIFY.plaintext
    spaces = VERIFY.encrypt.replace("+", " ")
    assert verify_url(OFFICIAL, {**get, "echostr": spaces}, 0, 0) == VERIFY.plaintext


@given(st.binary(max_size=200), st.text(alphabet=st.characters(exclude_categories=("Cs",)), max_size=40))
def test_what_is_encrypted_is_signed_and_decrypts_to_itself(plaintext: bytes, receive_id: str) -> None:
    crypto = Crypto(TOKEN, KEY, receive_id)
    encrypt, signature = crypto.encrypt(plaintext, "1", "n")
    crypto.check(signature, "1", "n", encrypt)
    assert crypto.decrypt(encrypt) == plaintext
    assert len(base64.b64decode(encrypt)) % 32 == 0


@given(st.data())
def test_a_changed_character_anywhere_is_refused(data: st.DataObject) -> None:
    parts = [MESSAGE.msg_signature, MESSAGE.timestamp, MESSAGE.nonce, MESSAGE.encrypt]
    which = data.draw(st.integers(0, 3))
    place = data.draw(st.integers(0, len(parts[which]) - 1))
    other = data.draw(st.characters(exclude_characters=parts[which][place], codec=None))
    parts[which] = parts[which][:place] + other + parts[which][place + 1 :]
    with pytest.raises(CallbackError) as refused:
        OFFICIAL.check(*parts)
    assert refused.value.status == 403


@given(st.text(st.characters(codec=None)) | st.binary().map(lambda data: base64.b64encode(data).decode()))
def test_nothing_but_a_callback_error_comes_out_of_decrypting_rubbish(encrypt: str) -> None:
    with pytest.raises(CallbackError) as refused:
        CRYPTO.decrypt(encrypt)
    assert refused.value.status == 403


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (pad(frame(b"hi", receive_id=b"wwSomebodyElse")), "another receiver"),
        (pad(frame(b"hi", receive_id=b"")), "another receiver"),
        (pad(frame(b"hi", length=3)), "another receiver"),
        (pad(frame(b"hi", length=60)), "length"),
        (pad(frame(b"hi", length=2**32 - 1)), "length"),
        (frame(b"hi").ljust(64, b"\x00"), "padding"),
        (frame(b"hi").ljust(64, b"\x21"), "padding"),
        (frame(b"hi").ljust(63, b"\x01") + b"\x07", "padding"),
        (bytes((32,)) * 32, "length"),
        (frame(b"hi").ljust(48, b"\x0a")[:48], "length"),
    ],
)
def test_a_frame_that_wecom_would_not_build_is_refused(wrong: bytes, reason: str) -> None:
    with pytest.raises(CallbackError, match=reason):
        CRYPTO.decrypt(seal(wrong))


@pytest.mark.parametrize("size", range(32))
def test_every_pad_length_from_1_to_32_is_accepted(size: int) -> None:
    assert CRYPTO.decrypt(seal(pad(frame(b"x" * size)))) == b"x" * size


@pytest.mark.parametrize("encrypt", ["", "====", "YQ", "YQ==\n", "YQ ==", "Y\u00e9==", "\ud800"])
def test_text_that_is_not_strict_base64_is_refused(encrypt: str) -> None:
    with pytest.raises(CallbackError):
        CRYPTO.decrypt(encrypt)


@pytest.mark.parametrize("missing", ["msg_signature", "timestamp", "nonce"])
def test_a_callback_without_one_of_its_arguments_is_refused(missing: str) -> None:
    encrypt, _ = CRYPTO.encrypt(b"x", str(NOW), "n1")
    args = args_for(encrypt)
    del args[missing]
    with pytest.raises(CallbackError, match="missing"):
        open_callback(CRYPTO, args, envelope(encrypt), NOW, 600)


@pytest.mark.parametrize("timestamp", ["", "now", "-5", "1.5", "１２３", "9" * 5000])
def test_a_timestamp_that_is_no_whole_number_is_refused(timestamp: str) -> None:
    encrypt, _ = CRYPTO.encrypt(b"x", timestamp, "n1")
    with pytest.raises(CallbackError, match="timestamp"):
        open_callback(CRYPTO, args_for(encrypt, timestamp), envelope(encrypt), NOW, 0)


@pytest.mark.parametrize(("age_s", "max_age_s", "genuine"), [(600, 600, True), (-600, 600, True), (10**8, 0, True)])
def test_a_timestamp_within_the_allowed_age_is_accepted(age_s: int, max_age_s: int, genuine: bool) -> None:
    encrypt, _ = CRYPTO.encrypt(b"x", str(NOW), "n1")
    assert (open_callback(CRYPTO, args_for(encrypt), envelope(encrypt), NOW + age_s, max_age_s) == b"x") is genuine


@pytest.mark.parametrize("age_s", [601, -601, 10**8])
def test_a_timestamp_too_old_or_too_new_is_refused(age_s: int) -> None:
    encrypt, _ = CRYPTO.encrypt(b"x", str(NOW), "n1")
    with pytest.raises(CallbackError, match="far"):
        open_callback(CRYPTO, args_for(encrypt), envelope(encrypt), NOW + age_s, 600)


def test_the_message_of_another_envelope_is_refused_with_this_signature() -> None:
    first, _ = CRYPTO.encrypt(b"x", str(NOW), "n1")
    second, _ = CRYPTO.encrypt(b"y", str(NOW), "n1")
    with pytest.raises(CallbackError, match="signature") as refused:
        open_callback(CRYPTO, args_for(first), envelope(second), NOW, 600)
    assert refused.value.status == 403


def test_the_signature_is_compared_case_by_case_and_in_full() -> None:
    encrypt, signature = CRYPTO.encrypt(b"x", "1", "n")
    for wrong in (signature.upper(), signature[:-1], signature + "0", "", "签名"):
        with pytest.raises(CallbackError, match="signature"):
            CRYPTO.check(wrong, "1", "n", encrypt)


def test_an_ai_bot_callback_is_opened_with_an_empty_receive_id() -> None:
    crypto = Crypto(TOKEN, KEY, "")
    encrypt, signature = crypto.encrypt(b'{"msgid":"1"}', str(NOW), "n1")
    args = {"msg_signature": signature, "timestamp": str(NOW), "nonce": "n1"}
    body = json.dumps({"encrypt": encrypt}).encode()
    assert open_callback(crypto, args, body, NOW, 600, read_json_envelope) == b'{"msgid":"1"}'


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<xml/>",
        b"<xml><Encrypt></Encrypt></xml>",
        b"<xml><Encrypt>a</Encrypt><Encrypt>b</Encrypt></xml>",
        b"<xml><Encrypt><a>b</a></Encrypt></xml>",
        b"<!DOCTYPE x><xml><Encrypt>a</Encrypt></xml>",
        b"<xml><Encrypt>a</Encrypt><?x y?></xml>",
        b"<xml>" + b"<a/>" * 20 + b"<Encrypt>a</Encrypt></xml>",
        b'{"encrypt": "a"}',
    ],
)
def test_a_body_that_is_no_envelope_is_unreadable(body: bytes) -> None:
    with pytest.raises(CallbackError) as refused:
        read_envelope(body)
    assert refused.value.status == 400


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"encrypt": 5}', b'{"encrypt": ""}', b"{" * 100_000, b"\xff"])
def test_a_json_body_that_is_no_envelope_is_unreadable(body: bytes) -> None:
    with pytest.raises(CallbackError) as refused:
        read_json_envelope(body)
    assert refused.value.status == 400


@pytest.mark.parametrize(
    "make",
    [
        lambda: Crypto("", KEY, CORPID),
        lambda: Crypto("two words", KEY, CORPID),
        lambda: Crypto("令牌", KEY, CORPID),
        lambda: Crypto(TOKEN, KEY[:-1], CORPID),
        lambda: Crypto(TOKEN, KEY + "=", CORPID),
        lambda: Crypto(TOKEN, "+" + KEY[1:], CORPID),
        lambda: Crypto(TOKEN, KEY + "\n", CORPID),
    ],
)
def test_a_token_or_key_that_wecom_cannot_have_issued_stops_the_start(make: Callable[[], Crypto]) -> None:
    with pytest.raises(SettingsError):
        make()
