"""The calls themselves, and the table that says what a repeat after an unknown outcome may do."""

from typing import Any

import pytest
from platform_on_sockets import Asked, Platform

from bot.errors import Rejected, Throttled
from bot.wecom import apps, contacts, groups, kf
from bot.wecom.calls import CALLS, Repeat
from bot.wecom.client import WeComClient

TEXT = {"msgtype": "text", "text": {"content": "您好"}}
RESPONSE_URL = "aibot/response?response_code=RC%2F1"


def pages(field: str, *items: list[Any]) -> Any:
    """Answers page after page by cursor c1, c2, …"""

    def answer(asked: Asked) -> dict[str, Any]:
        given = (asked.json if asked.body else asked.query).get("cursor", "")
        page = int(given.removeprefix("c") or 0)
        return {"errcode": 0, field: items[page], "next_cursor": f"c{page + 1}" if page + 1 < len(items) else ""}

    return answer


def test_sync_msg_names_the_account_and_leaves_out_what_is_empty(platform: Platform, client: WeComClient) -> None:
    platform.answers["kf/sync_msg"] = {"errcode": 0, "next_cursor": "c1", "has_more": 1, "msg_list": []}
    assert kf.sync_msg(client, "wk1", "")["has_more"] == 1
    assert platform.asked[-1].json == {"open_kfid": "wk1", "limit": 1000}
    kf.sync_msg(client, "wk1", "c1", "ENC")
    assert platform.asked[-1].json == {"open_kfid": "wk1", "limit": 1000, "cursor": "c1", "token": "ENC"}


def test_all_kf_accounts_are_listed_page_by_page(platform: Platform, client: WeComClient) -> None:
    accounts = [{"open_kfid": f"wk{number}"} for number in range(230)]
    platform.answers["kf/account/list"] = lambda asked: {
        "errcode": 0,
        "account_list": accounts[asked.json["offset"] :][: asked.json["limit"]],
    }
    assert kf.list_accounts(client) == accounts
    assert platform.count("kf/account/list") == 3


def test_a_customer_followed_by_many_comes_whole(platform: Platform, client: WeComClient) -> None:
    def answer(asked: Asked) -> dict[str, Any]:
        first = "cursor" not in asked.query
        return {
            "errcode": 0,
            "external_contact": {"name": "小美"},
            "follow_user": [{"userid": "u1" if first else "u2"}],
            "next_cursor": "c1" if first else "",
        }

    platform.answers["externalcontact/get"] = answer
    customer = contacts.get(client, "wm1")
    assert customer == {"external_contact": {"name": "小美"}, "follow_user": [{"userid": "u1"}, {"userid": "u2"}]}


def test_lists_are_read_to_their_last_page(platform: Platform, client: WeComClient) -> None:
    platform.answers |= {
        "externalcontact/groupchat/list": pages("group_chat_list", [{"chat_id": "wr1"}], [], [{"chat_id": "wr2"}]),
        "externalcontact/get_groupmsg_task": pages("task_list", [{"userid": "u1"}], [{"userid": "u2"}]),
        "externalcontact/get_groupmsg_send_result": pages("send_list", [{"status": 1}]),
        "externalcontact/list_contact_way": pages("contact_way", [{"config_id": "a"}], [{"config_id": "b"}]),
    }
    assert [group["chat_id"] for group in groups.list_group_chats(client, owner_userids=["u"])] == ["wr1", "wr2"]
    assert [task["userid"] for task in groups.get_groupmsg_task(client, "msg1")] == ["u1", "u2"]
    assert groups.get_groupmsg_send_result(client, "msg1", "u1") == [{"status": 1}]
    assert contacts.list_contact_ways(client, 0, 1) == ["a", "b"]


def test_a_cursor_that_stands_still_ends_the_list(platform: Platform, client: WeComClient) -> None:
    platform.answers["externalcontact/get_groupmsg_task"] = {"errcode": 0, "task_list": [1], "next_cursor": "same"}
    assert groups.get_groupmsg_task(client, "msg1") == [1, 1]


def test_a_message_to_staff_goes_out_with_our_agentid_and_the_duplicate_check(
    platform: Platform, client: WeComClient
) -> None:
    apps.send_message(client, {"touser": "u", "msgid": "row-1", **TEXT})
    sent = platform.asked[-1].json
    assert sent["agentid"] == 1000007
    assert sent["enable_duplicate_check"] == 1
    assert 1800 <= sent["duplicate_check_interval"] <= 14_400
    assert "msgid" not in sent


def test_a_repeat_is_the_same_request_and_an_equal_text_meant_twice_is_another(
    platform: Platform, client: WeComClient
) -> None:
    for msgid in ("row-1", "row-1", "row-2"):
        apps.send_message(client, {"touser": "u", "msgid": msgid, **TEXT})
    first, repeat, another = (asked.body for asked in platform.asked if asked.api == "message/send")
    assert first == repeat
    assert first != another


def test_a_robots_key_goes_into_the_query_and_not_into_the_body(platform: Platform, client: WeComClient) -> None:
    body = {"key": "K-1", **TEXT}
    CALLS["webhook/send"].send(client, body)
    assert platform.asked[-1].query == {"key": "K-1"}
    assert platform.asked[-1].json == TEXT
    assert body["key"] == "K-1"


def test_an_ai_bot_is_answered_through_its_own_url_without_token(platform: Platform, client: WeComClient) -> None:
    message = {"msgtype": "markdown", "markdown": {"content": "**好**"}}
    CALLS["aibot/response"].send(client, {"response_url": platform.base_url + RESPONSE_URL, **message})
    assert platform.asked[-1].api == "aibot/response"
    assert platform.asked[-1].query == {"response_code": "RC/1"}
    assert platform.asked[-1].json == message


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://qyapi.weixin.qq.com.evil.cn/cgi-bin/aibot/response?response_code=x",
        "https://evil.cn/cgi-bin/aibot/response?response_code=x",
        "file:///etc/passwd",
        "http://169.254.169.254/latest",
        "{base}gettoken?corpid=x",
        "{base}aibot/response/../gettoken",
        "http://user@{host}/cgi-bin/aibot/response?response_code=x",
    ],
)
def test_a_response_url_elsewhere_is_refused_unsent(platform: Platform, client: WeComClient, url: str) -> None:
    host = f"127.0.0.1:{platform.server.server_port}"
    message = {"msgtype": "markdown", "markdown": {"content": "x"}}
    with pytest.raises(Rejected, match="response_url"):
        apps.aibot_response(client, url.format(base=platform.base_url, host=host), message)
    assert platform.asked == []


def test_media_go_up_by_kind(platform: Platform, client: WeComClient) -> None:
    png = b"\x89PNG\r\n\x1a\n"
    apps.upload_media(client, "image", "海报.png", png, "image/png")
    assert platform.asked[-1].query["type"] == "image"
    apps.upload_attachment(client, "image", 1, "a.png", png, "image/png")
    assert platform.asked[-1].query["attachment_type"] == "1"
    apps.upload_img(client, "a.png", png, "image/png")
    assert platform.asked[-1].api == "media/uploadimg"
    assert png in platform.asked[-1].body


def test_every_call_of_the_table_is_named_after_the_api_it_calls(platform: Platform, client: WeComClient) -> None:
    with pytest.raises(Rejected) as refused:
        CALLS["kf/send_msg"].send(client, {})
    assert refused.value.api == "kf/send_msg"
    bodies: dict[str, dict[str, Any]] = {
        "kf/send_msg": {"touser": "wm", "open_kfid": "wk", **TEXT},
        "kf/send_msg_on_event": {"code": "C", **TEXT},
        "kf/service_state/trans": {"open_kfid": "wk", "external_userid": "wm", "service_state": 2},
        "externalcontact/send_welcome_msg": {"welcome_code": "W", "text": {"content": "x"}},
        "externalcontact/mark_tag": {"userid": "u", "external_userid": "wm", "add_tag": ["et"]},
        "externalcontact/remark": {"userid": "u", "external_userid": "wm", "remark": "x"},
        "externalcontact/add_corp_tag": {"group_name": "g", "tag": [{"name": "t"}]},
        "externalcontact/edit_corp_tag": {"id": "et", "name": "x"},
        "externalcontact/del_corp_tag": {"tag_id": ["et"]},
        "externalcontact/add_contact_way": {"type": 1, "scene": 2, "user": ["u"]},
        "externalcontact/update_contact_way": {"config_id": "c", "state": "s"},
        "externalcontact/del_contact_way": {"config_id": "c"},
        "externalcontact/add_msg_template": {"sender": "u", "text": {"content": "x"}},
        "externalcontact/remind_groupmsg_send": {"msgid": "m"},
        "externalcontact/cancel_groupmsg_send": {"msgid": "m"},
        "externalcontact/group_welcome_template/add": {"text": {"content": "x"}},
        "externalcontact/groupchat/add_join_way": {"scene": 2, "chat_id_list": ["wr"]},
        "message/send": {"touser": "u", **TEXT},
        "message/recall": {"msgid": "m"},
        "appchat/create": {"chatid": "c", "userlist": ["u", "v"]},
        "appchat/send": {"chatid": "c", **TEXT},
        "webhook/send": {"key": "K", **TEXT},
        "aibot/response": {
            "response_url": platform.base_url + RESPONSE_URL,
            "msgtype": "markdown",
            "markdown": {"content": "x"},
        },
    }
    assert set(bodies) == set(CALLS)
    for api, body in bodies.items():
        CALLS[api].send(client, body)
        assert platform.asked[-1].api == api
        assert platform.asked[-1].method == "POST"


@pytest.mark.parametrize(
    ("api", "errcode", "errmsg", "done"),
    [
        ("kf/send_msg", 40058, "invalid request parameter", True),
        ("kf/send_msg", 95999, "duplicate msgid", True),
        ("kf/send_msg", 95001, "send msg count limit", False),
        ("kf/send_msg_on_event", 40058, "", True),
        ("externalcontact/send_welcome_msg", 41051, "", True),
        ("externalcontact/send_welcome_msg", 41096, "", True),
        ("externalcontact/send_welcome_msg", 41050, "", False),
        ("kf/service_state/trans", 95016, "", False),
        ("appchat/create", 86215, "", True),
        ("webhook/send", 40058, "", False),
    ],
)
def test_a_refused_repeat_counts_as_done_only_where_the_refusal_proves_it(
    platform: Platform, client: WeComClient, api: str, errcode: int, errmsg: str, done: bool
) -> None:
    platform.answers[api] = {"errcode": errcode, "errmsg": errmsg}
    with pytest.raises(Rejected) as refused:
        client.post(api, {})
    assert CALLS[api].was_done(refused.value) is done


def test_our_own_refusal_and_a_limit_never_count_as_done() -> None:
    assert not CALLS["kf/send_msg"].was_done(Rejected("kf/send_msg", "msgid: 33 bytes, allowed 0 to 32"))
    assert not CALLS["kf/send_msg"].was_done(Throttled("kf/send_msg", "paused"))


def test_what_cannot_be_told_apart_is_never_simply_sent_again() -> None:
    careful = {api for api, call in CALLS.items() if call.repeat is Repeat.ASK}
    assert careful >= {"externalcontact/add_msg_template", "appchat/send", "webhook/send", "kf/service_state/trans"}
    assert {api for api, call in CALLS.items() if call.confirm} == {
        "externalcontact/add_msg_template",
        "externalcontact/add_corp_tag",
        "kf/service_state/trans",
    }


def test_a_transfer_of_unknown_outcome_is_confirmed_by_the_sessions_state(
    platform: Platform, client: WeComClient
) -> None:
    confirm = CALLS["kf/service_state/trans"].confirm
    assert confirm
    body = {"open_kfid": "wk", "external_userid": "wm", "service_state": 3, "servicer_userid": "u"}
    platform.answers["kf/service_state/get"] = {"errcode": 0, "service_state": 3, "servicer_userid": "u"}
    assert confirm(client, body, 0.0, 1.0, ()) == {"errcode": 0}
    platform.answers["kf/service_state/get"] = {"errcode": 0, "service_state": 3, "servicer_userid": "other"}
    assert confirm(client, body, 0.0, 1.0, ()) is None
    platform.answers["kf/service_state/get"] = {"errcode": 0, "service_state": 1}
    assert confirm(client, body, 0.0, 1.0, ()) is None


def test_a_mass_message_of_unknown_outcome_is_found_by_sender_time_and_words(
    platform: Platform, client: WeComClient
) -> None:
    confirm = CALLS["externalcontact/add_msg_template"].confirm
    assert confirm
    now = 1_763_712_600.0
    body = {"chat_type": "group", "sender": "u", "chat_id_list": ["wr1"], "text": {"content": "早安"}}
    row = {"msgid": "msg1", "creator": "u", "create_time": 1_763_712_500, "text": {"content": "早安"}}
    find = "externalcontact/get_groupmsg_list_v2"
    platform.answers[find] = {"errcode": 0, "group_msg_list": [row]}
    assert confirm(client, body, now - 200, now, ()) == {"errcode": 0, "msgid": "msg1", "fail_list": []}
    assert platform.asked[-1].json["creator"] == "u"
    assert confirm(client, body, now - 200, now, {"msg1"}) is None
    assert confirm(client, {**body, "text": {"content": "晚安"}}, now - 200, now, ()) is None
    platform.answers[find] = {"errcode": 0, "group_msg_list": [{**row, "create_time": 1_763_700_000}]}
    assert confirm(client, body, now - 200, now, ()) is None


def test_tags_of_unknown_outcome_are_found_with_their_ids(platform: Platform, client: WeComClient) -> None:
    confirm = CALLS["externalcontact/add_corp_tag"].confirm
    assert confirm
    tags = [{"id": "et1", "name": "油皮"}, {"id": "et2", "name": "干皮"}]
    group = {"group_id": "g1", "group_name": "肤质", "tag": tags}
    platform.answers["externalcontact/get_corp_tag_list"] = {"errcode": 0, "tag_group": [group]}
    body = {"group_name": "肤质", "tag": [{"name": "油皮"}]}
    assert confirm(client, body, 0.0, 1.0, ()) == {"errcode": 0, "tag_group": {**group, "tag": tags[:1]}}
    assert confirm(client, {**body, "tag": [{"name": "敏感肌"}]}, 0.0, 1.0, ()) is None
    assert confirm(client, {**body, "group_name": "年龄"}, 0.0, 1.0, ()) is None
