"""Issue 2 §6, Staff: who writes to the app or the AI bot is answered too, and 状态 tells today's figures."""

import json

import pytest

from tests.story import AGENTID, KF, Story


def app_answers(story: Story, userid: str) -> list[str]:
    chats = story.snapshot()["app_chats"]
    return [m["text"] for c in chats if c["userid"] == userid for m in c["messages"] if m["from"] == "bot"]


def aibot_answers(story: Story, userid: str) -> list[str]:
    chats = story.snapshot()["aibot_chats"]
    return [m["text"] for c in chats if c["userid"] == userid for m in c["messages"] if m["from"] == "bot"]


def staff_says(story: Story, userid: str, text: str) -> None:
    story.act("staff/app", userid=userid, agentid=AGENTID, text=text)
    story.settle()


def test_a_staff_member_gets_the_entry_as_answer(story: Story) -> None:
    staff_says(story, "xiaoli", "包邮吗")

    assert story.brand.knowledge.entries["K002"].answer in app_answers(story, "xiaoli")[0]
    assert json.loads(story.rows("message/send")[0].why)["source"]["id"] == "K002"


def test_a_greeting_from_staff_shows_the_way_in(story: Story) -> None:
    staff_says(story, "xiaoli", "你好")

    assert app_answers(story, "xiaoli")[0] in story.says("staff_hello")


def test_what_nobody_can_answer_is_said_to_be_so_and_no_person_is_promised(story: Story) -> None:
    for text in ("量子力学怎么学", "那相对论呢", "转人工"):
        staff_says(story, "xiaoli", text)

    answers = app_answers(story, "xiaoli")
    assert all(answer in story.says("staff_unknown") for answer in answers[:2])
    assert len(answers) == 3
    assert story.handoffs() == []
    assert not any("转人工" in answer for answer in answers[:2])


@pytest.mark.parametrize("msgtype", ["image", "voice", "location"])
def test_what_is_no_text_is_answered_too(story: Story, msgtype: str) -> None:
    story.act("staff/app", userid="xiaoli", agentid=AGENTID, msgtype=msgtype)
    story.settle()

    assert app_answers(story, "xiaoli")[0] in story.says("staff_unknown")


def test_the_figures_of_today_count_what_customers_and_bot_did_and_not_the_staff(story: Story) -> None:
    story.go_to("22:00")
    story.act("staff/servicer", userid="aqiang", open_kfid=KF, status=1)
    story.settle()
    story.customer_says("wm1", "发什么快递")
    story.customer_says("wm1", "我是敏感肌")
    story.customer_says("wm2", "转人工")
    story.act("customer/scan", external_userid="wm3", config_id="cw1")
    story.settle()
    story.advance(minutes=7)
    staff_says(story, "wangjie", "状态")

    (figures,) = app_answers(story, "wangjie")
    assert "客户消息 3 条，机器人回复 3 条，人工回复 0 条" in figures
    assert "新增客户 1 位，新打标签 2 个" in figures
    assert "请真人 1 次，现在等待 1 位" in figures
    assert "等得最久的已等 7 分钟" in figures
    assert "今天还没有到点的" in figures


def test_the_figures_begin_anew_at_the_brands_midnight_and_show_the_posts(story: Story) -> None:
    story.go_to("23:30", isoweekday=2)
    story.tick()
    story.customer_says("wm1", "包邮吗")
    story.go_to("12:00", isoweekday=3)
    story.tick()
    staff_says(story, "wangjie", "今日状态")

    (figures,) = app_answers(story, "wangjie")
    assert "客户消息 0 条" in figures
    assert "等群主确认 5" in figures
    assert "跳过" in figures


def test_a_message_delivered_three_times_is_answered_once(story: Story) -> None:
    story.act("callbacks", resend=2, shuffle_ms=20)
    staff_says(story, "xiaoli", "包邮吗")

    assert len(app_answers(story, "xiaoli")) == 1


def test_the_same_question_again_is_answered_again_though_wecom_drops_equal_bodies(story: Story) -> None:
    staff_says(story, "xiaoli", "包邮吗")
    staff_says(story, "xiaoli", "包邮吗")

    assert len(app_answers(story, "xiaoli")) == 2


def test_the_ai_bot_answers_each_message_once_behind_its_response_url(story: Story) -> None:
    for text in ("包邮吗", "状态"):
        story.act("aibot/write", userid="xiaoli", text=text)
        story.settle()

    first, second = aibot_answers(story, "xiaoli")
    assert story.brand.knowledge.entries["K002"].answer in first
    assert "今日状态" in second
    assert [row.state for row in story.rows("aibot/response")] == ["sent", "sent"]


def test_an_ai_bot_answer_that_is_an_hour_late_is_not_sent(story: Story) -> None:
    story.fault("aibot/response", "http500")
    story.act("aibot/write", userid="xiaoli", text="包邮吗")
    story.settle()
    story.mend()
    story.advance(minutes=61)
    story.settle()

    assert aibot_answers(story, "xiaoli") == []
    assert [row.state for row in story.rows("aibot/response")] in (["dead"], ["unknown"])


def test_an_app_event_is_kept_and_answered_with_nothing(story: Story) -> None:
    story.act("staff/app_event", userid="xiaoli", agentid=AGENTID, event="enter_agent")
    story.settle()

    assert app_answers(story, "xiaoli") == []
    assert story.dead() == []
