"""Severity of a hand-off: its first words, who is told, how often, and who comes first. Nobody is left waiting."""

import json
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from handlers.brand import Brand
from handlers.hand_over import takeover
from keywords.wishes import SEVERITY
from persona.model import load_persona
from storage.outbox import OutboxRow
from tests.scenarios.test_handoff import TRANS, accepts, staff
from tests.story import KF, Story

ROOT = Path(__file__).parents[2]
PERSONAS = sorted([*ROOT.glob("persona/personas/*.yaml"), *ROOT.glob("brands/*/personas/*.yaml")])

CRISIS, REACTION, LEGAL, COMPLAINT, PLAIN = "我不想活了", "用完脸肿了", "我要打12315", "我要投诉你们", "转人工"
DUTY = ("aqiang", "wangjie")


def alerts(story: Story) -> list[str]:
    """What the duty staff read in WeCom, oldest first."""
    chats = story.snapshot()["app_chats"]
    read = {userid: [m["text"] for c in chats if c["userid"] == userid for m in c["messages"]] for userid in DUTY}
    assert read["aqiang"] == read["wangjie"]
    return read["wangjie"]


def rows(story: Story) -> list[OutboxRow]:
    return [row for row in story.rows("message/send") if row.lane.startswith("alert:")]


def nobody_accepts(story: Story) -> None:
    accepts(story, "aqiang", 1)


def test_every_reason_has_a_severity_first_words_and_a_name_for_the_staff(brand: Brand) -> None:
    assert all(brand.persona.phrases[f"handoff_asking.{reason}"] for reason in SEVERITY)


@pytest.mark.parametrize("path", PERSONAS, ids=lambda path: path.stem)
def test_words_in_a_crisis_hold_the_numbers_of_mainland_china_and_nothing_that_sells(path: Path) -> None:
    phrases = load_persona(path).phrases
    for line in phrases["handoff_asking.crisis"] + phrases["after_crisis"]:
        assert all(re.search(rf"(?<!\d){number}(?!\d)", line) for number in ("12356", "110", "120")), line
        assert not any(word in line for word in ("http", "券", "会员", "产品", "优惠", "护肤"))
        assert not re.search("[\U0001f300-\U0001faff]", line)


def test_first_words_to_the_hurt_and_the_angry_help_and_apologise_and_admit_nothing(brand: Brand) -> None:
    for line in brand.persona.phrases["handoff_asking.adverse_reaction"]:
        assert all(word in line for word in ("停用", "冲", "120", "医"))
    for reason in ("legal_threat", "complaint", "refund_dispute"):
        for line in brand.persona.phrases[f"handoff_asking.{reason}"]:
            assert "抱歉" in line or "对不起" in line
            assert not any(word in line for word in ("我们的错", "赔", "承认", "😊", "🌿"))


@pytest.mark.parametrize(
    ("text", "reason"), [(CRISIS, "crisis"), (REACTION, "adverse_reaction"), (LEGAL, "legal_threat")]
)
@pytest.mark.parametrize("clock", ["10:00", "03:00"])
def test_a_grave_word_gets_its_own_words_and_the_duty_staff_are_told_at_once_at_any_hour(
    story: Story, text: str, reason: str, clock: str
) -> None:
    story.go_to(clock)
    nobody_accepts(story)
    story.customer_says("wm1", text)

    (alert,) = alerts(story)
    assert text in alert
    assert "wm1" in alert
    assert "刚刚" in alert
    assert story.answers("wm1")[0] in story.says(f"handoff_asking.{reason}")
    assert story.handoffs()[0].severity == SEVERITY[reason]
    (row,) = rows(story)
    assert json.loads(row.why)["rule"] == f"reason:{reason}"


@pytest.mark.parametrize(("text", "severity"), [(COMPLAINT, 1), (PLAIN, 0), ("都几天了还不退款", 1)])
def test_what_can_wait_alerts_nobody_at_once(story: Story, text: str, severity: int) -> None:
    story.go_to("10:00")
    story.customer_says("wm1", text)

    assert story.handoffs()[0].severity == severity
    assert alerts(story) == []


def test_a_doubled_callback_and_a_second_word_of_the_same_weight_give_one_alert(story: Story) -> None:
    story.go_to("10:00")
    nobody_accepts(story)
    story.act("callbacks", resend=3, shuffle_ms=20)
    story.customer_says("wm1", CRISIS)
    story.restart()
    story.customer_says("wm1", CRISIS)

    assert len(alerts(story)) == 1


def test_the_alert_leaves_within_a_minute_though_the_kf_api_is_down_and_no_servicer_is_there(story: Story) -> None:
    story.go_to("10:00")
    nobody_accepts(story)
    for api in ("kf/send_msg", TRANS, "kf/service_state/get", "kf/send_msg_on_event"):
        story.fault(api, "http500")
    story.customer_says("wm1", CRISIS)

    (row,) = rows(story)
    assert row.state == "sent"
    assert (row.settled_at or story.now()) - row.caused_at <= timedelta(seconds=60)
    assert story.answers("wm1") == []


def test_an_alert_that_wecom_does_not_take_is_sent_when_it_does_and_none_pile_up_behind_it(story: Story) -> None:
    story.go_to("03:00")
    nobody_accepts(story)
    story.fault("message/send", "http500")
    story.customer_says("wm1", CRISIS)
    for _ in range(10):
        story.advance(minutes=6)
        story.tick()
    story.mend()
    story.advance(minutes=6)
    story.settle()

    assert len(alerts(story)) == 1


def test_a_crisis_does_not_wait_for_the_burst_window(tmp_path: Path, database_url: str, brand: Brand) -> None:
    story = Story(tmp_path, database_url, brand, WANZI_REPLY__BURST_WINDOW_S="30")
    story.go_to("10:00")
    story.customer_says("wm1", "在吗")
    assert story.answers("wm1") == []
    story.customer_says("wm1", CRISIS)

    assert len(alerts(story)) == 1
    assert story.answers("wm1")[0] in story.says("handoff_asking.crisis")
    story.advance(minutes=3)
    story.settle()
    assert len(story.answers("wm1")) == 2  # the second says who has come
    story.close()


def test_the_staff_are_told_again_until_somebody_serves(story: Story) -> None:
    story.go_to("10:00")
    nobody_accepts(story)
    story.customer_says("wm1", LEGAL)
    story.advance(minutes=5)
    story.tick()
    story.tick()
    assert len(alerts(story)) == 2
    assert "已等 5 分钟" in alerts(story)[1]
    assert "还没有人接待" in alerts(story)[1]

    staff(story, "take", "wm1")
    for _ in range(5):
        story.advance(minutes=5)
        story.tick()
    assert len(alerts(story)) == 2


def test_the_staff_are_told_a_limited_number_of_times_and_once_that_it_is_overdue(story: Story) -> None:
    story.go_to("03:00")
    nobody_accepts(story)
    story.customer_says("wm1", CRISIS)
    for _ in range(40):
        story.advance(minutes=2)
        story.tick()

    told = alerts(story)
    assert len([text for text in told if "等太久了" in text]) == 1
    assert len(told) == story.settings.handoff.alert_most == 6


def test_a_plain_wish_that_nobody_takes_is_overdue_once(story: Story) -> None:
    story.go_to("10:00")
    nobody_accepts(story)
    story.customer_says("wm1", PLAIN)
    story.advance(minutes=59)
    story.tick()
    assert alerts(story) == []
    for _ in range(3):
        story.advance(minutes=2)
        story.tick()

    (alert,) = alerts(story)
    assert "等太久了" in alert
    assert "客户要找真人" in alert


def test_a_wish_at_night_is_overdue_only_after_the_promised_time(story: Story) -> None:
    """N19: a promise at once, on the list in the morning, and a breach is told."""
    story.go_to("23:00")
    nobody_accepts(story)
    story.customer_says("wm1", PLAIN)
    assert story.answers("wm1")[0] in story.says("handoff_promise", time="明天09:00")
    story.advance(hours=9, minutes=59)
    story.tick()
    assert alerts(story) == []
    story.advance(hours=1, minutes=2)
    story.tick()

    assert story.handoffs()[0].state == "pooled"
    assert len(alerts(story)) == 1


def test_a_graver_word_raises_the_hand_off_and_a_lesser_one_does_not_lower_it(story: Story) -> None:
    story.go_to("23:00")
    nobody_accepts(story)
    story.customer_says("wm1", PLAIN)
    story.customer_says("wm1", REACTION)
    story.customer_says("wm1", PLAIN)

    (handoff,) = story.handoffs()
    assert (handoff.reason, handoff.severity, handoff.said) == ("adverse_reaction", 2, REACTION)
    assert len(alerts(story)) == 1


@pytest.mark.parametrize("text", [CRISIS, REACTION])
def test_while_a_person_serves_the_bot_is_silent_and_the_duty_staff_are_told(story: Story, text: str) -> None:
    story.go_to("10:00")
    story.customer_says("wm1", PLAIN)
    assert story.handoffs()[0].state == "served"
    before = story.answers("wm1")
    story.customer_says("wm1", text)
    for _ in range(3):
        story.advance(minutes=6)
        story.tick()

    assert story.answers("wm1") == before
    assert story.handoffs()[0].severity == SEVERITY[story.handoffs()[0].reason] >= 2
    (alert,) = alerts(story)
    assert "阿强在接待" in alert


def test_a_servicer_who_came_unasked_is_known_to_serve_when_it_becomes_grave(story: Story) -> None:
    story.go_to("10:00")
    story.customer_says("wm1", "包邮吗")
    session = story.world.kf_sessions[(KF, "wm1")]
    session.state, session.servicer_userid = 3, "aqiang"
    staff(story, "reply", "wm1", text="包的")
    before = story.answers("wm1")
    story.customer_says("wm1", CRISIS)

    assert story.answers("wm1") == before
    assert [(h.state, h.reason) for h in story.handoffs()] == [("served", "crisis")]
    assert len(alerts(story)) == 1
    staff(story, "end", "wm1")
    assert story.handoffs()[0].state == "closed"


def test_while_somebody_is_fetched_words_of_help_are_queued_all_the_same(story: Story) -> None:
    story.go_to("10:00")
    story.fault(TRANS, "throttle", times=1)
    story.customer_says("wm1", PLAIN)
    story.customer_says("wm1", CRISIS)

    assert any("12356" in row.payload for row in story.rows("kf/send_msg"))
    assert len(alerts(story)) == 1
    assert story.handoffs()[0].severity == 3


def test_the_waiting_list_shows_the_gravest_first_and_they_are_offered_first(story: Story) -> None:
    story.go_to("23:00")
    nobody_accepts(story)
    for who, text in (("wm1", PLAIN), ("wm2", COMPLAINT), ("wm3", REACTION), ("wm4", CRISIS), ("wm5", CRISIS)):
        story.customer_says(who, text)
        story.advance(seconds=1)
    story.advance(hours=10)
    story.tick()

    offered = [row.body["external_userid"] for row in story.rows(TRANS)]
    assert offered == ["wm4", "wm5", "wm3", "wm2", "wm1"]


def test_a_servicer_who_begins_to_accept_at_night_gets_those_who_cannot_wait_and_only_them(story: Story) -> None:
    story.go_to("23:00")
    nobody_accepts(story)
    for who, text in (("wm1", PLAIN), ("wm2", REACTION), ("wm3", CRISIS)):
        story.customer_says(who, text)
    accepts(story, "aqiang", 0)

    assert [row.body["external_userid"] for row in story.rows(TRANS)] == ["wm3", "wm2"]
    assert story.session("wm3")["servicer_userid"] == "aqiang"
    assert [h.state for h in story.handoffs()] == ["promised", "served", "served"]


def test_a_servicer_who_begins_to_accept_gets_the_grave_one_out_of_the_pool(story: Story) -> None:
    story.go_to("10:00")
    nobody_accepts(story)
    story.customer_says("wm1", PLAIN)
    story.customer_says("wm2", REACTION)
    assert [h.state for h in story.handoffs()] == ["pooled", "pooled"]
    accepts(story, "aqiang", 0)

    assert [h.state for h in story.handoffs()] == ["pooled", "served"]
    assert story.session("wm1")["service_state"] == 2


def test_a_grave_hand_off_that_wecom_forbids_stays_on_the_list(story: Story) -> None:
    story.go_to("10:00")
    story.fault(TRANS, "errcode", errcode=95016)
    story.customer_says("wm1", CRISIS)
    story.advance(minutes=6)
    story.tick()

    assert story.handoffs()[0].state == "promised"
    assert len(alerts(story)) >= 2
    assert not set(story.answers("wm1")) & story.says("handoff_failed")


def test_after_a_crisis_there_is_no_small_talk_no_menu_and_no_welcome_but_an_answer_stays_one(story: Story) -> None:
    story.go_to("23:00")
    nobody_accepts(story)
    story.customer_says("wm1", CRISIS)
    asked = len(story.answers("wm1"))
    quiet = story.says("after_crisis")
    for text in ("你好", "谢谢", "有什么优惠券推荐", "😊"):
        story.customer_says("wm1", text)
        assert not any(word in story.answers("wm1")[-1] for word in ("🌙", "🌿", "会员", "http")), text
    assert story.answers("wm1")[asked] in quiet
    story.customer_says("wm1", "包邮吗")
    assert story.answers("wm1")[-1] == story.brand.knowledge.entries["K002"].answer
    story.customer_says("wm1", "你是机器人吗")
    assert story.answers("wm1")[-1] in story.says("robot_honest")

    story.advance(days=31)
    story.customer_says("wm1", "你好")
    assert story.answers("wm1")[-1] not in quiet


def test_the_end_of_a_session_after_a_crisis_is_passed_over_in_silence(story: Story) -> None:
    story.go_to("10:00")
    story.customer_says("wm1", CRISIS)
    before = story.answers("wm1")
    staff(story, "end", "wm1")

    assert story.answers("wm1") == before


def test_a_conversation_that_a_person_took_in_the_console_is_served_until_it_is_given_back(story: Story) -> None:
    story.go_to("03:00")
    nobody_accepts(story)
    story.customer_says("wm1", REACTION)
    number = story.conversation("wm1").id
    with story.database.write() as db:
        takeover.claim(story.engine.context(db, story.now()), number, "wangjie")
    for _ in range(3):
        story.advance(minutes=6)
        story.tick()
    assert len(alerts(story)) == 1
    assert story.handoffs()[0].state == "served"

    story.engine.change(lambda ctx: takeover.release(ctx, number, "wangjie"))
    assert story.handoffs()[0].state == "closed"
    story.customer_says("wm1", "包邮吗")
    assert story.brand.knowledge.entries["K002"].answer in story.answers("wm1")[-1]


@pytest.mark.parametrize(("text", "welcomed"), [(PLAIN, True), (COMPLAINT, False), (CRISIS, False)])
def test_who_quarrels_with_us_or_was_in_a_crisis_is_not_greeted_with_coupons(
    story: Story, text: str, welcomed: bool
) -> None:
    story.go_to("03:00")
    nobody_accepts(story)
    story.customer_says("wm1", text)
    before = len(story.answers("wm1"))
    story.advance(hours=49)
    story.act("customer/enter", external_userid="wm1", open_kfid=KF)
    story.settle()

    assert (len(story.answers("wm1")) > before) is welcomed


def test_phone_numbers_and_long_words_are_masked_and_cut_in_an_alert(story: Story) -> None:
    story.go_to("10:00")
    story.customer_says("wm1", "用完脸肿了，我的电话13812345678，" + "很难受" * 40)

    (alert,) = alerts(story)
    assert "13812345678" not in alert
    assert "脸肿了" in alert
    assert len(story.handoffs()[0].said) <= 60


def test_without_anybody_on_duty_nothing_is_sent_and_the_status_says_so(story: Story) -> None:
    object.__setattr__(story.engine, "brand", replace(story.brand, duty=(), staff={}))
    story.go_to("10:00")
    story.customer_says("wm1", CRISIS)
    assert rows(story) == []
    story.act("staff/app", userid="xiaoli", agentid=1000002, text="状态")
    story.settle()

    assert "没有值班人" in story.rows("message/send")[-1].payload


def test_managers_are_told_where_nobody_is_named_for_duty(brand: Brand) -> None:
    assert brand.on_duty == DUTY
    assert replace(brand, duty=()).on_duty == ("wangjie", "linjie", "hejie")
