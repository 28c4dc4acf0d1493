"""The callback's front door, over real HTTP: what is genuine is stored before the answer, nothing else is."""

import base64
import hashlib
import json
import logging
import secrets
import struct
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest
import requests
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from bot.bootstrap import Core, open_core
from bot.sandbox.threaded import ThreadedServer
from bot.settings import load_settings
from bot.web.app import create_app
from storage.database import Database
from storage.inbox import InboxRow

CORPID, TOKEN, AES_KEY = "wwWebhook", "webhookToken", "B" * 42 + "A"
_KEY = base64.b64decode(AES_KEY + "=")


def encrypt(plain: bytes, receive_id: str = CORPID, pad_to: int = 32) -> str:
    """WeCom's frame, written from its description and not from our own code (101033)."""
    frame = secrets.token_bytes(16) + struct.pack(">I", len(plain)) + plain + receive_id.encode()
    pad = pad_to - len(frame) % pad_to
    encryptor = Cipher(algorithms.AES(_KEY), modes.CBC(_KEY[:16])).encryptor()
    return base64.b64encode(encryptor.update(frame + bytes([pad]) * pad) + encryptor.finalize()).decode()


def signed(encrypted: str, at: float | None = None, token: str = TOKEN) -> dict[str, str]:
    timestamp, nonce = str(int(at if at is not None else time.time())), "n0nce"
    digest = hashlib.sha1("".join(sorted([token, timestamp, nonce, encrypted])).encode()).hexdigest()
    return {"msg_signature": digest, "timestamp": timestamp, "nonce": nonce}


def text_message(msgid: int, text: str = "你好") -> bytes:
    return (
        f"<xml><ToUserName>{CORPID}</ToUserName><FromUserName>xiaoli</FromUserName><CreateTime>1700000000</CreateTime>"
        f"<MsgType>text</MsgType><Content><![CDATA[{text}]]></Content><MsgId>{msgid}</MsgId><AgentID>1</AgentID></xml>"
    ).encode()


class Door:
    """The web process on a free port."""

    def __init__(self, core: Core) -> None:
        self.core = core
        self.server = ThreadedServer("127.0.0.1", 0, create_app(core))
        self.server.start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/wecom/callback"
        self.http = requests.Session()

    def post(self, plain: bytes, args: dict[str, str] | None = None, receive_id: str = CORPID) -> int:
        encrypted = encrypt(plain, receive_id)
        body = f"<xml><ToUserName>{CORPID}</ToUserName><Encrypt>{encrypted}</Encrypt></xml>"
        return self.send(args or signed(encrypted), body.encode())

    def send(self, args: dict[str, str], body: bytes) -> int:
        answer = self.http.post(f"{self.url}?{urlencode(args)}", data=body, timeout=10)
        if answer.status_code == 200:
            assert answer.content == b""
        return answer.status_code

    def rows(self) -> list[InboxRow]:
        with self.core.database.read() as db:
            found = list(db.scalars(select(InboxRow).order_by(InboxRow.id)))
            db.expunge_all()
            return found


@pytest.fixture
def door(tmp_path: Path, database_url: str) -> Iterator[Door]:
    core = open_core(
        load_settings(
            environ={
                "WANZI_WECOM__CORPID": CORPID,
                "WANZI_WECOM__TOKEN": TOKEN,
                "WANZI_WECOM__ENCODING_AES_KEY": AES_KEY,
                "WANZI_WECOM__AIBOT_TOKEN": TOKEN,
                "WANZI_WECOM__AIBOT_ENCODING_AES_KEY": AES_KEY,
                "WANZI_SERVER__API_TOKEN": "secret-token",
                "WANZI_DATABASE_URL": database_url,
            }
        )
    )
    opened = Door(core)
    yield opened
    opened.http.close()
    opened.server.close()
    core.database.close()


def test_the_address_is_verified_with_the_bare_plaintext(door: Door) -> None:
    echostr = next(e for e in (encrypt(b"1616140317555161061") for _ in range(200)) if "+" in e)

    answer = requests.get(f"{door.url}?{urlencode({**signed(echostr), 'echostr': echostr})}", timeout=5)

    assert (answer.status_code, answer.content) == (200, b"1616140317555161061")
    raw_plus = f"{door.url}?{urlencode(signed(echostr))}&echostr={quote(echostr, safe='+')}"
    assert requests.get(raw_plus, timeout=5).content == b"1616140317555161061"


def test_a_message_is_on_disk_when_the_answer_comes(door: Door, database_url: str) -> None:
    assert door.post(text_message(1)) == 200

    another_process = Database(database_url)
    with another_process.read() as db:
        kinds = list(db.scalars(select(InboxRow.kind)))
    another_process.close()
    assert kinds == ["app.message"]


def test_the_same_callback_three_times_is_one_row_and_equal_texts_are_two(door: Door) -> None:
    assert [door.post(text_message(number)) for number in (1, 1, 1, 2)] == [200] * 4

    assert [row.dedup_key for row in door.rows()] == ["app:1:1", "app:1:2"]


def test_two_events_of_one_second_from_sys_are_two_rows(door: Door) -> None:
    for chat in ("wrA", "wrB"):
        event = (
            f"<xml><ToUserName>{CORPID}</ToUserName><FromUserName>sys</FromUserName><CreateTime>1700000000</CreateTime>"
            f"<MsgType>event</MsgType><Event>change_external_chat</Event><ChatId>{chat}</ChatId>"
            "<ChangeType>create</ChangeType></xml>"
        )
        assert door.post(event.encode()) == 200

    assert len(door.rows()) == 2


@pytest.mark.parametrize(
    ("case", "status"),
    [
        ("wrong signature", 403),
        ("signature of another token", 403),
        ("non-ascii signature", 403),
        ("no signature", 403),
        ("eleven minutes old", 403),
        ("eleven minutes ahead", 403),
        ("timestamp in words", 403),
        ("another corp's receive id", 403),
        ("padding of nonsense", 403),
        ("cut base64", 403),
        ("no envelope", 400),
        ("not xml", 400),
        ("doctype in the envelope", 400),
        ("doctype in the message", 400),
        ("NUL in the message", 400),
        ("not utf-8 inside", 400),
        ("a body of two megabytes", 413),
    ],
)
def test_what_is_not_genuine_or_not_readable_leaves_nothing(
    door: Door, case: str, status: int, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    secret = "秘密内容"
    encrypted = encrypt(text_message(9, secret))
    args, body = signed(encrypted), f"<xml><Encrypt>{encrypted}</Encrypt></xml>".encode()
    if case == "wrong signature":
        args["msg_signature"] = "0" * 40
    elif case == "signature of another token":
        args = signed(encrypted, token="somebody")
    elif case == "non-ascii signature":
        args["msg_signature"] = "签名"
    elif case == "no signature":
        del args["msg_signature"]
    elif case == "eleven minutes old":
        args = signed(encrypted, time.time() - 660)
    elif case == "eleven minutes ahead":
        args = signed(encrypted, time.time() + 660)
    elif case == "timestamp in words":
        args["timestamp"] = "today"
    elif case == "another corp's receive id":
        encrypted = encrypt(text_message(9, secret), "wwSomebody")
        args, body = signed(encrypted), f"<xml><Encrypt>{encrypted}</Encrypt></xml>".encode()
    elif case == "padding of nonsense":
        blob = base64.b64encode(secrets.token_bytes(96)).decode()
        args, body = signed(blob), f"<xml><Encrypt>{blob}</Encrypt></xml>".encode()
    elif case == "cut base64":
        args, body = signed(encrypted[:-3]), f"<xml><Encrypt>{encrypted[:-3]}</Encrypt></xml>".encode()
    elif case == "no envelope":
        body = b"<xml><ToUserName>x</ToUserName></xml>"
    elif case == "not xml":
        body = secret.encode()
    elif case == "doctype in the envelope":
        body = f'<!DOCTYPE xml [<!ENTITY e "x">]><xml><Encrypt>{encrypted}</Encrypt></xml>'.encode()
    elif case == "a body of two megabytes":
        body = b"<xml><Encrypt>" + b"A" * (2 << 20) + b"</Encrypt></xml>"
    else:
        entity = f'<!DOCTYPE xml [<!ENTITY e "{secret}">]><xml><MsgType>&e;</MsgType></xml>'
        plain = {
            "doctype in the message": entity.encode(),
            "NUL in the message": text_message(9, secret).replace("秘".encode(), b"\0"),
            "not utf-8 inside": text_message(9, secret)[:-40] + b"\xff\xfe</xml>",
        }[case]
        encrypted = encrypt(plain)
        args, body = signed(encrypted), f"<xml><Encrypt>{encrypted}</Encrypt></xml>".encode()

    with caplog.at_level(logging.DEBUG):
        assert door.send(args, body) == status

    assert door.rows() == []
    written = caplog.text + "".join(capfd.readouterr())
    assert secret not in written
    assert encrypted[:40] not in written


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=300).filter(lambda text: "]]>" not in text))
def test_every_text_that_xml_can_hold_arrives_unchanged(door: Door, text: str) -> None:
    msgid = secrets.randbits(60)
    assert door.post(text_message(msgid, text)) == 200

    stored = {row.dedup_key: json.loads(row.payload) for row in door.rows()}
    assert stored[f"app:1:{msgid}"]["text"] == text


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.binary(max_size=400),
    st.dictionaries(st.sampled_from(["msg_signature", "timestamp", "nonce"]), st.text(max_size=50)),
)
def test_rubbish_is_refused_and_never_a_fault_of_ours(door: Door, body: bytes, args: dict[str, str]) -> None:
    printable = {key: value.encode("utf-8", "replace").decode() for key, value in args.items()}
    assert door.send(printable, body) in (400, 403)
    assert door.rows() == []


def test_many_threads_at_once_lose_nothing(door: Door) -> None:
    def write(start: int) -> None:
        with requests.Session() as http:
            for msgid in range(start, start + 20):
                encrypted = encrypt(text_message(msgid))
                body = f"<xml><Encrypt>{encrypted}</Encrypt></xml>"
                answer = http.post(f"{door.url}?{urlencode(signed(encrypted))}", data=body, timeout=10)
                assert answer.status_code == 200

    threads = [threading.Thread(target=write, args=[1000 * number]) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(door.rows()) == 320


def test_an_unknown_but_genuine_event_is_kept(door: Door) -> None:
    plain = f"<xml><ToUserName>{CORPID}</ToUserName><MsgType>event</MsgType><Event>brand_new</Event></xml>"
    assert door.post(plain.encode()) == 200

    assert [row.kind for row in door.rows()] in (["unknown"], ["app.event"])


def test_the_ai_bots_door_takes_json_and_an_empty_receive_id(door: Door) -> None:
    message = {
        "msgid": "m1",
        "aibotid": "aib",
        "chattype": "single",
        "from": {"userid": "xiaoli"},
        "response_url": "https://example.invalid/",
        "msgtype": "text",
        "text": {"content": "状态"},
    }
    encrypted = encrypt(json.dumps(message).encode(), "")
    url = door.url.replace("/callback", "/aibot")

    answer = requests.post(f"{url}?{urlencode(signed(encrypted))}", json={"encrypt": encrypted}, timeout=5)

    assert answer.status_code == 200
    assert [row.dedup_key for row in door.rows()] == ["aibot:aib:m1"]


def test_operators_are_answered_and_why_needs_the_token(door: Door) -> None:
    base = door.url.removesuffix("/wecom/callback")
    door.post(text_message(1))

    assert requests.get(f"{base}/healthz", timeout=5).text == "ok\n"
    assert requests.get(f"{base}/readyz", timeout=5).status_code == 200
    figures = requests.get(f"{base}/metrics", timeout=5).text
    assert 'wanzi_depth{box="inbox"} 1.0' in figures
    assert "wanzi_acks_total" in figures
    assert requests.get(f"{base}/api/why?msgid=x", timeout=5).status_code == 401
    allowed = {"Authorization": "Bearer secret-token"}
    assert requests.get(f"{base}/api/why?msgid=x", headers=allowed, timeout=5).status_code == 404
