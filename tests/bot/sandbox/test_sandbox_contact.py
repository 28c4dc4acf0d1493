"""客户联系: friends, welcome codes, tags, live codes, groups and mass messages."""

import xml.etree.ElementTree as ET
from collections.abc import Callable

import pytest
from sandbox_play import KEY, Listener, Play

EC = "externalcontact"


def _scan(play: Play, who: str = "wmBEIBEI", config_id: str = "cw1") -> dict[str, object]:
    return play.ctl("customer/scan", external_userid=who, config_id=config_id)


def _welcome(play: Play, code: object, secret: str = "app-secret", **body: object) -> int:
    body = body or {"text": {"content": "welcome"}}
    return int(play.api(f"{EC}/send_welcome_msg", secret, welcome_code=code, **body)["errcode"])


def test_scanning_a_live_code_tells_who_where_from_and_gives_a_welcome_code(heard: Play, listener: Listener) -> None:
    code = _scan(heard)["welcome_code"]
    root = ET.fromstring(listener.wait(1)[0])
    assert root.findtext("ChangeType") == "add_external_contact"
    assert root.findtext("FromUserName") == "sys"
    assert (root.findtext("UserID"), root.findtext("ExternalUserID")) == ("lin", "wmBEIBEI")
    assert (root.findtext("State"), root.findtext("WelcomeCode")) == ("store=1", code)
    assert _scan(heard) == {"ok": True, "added": False, "userid": "lin"}


def test_a_welcome_code_works_once_within_20_seconds(play: Play) -> None:
    code = _scan(play)["welcome_code"]
    assert _welcome(play, code) == 0
    assert _welcome(play, code) == 41051
    chat = play.snapshot()["private_chats"][0]
    assert (chat["userid"], chat["messages"][0]["text"], chat["messages"][0]["via"]) == ("lin", "welcome", "welcome")
    play.ctl("staff/delete_customer", userid="lin", external_userid="wmBEIBEI")
    late = _scan(play)["welcome_code"]
    play.pass_time(20)
    assert _welcome(play, late) == 41050
    assert _welcome(play, "made-up") == 41050
    assert _welcome(play, "") == 41049


def test_the_second_app_finds_the_code_taken(start: Callable[..., Play]) -> None:
    apps = [{"agentid": n, "name": str(n), "secret": f"s{n}", "token": "t", "encoding_aes_key": KEY} for n in (1, 2)]
    play = start(apps=apps)
    code = _scan(play)["welcome_code"]
    assert _welcome(play, code, "s1") == 0
    assert _welcome(play, code, "s2") == 41051


def test_no_welcome_once_the_chat_has_begun(play: Play) -> None:
    code = _scan(play)["welcome_code"]
    play.ctl("customer/private", external_userid="wmBEIBEI", userid="lin", text="hello?")
    assert _welcome(play, code) == 41051


def test_a_native_welcome_leaves_no_code(start: Callable[..., Play]) -> None:
    assert _scan(start(rules={"native_welcome": True}))["welcome_code"] is None


def test_a_welcome_is_limited_in_bytes_attachments_and_types(play: Play) -> None:
    code = _scan(play)["welcome_code"]
    link = {"msgtype": "link", "link": {"title": "t", "url": "https://a.cn"}}
    assert _welcome(play, code, text={"content": "丸" * 1334}) == 45002
    assert _welcome(play, code, attachments=[link] * 10) == 41064
    assert _welcome(play, code, attachments=[{"msgtype": "voice", "voice": {}}]) == 41065
    assert _welcome(play, code, attachments=[{"msgtype": "link", "link": {"title": "丸" * 43, "url": "u"}}]) == 40058
    picture = {"msgtype": "image", "image": {"pic_url": "https://a.cn/x.png"}}
    assert _welcome(play, code, attachments=[picture]) == 40058
    assert _welcome(play, code, text={"content": ""}) == 40063
    assert _welcome(play, code, text={"content": "丸" * 1333}, attachments=[link] * 9) == 0


def test_who_deletes_whom_decides_what_is_left(heard: Play, listener: Listener) -> None:
    heard.ctl("customer/delete_staff", external_userid="wmAMEI", userid="lin")
    assert "<![CDATA[del_follow_user]]>" in listener.wait(1)[0]
    assert heard.get(f"{EC}/get", external_userid="wmAMEI")["errcode"] == 0
    heard.ctl("staff/delete_customer", userid="lin", external_userid="wmAMEI")
    assert "<![CDATA[del_external_contact]]>" in listener.wait(2)[1]
    assert heard.get(f"{EC}/get", external_userid="wmAMEI")["errcode"] == 84061
    assert heard.get(f"{EC}/list", userid="lin")["errcode"] == 84061


def test_reading_a_customer_shows_tags_by_name_but_a_batch_shows_ids(play: Play) -> None:
    tag = _add_tag(play, "skin", ["dry"])["tag"][0]
    play.api(f"{EC}/mark_tag", userid="lin", external_userid="wmAMEI", add_tag=[tag["id"]])
    got = play.get(f"{EC}/get", external_userid="wmAMEI")
    assert got["external_contact"]["name"] == "阿梅"
    assert got["follow_user"][0]["tags"] == [{"group_name": "skin", "tag_name": "dry", "tag_id": tag["id"], "type": 1}]
    batch = play.api(f"{EC}/batch/get_by_user", userid_list=["lin"])
    assert batch["external_contact_list"][0]["follow_info"]["tag_id"] == [tag["id"]]
    assert batch["next_cursor"] == ""
    assert play.api(f"{EC}/batch/get_by_user", userid="lin")["errcode"] == 40063
    assert play.get(f"{EC}/get", external_userid="wmX")["errcode"] == 40096
    assert play.get(f"{EC}/get_follow_user_list")["follow_user"] == ["lin", "zhou", "xu"]


def test_remarks_are_limited_in_characters(play: Play) -> None:
    def remark(**fields: object) -> int:
        return int(play.api(f"{EC}/remark", userid="lin", external_userid="wmAMEI", **fields)["errcode"])

    assert remark(remark="丸" * 20, remark_mobiles=["1", "2"]) == 0
    assert remark(remark="丸" * 21) == 40058
    assert remark(description="丸" * 151) == 40058
    assert remark() == 40063
    assert remark(remark_mobiles=[""]) == 0
    follow = play.get(f"{EC}/get", external_userid="wmAMEI")["follow_user"][0]
    assert (follow["remark"], follow["remark_mobiles"]) == ("丸" * 20, [])


def _add_tag(play: Play, group: str, names: list[str], **extra: object) -> dict[str, object]:
    answer = play.api(f"{EC}/add_corp_tag", group_name=group, tag=[{"name": n} for n in names], **extra)
    assert answer["errcode"] == 0
    return answer["tag_group"]


def test_corp_tags_are_added_to_their_group_and_answered_as_one_object(play: Play) -> None:
    first = _add_tag(play, "skin", ["dry", "dry", "oily"])
    assert [t["name"] for t in first["tag"]] == ["dry", "oily"]
    second = _add_tag(play, "skin", ["mixed"])
    assert second["group_id"] == first["group_id"]
    groups = play.api(f"{EC}/get_corp_tag_list")["tag_group"]
    assert [[t["name"] for t in g["tag"]] for g in groups] == [["dry", "oily", "mixed"]]
    one = play.api(f"{EC}/get_corp_tag_list", tag_id=[second["tag"][0]["id"]])["tag_group"]
    assert [t["name"] for t in one[0]["tag"]] == ["mixed"]


def test_tag_names_are_limited_in_characters_and_unique_in_their_group(play: Play) -> None:
    group = _add_tag(play, "丸" * 30, ["丸" * 30, "oily"])
    too_long = play.api(f"{EC}/add_corp_tag", group_name="skin", tag=[{"name": "丸" * 31}])
    assert too_long["errcode"] == 40072
    tag_id = group["tag"][1]["id"]
    assert play.api(f"{EC}/edit_corp_tag", id=tag_id, name="丸" * 30)["errcode"] == 40071
    assert play.api(f"{EC}/edit_corp_tag", id=tag_id, name="fine")["errcode"] == 0
    assert play.api(f"{EC}/edit_corp_tag", id="etX", name="fine")["errcode"] == 40068


def test_a_deleted_tag_leaves_its_customers_and_an_empty_group_goes(play: Play) -> None:
    tag = _add_tag(play, "skin", ["dry"])["tag"][0]["id"]
    play.api(f"{EC}/mark_tag", userid="lin", external_userid="wmAMEI", add_tag=[tag])
    assert play.snapshot()["tags"]["marked"][0]["tag_id"] == [tag]
    assert play.api(f"{EC}/del_corp_tag", tag_id=[tag])["errcode"] == 0
    tags = play.snapshot()["tags"]
    assert (tags["groups"], tags["marked"]) == ([], [])


def test_marking_needs_a_known_tag_and_ones_own_customer(play: Play) -> None:
    tag = _add_tag(play, "skin", ["dry"])["tag"][0]["id"]

    def mark(userid: str = "lin", **fields: object) -> int:
        return int(play.api(f"{EC}/mark_tag", userid=userid, external_userid="wmAMEI", **fields)["errcode"])

    assert mark(add_tag=[tag]) == 0
    assert mark() == 40063
    assert mark(add_tag=["etX"]) == 40068
    assert mark("zhou", add_tag=[tag]) == 84061


def test_the_corps_tags_are_limited(start: Callable[..., Play]) -> None:
    play = start(rules={"corp_tag_limit": 2})
    answer = play.api(f"{EC}/add_corp_tag", group_name="skin", tag=[{"name": n} for n in "abc"])
    assert answer["errcode"] != 0


@pytest.mark.parametrize(
    ("changes", "errcode"),
    [
        ({}, 0), ({"type": None}, 41037), ({"type": 3}, 41039), ({"scene": None}, 41038), ({"scene": 9}, 41040),
        ({"state": "丸" * 30}, 0), ({"state": "丸" * 31}, 40058), ({"remark": "r" * 31}, 40058),
        ({"user": []}, 40063), ({"user": ["lin", "zhou"]}, 40058), ({"user": ["nobody"]}, 40003),
        ({"type": 2, "user": ["lin", "zhou"]}, 0), ({"type": 2, "user": ["lin"] * 101}, 41041),
    ],
)  # fmt: skip
def test_contact_ways_are_checked(play: Play, changes: dict[str, object], errcode: int) -> None:
    body = {k: v for k, v in ({"type": 1, "scene": 2, "user": ["lin"]} | changes).items() if v is not None}
    assert play.api(f"{EC}/add_contact_way", **body)["errcode"] == errcode


def test_a_contact_way_can_be_read_changed_scanned_and_deleted(play: Play) -> None:
    made = play.api(f"{EC}/add_contact_way", type=1, scene=2, user=["lin"], state="a")
    assert made["qr_code"].startswith("https://")
    config_id = made["config_id"]
    assert play.api(f"{EC}/update_contact_way", config_id=config_id, user=["xu"], state="b")["errcode"] == 0
    way = play.api(f"{EC}/get_contact_way", config_id=config_id)["contact_way"]
    assert (way["user"], way["state"], way["type"], way["skip_verify"]) == (["xu"], "b", 1, True)
    assert _scan(play, "wmAMEI", config_id)["userid"] == "xu"
    assert {"config_id": config_id} in play.api(f"{EC}/list_contact_way")["contact_way"]
    assert play.api(f"{EC}/del_contact_way", config_id=config_id)["errcode"] == 0
    assert play.api(f"{EC}/get_contact_way", config_id=config_id)["errcode"] == 41044
    assert "qr_code" not in play.api(f"{EC}/add_contact_way", type=1, scene=1, user=["lin"])


def test_a_join_way_answers_only_its_config_id(play: Play) -> None:
    made = play.api(f"{EC}/groupchat/add_join_way", scene=2, chat_id_list=["wrGROUP"], remark="x" * 40)
    assert set(made) == {"errcode", "errmsg", "config_id"}
    way = play.api(f"{EC}/groupchat/get_join_way", config_id=made["config_id"])["join_way"]
    assert way["qr_code"].startswith("https://")
    assert way["remark"] == "x" * 30
    too_many = play.api(f"{EC}/groupchat/add_join_way", scene=2, chat_id_list=["wrGROUP"] * 6)
    assert too_many["errcode"] == 41091
    play.api(f"{EC}/groupchat/del_join_way", config_id=made["config_id"])
    assert play.api(f"{EC}/groupchat/get_join_way", config_id=made["config_id"])["errcode"] == 41044


def test_joining_a_group_is_told_at_once_and_shown_two_seconds_later(heard: Play, listener: Listener) -> None:
    before = heard.api(f"{EC}/groupchat/get", chat_id="wrGROUP")["group_chat"]
    _scan(heard, "wmBEIBEI", "jw1")
    root = ET.fromstring(listener.wait(1)[0])
    assert (root.findtext("UpdateDetail"), root.findtext("JoinScene"), root.findtext("MemChangeCnt")) == (
        "add_member", "3", "1",
    )  # fmt: skip
    assert [item.text for item in root.findall("MemChangeList/Item")] == ["wmBEIBEI"]
    assert root.findtext("LastMemVer") == before["member_version"]
    still = heard.api(f"{EC}/groupchat/get", chat_id="wrGROUP")["group_chat"]
    assert still == before
    heard.pass_time(2)
    after = heard.api(f"{EC}/groupchat/get", chat_id="wrGROUP", need_name=1)["group_chat"]
    assert after["member_version"] == root.findtext("CurMemVer")
    assert [m["name"] for m in after["member_list"]] == ["林小满", "阿梅", "贝贝"]
    assert [m["type"] for m in after["member_list"]] == [1, 2, 2]


def test_leaving_a_group_is_told(heard: Play, listener: Listener) -> None:
    heard.ctl("group/leave", chat_id="wrGROUP", external_userid="wmAMEI", quit_scene=1)
    root = ET.fromstring(listener.wait(1)[0])
    assert (root.findtext("UpdateDetail"), root.findtext("QuitScene")) == ("del_member", "1")


def test_groups_are_listed_by_owner_with_a_limit(play: Play) -> None:
    assert play.api(f"{EC}/groupchat/list")["errcode"] == 40063
    mine = play.api(f"{EC}/groupchat/list", limit=10, owner_filter={"userid_list": ["lin"]})
    assert mine["group_chat_list"] == [{"chat_id": "wrGROUP", "status": 0}]
    assert play.api(f"{EC}/groupchat/list", limit=10, owner_filter={"userid_list": ["xu"]})["group_chat_list"] == []
    assert play.api(f"{EC}/groupchat/get", chat_id="inner1")["errcode"] == 90501
    assert play.api(f"{EC}/groupchat/get", chat_id="wrNONE")["errcode"] == 86003


def test_api_changes_emit_no_callbacks(heard: Play, listener: Listener) -> None:
    tag = _add_tag(heard, "skin", ["dry"])["tag"][0]["id"]
    heard.api(f"{EC}/mark_tag", userid="lin", external_userid="wmAMEI", add_tag=[tag])
    heard.api(f"{EC}/remark", userid="lin", external_userid="wmAMEI", remark="x")
    heard.write()
    assert "kf_msg_or_event" in listener.wait(1)[0]
    assert heard.ctl("callbacks")["pending"] == 0


def test_the_same_edit_by_hand_is_told(heard: Play, listener: Listener) -> None:
    tag = _add_tag(heard, "skin", ["dry"])["tag"][0]["id"]
    heard.ctl("staff/tags", userid="lin", external_userid="wmAMEI", add_tag=[tag])
    assert "<![CDATA[edit_external_contact]]>" in listener.wait(1)[0]
    heard.ctl("staff/tags", userid="lin", external_userid="wmAMEI", remove_tag=[tag])
    assert heard.snapshot()["tags"]["marked"] == []


def test_a_group_made_and_dismissed_in_the_client_is_told(heard: Play, listener: Listener) -> None:
    chat_id = heard.ctl("group/create", owner="xu", name="new")["chat_id"]
    assert "<![CDATA[create]]>" in listener.wait(1)[0]
    heard.ctl("group/dismiss", chat_id=chat_id)
    assert "<![CDATA[dismiss]]>" in listener.wait(2)[1]
    assert heard.api(f"{EC}/groupchat/get", chat_id=chat_id)["errcode"] == 86003


def _mass(play: Play, **body: object) -> dict[str, object]:
    return play.api(f"{EC}/add_msg_template", **({"text": {"content": "news"}} | body))


def _confirm(play: Play, msgid: object, userid: str = "lin") -> None:
    play.ctl("staff/confirm", userid=userid, msgid=msgid)


def test_nothing_is_sent_before_the_owner_confirms(play: Play) -> None:
    msgid = _mass(play, chat_type="group", sender="lin")["msgid"]
    assert play.snapshot()["groups"][0]["messages"] == []
    assert play.snapshot()["mass_tasks"][0]["status"] == "waiting"
    assert play.api(f"{EC}/get_groupmsg_task", msgid=msgid)["errcode"] == 41063
    play.pass_time(2)
    assert play.api(f"{EC}/get_groupmsg_task", msgid=msgid)["task_list"] == [{"userid": "lin", "status": 0}]
    assert play.api(f"{EC}/get_groupmsg_send_result", msgid=msgid, userid="lin")["send_list"] == []
    _confirm(play, msgid)
    assert play.snapshot()["groups"][0]["messages"][0]["text"] == "news"
    assert play.api(f"{EC}/get_groupmsg_task", msgid=msgid)["task_list"][0]["status"] == 2
    row = play.api(f"{EC}/get_groupmsg_send_result", msgid=msgid, userid="lin")["send_list"][0]
    assert (row["chat_id"], row["status"]) == ("wrGROUP", 1)


def test_an_ignored_task_stays_unsent_for_the_api(play: Play) -> None:
    msgid = _mass(play, chat_type="group", sender="lin")["msgid"]
    play.ctl("staff/ignore", userid="lin", msgid=msgid)
    play.pass_time(2)
    assert play.api(f"{EC}/get_groupmsg_task", msgid=msgid)["task_list"][0]["status"] == 0


def test_mass_messages_are_checked(play: Play) -> None:
    assert _mass(play, chat_type="group")["errcode"] == 40063
    assert _mass(play, chat_type="both")["errcode"] == 86214
    assert _mass(play)["errcode"] == 40063
    assert _mass(play, external_userid=["wmBEIBEI"])["errcode"] == 41048
    assert _mass(play, text={"content": "丸" * 1334}, sender="lin")["errcode"] == 45002
    assert _mass(play, chat_type="group", sender="xu")["errcode"] == 41048
    partly = _mass(play, external_userid=["wmAMEI", "wmBEIBEI"])
    assert partly["fail_list"] == ["wmBEIBEI"]


def test_a_tag_filter_is_and_across_groups_and_or_inside(play: Play) -> None:
    _scan(play)
    tags = [t["id"] for t in _add_tag(play, "skin", ["dry", "oily"])["tag"]]
    play.api(f"{EC}/mark_tag", userid="lin", external_userid="wmAMEI", add_tag=tags[:1])
    play.api(f"{EC}/mark_tag", userid="lin", external_userid="wmBEIBEI", add_tag=tags)

    def targets(*groups: list[str]) -> list[str]:
        tag_filter = {"group_list": [{"tag_list": group} for group in groups]}
        _mass(play, sender="lin", tag_filter=tag_filter)
        return play.snapshot()["mass_tasks"][-1]["targets"]

    assert targets(tags) == ["wmAMEI", "wmBEIBEI"]
    assert targets(tags[:1], tags[1:]) == ["wmBEIBEI"]


def test_a_receiver_over_the_cap_or_no_longer_a_friend_gets_nothing(start: Callable[..., Play]) -> None:
    play = start(rules={"mass_cap": 1, "mass_cap_window": "day"})
    first, second = _mass(play, sender="lin")["msgid"], _mass(play, sender="lin")["msgid"]
    _confirm(play, first)
    _confirm(play, second)
    play.pass_time(3)
    rows = [
        play.api(f"{EC}/get_groupmsg_send_result", msgid=m, userid="lin")["send_list"][0]["status"]
        for m in (first, second)
    ]
    assert rows == [1, 3]
    play.ctl("customer/delete_staff", external_userid="wmAMEI", userid="lin")
    third = _mass(play, sender="lin")["msgid"]
    _confirm(play, third)
    play.pass_time(3)
    assert play.api(f"{EC}/get_groupmsg_send_result", msgid=third, userid="lin")["send_list"][0]["status"] == 2


def test_reminding_is_limited_and_a_cancelled_task_can_no_longer_be_sent(play: Play) -> None:
    msgid = _mass(play, sender="lin")["msgid"]
    codes = [play.api(f"{EC}/remind_groupmsg_send", msgid=msgid)["errcode"] for _ in range(4)]
    assert codes == [0, 0, 0, 41094]
    assert play.api(f"{EC}/cancel_groupmsg_send", msgid=msgid)["errcode"] == 0
    assert play.api(f"{EC}/cancel_groupmsg_send", msgid=msgid)["errcode"] == 41093
    answer = play.session.post(f"{play.url}/control/staff/confirm", json={"userid": "lin", "msgid": msgid})
    assert answer.status_code == 400


def test_tasks_are_listed_over_at_most_a_month(play: Play) -> None:
    msgid = _mass(play, sender="lin")["msgid"]
    now = int(play.world.now())
    listed = play.api(f"{EC}/get_groupmsg_list_v2", chat_type="single", start_time=now - 60, end_time=now + 60)
    assert [task["msgid"] for task in listed["group_msg_list"]] == [msgid]
    long = play.api(f"{EC}/get_groupmsg_list_v2", chat_type="single", start_time=now - 40 * 86400, end_time=now)
    assert long["errcode"] == 40058
