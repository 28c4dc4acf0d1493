"""What goes to staff: app messages, internal chats, webhook robots; and files."""

import base64
import hashlib
from collections.abc import Callable
from typing import Any

import pytest
from sandbox_play import Play

from bot.sandbox.media import PNG_PIXEL


def _send(play: Play, words: str = "hi", **extra: Any) -> dict[str, Any]:
    body = {"touser": "lin", "agentid": 1000002, "msgtype": "text", "text": {"content": words}}
    return play.api("message/send", **(body | extra))


def _app_texts(play: Play, userid: str = "lin") -> list[str]:
    return [m["text"] for c in play.snapshot()["app_chats"] if c["userid"] == userid for m in c["messages"]]


def test_unknown_receivers_are_listed_and_all_unknown_is_refused(play: Play) -> None:
    answer = _send(play, touser="LIN|Nobody")
    assert (answer["errcode"], answer["invaliduser"]) == (0, "nobody")
    assert _send(play, touser="nobody")["errcode"] == 81013
    assert _send(play, touser="")["errcode"] == 82001
    _send(play, "all", touser="@all")
    assert _app_texts(play, "xu") == ["all"]


def test_the_agentid_must_be_the_tokens_own(play: Play) -> None:
    assert _send(play, agentid=1)["errcode"] == 40056
    assert _send(play, agentid=None)["errcode"] == 41011


def test_long_texts_are_cut_at_2048_bytes_without_splitting_a_character(play: Play) -> None:
    _send(play, "丸" * 1000)
    assert _app_texts(play) == ["丸" * 682]


@pytest.mark.parametrize(
    ("msgtype", "content", "errcode"),
    [
        ("text", {"content": ""}, 44004),
        ("markdown", {"content": "**x**"}, 0),
        ("textcard", {"title": "t", "description": "d", "url": "https://a.cn"}, 0),
        ("textcard", {"title": "t", "url": "https://a.cn"}, 41033),
        ("news", {"articles": []}, 45008),
        ("news", {"articles": [{"title": "t", "url": "https://a.cn"}] * 9}, 45008),
        ("news", {"articles": [{"title": "t", "url": "https://a.cn"}]}, 0),
        ("image", {"media_id": "made-up"}, 40007),
        ("template_card", {"card_type": "button_interaction", "main_title": {"title": "t"}}, 42014),
        ("template_card", {"card_type": "text_notice", "card_action": {"type": 1}}, 0),
        ("poem", {"content": "x"}, 40008),
    ],
)
def test_app_messages_are_checked(play: Play, msgtype: str, content: dict[str, Any], errcode: int) -> None:
    assert _send(play, msgtype=msgtype, **{msgtype: content})["errcode"] == errcode


def test_an_identical_request_within_the_interval_is_not_delivered(play: Play) -> None:
    for _ in range(2):
        assert _send(play, "once", enable_duplicate_check=1, duplicate_check_interval=60)["errcode"] == 0
    assert _app_texts(play) == ["once"]
    play.pass_time(61)
    _send(play, "once", enable_duplicate_check=1, duplicate_check_interval=60)
    assert _app_texts(play) == ["once", "once"]
    assert _send(play, enable_duplicate_check=1, duplicate_check_interval=14401)["errcode"] == 40058


def test_more_than_thirty_a_minute_to_one_member_are_dropped_silently(play: Play) -> None:
    assert {_send(play, str(n))["errcode"] for n in range(32)} == {0}
    assert len(_app_texts(play)) == 30
    effects = [c["effect"] for c in play.session.get(f"{play.url}/control/calls?api=message/send").json()]
    assert effects.count(False) == 2


def test_an_app_message_can_be_recalled_within_a_day(play: Play) -> None:
    msgid = _send(play)["msgid"]
    assert play.api("message/recall", msgid=msgid)["errcode"] == 0
    assert play.snapshot()["app_chats"][0]["messages"][0]["status"] == "recalled"
    late = _send(play)["msgid"]
    play.pass_time(86_401)
    assert play.api("message/recall", msgid=late)["errcode"] == 40058


def test_internal_chats_are_made_read_changed_and_written_to(play: Play) -> None:
    made = play.api("appchat/create", name="丸" * 60, userlist=["lin", "zhou"], chatid="shop1")
    assert made["chatid"] == "shop1"
    assert play.get("appchat/get", chatid="shop1")["chat_info"]["name"] == "丸" * 50
    assert play.api("appchat/create", userlist=["lin", "zhou"], chatid="shop1")["errcode"] == 86215
    assert play.api("appchat/create", userlist=["lin"])["errcode"] == 86006
    assert play.api("appchat/create", userlist=["lin", "wmAMEI"])["errcode"] == 86216
    assert play.api("appchat/create", userlist=["lin", "zhou"], chatid="a-b")["errcode"] == 86001
    play.api("appchat/update", chatid="shop1", add_user_list=["xu"], owner="xu")
    assert play.get("appchat/get", chatid="shop1")["chat_info"]["userlist"] == ["lin", "zhou", "xu"]
    play.api("appchat/send", chatid="shop1", msgtype="text", text={"content": "hello"})
    chat = next(c for c in play.snapshot()["internal_chats"] if c["chatid"] == "shop1")
    assert (chat["messages"][0]["text"], chat["messages"][0]["via"]) == ("hello", "appchat")


def test_internal_chats_cannot_reach_a_customer_group_and_limit_bytes(play: Play) -> None:
    text = {"msgtype": "text", "text": {"content": "x"}}
    assert play.api("appchat/send", chatid="wrGROUP", **text)["errcode"] == 86003
    long = {"msgtype": "text", "text": {"content": "丸" * 683}}
    assert play.api("appchat/send", chatid="inner1", **long)["errcode"] == 45002


def _robot(play: Play, key: str = "robot-key", **body: Any) -> int:
    answer = play.session.post(f"{play.url}/cgi-bin/webhook/send", params={"key": key}, json=body)
    return int(answer.json()["errcode"])


def _text(content: str) -> dict[str, Any]:
    return {"msgtype": "text", "text": {"content": content}}


def test_a_robot_sends_twenty_a_minute_by_its_key(play: Play) -> None:
    assert _robot(play, "wrong", **_text("x")) == 93000
    assert [_robot(play, **_text(str(n))) for n in range(21)] == [0] * 20 + [45009]
    play.pass_time(60)
    assert _robot(play, **_text("again")) == 0
    assert len(play.snapshot()["robots"][0]["messages"]) == 21


def test_a_robots_messages_are_limited_in_bytes_by_type(play: Play) -> None:
    assert _robot(play, **_text("丸" * 683)) == 45002
    assert _robot(play, msgtype="markdown", markdown={"content": "丸" * 1365}) == 0
    assert _robot(play, msgtype="markdown_v2", markdown_v2={"content": "丸" * 1366}) == 45002
    picture = {"base64": base64.b64encode(PNG_PIXEL).decode(), "md5": hashlib.md5(PNG_PIXEL).hexdigest()}
    assert _robot(play, msgtype="image", image=picture) == 0
    assert _robot(play, msgtype="image", image=picture | {"md5": "0" * 32}) == 301019
    assert _robot(play, msgtype="news", news={"articles": []}) == 45008


def _upload(play: Play, path: str, content: bytes, field: str = "media", **query: Any) -> dict[str, Any]:
    url = f"{play.url}/cgi-bin/{path}"
    query = {"access_token": play.token()} | query
    return dict(play.session.post(url, params=query, files={field: ("a.png", content)}).json())


def test_an_upload_has_an_empty_errmsg_and_a_created_at_string(play: Play) -> None:
    answer = _upload(play, "media/upload", PNG_PIXEL, type="image")
    assert (answer["errcode"], answer["errmsg"], answer["type"]) == (0, "", "image")
    assert isinstance(answer["created_at"], str)
    assert _send(play, msgtype="image", image={"media_id": answer["media_id"]})["errcode"] == 0
    play.pass_time(3 * 86_400)
    assert _send(play, msgtype="image", image={"media_id": answer["media_id"]})["errcode"] == 40007


def test_uploads_are_checked_for_type_size_and_field(play: Play) -> None:
    assert _upload(play, "media/upload", PNG_PIXEL, type="poem")["errcode"] == 40004
    assert _upload(play, "media/upload", b"12345", type="file")["errcode"] == 40006
    assert _upload(play, "media/upload", b"no picture", type="image")["errcode"] == 40004
    assert _upload(play, "media/upload", b"", type="file")["errcode"] == 44001
    assert _upload(play, "media/upload", PNG_PIXEL, field="file", type="image")["errcode"] == 44001
    big = PNG_PIXEL + bytes(10 * 1024 * 1024)
    assert _upload(play, "media/upload", big, type="image")["errcode"] == 45001


def test_an_attachment_has_a_created_at_number_and_its_own_use(play: Play) -> None:
    answer = _upload(play, "media/upload_attachment", PNG_PIXEL, media_type="image", attachment_type=1)
    assert isinstance(answer["created_at"], int)
    assert _send(play, msgtype="image", image={"media_id": answer["media_id"]})["errcode"] == 40007
    wrong = _upload(play, "media/upload_attachment", PNG_PIXEL, media_type="video", attachment_type=2)
    assert wrong["errcode"] == 40004


def test_an_uploaded_picture_can_be_used_in_a_mass_message(play: Play) -> None:
    url = _upload(play, "media/uploadimg", PNG_PIXEL)["url"]
    attachment = {"msgtype": "image", "image": {"pic_url": url}}
    made = play.api("externalcontact/add_msg_template", sender="lin", attachments=[attachment])
    assert made["errcode"] == 0
    too_big = PNG_PIXEL + bytes(2 * 1024 * 1024)
    assert _upload(play, "media/uploadimg", too_big)["errcode"] == 45001


def test_media_comes_back_as_bytes_with_its_name(play: Play) -> None:
    media_id = _upload(play, "media/upload", PNG_PIXEL, type="image")["media_id"]
    query = {"access_token": play.token(), "media_id": media_id}
    answer = play.session.get(f"{play.url}/cgi-bin/media/get", params=query)
    assert answer.content == PNG_PIXEL
    assert "a.png" in answer.headers["Content-Disposition"]
    assert play.get("media/get", media_id="made-up")["errcode"] == 40007


def test_a_robots_file_is_its_own(start: Callable[..., Play]) -> None:
    play = start(robots=[{"key": "r1", "name": "one"}, {"key": "r2", "name": "two"}])
    answer = _upload(play, "webhook/upload_media", b"a report", key="r1", type="file")
    file = {"msgtype": "file", "file": {"media_id": answer["media_id"]}}
    assert _robot(play, "r1", **file) == 0
    assert _robot(play, "r2", **file) == 40007
