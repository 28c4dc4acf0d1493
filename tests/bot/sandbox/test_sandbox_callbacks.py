"""Callbacks: sealed, signed, tried three times, repeated, lost and shuffled on command."""

import base64
import json
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sandbox_play import KEY, TOKEN, Listener, Play

from bot.sandbox.crypto import Sealer, sign
from bot.sandbox.envelope import Address, xml

KF = "wkSAMPLE"


def test_the_official_sample_opens_and_its_signature_fits() -> None:
    # the 2014 sample of the URL verification page
    encrypt = "P9nAzCzyDtyTWESHep1vC5X9xho/qYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp+4RPcs8TgAE7OaBO+FZXvnaqQ=="
    assert Sealer(KEY).open(encrypt) == (b"1616140317555161061", "wx5823bf96d3bd56c7")
    assert sign(TOKEN, "1409659589", "263014780", encrypt) == "5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3"


@given(message=st.binary(max_size=300), receiveid=st.sampled_from(["", "ww0123456789abcdef"]))
def test_any_frame_is_padded_to_32_and_comes_back(message: bytes, receiveid: str) -> None:
    sealed = Sealer(KEY).seal(message, receiveid)
    assert len(base64.b64decode(sealed)) % 32 == 0
    assert Sealer(KEY).open(sealed) == (message, receiveid)


def test_the_doorbell_has_no_sender_and_no_msgid(heard: Play, listener: Listener) -> None:
    heard.write()
    root = ET.fromstring(listener.wait(1)[0])
    assert {child.tag for child in root} == {"ToUserName", "CreateTime", "MsgType", "Event", "Token", "OpenKfId"}
    assert root.findtext("Event") == "kf_msg_or_event"
    token = root.findtext("Token")
    assert len(heard.synced(token=token)) == 1
    heard.pass_time(600)
    assert heard.api("kf/sync_msg", open_kfid=KF, token=token)["errcode"] == 95007


def test_the_envelope_carries_agentid_only_for_the_apps_own_callbacks(heard: Play, listener: Listener) -> None:
    heard.write()
    listener.wait(1)
    heard.ctl("staff/app", userid="lin", text="hello")
    listener.wait(2)
    agentids = [ET.fromstring(body).findtext("AgentID") for body in listener.bodies]
    assert agentids == ["", "1000002"]


def test_a_staff_members_message_reaches_the_app_with_any_text(heard: Play, listener: Listener) -> None:
    heard.ctl("staff/app", userid="lin", text="<b>]]> & 😀\x00")
    root = ET.fromstring(listener.wait(1)[0])
    assert root.findtext("Content") == "<b>]]> & 😀"
    assert root.findtext("FromUserName") == "lin"
    assert int(root.findtext("MsgId") or 0) > 2**32


def test_an_app_event_is_delivered(heard: Play, listener: Listener) -> None:
    heard.ctl("staff/app_event", userid="lin", event="click", event_key="menu1")
    root = ET.fromstring(listener.wait(1)[0])
    assert (root.findtext("Event"), root.findtext("EventKey"), root.findtext("AgentID")) == (
        "click",
        "menu1",
        "1000002",
    )


def test_three_tries_in_all_with_the_same_body_and_then_no_more(heard: Play, listener: Listener) -> None:
    heard.ctl("callbacks", retry_gap_s=0.02)
    listener.statuses = [500, 302, 404]
    heard.write()
    listener.wait(3)
    time.sleep(0.15)
    assert len(listener.bodies) == 3
    assert len(set(listener.bodies)) == 1


def test_a_200_ends_the_tries(heard: Play, listener: Listener) -> None:
    heard.ctl("callbacks", retry_gap_s=0.02)
    listener.statuses = [503]
    heard.write()
    listener.wait(2)
    time.sleep(0.15)
    assert len(listener.bodies) == 2


def test_too_slow_an_answer_is_a_failure(heard: Play, listener: Listener) -> None:
    heard.ctl("callbacks", retry_gap_s=0.02)
    heard.world.rules.callback_timeout_s = 0.1
    listener.delay_s = 0.3
    heard.write()
    listener.wait(2)
    assert len(set(listener.bodies)) == 1


def test_every_callback_can_be_sent_again(heard: Play, listener: Listener) -> None:
    heard.ctl("callbacks", resend=2)
    heard.write()
    assert len(set(listener.wait(3))) == 1


def test_a_doorbell_can_be_lost(heard: Play, listener: Listener) -> None:
    heard.ctl("callbacks", drop_next=1)
    heard.write("lost")
    heard.write("heard")
    listener.wait(1)
    time.sleep(0.1)
    assert len(listener.plain) == 1
    assert [m["text"]["content"] for m in heard.synced()] == ["lost", "heard"]


def test_shuffled_callbacks_all_arrive(heard: Play, listener: Listener) -> None:
    heard.ctl("callbacks", shuffle_ms=60)
    for number in range(20):
        heard.ctl("staff/app", userid="lin", text=str(number))
    got = [ET.fromstring(plain).findtext("Content") for plain in listener.wait(20)]
    assert sorted(got, key=lambda text: int(text or 0)) == [str(number) for number in range(20)]
    assert got != sorted(got, key=lambda text: int(text or 0))


def test_a_habit_that_does_not_exist_is_named(play: Play) -> None:
    answer = play.session.post(f"{play.url}/control/callbacks", json={"resends": 1})
    assert answer.status_code == 400
    assert "resends" in answer.json()["error"]


def test_the_url_is_verified_by_the_plain_echo(heard: Play) -> None:
    assert heard.ctl("verify", agentid=1000002)["ok"] is True
    heard.world.apps[1000002].callback_url = "http://127.0.0.1:9/nobody"
    assert heard.ctl("verify", agentid=1000002)["ok"] is False


def test_any_xml_can_be_delivered(heard: Play, listener: Listener) -> None:
    heard.ctl("deliver_raw", agentid=1000002, xml="<xml>not even true</xml>")
    assert listener.wait(1) == ["<xml>not even true</xml>"]


def test_any_json_can_be_delivered_to_the_ai_bot(heard: Play, listener: Listener) -> None:
    heard.ctl("deliver_raw", aibotid="aib-wanzi", json='{"msgtype":"event"}')
    assert listener.wait(1) == ['{"msgtype":"event"}']


def test_a_passive_reply_is_opened_and_shown(heard: Play, listener: Listener) -> None:
    corpid = heard.world.corpid

    def reply(plain: str) -> bytes:
        content = xml({"MsgType": "text", "Content": "passive words"})
        encrypt = Sealer(KEY).seal(content.encode(), corpid)
        signature = sign(TOKEN, "1", "2", encrypt)
        return xml({"Encrypt": encrypt, "MsgSignature": signature, "TimeStamp": 1, "Nonce": "2"}).encode()

    listener.reply = reply
    heard.ctl("staff/app", userid="lin", text="hello")
    _until(lambda: len(heard.snapshot()["app_chats"][0]["messages"]) == 2)
    assert heard.snapshot()["app_chats"][0]["messages"][1]["text"] == "passive words"


def test_a_reply_with_a_wrong_signature_is_not_believed() -> None:
    address = Address("", TOKEN, KEY, "corp")
    encrypt = Sealer(KEY).seal(b"<xml/>", "corp")
    body = xml({"Encrypt": encrypt, "MsgSignature": "0" * 40, "TimeStamp": 1, "Nonce": "2"}).encode()
    with pytest.raises(ValueError, match="signature"):
        address.open_reply(body)
    assert address.open_reply(b"") is None
    assert address.open_reply(b"success") is None


def test_the_ai_bot_streams_and_answers_later_once(heard: Play, listener: Listener) -> None:
    def reply(plain: str) -> bytes:
        asked = json.loads(plain)
        done = asked["msgtype"] == "stream"
        stream = {"id": "s1", "finish": done, "content": "all of it" if done else "all"}
        encrypt = Sealer(KEY).seal(json.dumps({"msgtype": "stream", "stream": stream}).encode(), "")
        return json.dumps(
            {"encrypt": encrypt, "msgsignature": sign(TOKEN, "1", "2", encrypt), "timestamp": 1, "nonce": "2"}
        ).encode()

    listener.reply = reply
    heard.ctl("aibot/write", userid="lin", text="question")
    asked = json.loads(listener.wait(2)[0])
    assert asked["chattype"] == "single"
    _until(lambda: [m["text"] for m in heard.snapshot()["aibot_chats"][0]["messages"]] == ["question", "all of it"])
    later = {"msgtype": "markdown", "markdown": {"content": "one more thing"}}
    assert asked["response_url"].startswith(f"{heard.url}/cgi-bin/aibot/response?response_code=")
    assert heard.session.post(asked["response_url"], json=later).json()["errcode"] == 0
    assert heard.session.post(asked["response_url"], json=later).json()["errcode"] == 40058


def test_in_a_group_the_ai_bot_is_named_and_answers_there(heard: Play, listener: Listener) -> None:
    heard.ctl("aibot/write", userid="lin", chatid="inner1", text="question")
    asked = json.loads(listener.wait(1)[0])
    assert (asked["chattype"], asked["chatid"], asked["text"]["content"]) == ("group", "inner1", "@丸子 question")
    heard.session.post(asked["response_url"], json={"msgtype": "markdown", "markdown": {"content": "answer"}})
    assert [m["text"] for m in heard.snapshot()["internal_chats"][0]["messages"]] == ["question", "answer"]


def test_callbacks_are_stamped_by_the_sandboxs_clock(start: Callable[..., Play], listener: Listener) -> None:
    play = start(f"{listener.url}/wecom/callback")
    play.pass_time(7200)
    play.write()
    listener.wait(1)
    stamp = int(listener.queries[0].split("timestamp=")[1].split("&")[0])
    assert abs(stamp - (time.time() + 7200)) < 5


def test_the_clock_is_shared_through_its_file(tmp_path: Path) -> None:
    from bot.sandbox.clock import Clock

    one, other = Clock(tmp_path / "clock"), Clock(tmp_path / "clock")
    assert abs(other.now() - time.time()) < 1
    one.advance(3600)
    assert other.offset_s == 3600
    with pytest.raises(ValueError, match="forward"):
        one.advance(-1)


def test_the_next_slot_is_the_next_of_the_day_or_the_first_of_the_next(play: Play) -> None:
    play.ctl("clock", to="2030-01-01T11:59:00")
    play.ctl("clock", to="next_slot")
    assert play.snapshot()["now"] == pytest.approx(1893470400, abs=2)  # 12:00 in Shanghai
    play.ctl("clock", to="2030-01-01T20:00:00")
    assert play.ctl("clock", to="next_slot")["now"] == pytest.approx(1893544200, abs=2)  # 08:30 the day after


def _until(holds: Callable[[], bool], within_s: float = 5.0) -> None:
    deadline = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.01)
