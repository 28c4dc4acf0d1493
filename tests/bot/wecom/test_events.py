"""Every kind of callback and sync_msg item becomes its typed event, and nothing it carried is lost."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import CallbackError
from bot.wecom.events import dedup_key, parse_event
from bot.wecom.items import parse_aibot, parse_kf_item
from bot.wecom.wire import MAX_DEPTH, read_xml
from handlers import event as events
from handlers.event import Event, event_from_json

PAYLOADS = Path(__file__).parents[2] / "payloads"
USER = "lin.qiao"
CUSTOMER = "wmWZ0001customerAAA"
KFID = "wkWZ01"
CHAT = "wrWZ0001groupAAAA"

APP = {"userid": USER, "agentid": "1000007", "created_at": 1763712000}
MESSAGE = {**APP, "msgid": "7012345678901234567"}
PAIR = {"userid": USER, "external_userid": CUSTOMER}
KF = {"msgid": "kfWZmsg0001", "open_kfid": KFID, "external_userid": CUSTOMER, "send_time": 1763712030, "origin": 3}
KF_EVENT = {"msgid": "kfWZevt0001", "open_kfid": KFID, "send_time": 1763712031}
AIBOT = {"msgid": "AIBmsg/0001==", "aibotid": "aibWZ", "userid": USER}
ANSWER = {"response_url": "https://qyapi.weixin.qq.com/cgi-bin/aibot/response?response_code=RC1"}
GROUP = {"chattype": "group", "chatid": "wrInternal1"}

EXPECTED: dict[str, tuple[str, dict[str, Any]]] = {
    "app_text__staff.xml": ("AppMessage", {**MESSAGE, "msgtype": "text", "text": "状态"}),
    "app_text__emoji_and_markup.xml": ("AppMessage", {**MESSAGE, "text": "好的👌🏽\n𠮷野家 & <b>"}),
    "app_image__staff.xml": (
        "AppMessage",
        {**MESSAGE, "content": {"PicUrl": "https://img.example.cn/a.png", "MediaId": "MEDIA-img-1"}},
    ),
    "app_voice__staff.xml": ("AppMessage", {**MESSAGE, "content": {"MediaId": "MEDIA-voice-1", "Format": "amr"}}),
    "app_video__staff.xml": (
        "AppMessage",
        {**MESSAGE, "content": {"MediaId": "MEDIA-video-1", "ThumbMediaId": "MEDIA-thumb-1"}},
    ),
    "app_location__staff.xml": ("AppMessage", {**MESSAGE, "msgtype": "location", "text": ""}),
    "app_link__staff.xml": ("AppMessage", {**MESSAGE, "msgtype": "link"}),
    "app_future__unheard_of_msgtype.xml": ("AppMessage", {**MESSAGE, "content": {"Hologram": "yes"}}),
    "subscribe__staff.xml": ("AppEvent", {**APP, "event": "subscribe"}),
    "unsubscribe__staff.xml": ("AppEvent", {**APP, "event": "unsubscribe"}),
    "enter_agent__empty_key.xml": ("AppEvent", {**APP, "event": "enter_agent", "event_key": ""}),
    "LOCATION__staff.xml": ("AppEvent", {**APP, "event": "LOCATION"}),
    "click__menu.xml": ("AppEvent", {**APP, "event": "click", "event_key": "today"}),
    "CLICK__upper_case.xml": ("AppEvent", {**APP, "event": "CLICK", "event_key": "today"}),
    "view__menu.xml": ("AppEvent", {**APP, "event": "view", "event_key": "https://console.example.cn/"}),
    "scancode_push__qr.xml": ("AppEvent", {**APP, "event": "scancode_push", "event_key": "scan"}),
    "template_card_event__two_answers.xml": ("AppEvent", {**APP, "event": "template_card_event", "event_key": "ok"}),
    "batch_job_result__sync_user.xml": ("AppEvent", {"event": "batch_job_result", "userid": "sys"}),
    "change_contact__update_user.xml": ("ChangeContact", {"change_type": "update_user", "userid": USER}),
    "change_contact__create_party.xml": ("ChangeContact", {"change_type": "create_party", "userid": ""}),
    "change_external_contact__add_external_contact.xml": (
        "ExternalContactChanged",
        {**PAIR, "change_type": "add_external_contact", "state": "store-03", "welcome_code": "WC-0001"},
    ),
    "change_external_contact__add_without_state_or_code.xml": (
        "ExternalContactChanged",
        {**PAIR, "change_type": "add_external_contact", "state": "", "welcome_code": ""},
    ),
    "change_external_contact__edit_external_contact.xml": (
        "ExternalContactChanged",
        {**PAIR, "change_type": "edit_external_contact"},
    ),
    "change_external_contact__add_half_external_contact.xml": (
        "ExternalContactChanged",
        {**PAIR, "change_type": "add_half_external_contact", "state": "store-01", "welcome_code": "WC-0002"},
    ),
    "change_external_contact__del_external_contact.xml": (
        "ExternalContactChanged",
        {**PAIR, "change_type": "del_external_contact", "source": "DELETE_BY_TRANSFER"},
    ),
    "change_external_contact__del_follow_user.xml": (
        "ExternalContactChanged",
        {**PAIR, "change_type": "del_follow_user"},
    ),
    "change_external_contact__transfer_fail.xml": (
        "ExternalContactChanged",
        {**PAIR, "change_type": "transfer_fail", "fail_reason": "customer_limit_exceed"},
    ),
    "change_external_contact__msg_audit_approved.xml": (
        "ExternalContactChanged",
        {**PAIR, "change_type": "msg_audit_approved", "welcome_code": "WC-0003"},
    ),
    "change_external_chat__create.xml": ("ExternalChatChanged", {"chat_id": CHAT, "change_type": "create"}),
    "change_external_chat__dismiss.xml": ("ExternalChatChanged", {"chat_id": CHAT, "change_type": "dismiss"}),
    "change_external_chat__add_member_many.xml": (
        "ExternalChatChanged",
        {
            "update_detail": "add_member",
            "join_scene": 3,
            "quit_scene": None,
            "mem_change_cnt": 2,
            "mem_change_list": [CUSTOMER, "wmWZ0002customerAAA"],
            "last_mem_ver": "v1",
            "cur_mem_ver": "v2",
        },
    ),
    "change_external_chat__del_member_one.xml": (
        "ExternalChatChanged",
        {"update_detail": "del_member", "quit_scene": 1, "mem_change_list": [CUSTOMER]},
    ),
    "change_external_chat__change_name_empty_list.xml": (
        "ExternalChatChanged",
        {"update_detail": "change_name", "mem_change_list": [], "mem_change_cnt": None},
    ),
    "change_external_chat__change_owner.xml": ("ExternalChatChanged", {"update_detail": "change_owner"}),
    "change_external_chat__change_notice.xml": ("ExternalChatChanged", {"update_detail": "change_notice"}),
    "change_external_tag__create.xml": ("ExternalTagChanged", {"tag_id": "etWZ01", "tag_type": "tag_group"}),
    "change_external_tag__update.xml": ("ExternalTagChanged", {"change_type": "update", "tag_type": "tag"}),
    "change_external_tag__delete.xml": ("ExternalTagChanged", {"change_type": "delete", "tag_id": "etWZ02"}),
    "change_external_tag__shuffle.xml": ("ExternalTagChanged", {"change_type": "shuffle", "strategy_id": "3"}),
    "msgaudit_notify__archive.xml": ("MsgauditNotify", {"agentid": "2000004"}),
    "upload_media_job_finish__done.xml": ("MediaJobFinished", {"jobid": "jobid-42"}),
    "kf_msg_or_event__doorbell.xml": ("KfDoorbell", {"open_kfid": KFID, "token": "ENC-doorbell-1"}),
    "kf_account_auth_change__one_each.xml": ("KfAccountAuthChanged", {"added": [KFID], "removed": ["wkWZ02"]}),
    "kf_account_auth_change__two_added.xml": ("KfAccountAuthChanged", {"added": [KFID, "wkWZ03"], "removed": []}),
    "add_schedule__unknown_event.xml": ("UnknownEvent", {"source": "callback", "name": "add_schedule"}),
    "kf_msg_or_event__without_open_kfid.xml": ("UnknownEvent", {"source": "callback", "name": "kf_msg_or_event"}),
    "suite_ticket__without_msgtype.xml": ("UnknownEvent", {"source": "callback", "name": "suite_ticket"}),
    "kf_text__customer.json": ("KfMessage", {**KF, "msgtype": "text", "text": "面霜多少钱？😀", "menu_id": ""}),
    "kf_text__menu_click.json": ("KfMessage", {**KF, "text": "怎么用", "menu_id": "faq-12"}),
    "kf_text__servicer.json": ("KfMessage", {**KF, "origin": 5, "servicer_userid": USER}),
    "kf_image__customer.json": ("KfMessage", {**KF, "msgtype": "image", "content": {"media_id": "MEDIA-image"}}),
    "kf_voice__customer.json": ("KfMessage", {**KF, "msgtype": "voice", "content": {"media_id": "MEDIA-voice"}}),
    "kf_video__customer.json": ("KfMessage", {**KF, "msgtype": "video", "content": {"media_id": "MEDIA-video"}}),
    "kf_file__customer.json": ("KfMessage", {**KF, "msgtype": "file", "content": {"media_id": "MEDIA-file"}}),
    "kf_location__customer.json": ("KfMessage", {**KF, "msgtype": "location"}),
    "kf_link__customer.json": ("KfMessage", {**KF, "msgtype": "link"}),
    "kf_business_card__customer.json": ("KfMessage", {**KF, "content": {"userid": USER}}),
    "kf_miniprogram__customer.json": ("KfMessage", {**KF, "msgtype": "miniprogram"}),
    "kf_msgmenu__servicer.json": ("KfMessage", {**KF, "origin": 5, "msgtype": "msgmenu"}),
    "kf_channels_shop_product__customer.json": ("KfMessage", {**KF, "msgtype": "channels_shop_product"}),
    "kf_channels_shop_order__customer.json": ("KfMessage", {**KF, "msgtype": "channels_shop_order"}),
    "kf_merged_msg__customer.json": ("KfMessage", {**KF, "msgtype": "merged_msg"}),
    "kf_channels__customer.json": ("KfMessage", {**KF, "msgtype": "channels"}),
    "kf_note__customer.json": ("KfMessage", {**KF, "msgtype": "note", "content": {}}),
    "kf_hologram__unheard_of_msgtype.json": ("KfMessage", {**KF, "msgtype": "hologram", "content": {"beam": 7}}),
    "kf_enter_session__welcome.json": (
        "KfEvent",
        {
            **KF_EVENT,
            "event_type": "enter_session",
            "external_userid": CUSTOMER,
            "scene": "store",
            "scene_param": "s%3D3",
            "welcome_code": "KWC-1",
        },
    ),
    "kf_enter_session__again.json": ("KfEvent", {**KF_EVENT, "welcome_code": ""}),
    "kf_msg_send_fail__expired.json": ("KfEvent", {**KF_EVENT, "fail_msgid": "out-7", "fail_type": 4}),
    "kf_msg_send_fail__unheard_of_type.json": ("KfEvent", {**KF_EVENT, "fail_msgid": "out-8", "fail_type": 99}),
    "kf_servicer_status_change__stopped.json": ("KfEvent", {**KF_EVENT, "servicer_userid": USER, "status": 2}),
    "kf_session_status_change__ended.json": (
        "KfEvent",
        {**KF_EVENT, "change_type": 3, "old_servicer_userid": USER, "msg_code": "MC-1"},
    ),
    "kf_session_status_change__back_again.json": (
        "KfEvent",
        {**KF_EVENT, "change_type": 4, "old_servicer_userid": USER, "new_servicer_userid": "chen.mo"},
    ),
    "kf_user_recall_msg__customer.json": ("KfEvent", {**KF_EVENT, "recall_msgid": "kfWZmsg0001"}),
    "kf_servicer_recall_msg__servicer.json": (
        "KfEvent",
        {**KF_EVENT, "recall_msgid": "kfWZmsg0002", "servicer_userid": USER},
    ),
    "kf_reject_customer_msg_switch_change__on.json": (
        "KfEvent",
        {**KF_EVENT, "event_type": "reject_customer_msg_switch_change", "reject_switch": 1},
    ),
    "kf_dance__unheard_of_event.json": ("KfEvent", {**KF_EVENT, "event_type": "dance"}),
    "aibot_text__group.json": ("AibotMessage", {**AIBOT, **GROUP, **ANSWER, "text": "@丸子 状态"}),
    "aibot_text__single.json": ("AibotMessage", {**AIBOT, **ANSWER, "chattype": "single", "chatid": ""}),
    "aibot_mixed__group.json": ("AibotMessage", {**AIBOT, **GROUP, "msgtype": "mixed", "text": "看图\n对吗"}),
    "aibot_voice__single.json": ("AibotMessage", {**AIBOT, "msgtype": "voice", "text": "今天几个新客"}),
    "aibot_image__single.json": ("AibotMessage", {**AIBOT, "content": {"url": "https://f.example.cn/2"}}),
    "aibot_file__single.json": ("AibotMessage", {**AIBOT, "content": {"url": "https://f.example.cn/3"}}),
    "aibot_stream__refresh.json": ("AibotMessage", {**AIBOT, "msgtype": "stream", "content": {"id": "s-1"}}),
    "aibot_enter_chat__first_today.json": ("AibotEvent", {**AIBOT, "eventtype": "enter_chat"}),
    "aibot_template_card_event__vote.json": (
        "AibotEvent",
        {**AIBOT, **ANSWER, "eventtype": "template_card_event", "chatid": "wrInternal1"},
    ),
    "aibot_feedback_event__inaccurate.json": ("AibotEvent", {**AIBOT, "created_at": 1763712042}),
    "aibot_text__without_sender.json": ("UnknownEvent", {"source": "aibot", "name": "text"}),
}


def read(file: str) -> Event:
    data = (PAYLOADS / file).read_bytes()
    if file.endswith(".xml"):
        return parse_event(data)
    return parse_aibot(data) if file.startswith("aibot_") else parse_kf_item(json.loads(data), "wkPulled")


def test_every_payload_file_has_an_expectation() -> None:
    assert {path.name for path in PAYLOADS.iterdir()} == set(EXPECTED)


@pytest.mark.parametrize("file", sorted(EXPECTED))
def test_a_payload_becomes_its_typed_event_and_survives_the_inbox(file: str) -> None:
    model, fields = EXPECTED[file]
    event = read(file)
    assert type(event) is getattr(events, model)
    assert {name: getattr(event, name) for name in fields} == fields
    data = (PAYLOADS / file).read_bytes()
    assert event.raw == (read_xml(data) if file.endswith(".xml") else json.loads(data))
    assert event_from_json(event.to_json()) == event


@pytest.mark.parametrize(
    "plaintext",
    [
        b"",
        b"\xef\xbb\xbf",
        b"not xml",
        b"<xml></xml>",
        b"<xml>text only</xml>",
        b"<xml><a>1</a>",
        b"<xml><Content>\x00</Content></xml>",
        b"<xml><Content>&#0;</Content></xml>",
        b"<xml><Content>\xed\xa0\x80</Content></xml>",
        b"<xml><Content>&#xD800;</Content></xml>",
        b"<xml><Content>\xff\xfe</Content></xml>",
        b"<xml><Content>\xf0\x9f\x98</Content></xml>",
        "<xml><Content>你好</Content></xml>".encode("gbk"),
        "<?xml version='1.0' encoding='utf-16'?><xml><a>1</a></xml>".encode("utf-16"),
        b"<!DOCTYPE xml><xml><MsgType>text</MsgType></xml>",
        b'<!DOCTYPE xml [<!ENTITY a "b">]><xml><MsgType>&a;</MsgType></xml>',
        b'<!DOCTYPE xml SYSTEM "file:///etc/passwd"><xml><a>1</a></xml>',
        b"<xml><MsgType>&undefined;</MsgType></xml>",
        b"<xml><?php evil ?><MsgType>text</MsgType></xml>",
        b"<xml>" + b"<a>" * MAX_DEPTH + b"1" + b"</a>" * MAX_DEPTH + b"</xml>",
        b"<xml>" + b"<a/>" * 30_000 + b"</xml>",
    ],
)
def test_xml_that_cannot_be_read_is_refused_with_400_and_without_quoting_it(plaintext: bytes) -> None:
    with pytest.raises(CallbackError) as refused:
        parse_event(plaintext)
    assert refused.value.status == 400
    assert "evil" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_a_huge_attribute_is_ignored_and_the_message_read() -> None:
    plaintext = (PAYLOADS / "app_text__staff.xml").read_bytes().replace(b"<xml>", b'<xml a="' + b"x" * 500_000 + b'">')
    assert parse_event(plaintext) == read("app_text__staff.xml")


def test_a_large_text_arrives_whole() -> None:
    plaintext = (PAYLOADS / "app_text__staff.xml").read_text().replace("状态", "丸子😀" * 20_000).encode()
    event = parse_event(plaintext)
    assert isinstance(event, events.AppMessage)
    assert event.text == "丸子😀" * 20_000


@pytest.mark.parametrize(
    "change",
    [
        ("<MsgId>7012345678901234567</MsgId>", ""),
        ("<MsgType>", "<MsgType><![CDATA[text]]></MsgType><MsgType>"),
        ("<![CDATA[lin.qiao]]>", "<Nested>lin.qiao</Nested>"),
    ],
)
def test_a_message_that_lacks_what_it_must_have_is_kept_as_unknown(change: tuple[str, str]) -> None:
    event = parse_event((PAYLOADS / "app_text__staff.xml").read_text().replace(*change, 1).encode())
    assert isinstance(event, events.UnknownEvent)
    assert event.raw["Content"] == "状态"


@pytest.mark.parametrize("plaintext", [b"", b"[]", b"3", b'{"a": NaN}', b"\xff", b'{"a":' * 5000, b'{"a": "\x01"}'])
def test_json_that_cannot_be_read_is_refused_with_400(plaintext: bytes) -> None:
    with pytest.raises(CallbackError) as refused:
        parse_aibot(plaintext)
    assert refused.value.status == 400


def test_nul_and_lone_surrogates_in_json_become_replacement_characters() -> None:
    text = (PAYLOADS / "aibot_text__single.json").read_text().replace("状态", r"a\u0000b\ud83dc\ud83d\ude00")
    event = parse_aibot(text.encode())
    assert isinstance(event, events.AibotMessage)
    assert event.text == "a\ufffdb\ufffdc😀"
    assert event_from_json(event.to_json()) == event


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(codec=None)), lambda inner: st.lists(inner)
)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            name: json_values | st.dictionaries(st.text(), json_values)
            for name in ("msgid", "open_kfid", "external_userid", "send_time", "origin", "msgtype", "text", "event")
        },
    )
)
def test_no_kf_item_can_break_the_reader_or_the_inbox(item: dict[str, Any]) -> None:
    event = parse_kf_item(item, KFID)
    assert event_from_json(event.to_json()) == event
    assert dedup_key(event, b"")


@pytest.mark.parametrize("item", [None, [], "text", 3])
def test_a_kf_item_that_is_no_object_is_kept_as_unknown(item: Any) -> None:
    assert isinstance(parse_kf_item(item, KFID), events.UnknownEvent)


def test_a_kf_event_without_open_kfid_belongs_to_the_account_it_was_pulled_for() -> None:
    item = {"msgid": "m", "msgtype": "event", "event": {"event_type": "enter_session", "external_userid": CUSTOMER}}
    event = parse_kf_item(item, KFID)
    assert isinstance(event, events.KfEvent)
    assert event.open_kfid == KFID


def test_messages_are_told_apart_by_msgid_and_not_by_text() -> None:
    text = (PAYLOADS / "app_text__staff.xml").read_text()
    first, second = text.encode(), text.replace("7012345678901234567", "7012345678901234568").encode()
    assert dedup_key(parse_event(first), first) == "app:1000007:7012345678901234567"
    assert dedup_key(parse_event(second), second) == "app:1000007:7012345678901234568"
    assert dedup_key(read("aibot_text__group.json"), b"x") == "aibot:aibWZ:AIBmsg/0001=="
    assert dedup_key(read("kf_text__customer.json"), b"") == "kf:wkWZ01:kfWZmsg0001"
    assert dedup_key(read("kf_enter_session__again.json"), b"") == "kf:wkWZ01:kfWZevt0001"


def test_two_events_of_the_same_second_and_sender_have_different_keys() -> None:
    first = (PAYLOADS / "change_external_contact__del_follow_user.xml").read_bytes()
    second = first.replace(b"wmWZ0001", b"wmWZ0002")
    keys = {dedup_key(parse_event(each), each) for each in (first, second, first)}
    assert len(keys) == 2
    assert all(key.startswith("event:") for key in keys)
