"""The control API: the snapshot, the live events, errors that name the field; and the world file."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import requests
from sandbox_play import Listener, Play

from bot.sandbox.world import build_world, read_world, sample_spec


def test_the_snapshot_shows_the_world_without_its_secrets(play: Play) -> None:
    shown = play.snapshot()
    assert [c["external_userid"] for c in shown["customers"]] == ["wmAMEI", "wmBEIBEI"]
    assert shown["customers"][0]["follows"] == ["lin"]
    assert shown["kf_accounts"][0]["servicers"][0] == {"userid": "lin", "status": 0}
    assert {w["config_id"] for w in shown["contact_ways"] + shown["join_ways"]} == {"cw1", "jw1"}
    assert "app-secret" not in json.dumps(shown)
    assert "encoding_aes_key" not in json.dumps(shown)


def test_a_menu_is_shown_with_its_items(play: Play) -> None:
    play.write()
    menu = {"head_content": "which?", "list": [{"type": "click", "click": {"id": "1", "content": "this"}}]}
    play.api("kf/send_msg", touser="wmAMEI", open_kfid="wkSAMPLE", msgtype="msgmenu", msgmenu=menu)
    bubble = play.kf_chat()[-1]
    assert bubble["menu"] == {"head": "which?", "items": [{"id": "1", "content": "this", "type": "click"}], "tail": ""}


def test_the_snapshot_can_be_cut_to_the_last_messages(play: Play) -> None:
    for number in range(5):
        play.write(str(number))
    short = play.session.get(f"{play.url}/control/world", params={"last": 2}).json()
    assert [m["text"] for m in short["kf_sessions"][0]["messages"]] == ["3", "4"]


def test_live_events_can_be_resumed_where_they_broke_off(play: Play) -> None:
    for number in range(3):
        play.write(str(number))

    def read(last_id: str, count: int) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        url, headers = f"{play.url}/control/events", {"Last-Event-ID": last_id}
        with requests.get(url, headers=headers, stream=True, timeout=5) as answer:
            fields: dict[str, str] = {}
            for line in answer.iter_lines(chunk_size=1, decode_unicode=True):
                if not line and "data" in fields:
                    if fields["event"] == "kf_message":
                        found.append((fields["id"], json.loads(fields["data"])["message"]["text"]))
                    fields = {}
                elif not line.startswith(":") and line:
                    name, _, value = line.partition(": ")
                    fields[name] = value
                if len(found) == count:
                    return found
        raise AssertionError("the stream ended")

    first = read("0", 3)
    assert [text for _, text in first] == ["0", "1", "2"]
    assert read(first[1][0], 1) == [first[2]]


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("customer/write", {"open_kfid": "wkSAMPLE", "text": "x"}, "external_userid"),
        ("customer/write", {"external_userid": "wmAMEI", "open_kfid": "wkNONE", "text": "x"}, "open_kfid"),
        ("customer/write", {"external_userid": "wmAMEI", "open_kfid": "wkSAMPLE"}, "text"),
        ("customer/write", {"external_userid": "wmAMEI", "open_kfid": "wkSAMPLE", "text": "\ud800"}, "text"),
        ("customer/scan", {"external_userid": "wmAMEI", "config_id": "none"}, "config_id"),
        ("staff/take", {"userid": "lin", "open_kfid": "wkSAMPLE", "external_userid": "wmAMEI"}, "external_userid"),
        ("staff/app", {"userid": "nobody", "text": "x"}, "userid"),
        ("staff/confirm", {"userid": "lin", "msgid": "none"}, "msgid"),
        ("group/write", {"chat_id": "wrGROUP", "member": "wmBEIBEI", "text": "x"}, "member"),
        ("clock", {}, "advance_s"),
        ("clock", {"to": "tomorrow"}, "to"),
        ("clock", {"advance_s": -1}, "forward"),
        ("group/create", {"owner": "nobody", "name": "x"}, "owner"),
        ("deliver_raw", {"agentid": 1}, "agentid"),
        ("customer/write_many", {}, "messages"),
        ("rules", {"kf_pages": 1}, "kf_pages"),
        ("rules", {"kf_page_size": "many"}, "kf_page_size"),
    ],
)
def test_mistakes_are_400_and_name_the_field(play: Play, path: str, body: dict[str, object], field: str) -> None:
    answer = play.session.post(f"{play.url}/control/{path}", json=body)
    assert answer.status_code == 400
    assert field in answer.json()["error"]


def test_many_messages_can_be_written_at_once(play: Play) -> None:
    one = {"external_userid": "wmAMEI", "open_kfid": "wkSAMPLE", "text": "x"}
    assert len(set(play.ctl("customer/write_many", messages=[one] * 50)["msgids"])) == 50
    assert len(play.synced()) == 50


def test_private_and_group_chats_are_invisible_to_the_api(heard: Play, listener: Listener) -> None:
    heard.ctl("customer/private", external_userid="wmAMEI", userid="lin", text="between us")
    heard.ctl("staff/private", userid="lin", external_userid="wmAMEI", text="yes")
    heard.ctl("group/write", chat_id="wrGROUP", member="wmAMEI", text="hello all")
    assert heard.synced() == []
    assert heard.ctl("callbacks")["pending"] == 0
    assert listener.plain == []
    shown = heard.snapshot()
    assert [m["from"] for m in shown["private_chats"][0]["messages"]] == ["customer", "staff"]
    assert shown["groups"][0]["messages"][0]["text"] == "hello all"


def test_a_new_customer_can_be_made(play: Play) -> None:
    who = play.ctl("customer/add", nickname="新客")["external_userid"]
    assert who.startswith("wm")
    play.write("hello", who)
    assert play.state(who) == 0


def test_why_is_passed_through_and_says_when_it_cannot(start: Callable[..., Play], listener: Listener) -> None:
    assert start().session.get(f"{start().url}/control/why?msgid=1").status_code == 404
    gone = start(wanzi_url="http://127.0.0.1:9")
    assert gone.session.get(f"{gone.url}/control/why?msgid=1").status_code == 502


def test_each_chat_keeps_a_bounded_number_of_messages(start: Callable[..., Play]) -> None:
    play = start(rules={"messages_kept": 3, "kf_items_kept": 10})
    for number in range(30):
        play.write(str(number))
    assert [m["text"] for m in play.kf_chat()] == ["27", "28", "29"]
    assert len(play.world.kf_accounts["wkSAMPLE"].items) <= 11
    assert play.synced()[-1]["text"]["content"] == "29"


def test_a_cursor_survives_what_the_account_has_forgotten(start: Callable[..., Play]) -> None:
    play = start(rules={"kf_items_kept": 10})
    play.write("0")
    cursor = play.api("kf/sync_msg", open_kfid="wkSAMPLE")["next_cursor"]
    for number in range(1, 30):
        play.write(str(number))
    texts = [m["text"]["content"] for m in play.synced(cursor=cursor)]
    assert texts[-1] == "29"
    assert texts == sorted(texts, key=int)


def test_a_world_file_with_a_mistake_names_it(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="shops"):
        build_world({"corpid": "ww", "shops": []})
    with pytest.raises(ValueError, match="kf_pages"):
        build_world({"corpid": "ww", "rules": {"kf_pages": 1}})
    path = tmp_path / "world.yaml"
    path.write_text("corpid: ww1\nstaff: [{userid: a, name: A}]\n")
    assert list(read_world(path).staff) == ["a"]


def test_the_sample_world_can_be_changed_before_it_is_built() -> None:
    world = build_world(sample_spec(callback_url="http://bot/cb") | {"slots": ["09:00"]})
    assert world.apps[1000002].callback_url == "http://bot/cb"
    assert world.slots == ["09:00"]
