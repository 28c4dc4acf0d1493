"""The gateway against the sandbox: two readings of the same documentation have to agree."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests

from bot.errors import GatewayError, Rejected, Throttled, Unavailable
from bot.sandbox.server import Running, start_in_thread
from bot.sandbox.world import read_world
from bot.wecom import apps, contacts, groups, kf
from bot.wecom.callback import Crypto, open_callback, parse_aibot, parse_event, read_json_envelope
from bot.wecom.calls import CALLS
from bot.wecom.client import WeComClient
from bot.wecom.items import parse_kf_item
from handlers.event import AibotMessage, AppMessage, Event, ExternalContactChanged, KfDoorbell, KfEvent, KfMessage

CORPID, SECRET, AGENTID = "ww0123456789abcdef", "app-secret", 1000002
TOKEN, KEY = "QDG6eK", "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"
KFID, CUSTOMER, NEWCOMER, STAFF, GROUP = "wkSAMPLE", "wmAMEI", "wmBEIBEI", "lin", "wrGROUP"
TEXT = {"msgtype": "text", "text": {"content": "您好😀"}}


class Sandbox:
    """A running sandbox, its control API, and what arrived at the callback address."""

    def __init__(self) -> None:
        self.inbox: Queue[tuple[dict[str, str], bytes, str]] = Queue()
        self.door = ThreadingHTTPServer(("127.0.0.1", 0), _door(self.inbox))
        Thread(target=self.door.serve_forever, args=(0.01,), daemon=True).start()
        world = read_world(None)
        url = f"http://127.0.0.1:{self.door.server_port}"
        for app in world.apps.values():
            app.callback_url = f"{url}/wecom/callback"
        for aibot in world.aibots.values():
            aibot.callback_url = f"{url}/wecom/aibot"
        self.running: Running = start_in_thread(world)
        self.base_url = f"{self.running.url}/cgi-bin/"

    def control(self, what: str, **given: Any) -> dict[str, Any]:
        answer = requests.post(f"{self.running.url}/control/{what}", json=given, timeout=5)
        assert answer.ok, answer.text
        done: dict[str, Any] = answer.json()
        return done

    def fault(self, api: str, kind: str, **more: Any) -> None:
        self.control("faults", api=api, kind=kind, times=1, **more)

    def effects(self, api: str) -> int:
        calls = requests.get(f"{self.running.url}/control/calls", params={"api": api}, timeout=5).json()
        return sum(bool(call["effect"]) for call in (calls["calls"] if isinstance(calls, dict) else calls))

    def next_event(self) -> Event:
        """The next callback, opened and read by our own front door."""
        args, body, path = self.inbox.get(timeout=5)
        if path == "/wecom/aibot":
            return parse_aibot(open_callback(Crypto(TOKEN, KEY, ""), args, body, 0, 0, read_json_envelope))
        return parse_event(open_callback(Crypto(TOKEN, KEY, CORPID), args, body, 0, 0))

    def stop(self) -> None:
        self.running.stop()
        self.door.shutdown()
        self.door.server_close()


def _door(inbox: "Queue[tuple[dict[str, str], bytes, str]]") -> type[BaseHTTPRequestHandler]:
    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            url = urlsplit(self.path)
            body = self.rfile.read(int(self.headers["Content-Length"]))
            inbox.put((dict(parse_qsl(url.query)), body, url.path))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Silence."""

    return Door


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    sandbox = Sandbox()
    yield sandbox
    sandbox.stop()


@pytest.fixture
def client(sandbox: Sandbox) -> WeComClient:
    return WeComClient(CORPID, SECRET, AGENTID, sandbox.base_url, timeout_s=3.0)


def failure(call: Callable[[], object]) -> GatewayError:
    with pytest.raises(GatewayError) as caught:
        call()
    return caught.value


def kf_text(msgid: str) -> dict[str, Any]:
    return {"touser": CUSTOMER, "open_kfid": KFID, "msgid": msgid, **TEXT}


def test_a_customers_words_come_through_doorbell_and_page_and_are_answered(
    sandbox: Sandbox, client: WeComClient
) -> None:
    sandbox.control("customer/enter", external_userid=CUSTOMER, open_kfid=KFID)
    sandbox.control("customer/write", external_userid=CUSTOMER, open_kfid=KFID, text="面霜多少钱？😀")
    doorbell = sandbox.next_event()
    assert isinstance(doorbell, KfDoorbell)
    assert doorbell.open_kfid == KFID
    page = kf.sync_msg(client, KFID, "", doorbell.token)
    events = [parse_kf_item(item, KFID) for item in page["msg_list"]]
    entered, written = events
    assert isinstance(entered, KfEvent)
    assert isinstance(written, KfMessage)
    assert written.text == "面霜多少钱？😀"
    answer = {"code": entered.welcome_code, "msgid": "welcome-1", **TEXT}
    assert kf.send_msg_on_event(client, answer)["msgid"] == "welcome-1"
    assert kf.send_msg(client, kf_text("out-1"))["msgid"] == "out-1"
    assert kf.get_service_state(client, KFID, CUSTOMER)["service_state"] == kf.ASSISTANT
    assert kf.sync_msg(client, KFID, page["next_cursor"], doorbell.token)["msg_list"] == []


def test_staff_ai_bot_and_new_friend_reach_us_as_typed_events(sandbox: Sandbox) -> None:
    sandbox.control("staff/app", userid=STAFF, agentid=AGENTID, text="状态")
    event = sandbox.next_event()
    assert isinstance(event, AppMessage)
    assert (event.userid, event.text) == (STAFF, "状态")
    sandbox.control("aibot/write", userid=STAFF, text="今天怎么样")
    event = sandbox.next_event()
    assert isinstance(event, AibotMessage)
    assert event.text.endswith("今天怎么样")
    sandbox.control("customer/scan", external_userid=NEWCOMER, config_id="cw1")
    event = sandbox.next_event()
    assert isinstance(event, ExternalContactChanged)
    assert (event.change_type, event.state) == ("add_external_contact", "store=1")
    assert event.welcome_code


def test_an_ai_bot_is_answered_once(sandbox: Sandbox, client: WeComClient) -> None:
    sandbox.control("aibot/write", userid=STAFF, text="在吗")
    event = sandbox.next_event()
    assert isinstance(event, AibotMessage)
    body = {"response_url": event.response_url, "msgtype": "markdown", "markdown": {"content": "在"}}
    assert CALLS["aibot/response"].send(client, body)["errcode"] == 0
    again = failure(lambda: CALLS["aibot/response"].send(client, body))
    assert CALLS["aibot/response"].was_done(again)


@pytest.mark.parametrize("kind", ["lost_answer", "half_close"])
def test_a_repeat_after_a_lost_answer_is_refused_and_counts_as_sent(
    sandbox: Sandbox, client: WeComClient, kind: str
) -> None:
    sandbox.control("customer/write", external_userid=CUSTOMER, open_kfid=KFID, text="在吗")
    sandbox.fault("kf/send_msg", kind)
    lost = failure(lambda: kf.send_msg(client, kf_text("out-1")))
    assert (type(lost), lost.took_effect) == (Unavailable, None)
    assert CALLS["kf/send_msg"].was_done(failure(lambda: kf.send_msg(client, kf_text("out-1"))))
    assert sandbox.effects("kf/send_msg") == 1


@pytest.mark.parametrize("kind", ["http500", "http502", "reset", "html"])
def test_a_repeat_after_a_failure_without_effect_is_sent(sandbox: Sandbox, client: WeComClient, kind: str) -> None:
    sandbox.control("customer/write", external_userid=CUSTOMER, open_kfid=KFID, text="在吗")
    sandbox.fault("kf/send_msg", kind)
    lost = failure(lambda: kf.send_msg(client, kf_text("out-1")))
    assert (type(lost), lost.took_effect) == (Unavailable, None)
    assert kf.send_msg(client, kf_text("out-1"))["msgid"] == "out-1"
    assert sandbox.effects("kf/send_msg") == 1


def test_a_slow_answer_is_unknown_and_a_busy_platform_has_not_acted(sandbox: Sandbox) -> None:
    client = WeComClient(CORPID, SECRET, AGENTID, sandbox.base_url, timeout_s=0.4)
    kf.list_accounts(client)
    sandbox.fault("kf/account/list", "latency", latency_s=1.0)
    assert failure(lambda: kf.list_accounts(client)).took_effect is None
    sandbox.fault("kf/account/list", "busy")
    busy = failure(lambda: kf.list_accounts(client))
    assert (type(busy), busy.errcode, busy.took_effect) == (Unavailable, -1, False)


@pytest.mark.parametrize("forget", [False, True])
def test_tokens_that_die_early_are_fetched_again_once_for_50_threads(
    sandbox: Sandbox, client: WeComClient, forget: bool
) -> None:
    kf.list_accounts(client)
    before = sandbox.control("tokens/expire", forget=forget)["issued"]
    with ThreadPoolExecutor(50) as pool:
        assert all(pool.map(lambda _: kf.list_accounts(client), range(100)))
    assert sandbox.control("tokens/expire")["issued"] - before <= 2


def test_a_throttled_api_is_not_called_again(sandbox: Sandbox, client: WeComClient) -> None:
    sandbox.fault("kf/account/list", "throttle")
    assert isinstance(failure(lambda: kf.list_accounts(client)), Throttled)
    assert isinstance(failure(lambda: kf.list_accounts(client)), Throttled)
    calls = requests.get(f"{sandbox.running.url}/control/calls", params={"api": "kf/account/list"}, timeout=5).json()
    assert len(calls["calls"] if isinstance(calls, dict) else calls) == 1


def test_a_wrong_secret_is_rejected(sandbox: Sandbox) -> None:
    client = WeComClient(CORPID, "wrong-secret", AGENTID, sandbox.base_url)
    error = failure(lambda: kf.list_accounts(client))
    assert (type(error), error.errcode) == (Rejected, 40001)


def test_a_welcome_whose_answer_was_lost_counts_as_sent_on_its_repeat(sandbox: Sandbox, client: WeComClient) -> None:
    sandbox.control("customer/scan", external_userid=NEWCOMER, config_id="cw1")
    event = sandbox.next_event()
    assert isinstance(event, ExternalContactChanged)
    body = {"welcome_code": event.welcome_code, "text": {"content": "欢迎"}}
    call = CALLS["externalcontact/send_welcome_msg"]
    sandbox.fault("externalcontact/send_welcome_msg", "lost_answer")
    assert failure(lambda: call.send(client, body)).took_effect is None
    assert call.was_done(failure(lambda: call.send(client, body)))


def test_a_repeated_app_message_is_dropped_and_an_equal_one_meant_twice_arrives(
    sandbox: Sandbox, client: WeComClient
) -> None:
    body = {"touser": STAFF, **TEXT}
    for msgid in ("row-1", "row-1", "row-2"):
        apps.send_message(client, {**body, "msgid": msgid})
    assert sandbox.effects("message/send") == 2


def test_a_mass_message_a_transfer_and_tags_are_found_after_a_lost_answer(
    sandbox: Sandbox, client: WeComClient
) -> None:
    now = sandbox.running.world.now()
    sandbox.control("customer/write", external_userid=CUSTOMER, open_kfid=KFID, text="人工")
    bodies = {
        "externalcontact/add_msg_template": {
            "chat_type": "group", "sender": STAFF, "chat_id_list": [GROUP], "text": {"content": "早安"},
            "attachments": [{"msgtype": "link", "link": {"title": "新品", "url": "https://shop.example.cn"}}],
        },
        "kf/service_state/trans": {
            "open_kfid": KFID, "external_userid": CUSTOMER, "service_state": kf.HUMAN, "servicer_userid": STAFF,
        },
        "externalcontact/add_corp_tag": {"group_name": "肤质", "tag": [{"name": "油皮"}, {"name": "干皮"}]},
    }  # fmt: skip
    for api, body in bodies.items():
        confirm = CALLS[api].confirm
        assert confirm
        assert confirm(client, body, now, now + 5, ()) is None
        sandbox.fault(api, "lost_answer")
        assert failure(lambda api=api, body=body: CALLS[api].send(client, body)).took_effect is None  # type: ignore[misc]
        found = confirm(client, body, now, now + 5, ())
        assert found is not None
        assert found["errcode"] == 0
        assert sandbox.effects(api) == 1


def test_contacts_tags_and_codes_are_kept(sandbox: Sandbox, client: WeComClient) -> None:
    assert STAFF in contacts.get_follow_user_list(client)
    assert contacts.get(client, CUSTOMER)["external_contact"]["external_userid"] == CUSTOMER
    made = contacts.add_corp_tag(client, {"group_name": "肤质", "tag": [{"name": "油皮"}]})
    tag_id = made["tag_group"]["tag"][0]["id"]
    contacts.mark_tag(client, {"userid": STAFF, "external_userid": CUSTOMER, "add_tag": [tag_id]})
    assert contacts.get(client, CUSTOMER)["follow_user"][0]["tags"][0]["tag_id"] == tag_id
    contacts.remark(client, {"userid": STAFF, "external_userid": CUSTOMER, "remark": "阿梅 油皮"})
    contacts.edit_corp_tag(client, {"id": tag_id, "name": "油性"})
    assert contacts.get_corp_tag_list(client, tag_id=[tag_id])[0]["tag"][0]["name"] == "油性"
    contacts.del_corp_tag(client, {"tag_id": [tag_id]})
    assert contacts.get_corp_tag_list(client) == []
    way = contacts.add_contact_way(client, {"type": 1, "scene": 2, "user": [STAFF], "state": "store=2"})
    assert contacts.get_contact_way(client, way["config_id"])["state"] == "store=2"
    contacts.update_contact_way(client, {"config_id": way["config_id"], "state": "store=3"})
    now = int(sandbox.running.world.now())
    assert way["config_id"] in contacts.list_contact_ways(client, now - 60, now + 60)
    contacts.del_contact_way(client, {"config_id": way["config_id"]})


def test_groups_mass_messages_and_join_ways_are_kept(sandbox: Sandbox, client: WeComClient) -> None:
    assert [group["chat_id"] for group in groups.list_group_chats(client, owner_userids=[STAFF])] == [GROUP]
    assert groups.get_group_chat(client, GROUP)["owner"] == STAFF
    body = {"chat_type": "group", "sender": STAFF, "chat_id_list": [GROUP], "text": {"content": "午安"}}
    msgid = groups.add_msg_template(client, body)["msgid"]
    sandbox.control("clock", advance_s=60)
    assert groups.get_groupmsg_task(client, msgid)[0]["status"] == 0
    groups.remind_groupmsg_send(client, {"msgid": msgid})
    sandbox.control("staff/confirm", userid=STAFF, msgid=msgid)
    assert groups.get_groupmsg_task(client, msgid)[0]["status"] == 2
    assert groups.get_groupmsg_send_result(client, msgid, STAFF)[0]["chat_id"] == GROUP
    groups.cancel_groupmsg_send(client, {"msgid": msgid})
    config_id = groups.add_join_way(client, {"scene": 2, "chat_id_list": [GROUP], "state": "store=1"})["config_id"]
    assert groups.get_join_way(client, config_id)["qr_code"]


def test_the_apps_own_voice_and_media_are_taken(sandbox: Sandbox, client: WeComClient) -> None:
    png = b"\x89PNG\r\n\x1a\n" + b"\0" * 32
    media_id = apps.upload_media(client, "image", "海报.png", png, "image/png")["media_id"]
    assert apps.get_media(client, media_id) == png
    assert apps.upload_img(client, "a.png", png, "image/png")["url"].startswith("http")
    for message in (
        TEXT,
        {"msgtype": "markdown", "markdown": {"content": "**好**"}},
        {"msgtype": "image", "image": {"media_id": media_id}},
        {"msgtype": "textcard", "textcard": {"title": "题", "description": "述", "url": "https://a.example.cn"}},
    ):
        assert apps.send_message(client, {"touser": STAFF, **message})["errcode"] == 0
    msgid = apps.send_message(client, {"touser": STAFF, "msgid": "row-9", **TEXT})["msgid"]
    apps.recall_message(client, {"msgid": msgid})
    apps.create_appchat(client, {"chatid": "shop9", "name": "九店", "owner": "lin", "userlist": ["lin", "zhou"]})
    assert apps.get_appchat(client, "shop9")["userlist"] == ["lin", "zhou"]
    apps.send_appchat(client, {"chatid": "shop9", **TEXT})
    apps.send_webhook(client, {"key": "robot-key", **TEXT})
    assert kf.list_servicers(client, KFID)[0]["userid"] == STAFF
    assert kf.batchget_customers(client, [CUSTOMER])["customer_list"][0]["nickname"] == "阿梅"
    assert kf.add_contact_way(client, {"open_kfid": KFID, "scene": "shop"})["url"].startswith("https://")
