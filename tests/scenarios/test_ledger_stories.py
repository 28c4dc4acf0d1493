"""Issue 2 §3: once, in order, never lost; bursts, expiry, priority, retries, throttling, dead letters and replay."""

import random

import pytest

from handlers import messages as handled
from handlers.event import UnknownEvent
from handlers.intake import to_row
from storage import inbox, outbox
from storage.inbox import InboxRow
from tests.story import KF, Story

SEND = "kf/send_msg"


@pytest.fixture
def burst(tmp_path, database_url, brand):
    told = Story(tmp_path, database_url, brand, WANZI_REPLY__BURST_WINDOW_S="1.5")
    yield told
    told.close()


def write(story: Story, who: str, text: str) -> str:
    answer = story.act("customer/write", external_userid=who, open_kfid=KF, text=text)
    return str(answer["msgid"])


def dead_events(story: Story) -> list[InboxRow]:
    with story.database.read() as db:
        found = inbox.dead(db)
        db.expunge_all()
        return found


# --- bursts


def test_several_short_messages_get_one_reply_and_every_one_is_recorded(burst: Story) -> None:
    for text in ("在吗", "想问一下", "包邮吗"):
        burst.customer_says("wm1", text)
        burst.advance(seconds=1)
    assert burst.answers("wm1") == []
    burst.advance(seconds=2)
    burst.settle()

    (answer,) = burst.answers("wm1")
    assert burst.brand.knowledge.entries["K002"].answer in answer
    assert [m.text for m in burst.messages("wm1")][:3] == ["在吗", "想问一下", "包邮吗"]


def test_messages_further_apart_than_the_window_get_a_reply_each(burst: Story) -> None:
    for text in ("包邮吗", "几天能到"):
        burst.customer_says("wm1", text)
        burst.advance(seconds=2)
        burst.settle()

    assert len(burst.answers("wm1")) == 2


def test_who_never_stops_writing_is_answered_after_four_windows(burst: Story) -> None:
    for second in range(12):
        burst.customer_says("wm1", f"包邮吗{second}")
        burst.advance(seconds=1)
    burst.settle()

    assert len(burst.answers("wm1")) >= 1
    assert handled.LONGEST_BURST_WINDOWS == 4


def test_a_burst_survives_a_restart_and_is_answered_once(burst: Story) -> None:
    burst.customer_says("wm1", "包邮吗")
    burst.restart()
    burst.advance(seconds=2)
    burst.settle()
    burst.restart()
    burst.settle()

    assert len(burst.answers("wm1")) == 1


def test_the_gravest_wish_of_a_burst_is_the_one_that_counts(burst: Story) -> None:
    burst.go_to("10:00")
    burst.customer_says("wm1", "转人工")
    burst.customer_says("wm1", "我不想活了")
    burst.advance(seconds=2)
    burst.settle()

    assert burst.answers("wm1")[0] in burst.says("handoff_asking.crisis")
    assert burst.handoffs()[0].reason == "crisis"


def test_a_wish_that_the_next_message_takes_back_fetches_nobody(burst: Story) -> None:
    burst.go_to("10:00")
    burst.customer_says("wm1", "转人工")
    burst.customer_says("wm1", "算了不用了")
    burst.advance(seconds=2)
    burst.settle()

    assert burst.handoffs() == []


def test_two_customers_bursts_do_not_mix(burst: Story) -> None:
    burst.customer_says("wm1", "包邮吗")
    burst.customer_says("wm2", "几天能到")
    burst.advance(seconds=2)
    burst.settle()

    assert burst.brand.knowledge.entries["K002"].answer in burst.answers("wm1")[0]
    assert burst.brand.knowledge.entries["K004"].answer in burst.answers("wm2")[0]


def test_a_recalled_message_of_a_burst_is_not_answered(burst: Story) -> None:
    msgid = burst.customer_says("wm1", "包邮吗")
    burst.act("customer/recall", external_userid="wm1", open_kfid=KF, msgid=msgid)
    burst.settle()
    burst.advance(seconds=2)
    burst.settle()

    assert burst.answers("wm1") == []
    assert burst.messages("wm1")[0].recalled_at is not None


# --- once and in order


def test_every_callback_said_five_times_and_shuffled_is_recorded_and_answered_once(story: Story) -> None:
    story.act("callbacks", resend=4, shuffle_ms=60)
    asked = [f"wm{number % 10}" for number in range(40)]
    for number, who in enumerate(asked):
        write(story, who, f"包邮吗{number}")
    story.settle()

    for who in set(asked):
        texts = [m.text for m in story.messages(who) if m.author == "customer"]
        assert texts == [f"包邮吗{number}" for number, name in enumerate(asked) if name == who]
        assert len(story.answers(who)) == asked.count(who)


def test_answers_leave_in_the_order_of_the_questions_even_when_the_first_fails_at_first(story: Story) -> None:
    story.fault(SEND, "busy", times=2)
    for text in ("包邮吗", "几天能到", "退货"):
        write(story, "wm1", text)
    for _ in range(6):
        story.settle()
        story.advance(seconds=6)

    ids = [row.id for row in story.rows(SEND)]
    assert ids == sorted(ids)
    entries = [story.brand.knowledge.entries[i].answer for i in ("K002", "K004", "K020")]
    assert all(entry in answer for entry, answer in zip(entries, story.answers("wm1"), strict=True))


def test_a_customer_in_trouble_does_not_hold_up_the_others(story: Story) -> None:
    story.fault(SEND, "http500", match={"touser": "wm1"})
    write(story, "wm1", "包邮吗")
    write(story, "wm2", "包邮吗")
    story.settle()

    assert story.answers("wm1") == []
    assert len(story.answers("wm2")) == 1


def test_empty_pages_and_small_pages_lose_nothing(story: Story) -> None:
    story.act("rules", kf_page_size=3, kf_empty_page_probability=0.4)
    for number in range(20):
        write(story, "wm1", f"包邮吗{number}")
    story.settle()

    assert len([m for m in story.messages("wm1") if m.author == "customer"]) == 20


def test_a_doorbell_whose_token_has_run_out_still_brings_the_messages(story: Story) -> None:
    write(story, "wm1", "包邮吗")
    story.arrive()
    story.advance(minutes=11)
    story.settle()

    assert len(story.answers("wm1")) == 1


@pytest.mark.parametrize("seed", range(4))
def test_faults_of_every_kind_and_restarts_at_any_moment_answer_everything_once(story: Story, seed: int) -> None:
    rng = random.Random(seed)
    story.act("callbacks", resend=1, shuffle_ms=10)
    for kind in ("http500", "reset", "lost_answer", "busy", "half_close", "html", "expired_token", "bad_token"):
        story.fault("*", kind, probability=0.08, times=6)
    asked: list[str] = []
    for number in range(12):
        who = f"wm{number % 4}"
        asked.append(who)
        write(story, who, ("包邮吗", "发什么快递", "几天能到")[number // 4])  # another one each time, as people do
        for _ in range(rng.randrange(4)):
            getattr(story, rng.choice(["reader", "worker", "sender"])).run_once(story.now())
        if rng.random() < 0.2:
            story.restart()
        story.advance(seconds=rng.random() * 20)
    story.mend()
    for _ in range(14):
        story.settle()
        story.advance(seconds=45)

    for who in set(asked):
        assert len([m for m in story.messages(who) if m.author == "customer"]) == asked.count(who)
        assert len(story.answers(who)) == asked.count(who)
    assert story.dead() == []


# --- expiry, allowance


def test_the_sixth_message_without_a_word_of_the_customer_is_not_sent(story: Story) -> None:
    story.customer_says("wm1", "包邮吗")
    conversation = story.conversation("wm1")
    with story.database.write() as db:
        for number in range(5):
            body = {"touser": "wm1", "open_kfid": KF, "msgid": f"more{number}", "msgtype": "text"}
            outbox.put(
                db,
                outbox.NewCall(
                    api=SEND,
                    payload={**body, "text": {"content": str(number)}},
                    lane=conversation.lane,
                    conversation_id=conversation.id,
                    epoch=conversation.epoch,
                ),
                story.now(),
            )
    story.settle()

    assert len(story.calls(SEND)) == 5
    assert story.dead() == [f"{SEND}: five messages since the customer's last one (95001)"]
    story.customer_says("wm1", "包邮吗")
    assert len(story.answers("wm1")) == 6


def test_nothing_is_sent_when_the_customer_has_been_silent_for_two_days(story: Story) -> None:
    story.fault(SEND, "busy")
    story.customer_says("wm1", "包邮吗")
    story.mend()
    before = len(story.calls(SEND))
    story.advance(hours=49)
    story.settle()

    assert len(story.calls(SEND)) == before
    assert story.dead() == [f"{SEND}: the customer has not written for 48 hours (95002)"]


# --- retries, throttling


def test_retries_wait_longer_each_time_and_not_all_the_same(story: Story) -> None:
    story.fault(SEND, "busy")
    for number in range(6):
        write(story, f"wm{number}", "包邮吗")
    story.settle()
    first = [row.available_at - story.now() for row in story.rows(SEND)]
    for _ in range(5):
        story.advance(seconds=40)
        story.settle()
    later = [row.available_at - story.now() for row in story.rows(SEND)]

    assert len(set(first)) == 6
    assert min(later) > max(first)


def test_a_night_without_wecom_loses_no_answer(story: Story) -> None:
    story.fault("*", "http502")
    write(story, "wm1", "包邮吗")
    for _ in range(40):
        story.settle()
        story.advance(minutes=12)
        story.tick()
    story.mend()
    for _ in range(3):
        story.advance(minutes=8)
        story.tick()

    assert len(story.answers("wm1")) == 1
    assert dead_events(story) == []


def test_a_message_composed_before_an_outage_of_three_hours_still_arrives(story: Story) -> None:
    story.fault(SEND, "http502")
    story.customer_says("wm1", "包邮吗")
    for _ in range(45):
        story.advance(minutes=4)
        story.settle()
    story.mend()
    story.advance(minutes=8)
    story.settle()

    assert len(story.answers("wm1")) == 1
    assert story.dead() == []


def test_no_call_is_made_while_wecom_asked_for_a_pause_and_other_apis_go_on(story: Story) -> None:
    story.fault(SEND, "throttle", times=1)
    write(story, "wm1", "包邮吗")
    story.settle()
    for number in range(2, 6):
        write(story, f"wm{number}", "包邮吗")
    story.act("customer/scan", external_userid="wm9", config_id="cw1")
    story.settle()
    assert len(story.calls(SEND)) == 1
    assert len(story.calls("externalcontact/send_welcome_msg")) == 1

    story.restart()
    story.settle()
    assert len(story.calls(SEND)) == 1
    story.advance(seconds=65)
    story.settle()

    assert all(len(story.answers(f"wm{n}")) == 1 for n in (1, 2, 3, 4, 5))
    assert [row.attempts for row in story.rows(SEND)] == [1] * 5


def test_a_pause_while_reading_loses_no_message(story: Story) -> None:
    story.fault("kf/sync_msg", "throttle", times=8)
    write(story, "wm1", "包邮吗")
    for _ in range(10):
        story.settle()
        story.advance(seconds=61)
    story.tick()

    assert len(story.answers("wm1")) == 1


# --- dead letters


def test_a_refused_message_is_dead_with_its_reason_and_can_be_sent_again(story: Story) -> None:
    story.fault(SEND, "errcode", errcode=40058, times=1)
    story.customer_says("wm1", "包邮吗")
    (row,) = story.rows(SEND)
    assert (row.state, row.errcode) == ("dead", 40058)
    assert row.reason

    with story.database.write() as db:
        assert outbox.revive(db, row.id, story.now())
    story.settle()

    assert len(story.answers("wm1")) == 1
    assert story.dead() == []


def test_a_dead_message_does_not_block_the_next_one(story: Story) -> None:
    story.fault(SEND, "errcode", errcode=40058, times=1)
    story.customer_says("wm1", "包邮吗")
    story.customer_says("wm1", "几天能到")

    assert len(story.answers("wm1")) == 1


def test_what_wecom_took_and_could_not_deliver_is_shown_with_its_reason(story: Story) -> None:
    story.fault(SEND, "msg_send_fail", fail_type=10, times=1)
    story.customer_says("wm1", "包邮吗")

    assert story.dead() == [f"{SEND}: msg_send_fail 10: 客户拒收"]


def test_a_failure_of_a_kind_nobody_knows_is_told_as_such(story: Story) -> None:
    story.fault(SEND, "msg_send_fail", fail_type=99, times=1)
    story.customer_says("wm1", "包邮吗")

    assert story.dead() == [f"{SEND}: msg_send_fail 99: 未知原因"]


def test_an_event_we_do_not_know_is_kept_and_done(story: Story) -> None:
    with story.database.write() as db:
        inbox.put(db, to_row(UnknownEvent(source="app", name="brand_new"), "unknown:1"), story.now())
    story.settle()

    with story.database.read() as db:
        assert inbox.depth(db)[0] == 0
        assert inbox.dead(db) == []


def test_an_event_that_breaks_its_handler_is_tried_six_times_then_dead_and_can_be_revived(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = story.brand.knowledge.search
    monkeypatch.setattr(story.brand.knowledge, "search", lambda *a, **k: 1 / 0)
    story.brand.read.cache_clear()
    write(story, "wm1", "包邮吗 broken")
    story.arrive()
    for _ in range(8):
        try:
            story.settle()
        except ZeroDivisionError:
            pytest.fail("one bad message stops the worker")
        story.advance(seconds=130)
    (row,) = dead_events(story)
    assert row.attempts == inbox.MAX_ATTEMPTS
    assert "broken" not in row.reason

    monkeypatch.setattr(story.brand.knowledge, "search", read)
    with story.database.write() as db:
        inbox.revive(db, row.id, story.now())
    story.settle()

    assert len(story.answers("wm1")) == 1
