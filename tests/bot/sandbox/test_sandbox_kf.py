"""微信客服: states, allowance, codes, sync_msg and everything strict about them."""

import pytest
from sandbox_play import Play

KF = "wkSAMPLE"


def test_a_customers_message_opens_a_consultation_and_sending_makes_it_the_assistants(play: Play) -> None:
    assert play.state() == 4
    play.write()
    assert play.state() == 0
    assert play.say()["errcode"] == 0
    assert play.state() == 1


def test_before_the_first_message_nothing_can_be_sent(play: Play) -> None:
    assert play.say()["errcode"] == 95013


def test_five_replies_per_customer_message_and_a_new_one_resets_the_count(play: Play) -> None:
    play.write()
    assert [play.say()["errcode"] for _ in range(6)] == [0, 0, 0, 0, 0, 95001]
    play.write()
    assert play.say()["errcode"] == 0


def test_after_48_hours_of_silence_sending_is_over(play: Play) -> None:
    play.write()
    play.pass_time(48 * 3600 - 5)
    assert play.say()["errcode"] == 0
    play.pass_time(10)
    assert play.say()["errcode"] == 95002
    assert play.state() == 4
    play.write()
    assert play.state() == 0


def test_own_msgid_is_echoed_and_a_repeat_is_refused_even_in_another_state(play: Play) -> None:
    play.write()
    assert play.say(msgid="own-1")["msgid"] == "own-1"
    assert play.say(msgid="own-1")["errcode"] == 40058
    play.trans(2)
    assert play.say(msgid="own-1")["errcode"] == 40058
    assert play.say(msgid="own-2")["errcode"] == 95018
    assert play.say(msgid="with space")["errcode"] == 40058
    assert play.say(msgid="x" * 33)["errcode"] == 40058


def test_a_refused_send_does_not_use_up_its_msgid(play: Play) -> None:
    assert play.say(msgid="own-1")["errcode"] == 95013
    play.write()
    assert play.say(msgid="own-1")["errcode"] == 0


@pytest.mark.parametrize(
    ("path", "target", "errcode"),
    [
        ([], 1, 0), ([], 2, 0), ([], 3, 0), ([], 4, 95016), ([], 0, 95016),
        ([1], 2, 0), ([1], 3, 0), ([1], 1, 95016), ([1], 4, 95016),
        ([2], 3, 0), ([2], 1, 95016), ([2], 4, 95016), ([2], 2, 95016),
        ([3], 4, 0), ([3], 1, 95016), ([3], 2, 95016), ([3], 3, 95016),
        ([3, 4], 1, 95016), ([3, 4], 2, 95016), ([3, 4], 3, 95016),
    ],
)  # fmt: skip
def test_transitions_by_api_follow_the_table(play: Play, path: list[int], target: int, errcode: int) -> None:
    play.write()
    for step in path:
        assert play.trans(step, servicer_userid="lin")["errcode"] == 0
    assert play.trans(target, servicer_userid="lin")["errcode"] == errcode


def test_unverified_transitions_can_be_allowed(play: Play) -> None:
    play.ctl("rules", kf_trans={"1->4": True})
    play.write()
    play.trans(1)
    assert "msg_code" in play.trans(4)


def test_a_human_needs_to_be_an_accepting_servicer(play: Play) -> None:
    play.write()
    assert play.trans(3)["errcode"] == 40063
    assert play.trans(3, servicer_userid="xu")["errcode"] == 95014
    play.ctl("staff/servicer", userid="lin", open_kfid=KF, status=1)
    assert play.trans(3, servicer_userid="lin")["errcode"] == 95019
    assert play.trans(3, servicer_userid="zhou")["errcode"] == 0
    state = play.api("kf/service_state/get", open_kfid=KF, external_userid="wmAMEI")
    assert (state["service_state"], state["servicer_userid"]) == (3, "zhou")


def test_a_change_by_api_emits_nothing_but_a_servicers_click_does(play: Play) -> None:
    play.write()
    play.trans(2)
    assert [m["msgtype"] for m in play.synced()] == ["text"]
    play.ctl("staff/take", userid="lin", open_kfid=KF, external_userid="wmAMEI")
    play.ctl("staff/transfer", userid="lin", open_kfid=KF, external_userid="wmAMEI", to="zhou")
    play.ctl("staff/end", userid="zhou", open_kfid=KF, external_userid="wmAMEI")
    play.ctl("staff/reply", userid="zhou", open_kfid=KF, external_userid="wmAMEI", text="back again")
    events = [m["event"] for m in play.synced() if m["msgtype"] == "event"]
    assert [e["change_type"] for e in events] == [1, 2, 3, 4]
    assert events[0]["new_servicer_userid"] == "lin"
    assert (events[1]["old_servicer_userid"], events[1]["new_servicer_userid"]) == ("lin", "zhou")
    assert "msg_code" in events[2]
    assert play.state() == 3


def test_event_items_carry_their_ids_inside_and_messages_at_the_top(play: Play) -> None:
    play.ctl("customer/enter", external_userid="wmAMEI", open_kfid=KF, scene="shelf", scene_param="a=1")
    play.write("hello")
    event, message = play.synced()
    assert "open_kfid" not in event
    assert event["origin"] == 4
    assert event["event"]["open_kfid"] == KF
    assert event["event"]["scene_param"] == "a=1"
    assert (message["origin"], message["external_userid"], message["text"]) == (3, "wmAMEI", {"content": "hello"})


def test_servicers_messages_come_back_own_sends_do_not(play: Play) -> None:
    play.write()
    play.say()
    play.trans(3, servicer_userid="lin")
    play.ctl("staff/reply", userid="lin", open_kfid=KF, external_userid="wmAMEI", text="a person here")
    assert [(m["origin"], m["msgtype"]) for m in play.synced()] == [(3, "text"), (5, "text")]
    assert play.synced()[1]["servicer_userid"] == "lin"


def test_sync_msg_pages_by_an_opaque_cursor_to_the_end(play: Play) -> None:
    sent = [play.write(str(n)) for n in range(5)]
    cursor, got, flags = "", [], []
    for _ in range(3):
        page = play.api("kf/sync_msg", open_kfid=KF, cursor=cursor, limit=2)
        cursor = page["next_cursor"]
        got += [m["msgid"] for m in page["msg_list"]]
        flags.append(page["has_more"])
    assert got == sent
    assert flags == [1, 1, 0]
    assert len(cursor) <= 64
    end = play.api("kf/sync_msg", open_kfid=KF, cursor=cursor)
    assert (end["msg_list"], end["has_more"], end["next_cursor"]) == ([], 0, cursor)


def test_a_page_may_be_empty_while_more_waits(play: Play) -> None:
    play.write()
    play.ctl("rules", kf_empty_page_probability=1.0)
    page = play.api("kf/sync_msg", open_kfid=KF)
    assert (page["msg_list"], page["has_more"]) == ([], 1)
    play.ctl("rules", kf_empty_page_probability=0.0)
    assert len(play.synced(cursor=page["next_cursor"])) == 1


def test_sync_msg_reaches_three_days_back(play: Play) -> None:
    play.write("old")
    play.pass_time(3 * 24 * 3600 + 1)
    play.write("new")
    assert [m["text"]["content"] for m in play.synced()] == ["new"]


def test_sync_msg_refuses_bad_tokens_cursors_and_limits(play: Play) -> None:
    assert play.api("kf/sync_msg")["errcode"] == 40063
    assert play.api("kf/sync_msg", open_kfid="wkNONE")["errcode"] == 95004
    assert play.api("kf/sync_msg", open_kfid=KF, token="made-up")["errcode"] == 95007
    assert play.api("kf/sync_msg", open_kfid=KF, cursor="made-up")["errcode"] == 40058
    assert play.api("kf/sync_msg", open_kfid=KF, limit=1001)["errcode"] == 40058
    assert play.api("kf/sync_msg", open_kfid=KF, limit="10")["errcode"] == 40058


def test_another_accounts_cursor_is_refused(play: Play) -> None:
    cursor = play.api("kf/sync_msg", open_kfid=KF)["next_cursor"]
    media = play.world.media.add("image", "a.png", b"png", play.world.now())
    other = play.api("kf/account/add", name="second", media_id=media.media_id)["open_kfid"]
    assert play.api("kf/sync_msg", open_kfid=other, cursor=cursor)["errcode"] == 40058


def test_sync_msg_without_token_is_limited_more_strictly(play: Play) -> None:
    play.ctl("rules", kf_tokenless_per_min=2)
    assert [play.api("kf/sync_msg", open_kfid=KF)["errcode"] for _ in range(3)] == [0, 0, 45009]


def test_text_is_limited_in_bytes_not_characters(play: Play) -> None:
    play.write()
    assert play.say("丸" * 682)["errcode"] == 0
    assert play.say("丸" * 683)["errcode"] == 45002
    assert play.say("")["errcode"] == 44004


def _enter(play: Play) -> str | None:
    return play.ctl("customer/enter", external_userid="wmAMEI", open_kfid=KF)["welcome_code"]


def _on_event(play: Play, code: str | None, msgtype: str = "text") -> int:
    content = {"text": {"content": "hi"}, "msgmenu": {"head_content": "hi"}, "image": {"media_id": "x"}}
    return int(play.api("kf/send_msg_on_event", code=code, msgtype=msgtype, **{msgtype: content[msgtype]})["errcode"])


def test_a_welcome_code_lives_20_seconds_and_works_once(play: Play) -> None:
    code = _enter(play)
    assert _on_event(play, code, "image") == 40008
    assert _on_event(play, code, "msgmenu") == 0
    assert _on_event(play, code) == 40058
    other = play.ctl("customer/enter", external_userid="wmBEIBEI", open_kfid=KF)["welcome_code"]
    play.pass_time(20)
    assert _on_event(play, other) == 40058


def test_no_second_welcome_within_48_hours_nor_after_a_message(play: Play) -> None:
    _on_event(play, _enter(play))
    assert _enter(play) is None
    play.pass_time(48 * 3600)
    assert _enter(play) is not None
    play.write()
    assert _enter(play) is None


def test_a_welcome_does_not_count_against_the_five_unless_told_so(play: Play) -> None:
    code = _enter(play)
    play.write()
    _on_event(play, code)
    assert [play.say()["errcode"] for _ in range(6)] == [0, 0, 0, 0, 0, 95001]


def test_the_pool_code_works_only_while_waiting_in_the_pool(play: Play) -> None:
    play.write()
    code = play.trans(2)["msg_code"]
    assert _on_event(play, code, "msgmenu") == 40008
    play.trans(3, servicer_userid="lin")
    assert _on_event(play, code) == 95018


def test_codes_come_with_the_first_such_change_only(play: Play) -> None:
    play.write()
    assert "msg_code" in play.trans(3, servicer_userid="lin")
    assert "msg_code" not in play.trans(3, servicer_userid="zhou")
    ended = play.trans(4)["msg_code"]
    assert _on_event(play, ended) == 0


def test_a_send_may_fail_after_errcode_0(play: Play) -> None:
    play.write()
    play.ctl("faults", api="kf/send_msg", kind="msg_send_fail", fail_type=10, times=1)
    msgid = play.say()["msgid"]
    event = play.synced()[-1]["event"]
    assert (event["event_type"], event["fail_msgid"], event["fail_type"]) == ("msg_send_fail", msgid, 10)
    assert play.kf_chat()[-1]["status"] == "failed"


def test_a_recalled_message_is_an_event(play: Play) -> None:
    msgid = play.write()
    play.ctl("customer/recall", external_userid="wmAMEI", open_kfid=KF, msgid=msgid)
    assert play.synced()[-1]["event"]["recall_msgid"] == msgid
    assert play.kf_chat()[0]["status"] == "recalled"


def test_a_menu_click_comes_as_text_with_its_id(play: Play) -> None:
    body = {"external_userid": "wmAMEI", "open_kfid": KF, "text": "yes", "menu_id": "101"}
    play.ctl("customer/write", **body)
    assert play.synced()[0]["text"] == {"content": "yes", "menu_id": "101"}


def test_received_media_can_be_fetched_but_not_sent_on(play: Play) -> None:
    play.ctl("customer/write", external_userid="wmAMEI", open_kfid=KF, msgtype="image")
    media_id = play.synced()[0]["image"]["media_id"]
    fetched = play.session.get(
        f"{play.url}/cgi-bin/media/get", params={"access_token": play.token(), "media_id": media_id}
    )
    assert fetched.content.startswith(b"\x89PNG")
    answer = play.api("kf/send_msg", touser="wmAMEI", open_kfid=KF, msgtype="image", image={"media_id": media_id})
    assert answer["errcode"] == 40007


@pytest.mark.parametrize(
    ("menu", "errcode"),
    [
        ({"head_content": "x", "list": [{"type": "click", "click": {"id": "1", "content": "a"}}] * 10}, 0),
        ({"head_content": "x", "list": [{"type": "click", "click": {"id": "1", "content": "a"}}] * 11}, 95008),
        ({"head_content": "x", "list": [{"type": "tap", "tap": {"content": "a"}}]}, 95009),
        ({"head_content": "丸" * 342}, 45002),
        ({"head_content": "x", "list": [{"type": "click", "click": {"id": "1", "content": "丸" * 43}}]}, 40058),
        ({"head_content": "x", "list": [{"type": "click", "click": {"id": "i" * 65, "content": "a"}}]}, 40058),
        ({"head_content": "x", "list": [{"type": "view", "view": {"url": "b.cn", "content": "a"}}]}, 45034),
        ({"head_content": "x", "list": [{"type": "click", "click": {"id": "1"}}]}, 40063),
        ({}, 44004),
    ],
)  # fmt: skip
def test_menus_are_checked(play: Play, menu: dict[str, object], errcode: int) -> None:
    play.write()
    answer = play.api("kf/send_msg", touser="wmAMEI", open_kfid=KF, msgtype="msgmenu", msgmenu=menu)
    assert answer["errcode"] == errcode


def test_links_need_a_thumb_and_a_scheme(play: Play) -> None:
    play.write()
    thumb = play.world.media.add("image", "a.png", b"png", play.world.now()).media_id
    link = {"title": "t", "url": "https://a.cn", "thumb_media_id": thumb}

    def send(**changes: str) -> int:
        body = {"touser": "wmAMEI", "open_kfid": KF, "msgtype": "link", "link": link | changes}
        return int(play.api("kf/send_msg", **body)["errcode"])

    assert send() == 0
    assert send(thumb_media_id="") == 41006
    assert send(url="a.cn") == 45034
    assert send(title="丸" * 43) == 40058
    play.pass_time(3 * 24 * 3600)
    play.write()
    assert send() == 40007


def test_other_types_are_checked_too(play: Play) -> None:
    play.write()

    def send(msgtype: str, content: dict[str, object]) -> int:
        body = {"touser": "wmAMEI", "open_kfid": KF, "msgtype": msgtype, msgtype: content}
        return int(play.api("kf/send_msg", **body)["errcode"])

    assert send("location", {"latitude": 91, "longitude": 0}) == 40058
    assert send("location", {"latitude": 31.2, "longitude": 121.4, "name": "shop"}) == 0
    assert send("business_card", {"userid": "nobody"}) == 60111
    assert send("business_card", {"userid": "lin"}) == 0
    assert send("markdown", {"content": "x"}) == 40008


def test_unknown_customers_and_accounts_are_refused(play: Play) -> None:
    assert play.say(who="wmNOBODY")["errcode"] == 40096
    assert play.say(open_kfid="wkNONE")["errcode"] == 95004


def test_servicers_are_listed_added_and_removed(play: Play) -> None:
    added = play.api("kf/servicer/add", open_kfid=KF, userid_list=["xu", "lin", "nobody"])["result_list"]
    assert [(r["errcode"], r["errmsg"]) for r in added] == [
        (0, "success"), (0, "ignored"), (60111, "userid not found"),
    ]  # fmt: skip
    play.ctl("staff/servicer", userid="xu", open_kfid=KF, status=1)
    listed = play.get("kf/servicer/list", open_kfid=KF)["servicer_list"]
    assert [(s["userid"], s["status"]) for s in listed] == [("lin", 0), ("zhou", 0), ("xu", 1)]
    assert play.synced()[-1]["event"]["status"] == 2
    assert play.api("kf/servicer/add", open_kfid=KF)["errcode"] == 40063


def test_accounts_can_be_managed(play: Play) -> None:
    assert play.api("kf/account/list", limit=101)["errcode"] == 40058
    assert play.api("kf/account/add", name="丸" * 17, media_id="x")["errcode"] == 95006
    play.api("kf/account/update", open_kfid=KF, name="new name")
    assert play.api("kf/account/list")["account_list"][0]["name"] == "new name"
    play.api("kf/account/del", open_kfid=KF)
    assert play.api("kf/account/list")["account_list"] == []


def test_customers_are_looked_up_with_how_they_came_in(play: Play) -> None:
    play.ctl("customer/scan_kf", external_userid="wmAMEI", open_kfid=KF, scene="door")
    answer = play.api("kf/customer/batchget", external_userid_list=["wmAMEI", "wmX"], need_enter_session_context=1)
    assert answer["customer_list"][0]["enter_session_context"]["scene"] == "door"
    assert answer["invalid_external_userid"] == ["wmX"]
    assert play.api("kf/customer/batchget", external_userid_list=[])["errcode"] == 40063


def test_a_link_keeps_its_scene_short_and_plain(play: Play) -> None:
    assert "enc_scene=" in play.api("kf/add_contact_way", open_kfid=KF, scene="door_1")["url"]
    assert play.api("kf/add_contact_way", open_kfid=KF, scene="门")["errcode"] == 40058
    assert play.api("kf/add_contact_way", open_kfid=KF, scene="x" * 33)["errcode"] == 40058


def test_a_code_of_a_deleted_account_is_refused(play: Play) -> None:
    code = _enter(play)
    play.api("kf/account/del", open_kfid=KF)
    assert _on_event(play, code) == 95004


def test_a_servicer_cannot_write_where_another_or_nobody_serves(play: Play) -> None:
    play.write()
    for path, body in (("staff/reply", {"text": "x"}), ("staff/end", {}), ("staff/take", {})):
        where = {"userid": "lin", "open_kfid": KF, "external_userid": "wmAMEI"}
        assert play.session.post(f"{play.url}/control/{path}", json=where | body).status_code == 400


def test_a_cursor_of_an_earlier_run_begins_again_at_the_oldest(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    play.write()
    cursor = play.api("kf/sync_msg", open_kfid=KF)["next_cursor"]
    assert play.synced(cursor=cursor) == []
    monkeypatch.setattr("bot.sandbox.qyapi.kf_sync._RUN", b"next")
    assert len(play.synced(cursor=cursor)) == 1
