"""Faults on command: what the caller sees, and whether the call had its effect."""

import time

import pytest
import requests
from sandbox_play import Play


def _fault(play: Play, kind: str, api: str = "kf/send_msg", **extra: object) -> None:
    play.ctl("faults", api=api, kind=kind, **{"times": 1, **extra})


@pytest.mark.parametrize("kind", ["http500", "http502", "html"])
def test_broken_answers_are_no_json_and_without_effect(play: Play, kind: str) -> None:
    play.write()
    _fault(play, kind)
    url = f"{play.url}/cgi-bin/kf/send_msg"
    answer = play.session.post(url, params={"access_token": play.token()}, json={"touser": "wmAMEI"})
    assert answer.status_code == {"http500": 500, "http502": 502, "html": 200}[kind]
    with pytest.raises(requests.exceptions.JSONDecodeError):
        answer.json()
    assert play.say()["errcode"] == 0


@pytest.mark.parametrize(
    ("kind", "errcode"), [("busy", -1), ("throttle", 45009), ("expired_token", 42001), ("bad_token", 40014)]
)
def test_refusing_faults_answer_their_errcode_without_effect(play: Play, kind: str, errcode: int) -> None:
    play.write()
    _fault(play, kind)
    assert play.say()["errcode"] == errcode
    assert [m["from"] for m in play.kf_chat()] == ["customer"]


def test_any_errcode_can_be_answered(play: Play) -> None:
    _fault(play, "errcode", errcode=95013)
    assert play.say()["errcode"] == 95013


@pytest.mark.parametrize("kind", ["expired_token", "bad_token"])
def test_a_token_fault_takes_the_token_away_so_that_a_refetch_helps(play: Play, kind: str) -> None:
    old = play.gettoken()["access_token"]
    _fault(play, kind, api="*")
    play.api("kf/account/list")
    assert play.gettoken()["access_token"] != old


def test_a_lost_answer_has_had_its_effect(play: Play) -> None:
    play.write()
    _fault(play, "lost_answer")
    with pytest.raises(requests.ConnectionError):
        play.say("sent all the same", msgid="own-1")
    assert play.kf_chat()[-1]["text"] == "sent all the same"
    assert play.say(msgid="own-1")["errcode"] == 40058
    logged = play.session.get(f"{play.url}/control/calls", params={"api": "kf/send_msg"}).json()
    assert [(c["errcode"], c["effect"]) for c in logged] == [(0, True), (40058, False)]


def test_a_reset_is_a_reset_and_without_effect(play: Play) -> None:
    play.write()
    _fault(play, "reset")
    with pytest.raises(requests.ConnectionError, match="reset by peer"):
        play.say()
    assert len(play.kf_chat()) == 1


def test_a_half_closed_answer_breaks_off(play: Play) -> None:
    play.write()
    _fault(play, "half_close")
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        play.say()
    assert len(play.kf_chat()) == 2


def test_latency_delays_any_kind(play: Play) -> None:
    _fault(play, "busy", latency_s=0.2)
    started = time.monotonic()
    play.say()
    assert time.monotonic() - started >= 0.2


def test_a_fault_strikes_only_the_calls_it_fits_and_only_so_often(play: Play) -> None:
    play.write()
    play.ctl("faults", api="kf/send_msg", kind="busy", times=2, match={"text.content": "bad"})
    assert play.say("good")["errcode"] == 0
    assert [play.say("bad")["errcode"] for _ in range(3)] == [-1, -1, 0]


def test_faults_can_be_seen_and_cleared(play: Play) -> None:
    _fault(play, "busy", times=None)
    assert play.snapshot()["faults"][0]["kind"] == "busy"
    assert play.session.delete(f"{play.url}/control/faults").json() == []
    play.write()
    assert play.say()["errcode"] == 0


def test_an_unknown_kind_or_field_is_named(play: Play) -> None:
    for spec, word in (({"api": "*", "kind": "explode"}, "kind"), ({"api": "*", "kind": "busy", "often": 1}, "often")):
        answer = play.session.post(f"{play.url}/control/faults", json=spec)
        assert answer.status_code == 400
        assert word in answer.json()["error"]


def test_the_log_of_calls_is_bounded(play: Play) -> None:
    from bot.sandbox.journal import Journal

    journal = Journal(events_kept=5, calls_kept=3)
    for number in range(10):
        journal.log_call("x", {"n": number}, {"errcode": 0}, 0.0)
    assert [c["body"]["n"] for c in journal.calls()] == [7, 8, 9]
    assert [h.seq for h in journal.after(0, 0)] == [6, 7, 8, 9, 10]
    assert journal.after(10, 0) == []
