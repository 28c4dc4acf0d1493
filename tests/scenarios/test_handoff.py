"""Issue 2 §6, Hand-off: a wish for a person ends with a person, a place in line, or a promise with its time."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.story import KF, Story

TRANS = "kf/service_state/trans"


def staff(story: Story, act: str, who: str, userid: str = "aqiang", **more: str) -> None:
    story.act(f"staff/{act}", userid=userid, open_kfid=KF, external_userid=who, **more)
    story.settle()


def accepts(story: Story, userid: str, status: int) -> None:
    story.act("staff/servicer", userid=userid, open_kfid=KF, status=status)
    story.settle()


def test_a_wish_for_a_person_reaches_an_accepting_servicer_who_is_named(story: Story) -> None:
    story.go_to("10:00")
    story.customer_says("wm1", "转人工")

    asking, arrived = story.answers("wm1")
    assert asking in story.says("handoff_asking.ask_human")
    assert arrived in story.says("handoff_servicer", servicer="阿强")
    assert (story.session("wm1")["service_state"], story.session("wm1")["servicer_userid"]) == (3, "aqiang")
    (handoff,) = story.handoffs()
    assert (handoff.state, handoff.reason, handoff.evidence) == ("served", "ask_human", "转人工")
    assert story.why('"service_state": 3')["rule"] == "reason:ask_human"


def test_two_turns_without_an_answer_fetch_a_person(story: Story) -> None:
    story.go_to("10:00")
    story.customer_says("wm1", "量子力学怎么学")
    assert story.answers("wm1")[0] in story.says("unsure")
    assert story.handoffs() == []
    story.customer_says("wm1", "那相对论呢")

    assert story.handoffs()[0].reason == "repeated_nonanswer"
    assert story.session("wm1")["service_state"] == 3


def test_an_answer_between_two_blanks_starts_the_count_anew(story: Story) -> None:
    story.go_to("10:00")
    for text in ("量子力学怎么学", "包邮吗", "那相对论呢"):
        story.customer_says("wm1", text)

    assert story.handoffs() == []


def test_without_an_accepting_servicer_the_customer_waits_in_the_pool_and_hears_that(story: Story) -> None:
    story.go_to("10:00")
    accepts(story, "aqiang", 1)
    story.customer_says("wm1", "转人工")

    assert story.session("wm1")["service_state"] == 2
    assert story.answers("wm1")[-1] in story.says("handoff_pool")
    assert story.handoffs()[0].state == "pooled"

    staff(story, "take", "wm1")

    assert story.answers("wm1")[-1] in story.says("handoff_servicer", servicer="阿强")
    assert story.handoffs()[0].state == "served"


@pytest.mark.parametrize("errcode", [95014, 95019])
def test_a_servicer_who_turns_out_not_to_accept_is_passed_over_for_the_next(story: Story, errcode: int) -> None:
    story.go_to("10:00")
    accepts(story, "xiaoman", 0)
    story.fault(TRANS, "errcode", errcode=errcode, match={"servicer_userid": "aqiang"})
    story.customer_says("wm1", "转人工")

    assert story.session("wm1")["servicer_userid"] == "xiaoman"
    assert story.answers("wm1")[-1] in story.says("handoff_servicer", servicer="小满")


@pytest.mark.parametrize("errcode", [95014, 95019])
def test_when_no_servicer_can_take_it_the_pool_does(story: Story, errcode: int) -> None:
    story.go_to("10:00")
    story.fault(TRANS, "errcode", errcode=errcode, match={"servicer_userid": "aqiang"})
    story.customer_says("wm1", "转人工")

    assert story.session("wm1")["service_state"] == 2
    assert story.answers("wm1")[-1] in story.says("handoff_pool")


def test_a_paused_servicer_unknown_to_us_is_found_out_and_nothing_false_is_said(story: Story) -> None:
    story.go_to("10:00")
    story.act("callbacks", drop_next=1)
    accepts(story, "aqiang", 1)
    story.customer_says("wm1", "转人工")

    assert not any("阿强" in answer for answer in story.answers("wm1"))
    assert story.session("wm1")["service_state"] == 2


@pytest.mark.parametrize("errcode", [95016, 95017, 48007])
def test_a_transition_that_wecom_forbids_is_admitted_and_nobody_is_said_to_come(story: Story, errcode: int) -> None:
    story.go_to("10:00")
    story.fault(TRANS, "errcode", errcode=errcode)
    story.customer_says("wm1", "转人工")

    assert story.answers("wm1")[-1] in story.says("handoff_failed")
    assert story.session("wm1")["service_state"] in (0, 1)
    story.mend()
    story.customer_says("wm1", "转人工")
    assert story.session("wm1")["service_state"] == 3


def test_a_transition_whose_answer_was_lost_is_found_done_and_not_repeated(story: Story) -> None:
    story.go_to("10:00")
    story.fault(TRANS, "lost_answer", times=1)
    story.customer_says("wm1", "转人工")
    story.advance(seconds=15)
    story.settle()

    assert len(story.calls(TRANS)) == 1
    assert story.session("wm1")["service_state"] == 3
    assert story.handoffs()[0].state == "served"
    assert story.conversation("wm1").mode == "human"


def test_the_wish_is_not_forgotten_when_wecom_is_away_for_a_while(story: Story) -> None:
    story.go_to("10:00")
    story.fault(TRANS, "http500")
    story.fault("kf/service_state/get", "http500")
    story.customer_says("wm1", "转人工")
    for _ in range(20):
        story.advance(seconds=60)
        story.settle()
    story.mend()
    story.advance(seconds=400)
    story.settle()

    assert story.session("wm1")["service_state"] == 3
    assert story.answers("wm1")[-1] in story.says("handoff_servicer", servicer="阿强")


def test_a_refused_transition_while_the_state_cannot_be_asked_ends_in_an_honest_word(story: Story) -> None:
    """The look-up of the state must outlive the outage, else the bot would be silent for ever."""
    story.go_to("10:00")
    story.fault(TRANS, "errcode", errcode=95016)
    story.fault("kf/service_state/get", "http502")
    story.customer_says("wm1", "转人工")
    for _ in range(30):
        story.advance(seconds=30)
        story.settle()
    story.mend()
    story.advance(seconds=60)
    story.settle()

    assert story.answers("wm1")[-1] in story.says("handoff_failed")
    story.customer_says("wm1", "包邮吗")
    assert story.brand.knowledge.entries["K002"].answer in story.answers("wm1")[-1]


def test_off_hours_bring_a_promise_with_its_time_and_a_place_on_the_list(story: Story) -> None:
    story.go_to("23:00")
    accepts(story, "aqiang", 1)
    story.customer_says("wm1", "转人工")

    assert story.answers("wm1")[0] in story.says("handoff_promise", time="明天09:00")
    (handoff,) = story.handoffs()
    assert handoff.state == "promised"
    assert handoff.promised_for.astimezone(story.brand.zone).strftime("%H:%M") == "09:00"
    assert story.calls(TRANS) == []


def test_before_opening_the_promise_is_for_today(story: Story) -> None:
    story.go_to("07:30")
    accepts(story, "aqiang", 1)
    story.customer_says("wm1", "转人工")

    assert story.answers("wm1")[0] in story.says("handoff_promise", time="今天09:00")


def test_a_promise_made_before_a_holiday_is_for_the_day_after(story: Story) -> None:
    story.go_to("22:00", isoweekday=1)
    tomorrow = story.now().astimezone(story.brand.zone).date() + timedelta(days=1)
    hours = story.brand.hours.model_copy(update={"holidays": (tomorrow,)})
    object.__setattr__(story.engine, "brand", replace(story.brand, hours=hours))
    accepts(story, "aqiang", 1)
    story.customer_says("wm1", "转人工")

    assert story.answers("wm1")[0] in story.says("handoff_promise", time="后天09:00")


def test_off_hours_the_bot_goes_on_answering(story: Story) -> None:
    story.go_to("23:00")
    accepts(story, "aqiang", 1)
    story.customer_says("wm1", "转人工")
    story.customer_says("wm1", "包邮吗")

    assert story.brand.knowledge.entries["K002"].answer in story.answers("wm1")[-1]


def test_off_hours_a_servicer_who_accepts_is_sent_all_the_same(story: Story) -> None:
    story.go_to("23:00")
    story.customer_says("wm1", "转人工")

    assert story.answers("wm1")[-1] in story.says("handoff_servicer", servicer="阿强")


def test_in_the_morning_the_promise_is_kept_once_even_by_two_schedulers_and_a_restart(story: Story) -> None:
    story.go_to("23:00")
    accepts(story, "aqiang", 1)
    story.customer_says("wm1", "转人工")
    story.advance(hours=10)
    accepts(story, "aqiang", 0)
    story.restart()
    story.tick()
    story.tick()
    story.tick()

    assert story.session("wm1")["service_state"] == 3
    assert len(story.calls(TRANS)) == 1
    assert story.answers("wm1")[-1] in story.says("handoff_servicer", servicer="阿强")


def test_a_promise_whose_session_ended_over_the_holidays_is_kept_when_the_customer_writes(story: Story) -> None:
    story.go_to("23:00")
    accepts(story, "aqiang", 1)
    story.customer_says("wm1", "转人工")
    with story.database.write() as db:
        known = db.merge(story.handoffs()[0])
        known.promised_for = story.now() + timedelta(hours=58)
    story.advance(hours=58, minutes=1)
    story.tick()
    assert story.handoffs()[0].state == "promised"
    assert story.session("wm1")["service_state"] == 4

    accepts(story, "aqiang", 0)
    story.customer_says("wm1", "在吗")
    story.tick()

    assert story.session("wm1")["service_state"] == 3
    assert story.handoffs()[0].state == "served"


def test_the_bot_is_silent_while_a_person_serves_and_records_what_both_say(story: Story) -> None:
    story.go_to("10:00")
    story.customer_says("wm1", "转人工")
    before = story.answers("wm1")
    story.customer_says("wm1", "包邮吗")
    staff(story, "reply", "wm1", text="满99包邮")
    story.customer_says("wm1", "你是机器人吗")

    assert story.answers("wm1") == before
    assert [(m.author, m.text) for m in story.messages("wm1")[-3:]] == [
        ("customer", "包邮吗"),
        ("servicer", "满99包邮"),
        ("customer", "你是机器人吗"),
    ]


def test_the_bot_comes_back_when_the_session_ends_and_says_so_by_the_code(story: Story) -> None:
    story.go_to("10:00")
    story.customer_says("wm1", "转人工")
    staff(story, "end", "wm1")
    assert story.answers("wm1")[-1] in story.says("session_ended")
    assert story.handoffs()[0].state == "closed"

    story.customer_says("wm1", "包邮吗")

    assert story.brand.knowledge.entries["K002"].answer in story.answers("wm1")[-1]
    assert story.dead() == []


def test_a_second_wish_after_the_end_fetches_a_person_again(story: Story) -> None:
    story.go_to("10:00")
    story.customer_says("wm1", "转人工")
    staff(story, "end", "wm1")
    story.customer_says("wm1", "转人工")

    assert story.session("wm1")["service_state"] == 3
    assert [h.state for h in story.handoffs()] == ["closed", "served"]


def test_a_servicer_who_writes_into_an_ended_session_has_it_again_and_the_bot_keeps_silent(story: Story) -> None:
    story.go_to("10:00")
    story.customer_says("wm1", "转人工")
    staff(story, "end", "wm1")
    staff(story, "reply", "wm1", text="对了，还有一件事")
    before = story.answers("wm1")
    story.customer_says("wm1", "包邮吗")

    assert story.answers("wm1") == before
    assert story.conversation("wm1").mode == "human"


def test_a_transfer_between_servicers_keeps_the_bot_silent(story: Story) -> None:
    story.go_to("10:00")
    accepts(story, "xiaoman", 0)
    story.customer_says("wm1", "转人工")
    served_by = story.session("wm1")["servicer_userid"]
    other = {"aqiang": "xiaoman", "xiaoman": "aqiang"}[served_by]
    staff(story, "transfer", "wm1", userid=served_by, to=other)
    before = story.answers("wm1")
    story.customer_says("wm1", "包邮吗")

    assert story.answers("wm1") == before
    assert story.conversation("wm1").servicer_userid == other


def test_a_session_that_lapsed_without_any_event_gives_the_bot_its_voice_back(story: Story) -> None:
    story.go_to("10:00")
    story.customer_says("wm1", "转人工")
    story.advance(hours=49)
    story.customer_says("wm1", "包邮吗")

    assert story.brand.knowledge.entries["K002"].answer in story.answers("wm1")[-1]
    assert story.handoffs()[0].state == "closed"
    assert story.dead() == []


def test_who_lapsed_in_the_pool_is_offered_again_on_return(story: Story) -> None:
    story.go_to("10:00")
    accepts(story, "aqiang", 1)
    story.customer_says("wm1", "转人工")
    story.advance(hours=49)
    accepts(story, "aqiang", 0)
    story.customer_says("wm1", "在吗")
    story.tick()

    assert story.session("wm1")["service_state"] == 3
    assert [h.state for h in story.handoffs()] == ["served"]


def test_what_the_customer_writes_while_a_person_is_being_fetched_is_not_answered_by_the_bot(story: Story) -> None:
    story.go_to("10:00")
    story.act("customer/write", external_userid="wm1", open_kfid=KF, text="转人工")
    story.arrive()
    while story.reader.run_once(story.now()):
        pass
    while story.worker.run_once(story.now()):
        pass
    story.customer_says("wm1", "包邮吗")

    assert len(story.answers("wm1")) == 2
    assert "包邮吗" in [m.text for m in story.messages("wm1")]
    assert story.session("wm1")["service_state"] == 3


def test_an_answer_still_waiting_when_the_person_arrives_is_withdrawn(story: Story) -> None:
    story.go_to("10:00")
    story.fault("kf/send_msg", "throttle", times=1)
    story.customer_says("wm1", "包邮吗")
    assert story.answers("wm1") == []
    story.world.kf_sessions[(KF, "wm1")].state = 2
    staff(story, "take", "wm1")
    story.advance(seconds=120)
    story.settle()

    assert [row.state for row in story.rows("kf/send_msg")] == ["withdrawn"]
    assert not any("99" in answer for answer in story.answers("wm1"))


@pytest.mark.parametrize(("state", "servicer"), [(3, "aqiang"), (2, "")])
def test_a_session_that_a_person_took_without_our_knowing_is_found_by_the_refusal(
    story: Story, state: int, servicer: str
) -> None:
    """95018: somebody serves, and the event that said so never came."""
    story.go_to("10:00")
    story.customer_says("wm1", "包邮吗")
    session = story.world.kf_sessions[(KF, "wm1")]
    session.state, session.servicer_userid = state, servicer
    story.customer_says("wm1", "几天能到")

    assert story.conversation("wm1").service_state == state
    refused = len(story.dead())
    story.customer_says("wm1", "退货")
    assert len(story.dead()) == refused == 1
    assert story.conversation("wm1").mode == ("human" if servicer else "bot")


def test_a_session_that_ended_unknown_to_us_is_found_by_the_refusal(story: Story) -> None:
    story.go_to("10:00")
    story.act("customer/write", external_userid="wm1", open_kfid=KF, text="包邮吗")
    story.arrive()
    while story.reader.run_once(story.now()):
        pass
    story.world.kf_sessions[(KF, "wm1")].state = 4
    story.settle()
    assert len(story.dead()) == 1
    story.customer_says("wm1", "几天能到")

    assert len(story.answers("wm1")) == 1


def test_two_customers_go_to_two_servicers(story: Story) -> None:
    story.go_to("10:00")
    accepts(story, "xiaoman", 0)
    story.customer_says("wm1", "转人工")
    story.customer_says("wm2", "转人工")

    assert {story.session(who)["servicer_userid"] for who in ("wm1", "wm2")} == {"aqiang", "xiaoman"}


def test_a_wish_that_is_withdrawn_in_the_same_breath_fetches_nobody(story: Story) -> None:
    story.go_to("10:00")
    story.customer_says("wm1", "不用转人工了")

    assert story.handoffs() == []


def test_a_crisis_gets_help_at_once_and_a_person(story: Story) -> None:
    story.go_to("10:00")
    story.customer_says("wm1", "我不想活了")

    assert story.answers("wm1")[0] in story.says("handoff_asking.crisis")
    assert story.handoffs()[0].reason == "crisis"
    assert story.session("wm1")["service_state"] == 3


def test_an_event_said_twice_and_a_restart_in_the_middle_change_nothing(story: Story) -> None:
    story.go_to("10:00")
    story.act("callbacks", resend=3, shuffle_ms=20)
    story.act("customer/write", external_userid="wm1", open_kfid=KF, text="转人工")
    story.arrive()
    for _ in range(12):
        story.reader.run_once(story.now())
        story.worker.run_once(story.now())
        story.restart()
        story.sender.run_once(story.now())
    story.settle()
    staff(story, "end", "wm1")

    assert len(story.calls(TRANS)) == 1
    assert len(story.answers("wm1")) == 3
    assert story.dead() == []
