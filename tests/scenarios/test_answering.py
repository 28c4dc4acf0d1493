"""Issue 2 §6, Answering: knowledge, menus, greetings, honesty; and every answer names its source."""

import json

import pytest

from storage.outbox import OutboxRow
from tests.story import KF, Story


def newest(story: Story) -> tuple[OutboxRow, dict]:
    row = story.rows("kf/send_msg")[-1]
    return row, json.loads(row.why)


def test_a_question_is_answered_from_its_entry_and_says_so_in_the_ledger(story: Story) -> None:
    story.customer_says("wm1", "包邮吗")

    row, why = newest(story)
    assert story.brand.knowledge.entries["K002"].answer in story.answers("wm1")[0]
    assert why["kind"] == "answer"
    assert why["source"]["type"] == "knowledge"
    assert (why["source"]["id"], why["rule"]) == ("K002", "knowledge")
    assert why["source"]["version"] == story.brand.knowledge.entries["K002"].version
    assert why["tokens"]
    assert why["candidates"][0]["id"] == "K002"
    assert why["persona"].startswith("小完子")
    assert row.cause_id is not None


def test_the_ledger_shows_the_tags_and_their_words_beside_the_answer(story: Story) -> None:
    story.customer_says("wm1", "修护精华多少钱")

    _, why = newest(story)
    assert {"tag": "精华", "dimension": "preference", "span": "修护精华"}.items() <= why["tags"][0].items()


def test_an_unsure_answer_is_a_numbered_menu_and_a_digit_opens_the_entry(story: Story) -> None:
    story.customer_says("wm1", "精华")
    row, why = newest(story)
    offered = [item["click"]["id"] for item in row.body["msgmenu"]["list"]]
    assert why["kind"] == "menu"
    assert len(offered) == 3
    assert [item["click"]["content"][:2] for item in row.body["msgmenu"]["list"]] == ["1.", "2.", "3."]

    story.customer_says("wm1", "2")

    assert newest(story)[1]["source"]["id"] == offered[1]
    assert newest(story)[1]["rule"] == "menu choice"


@pytest.mark.parametrize("word", ["３", "三", "选3", "第三个", "3.", " 3 "])
def test_a_choice_may_be_written_in_many_ways(story: Story, word: str) -> None:
    story.customer_says("wm1", "精华")
    offered = [item["click"]["id"] for item in newest(story)[0].body["msgmenu"]["list"]]
    story.customer_says("wm1", word)

    assert newest(story)[1]["source"]["id"] == offered[2]


def test_a_click_on_the_menu_opens_the_entry_even_after_another_question(story: Story) -> None:
    story.customer_says("wm1", "精华")
    item = newest(story)[0].body["msgmenu"]["list"][1]["click"]
    story.customer_says("wm1", "包邮吗")
    story.customer_says("wm1", item["content"], menu_id=item["id"])

    assert newest(story)[1]["source"]["id"] == item["id"]


def test_a_digit_without_a_menu_or_beyond_it_opens_nothing(story: Story) -> None:
    story.customer_says("wm1", "2")
    assert newest(story)[1]["kind"] == "unsure"
    story.customer_says("wm2", "精华")
    story.customer_says("wm2", "9")
    assert newest(story)[1]["kind"] == "unsure"


@pytest.mark.parametrize(
    ("clock", "part"),
    [("06:00", "morning"), ("12:30", "noon"), ("16:00", "afternoon"), ("21:30", "evening"), ("02:00", "night")],
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_greeting_fits_the_time_of_day(story: Story, clock: str, part: str) -> None:
    story.go_to(clock)
    story.customer_says("wm1", "你好")

    assert story.answers("wm1")[0] in story.says(f"greeting.{part}")


@pytest.mark.parametrize("text", ["你是机器人吗", "是真人吗？", "你是AI吗"])
def test_it_is_honest_when_asked_whether_it_is_a_robot(story: Story, text: str) -> None:
    story.go_to("10:00")
    story.customer_says("wm1", text)

    assert story.answers("wm1")[0] in story.says("robot_honest")
    assert story.handoffs() == []


@pytest.mark.parametrize(
    ("msgtype", "key"),
    [
        ("image", "image_received"),
        ("voice", "voice_received"),
        ("video", "file_received"),
        ("file", "file_received"),
        ("location", "location_received"),
        ("link", "link_received"),
        ("miniprogram", "other_received"),
    ],
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_is_no_text_is_kept_and_gets_a_fitting_answer(story: Story, msgtype: str, key: str) -> None:
    story.act("customer/write", external_userid="wm1", open_kfid=KF, msgtype=msgtype)
    story.settle()

    assert story.answers("wm1")[0] in story.says(key)
    kept = story.messages("wm1")[0]
    assert kept.msgtype == msgtype
    assert kept.content


@pytest.mark.parametrize(
    ("msgtype", "content"),
    [
        ("merged_msg", {"title": "记录", "item": [{"send_time": 1, "msgtype": "text", "msg_content": "{}"}]}),
        ("channels_shop_order", {"order_id": "1", "product_titles": "面膜", "price_wording": "￥9", "state": "已付"}),
        ("business_card", {"userid": "xiaoli"}),
        ("hologram_2027", {"depth": 3, "nested": {"a": [1, None]}}),
    ],
)
def test_a_msgtype_nobody_knows_is_kept_whole_and_answered(story: Story, msgtype: str, content: dict) -> None:
    story.act("customer/write", external_userid="wm1", open_kfid=KF, msgtype=msgtype, content=content)
    story.settle()

    assert story.answers("wm1")[0] in story.says("other_received")
    assert content.items() <= story.messages("wm1")[0].content.items()


def test_emoji_and_rare_characters_survive_and_fetch_nobody(story: Story) -> None:
    story.go_to("10:00")
    text = "👩‍👩‍👧‍👦𠮷野家😊"
    story.customer_says("wm1", text)
    story.customer_says("wm2", "😊")
    story.customer_says("wm2", "🌸🌸")

    assert story.messages("wm1")[0].text == text
    assert story.handoffs() == []
    assert all(answer in story.says("small_talk") for answer in story.answers("wm2"))


def test_a_long_answer_is_split_into_messages_in_order_that_wecom_takes(story: Story) -> None:
    entry = story.brand.knowledge.entries["K002"]
    short, long = entry.answer, "".join(f"第{n}句话说的是包邮的规矩，满九十九元就包邮。" for n in range(120))
    object.__setattr__(entry, "answer", long)
    try:
        story.customer_says("wm1", "包邮吗")
    finally:
        object.__setattr__(entry, "answer", short)

    pieces = story.answers("wm1")
    assert len(pieces) > 1
    assert all(len(piece.encode()) <= 2048 for piece in pieces)
    assert long in "".join(pieces)
    assert story.dead() == []


def test_the_same_text_twice_is_answered_twice(story: Story) -> None:
    story.customer_says("wm1", "包邮吗")
    story.customer_says("wm1", "包邮吗")

    assert len(story.answers("wm1")) == 2


def test_a_message_older_than_an_outage_is_answered_with_an_apology(story: Story) -> None:
    story.act("customer/write", external_userid="wm1", open_kfid=KF, text="包邮吗")
    story.arrive()
    story.advance(hours=3)
    story.settle()

    (answer,) = story.answers("wm1")
    assert answer.split("\n")[0] in story.says("apology_late")
    assert story.brand.knowledge.entries["K002"].answer in answer
    assert newest(story)[1]["late_s"] >= 3 * 3600


def test_a_message_older_than_two_days_is_kept_and_not_answered(story: Story) -> None:
    story.act("customer/write", external_userid="wm1", open_kfid=KF, text="我是敏感肌，包邮吗")
    story.arrive()
    story.advance(hours=49)
    story.settle()

    assert story.answers("wm1") == []
    assert story.dead() == []
    assert [m.text for m in story.messages("wm1")] == ["我是敏感肌，包邮吗"]
    assert "敏感肌" in story.tags("wm1")


def test_messages_of_before_a_lost_doorbell_are_found_by_the_poll(story: Story) -> None:
    story.tick()
    story.act("callbacks", drop_next=1)
    story.customer_says("wm1", "包邮吗")
    assert story.answers("wm1") == []
    story.advance(seconds=61)
    story.tick()

    assert len(story.answers("wm1")) == 1
