"""A body that breaks a documented limit is refused by name, before anything is sent; one at the limit goes through."""

from collections.abc import Callable
from typing import Any

import pytest
from platform_on_sockets import Platform

from bot.errors import Rejected
from bot.wecom import apps, contacts, groups, kf
from bot.wecom.client import WeComClient

Body = dict[str, Any]
Send = Callable[[WeComClient, Body], Body]

KF: Body = {"touser": "wm1", "open_kfid": "wk1", "msgid": "out-1", "msgtype": "text", "text": {"content": "好"}}
ON_EVENT: Body = {"code": "C", "msgtype": "text", "text": {"content": "好"}}
WELCOME: Body = {"welcome_code": "W", "text": {"content": "好"}}
MASS: Body = {"chat_type": "group", "sender": "lin.qiao", "text": {"content": "好"}}
REMARK: Body = {"userid": "u", "external_userid": "wm1", "remark": "小美"}
MARK: Body = {"userid": "u", "external_userid": "wm1", "add_tag": ["et1"]}
WAY: Body = {"type": 1, "scene": 2, "user": ["u"], "state": "store-03"}
JOIN: Body = {"scene": 2, "chat_id_list": ["wr1"]}
APP: Body = {"touser": "u", "msgtype": "text", "text": {"content": "好"}}
CARD: Body = {
    "touser": "u",
    "msgtype": "textcard",
    "textcard": {"title": "题", "description": "述", "url": "https://a"},
}
APPCHAT: Body = {"chatid": "c1", "msgtype": "text", "text": {"content": "好"}}
ROBOT: Body = {"key": "K", "msgtype": "text", "text": {"content": "好"}}
TAGS: Body = {"group_name": "肤质", "tag": [{"name": "油皮"}]}
SERVICE: Body = {"open_kfid": "wk1", "external_userid": "wm1", "service_state": 2}


def link(**changes: Any) -> Body:
    full = {"title": "题", "desc": "述", "url": "https://a.example.cn", "thumb_media_id": "M", **changes}
    return {"msgtype": "link", "link": {name: value for name, value in full.items() if value is not None}}


def menu(*items: Body, **changes: Any) -> Body:
    return {"msgtype": "msgmenu", "msgmenu": {"head_content": "请选", "list": list(items), **changes}}


def click(id_: str = "1", content: str = "退货") -> Body:
    return {"type": "click", "click": {"id": id_, "content": content}}


def attached(**attachment: Any) -> Body:
    return {"attachments": [attachment]}


AT_THE_LIMIT: list[tuple[Send, Body]] = [
    (kf.send_msg, {**KF, "text": {"content": "好" * 682 + "ab"}}),
    (kf.send_msg, {**KF, "text": {"content": "😀" * 512}}),
    (kf.send_msg, {**KF, "msgid": "a" * 32}),
    (kf.send_msg, {**KF, **link(title="好" * 42 + "ab", desc="a" * 512)}),
    (kf.send_msg, {**KF, **menu(*[click("i" * 64, "c" * 128)] * 10, head_content="a" * 1024, tail_content="b" * 1024)}),
    (kf.send_msg, {**KF, "msgtype": "location", "location": {"latitude": -90, "longitude": 180.0}}),
    (kf.send_msg_on_event, {**ON_EVENT, "text": {"content": "a" * 2048}}),
    (kf.trans_service_state, {**SERVICE, "service_state": 3, "servicer_userid": "u"}),
    (contacts.send_welcome_msg, {**WELCOME, "text": {"content": "a" * 4000}}),
    (contacts.send_welcome_msg, {"welcome_code": "W", **attached(msgtype="image", image={"media_id": "M"})}),
    (contacts.remark, {**REMARK, "remark": "好" * 20, "description": "述" * 150}),
    (contacts.mark_tag, {**MARK, "add_tag": ["et1"] * 3000}),
    (contacts.add_corp_tag, {**TAGS, "group_name": "肤" * 30, "tag": [{"name": "油" * 30, "order": 2**32 - 1}]}),
    (contacts.add_contact_way, {**WAY, "state": "态" * 30, "remark": "备" * 30}),
    (contacts.add_contact_way, {**WAY, "type": 2, "user": ["u"] * 100}),
    (groups.add_msg_template, {**MASS, "chat_id_list": ["wr1"] * 2000}),
    (groups.add_msg_template, {"external_userid": ["wm1"] * 10_000, "text": {"content": "a" * 4000}}),
    (groups.add_join_way, {**JOIN, "chat_id_list": ["wr1"] * 5, "state": "态" * 30, "room_base_name": "群" * 40}),
    (apps.send_message, {**APP, "touser": "|".join(["u"] * 1000)}),
    (apps.send_message, {**CARD, "textcard": {**CARD["textcard"], "title": "a" * 128, "btntxt": "四个汉字"}}),
    (apps.send_appchat, {**APPCHAT, "text": {"content": "a" * 2048}}),
    (apps.send_webhook, {**ROBOT, "msgtype": "markdown", "markdown": {"content": "a" * 4096}}),
]

BEYOND: list[tuple[Send, Body, str]] = [
    (kf.send_msg, {**KF, "text": {"content": "好" * 683}}, "text.content: 2049 bytes, allowed 1 to 2048"),
    (kf.send_msg, {**KF, "text": {"content": ""}}, "text.content: 0 bytes, allowed 1 to 2048"),
    (kf.send_msg, {**KF, "text": {}}, "text.content: 0 bytes"),
    (kf.send_msg, {**KF, "text": {"content": 5}}, "text.content: must be text"),
    (kf.send_msg, {**KF, "text": "好"}, "text: missing"),
    (kf.send_msg, {**KF, "msgtype": "news"}, "msgtype: 'news', allowed business_card, ca_link, file"),
    (kf.send_msg, {**KF, "msgtype": ["text"]}, "msgtype:"),
    (kf.send_msg, {**KF, "msgid": "a" * 33}, "msgid:"),
    (kf.send_msg, {**KF, "msgid": "有"}, "msgid:"),
    (kf.send_msg, {**KF, "touser": ""}, "touser: 0 bytes"),
    (kf.send_msg, {**KF, **link(title="好" * 43)}, "link.title: 129 bytes, allowed 1 to 128"),
    (kf.send_msg, {**KF, **link(desc="好" * 171)}, "link.desc: 513 bytes"),
    (kf.send_msg, {**KF, **link(url="a.example.cn")}, "link.url: must begin with a scheme"),
    (kf.send_msg, {**KF, **link(url="https://" + "a" * 2041)}, "link.url: 2049 bytes"),
    (kf.send_msg, {**KF, **link(thumb_media_id=None)}, "link.thumb_media_id: 0 bytes"),
    (kf.send_msg, {**KF, **menu(*[click()] * 11)}, "msgmenu.list: 11 items, allowed 0 to 10"),
    (kf.send_msg, {**KF, **menu(click("i" * 65))}, r"msgmenu.list\[\].click.id: 65 bytes"),
    (kf.send_msg, {**KF, **menu(click("1", "好" * 43))}, r"msgmenu.list\[\].click.content: 129 bytes"),
    (kf.send_msg, {**KF, **menu({"type": "dance"})}, r"msgmenu.list\[\].type: 'dance', allowed click"),
    (kf.send_msg, {**KF, **menu("click")}, "type: must be a field of an object"),  # type: ignore[arg-type]
    (kf.send_msg, {**KF, "msgtype": "msgmenu", "msgmenu": {"list": {"a": 1}}}, "must be a list"),
    (kf.send_msg, {**KF, **menu(head_content="好" * 342)}, "head_content: 1026 bytes"),
    (kf.send_msg, {**KF, "msgtype": "location", "location": {"latitude": 91}}, "location.latitude: 91, allowed -90"),
    (kf.send_msg_on_event, {**ON_EVENT, "msgtype": "image", "image": {"media_id": "M"}}, "msgtype: 'image', allowed"),
    (kf.send_msg_on_event, {**ON_EVENT, "code": None}, "code: 0 bytes"),
    (kf.trans_service_state, {**SERVICE, "service_state": 0}, "service_state: 0, allowed 1, 2, 3, 4"),
    (kf.trans_service_state, {**SERVICE, "service_state": 3}, "servicer_userid: needed"),
    (contacts.send_welcome_msg, {**WELCOME, "text": {"content": "好" * 1334}}, "text.content: 4002 bytes"),
    (contacts.send_welcome_msg, {"welcome_code": "W"}, "text, attachments: at least one"),
    (
        contacts.send_welcome_msg,
        {**WELCOME, "attachments": [{"msgtype": "image", "image": {}}] * 10},
        "attachments: 10 items, allowed 0 to 9",
    ),
    (contacts.send_welcome_msg, {**WELCOME, **attached(msgtype="voice")}, r"attachments\[\].msgtype: 'voice'"),
    (contacts.send_welcome_msg, {**WELCOME, **attached(msgtype="image")}, r"attachments\[\].image: missing"),
    (
        contacts.send_welcome_msg,
        {**WELCOME, **attached(msgtype="miniprogram", miniprogram={"title": "好" * 22})},
        r"attachments\[\].miniprogram.title: 66 bytes, allowed 1 to 64",
    ),
    (contacts.remark, {**REMARK, "remark": "好" * 21}, "remark: 21 characters, allowed 0 to 20"),
    (contacts.remark, {"userid": "u", "external_userid": "wm1"}, "at least one"),
    (contacts.mark_tag, {"userid": "u", "external_userid": "wm1"}, "add_tag, remove_tag: at least one"),
    (contacts.mark_tag, {**MARK, "add_tag": ["et1"] * 3001}, "add_tag: 3001 items"),
    (contacts.add_corp_tag, {**TAGS, "tag": []}, "tag: 0 items"),
    (contacts.add_corp_tag, {**TAGS, "tag": [{"name": "油" * 31}]}, r"tag\[\].name: 31 characters, allowed 1 to 30"),
    (contacts.add_corp_tag, {"tag": [{"name": "油"}]}, "group_id, group_name"),
    (contacts.edit_corp_tag, {"id": "et1", "order": 2**32}, "order: 4294967296, allowed 0 to 4294967295"),
    (contacts.del_corp_tag, {}, "tag_id, group_id"),
    (contacts.add_contact_way, {**WAY, "state": "态" * 31}, "state: 31 characters"),
    (contacts.add_contact_way, {**WAY, "user": ["a", "b"]}, "user: exactly 1"),
    (contacts.add_contact_way, {**WAY, "type": 2, "user": ["u"] * 101}, "user: 101 items"),
    (contacts.add_contact_way, {**WAY, "conclusions": {"text": {"content": "a"}}}, "conclusions: only with is_temp"),
    (contacts.add_contact_way, {**WAY, "scene": 3}, "scene: 3, allowed 1, 2"),
    (contacts.update_contact_way, {"state": "s"}, "config_id: 0 bytes"),
    (groups.add_msg_template, {**MASS, "sender": ""}, "sender: at least one"),
    (groups.add_msg_template, {"text": {"content": "a"}}, "external_userid, sender"),
    (groups.add_msg_template, {**MASS, "chat_id_list": ["wr1"] * 2001}, "chat_id_list: 2001 items"),
    (groups.add_msg_template, {**MASS, "chat_type": "both"}, "chat_type: 'both', allowed group, single"),
    (groups.add_join_way, {**JOIN, "chat_id_list": ["wr1"] * 6}, "chat_id_list: 6 items, allowed 1 to 5"),
    (groups.add_group_welcome_template, {"image": {"media_id": "M"}, "file": {"media_id": "M"}}, "only one"),
    (groups.remind_groupmsg_send, {}, "msgid: 0 bytes"),
    (apps.send_message, {**APP, "text": {"content": "好" * 683}}, "text.content: 2049 bytes"),
    (apps.send_message, {**APP, "touser": ""}, "touser, toparty, totag"),
    (apps.send_message, {**APP, "touser": "|".join(["u"] * 1001)}, "touser: 1001 items"),
    (
        apps.send_message,
        {**CARD, "textcard": {"title": "题", "url": "https://a"}},
        "textcard.description: 0 bytes, allowed 1 to 512",
    ),
    (apps.create_appchat, {"chatid": "c1", "userlist": ["u"]}, "userlist: 1 items, allowed 2 to 2000"),
    (apps.create_appchat, {"userlist": ["u", "v"]}, "chatid"),
    (apps.send_webhook, {**ROBOT, "key": ""}, "key: 0 bytes"),
    (apps.send_webhook, {**ROBOT, "msgtype": "markdown", "markdown": {"content": "好" * 1366}}, "4098 bytes"),
]


@pytest.mark.parametrize(("send", "body"), AT_THE_LIMIT)
def test_a_body_at_its_limit_is_sent(platform: Platform, client: WeComClient, send: Send, body: Body) -> None:
    assert send(client, body)["errcode"] == 0
    assert len(platform.asked) >= 1


@pytest.mark.parametrize(("send", "body", "reason"), BEYOND)
def test_a_body_beyond_its_limit_is_refused_unsent(
    platform: Platform, client: WeComClient, send: Send, body: Body, reason: str
) -> None:
    with pytest.raises(Rejected, match=reason) as refused:
        send(client, body)
    assert refused.value.errcode is None
    assert refused.value.took_effect is False
    assert platform.asked == []


@pytest.mark.parametrize(
    "call",
    [
        lambda client: kf.sync_msg(client, "wk1", "c" * 65),
        lambda client: kf.sync_msg(client, "wk1", "", "t" * 129),
        lambda client: kf.sync_msg(client, "", ""),
        lambda client: kf.sync_msg(client, "wk1", "", limit=1001),
        lambda client: kf.batchget_customers(client, ["wm1"] * 101),
        lambda client: kf.batchget_customers(client, []),
        lambda client: groups.list_group_chats(client, owner_userids=["u"] * 101),
        lambda client: groups.list_groupmsg(client, "group", 0, 32 * 86400),
        lambda client: apps.upload_media(client, "gif", "a", b"x" * 10, "image/gif"),
        lambda client: apps.upload_media(client, "image", "a", b"x" * 5, "image/png"),
        lambda client: apps.upload_media(client, "voice", "a", b"x" * (2 * 1024 * 1024 + 1), "audio/amr"),
        lambda client: apps.upload_img(client, "a", b"x" * (2 * 1024 * 1024 + 1), "image/png"),
        lambda client: apps.upload_attachment(client, "image", 3, "a", b"x" * 10, "image/png"),
    ],
)
def test_a_read_or_upload_beyond_its_limit_is_refused_unsent(
    platform: Platform, client: WeComClient, call: Callable[[WeComClient], object]
) -> None:
    with pytest.raises(Rejected):
        call(client)
    assert platform.asked == []
