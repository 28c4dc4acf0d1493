"""Every call ends in an answer or in one of our errors, which says truly whether WeCom may have acted."""

import logging
import socket
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from limits import RateLimitItemPerMinute
from platform_on_sockets import Asked, Platform, Reply

from bot.errors import GatewayError, Rejected, Throttled, Unavailable
from bot.wecom.budget import Budget
from bot.wecom.client import WeComClient
from bot.wecom.errcodes import ERRCODES, TOKEN_ERRCODES, error_for

SECRET = "secret-of-the-app"


class Clock:
    """Seconds that pass only when a test says so."""

    def __init__(self) -> None:
        self.now = 1_763_712_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def timed(platform: Platform, clock: Clock) -> WeComClient:
    return WeComClient("wwcorp", SECRET, 1000007, platform.base_url, timeout_s=2.0, now=clock)


def failure(call: Callable[[], object]) -> GatewayError:
    with pytest.raises(GatewayError) as caught:
        call()
    return caught.value


def takes_only(token: str) -> Callable[[Asked], dict[str, Any]]:
    def answer(asked: Asked) -> dict[str, Any]:
        fine = asked.query["access_token"] == token
        return {"errcode": 0, "errmsg": "ok"} if fine else {"errcode": 42001, "errmsg": "access_token expired"}

    return answer


# what is sent


def test_a_post_carries_the_token_and_a_json_body_in_utf8(platform: Platform, client: WeComClient) -> None:
    platform.answers["kf/send_msg"] = {"errcode": 0, "errmsg": "ok", "msgid": "m1"}
    assert client.post("kf/send_msg", {"touser": "wm1", "text": {"content": "丸子😀"}})["msgid"] == "m1"
    asked = platform.asked[-1]
    assert asked.query == {"access_token": "T1"}
    assert asked.json == {"touser": "wm1", "text": {"content": "丸子😀"}}
    assert "丸子😀".encode() in asked.body
    assert asked.headers["Content-Type"].startswith("application/json")


def test_the_same_body_is_the_same_bytes_whatever_the_order_of_its_keys(
    platform: Platform, client: WeComClient
) -> None:
    client.post("message/send", {"a": 1, "b": {"c": 2, "d": 3}})
    client.post("message/send", {"b": {"d": 3, "c": 2}, "a": 1})
    assert platform.asked[-1].body == platform.asked[-2].body


def test_a_call_without_token_carries_none_and_fetches_none(platform: Platform, client: WeComClient) -> None:
    client.post("webhook/send", {"msgtype": "text"}, {"key": "K"}, token=False)
    assert platform.asked[-1].query == {"key": "K"}
    assert platform.count("gettoken") == 0


def test_a_file_goes_up_under_its_name_and_comes_down_as_bytes(platform: Platform, client: WeComClient) -> None:
    platform.answers["media/upload"] = {"errcode": 0, "errmsg": "", "media_id": "M", "created_at": "1763712000"}
    answer = client.upload("media/upload", "media", "价目表.pdf", b"%PDF-1.7 x", "application/pdf", {"type": "file"})
    assert answer["created_at"] == "1763712000"
    assert 'name="media"; filename="价目表.pdf"'.encode() in platform.asked[-1].body
    json_file = Reply(b'{"errcode": 40007}', headers={"Content-Disposition": 'attachment; filename="a.json"'})
    platform.answers["media/get"] = json_file
    assert client.download("media/get", {"media_id": "M"}) == b'{"errcode": 40007}'
    platform.answers["media/get"] = {"errcode": 40007, "errmsg": "invalid media_id"}
    assert failure(lambda: client.download("media/get", {"media_id": "M"})).errcode == 40007


def test_a_file_where_an_answer_should_be_and_the_reverse_are_unavailable(
    platform: Platform, client: WeComClient
) -> None:
    platform.answers["kf/send_msg"] = Reply(b"x", headers={"Content-Disposition": "attachment"})
    error = failure(lambda: client.post("kf/send_msg", {}))
    assert (type(error), error.took_effect) == (Unavailable, None)
    assert isinstance(failure(lambda: client.download("media/get", {})), Unavailable)


def test_a_body_that_is_no_json_is_rejected_without_a_call(platform: Platform, client: WeComClient) -> None:
    for content in ("\ud83d", float("nan"), object()):
        assert isinstance(failure(lambda c=content: client.post("kf/send_msg", {"text": c})), Rejected)  # type: ignore[misc]
    assert platform.asked == []


def test_a_redirect_is_not_followed(platform: Platform, client: WeComClient) -> None:
    platform.answers["kf/send_msg"] = Reply(status=302, headers={"Location": platform.base_url + "elsewhere"})
    assert isinstance(failure(lambda: client.post("kf/send_msg", {})), Unavailable)
    assert platform.count("elsewhere") == 0


def test_connections_are_kept_and_32_threads_can_call_at_once(platform: Platform, client: WeComClient) -> None:
    all_here = threading.Barrier(32)

    def answer(_asked: object) -> Reply:
        all_here.wait(20)  # breaks unless 32 calls are under way at the same time
        return Reply(b'{"errcode": 0}')

    platform.answers["kf/send_msg"] = answer
    client.get("warm")
    with ThreadPoolExecutor(32) as pool:
        assert len(list(pool.map(lambda _: client.post("kf/send_msg", {}), range(64)))) == 64


# the token


def test_50_threads_fetch_one_token(platform: Platform, client: WeComClient) -> None:
    platform.answers["gettoken"] = lambda asked: (time.sleep(0.05), platform._token(asked))[1]
    with ThreadPoolExecutor(50) as pool:
        assert len(list(pool.map(lambda _: client.post("kf/send_msg", {}), range(200)))) == 200
    assert platform.count("gettoken") == 1


def test_50_threads_with_an_expired_token_fetch_at_most_two(platform: Platform, client: WeComClient) -> None:
    client.get("warm")
    platform.answers["kf/send_msg"] = takes_only("T2")
    with ThreadPoolExecutor(50) as pool:
        list(pool.map(lambda _: client.post("kf/send_msg", {}), range(200)))
    assert platform.count("gettoken") == 2


def test_a_token_is_replaced_shortly_before_it_ends(platform: Platform, timed: WeComClient, clock: Clock) -> None:
    timed.get("a")
    clock.now += 7100
    timed.get("a")
    assert platform.count("gettoken") == 1
    clock.now += 50
    timed.get("a")
    assert platform.count("gettoken") == 2
    assert platform.asked[-1].query["access_token"] == "T2"


def test_a_platform_that_repeats_a_living_token_is_not_asked_again_before_its_end(
    platform: Platform, timed: WeComClient, clock: Clock
) -> None:
    end = clock.now + 7200
    same = {"errcode": 0, "access_token": "same"}
    platform.answers["gettoken"] = lambda _asked: {**same, "expires_in": int(end - clock.now)}
    for seconds in (0, 7145, 10, 10, 10, 10, 10):
        clock.now += seconds
        timed.get("a")
    assert platform.count("gettoken") == 2


def test_a_living_token_is_used_on_when_it_cannot_be_replaced_in_time(
    platform: Platform, timed: WeComClient, clock: Clock
) -> None:
    timed.get("a")
    platform.answers["gettoken"] = Reply(status=502)
    clock.now += 7150
    assert timed.get("a")["errcode"] == 0
    clock.now += 50
    assert isinstance(failure(lambda: timed.get("a")), Unavailable)


@pytest.mark.parametrize("errcode", [40014, 42001])
def test_a_refused_token_is_fetched_again_once_and_the_call_made_again(
    platform: Platform, client: WeComClient, errcode: int
) -> None:
    platform.answers["kf/send_msg"] = lambda asked: {"errcode": errcode if asked.query["access_token"] == "T1" else 0}
    assert client.post("kf/send_msg", {"a": 1})["errcode"] == 0
    assert platform.count("gettoken") == 2
    assert [asked.json for asked in platform.asked if asked.api == "kf/send_msg"] == [{"a": 1}, {"a": 1}]


def test_a_platform_that_refuses_every_token_is_not_asked_in_a_loop(platform: Platform, timed: WeComClient) -> None:
    platform.answers["kf/send_msg"] = {"errcode": 40014, "errmsg": "invalid access_token"}
    error = failure(lambda: timed.post("kf/send_msg", {}))
    assert (type(error), error.errcode, error.took_effect) == (Unavailable, 40014, False)
    for _ in range(20):
        assert isinstance(failure(lambda: timed.post("kf/send_msg", {})), Throttled)
    assert (platform.count("gettoken"), platform.count("kf/send_msg")) == (2, 2)
    assert timed.get("another/api")["errcode"] == 0


def test_a_wrong_secret_is_tried_once_and_remembered(platform: Platform, timed: WeComClient, clock: Clock) -> None:
    platform.answers["gettoken"] = {"errcode": 40001, "errmsg": "invalid credential"}
    with ThreadPoolExecutor(20) as pool:
        errors = list(pool.map(lambda _: failure(lambda: timed.post("kf/send_msg", {})), range(100)))
    assert {(type(error), error.errcode, error.took_effect) for error in errors} == {(Rejected, 40001, False)}
    assert platform.count("gettoken") == 1
    clock.now += 61
    platform.answers["gettoken"] = platform._token
    assert timed.post("kf/send_msg", {})["errcode"] == 0


def test_a_banned_gettoken_is_left_alone_for_an_hour(platform: Platform, timed: WeComClient, clock: Clock) -> None:
    platform.answers["gettoken"] = {"errcode": 45009, "errmsg": "reach max api daily quota limit"}
    failure(lambda: timed.get("a"))
    clock.now += 1800
    error = failure(lambda: timed.get("a"))
    assert isinstance(error, Throttled)
    assert error.retry_after_s == pytest.approx(1800)
    assert platform.count("gettoken") == 1


def test_threads_waiting_for_an_unreachable_gettoken_do_not_each_wait_their_turn(platform: Platform) -> None:
    client = WeComClient("wwcorp", SECRET, 1, platform.base_url, timeout_s=0.3)
    platform.answers["gettoken"] = lambda _asked: Reply(b"", after_s=0.6)
    with ThreadPoolExecutor(20) as pool:
        errors = list(pool.map(lambda _: failure(lambda: client.post("kf/send_msg", {})), range(20)))
    assert all(isinstance(error, Unavailable) and error.took_effect is False for error in errors)
    assert platform.count("gettoken") == 1


@pytest.mark.parametrize("answer", [{"errcode": 0}, {"errcode": 0, "access_token": 5, "expires_in": 7200}])
def test_an_answer_without_a_token_is_unavailable(
    platform: Platform, client: WeComClient, answer: dict[str, Any]
) -> None:
    platform.answers["gettoken"] = answer
    assert isinstance(failure(lambda: client.get("a")), Unavailable)


# failures


@pytest.mark.parametrize(
    ("reply", "took_effect"),
    [
        (Reply(b"<html>gateway</html>"), None),
        (Reply(b""), None),
        (Reply(b"[]"), None),
        (Reply(b"null"), None),
        (Reply(b'{"errmsg": "ok"}'), None),
        (Reply(b'{"errcode": null}'), None),
        (Reply(b'{"errcode": "soon"}'), None),
        (Reply(b'{"errcode": ' + b"[" * 100_000), None),
        (Reply(b"<html>", status=500), None),
        (Reply(b'{"errcode": 0}', status=502), None),
        (Reply(b"<html>", status=404), False),
        (Reply(b"", status=413), False),
        (Reply(b'{"errcode":', fault="half"), None),
        (Reply(fault="close"), None),
        (Reply(fault="reset"), None),
        (Reply(b"\x1f\x8bgarbage", headers={"Content-Encoding": "gzip"}), None),
    ],
)
def test_an_answer_that_is_not_wecoms_is_unavailable_and_the_call_made_once(
    platform: Platform, client: WeComClient, reply: Reply, took_effect: bool | None
) -> None:
    platform.answers["kf/send_msg"] = reply
    error = failure(lambda: client.post("kf/send_msg", {}))
    assert (type(error), error.errcode, error.took_effect) == (Unavailable, None, took_effect)
    assert platform.count("kf/send_msg") == 1


def test_invalid_utf8_and_control_characters_inside_an_answer_do_not_lose_it(
    platform: Platform, client: WeComClient
) -> None:
    platform.answers["kf/customer/batchget"] = Reply(b'{"errcode": 0, "name": "a\xff\x01\\u0000\\ud83d\nz"}')
    assert client.post("kf/customer/batchget", {})["name"] == "a\ufffd\x01\ufffd\ufffd\nz"


def test_a_slow_answer_times_out_with_unknown_effect(platform: Platform) -> None:
    client = WeComClient("wwcorp", SECRET, 1, platform.base_url, timeout_s=0.2)
    client.get("warm")
    platform.answers["kf/send_msg"] = Reply(b'{"errcode": 0}', after_s=0.6)
    error = failure(lambda: client.post("kf/send_msg", {}))
    assert (type(error), error.took_effect, error.reason) == (Unavailable, None, "timed out")
    assert platform.count("kf/send_msg") == 1


def test_a_connection_that_nobody_takes_has_surely_no_effect() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/cgi-bin/"
        error = failure(lambda: WeComClient("c", SECRET, 1, url).post("webhook/send", {}, token=False))
    assert (type(error), error.took_effect) == (Unavailable, False)


def test_a_host_without_address_has_surely_no_effect() -> None:
    client = WeComClient("c", SECRET, 1, "http://nobody.invalid/cgi-bin/")
    error = failure(lambda: client.post("webhook/send", {}, token=False))
    assert (type(error), error.took_effect) == (Unavailable, False)


def test_a_connection_that_is_never_accepted_times_out_with_surely_no_effect() -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        address = full.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(address)
        client = WeComClient("c", SECRET, 1, f"http://127.0.0.1:{address[1]}/cgi-bin/", timeout_s=0.3)
        error = failure(lambda: client.post("webhook/send", {}, token=False))
        for each in waiting:
            each.close()
    assert (type(error), error.took_effect) == (Unavailable, False)


def test_a_post_on_a_connection_that_the_platform_has_dropped_arrives_at_most_once(
    platform: Platform, client: WeComClient
) -> None:
    client.get("warm")
    platform.answers["kf/send_msg"] = Reply(fault="close")
    failure(lambda: client.post("kf/send_msg", {}))
    platform.answers["kf/send_msg"] = {"errcode": 0}
    assert client.post("kf/send_msg", {})["errcode"] == 0
    assert platform.count("kf/send_msg") == 2


def test_no_error_and_no_log_line_holds_token_secret_or_body(
    platform: Platform, client: WeComClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    shown = ""
    body = {"text": "confidential"}
    for fault in (Reply(fault="reset"), Reply(status=500), Reply(b"<html>"), {"errcode": 40058, "errmsg": "no"}):
        platform.answers["kf/send_msg"] = fault
        error = failure(lambda: client.post("kf/send_msg", body))
        shown += "".join(traceback.format_exception(error)) + repr(vars(error))
        assert error.__cause__ is None
        assert error.__context__ is None
    platform.answers["gettoken"] = Reply(fault="reset")
    other = WeComClient("wwcorp", SECRET, 1, platform.base_url)
    shown += "".join(traceback.format_exception(failure(lambda: other.get("a"))))
    for private in ("T1", SECRET, "confidential"):
        assert private not in caplog.text
        assert private not in shown


# errcodes


@pytest.mark.parametrize(
    ("errcode", "kind"),
    [(-1, Unavailable), (41063, Unavailable), (45009, Throttled), (45033, Throttled), (40058, Rejected), (7, Rejected)],
)
def test_an_errcode_has_the_fate_of_the_table_and_no_effect(
    platform: Platform, client: WeComClient, errcode: int, kind: type[GatewayError]
) -> None:
    hint = ", hint: [1763712000_9_ab], from ip: 10.1.2.3, more info at https://open.work.weixin.qq.com/"
    platform.answers["kf/send_msg"] = {"errcode": errcode, "errmsg": "some words" + hint}
    error = failure(lambda: client.post("kf/send_msg", {}))
    assert (type(error), error.errcode, error.took_effect) == (kind, errcode, False)
    assert error.reason.endswith("some words")


def test_the_table_holds_the_official_titles_and_only_known_fates() -> None:
    assert Counter(row.fate for row in ERRCODES.values()).keys() == {"unavailable", "throttled", "token", "rejected"}
    assert {40014, 42001} == TOKEN_ERRCODES
    assert error_for("kf/send_msg", 95001).reason == "发送客服消息次数限制"


def test_a_concurrency_limit_asks_for_a_short_and_varying_wait() -> None:
    waits = set()
    for _ in range(20):
        error = error_for("externalcontact/list", 45033)
        assert isinstance(error, Throttled)
        waits.add(error.retry_after_s)
    assert len(waits) > 1
    assert max(waits) <= 2


# budget and pause


def test_after_45009_nothing_is_called_until_the_pause_is_over(
    platform: Platform, timed: WeComClient, clock: Clock
) -> None:
    platform.answers["kf/send_msg"] = {"errcode": 45009, "errmsg": "api freq out of limit"}
    error = failure(lambda: timed.post("kf/send_msg", {}))
    assert isinstance(error, Throttled)
    assert error.retry_after_s == 60
    platform.answers["kf/send_msg"] = {"errcode": 0}
    clock.now += 20
    again = failure(lambda: timed.post("kf/send_msg", {}))
    assert isinstance(again, Throttled)
    assert again.retry_after_s == pytest.approx(40)
    assert platform.count("kf/send_msg") == 1
    assert timed.post("kf/sync_msg", {})["errcode"] == 0
    clock.now += 41
    assert timed.post("kf/send_msg", {})["errcode"] == 0


def test_one_robot_over_its_limit_does_not_stop_another(platform: Platform, client: WeComClient) -> None:
    def send(key: str) -> dict[str, Any]:
        return client.post("webhook/send", {}, {"key": key}, token=False)

    for _ in range(20):
        send("A")
    error = failure(lambda: send("A"))
    assert isinstance(error, Throttled)
    assert 0 < error.retry_after_s <= 60
    assert send("B")["errcode"] == 0
    assert platform.count("webhook/send") == 21


def test_over_budget_nothing_is_called_and_the_wait_is_told(platform: Platform) -> None:
    budget = Budget(per_api=(RateLimitItemPerMinute(2000),))
    client = WeComClient("wwcorp", SECRET, 1, platform.base_url, budget=budget)
    for _ in range(2000):
        budget.spend("kf/send_msg")
    error = failure(lambda: client.post("kf/send_msg", {}))
    assert isinstance(error, Throttled)
    assert 0 < error.retry_after_s <= 60
    assert error.errcode is None
    assert platform.asked == []


def test_counting_starts_no_threads_and_forgets_what_is_over() -> None:
    budget = Budget()
    budget.spend("kf/send_msg")
    time.sleep(0.05)
    before = set(threading.enumerate())
    for number in range(200):
        budget.spend("webhook/send", str(number))
    assert set(threading.enumerate()) <= before  # those of other tests may end meanwhile


def test_50_threads_never_get_more_than_the_budget() -> None:
    budget = Budget()

    def spend(_: int) -> bool:
        try:
            budget.spend("webhook/send", "K")
        except Throttled:
            return False
        return True

    with ThreadPoolExecutor(50) as pool:
        assert sum(pool.map(spend, range(500))) == 20


# metrics


def test_every_call_is_told_with_its_outcome(platform: Platform) -> None:
    told: list[tuple[str, str]] = []
    client = WeComClient(
        "wwcorp", SECRET, 1, platform.base_url, on_call=lambda api, outcome, seconds: told.append((api, outcome))
    )
    platform.answers |= {"b": {"errcode": 40058}, "c": Reply(status=500), "d": {"errcode": 45009}}
    client.get("a")
    for api in "bcdd":
        failure(lambda api=api: client.get(api))  # type: ignore[misc]
    assert told == [
        ("gettoken", "ok"),
        ("a", "ok"),
        ("b", "rejected"),
        ("c", "unavailable"),
        ("d", "throttled"),
        ("d", "throttled"),
    ]
