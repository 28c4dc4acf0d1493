"""Issue 2 §6, Slots: four posts a day, confirmed by their owners; never twice, never a flood after an outage."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from bot.scheduler import tick
from storage.posts import Delivery
from tests.story import Story

MASS = "externalcontact/add_msg_template"
TIANHE = ("wrFuyuTianhe0001", "wrFuyuTianhe0002")
SLOTS = ["08:30", "12:00", "15:30", "20:00"]


def tasks(story: Story) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = story.snapshot()["mass_tasks"]
    return found


def confirm_all(story: Story) -> None:
    for task in tasks(story):
        for share in task["shares"]:
            if share["status"] == "waiting":
                story.act("staff/confirm", userid=share["userid"], msgid=task["msgid"])


def posts_in(story: Story, chat_id: str) -> list[str]:
    group = next(g for g in story.snapshot()["groups"] if g["chat_id"] == chat_id)
    return [m["text"] for m in group["messages"]]


def customer_groups(story: Story) -> list[str]:
    return [g.address for g in story.brand.groups if g.kind == "customer"]


def of_today(story: Story) -> list[Delivery]:
    """Today's deliveries to customer groups."""
    today = story.now().astimezone(story.brand.zone).date()
    ours = [d for d in story.deliveries() if d.address in customer_groups(story)]
    return [d for d in ours if d.due_at.astimezone(story.brand.zone).date() == today]


def morning(story: Story, clock: str = "08:00") -> None:
    story.go_to(clock)
    story.tick()


def test_four_slots_a_day_reach_every_customer_group_after_its_owners_click(story: Story) -> None:
    morning(story)
    for slot in SLOTS:
        story.go_to(slot)
        story.advance(seconds=5)
        story.tick()
        confirm_all(story)
        story.advance(minutes=3)
        story.tick()

    for chat_id in customer_groups(story):
        assert len(posts_in(story, chat_id)) == 4
    assert {d.state for d in of_today(story)} == {"sent"}
    assert {d.due_at.astimezone(story.brand.zone).strftime("%H:%M") for d in of_today(story)} == set(SLOTS)
    assert story.dead() == []


def test_one_task_serves_all_groups_of_an_owner(story: Story) -> None:
    morning(story, "11:50")
    story.go_to("12:00")
    story.tick()

    sent = [c["body"] for c in story.calls(MASS)]
    assert Counter(body["sender"] for body in sent) == {"wangjie": 1, "linjie": 1, "hejie": 1}
    assert next(body["chat_id_list"] for body in sent if body["sender"] == "wangjie") == list(TIANHE)


def test_nothing_is_in_the_group_before_the_owner_confirms_and_an_ignored_post_stays_waiting(story: Story) -> None:
    morning(story, "11:50")
    story.go_to("12:00")
    story.tick()
    for task in tasks(story):
        for share in task["shares"]:
            story.act("staff/ignore", userid=share["userid"], msgid=task["msgid"])
    story.advance(minutes=10)
    story.tick()

    assert all(posts_in(story, chat_id) == [] for chat_id in customer_groups(story))
    assert {d.state for d in of_today(story)} == {"waiting"}

    story.advance(days=3)
    story.tick()
    noon = [d for d in story.deliveries() if d.due_at == min(x.due_at for x in story.deliveries())]
    assert {d.reason for d in noon} == {"群主两天内没有确认"}
    assert {d.check_at for d in noon} == {None}


def test_a_restart_at_one_past_noon_neither_loses_nor_doubles_the_noon_post(story: Story) -> None:
    morning(story, "11:50")
    story.go_to("12:00")
    story.advance(seconds=1)
    tick(story.engine)
    story.restart()
    story.advance(seconds=59)
    story.tick()
    story.restart()
    story.tick()
    confirm_all(story)

    assert all(len(posts_in(story, chat_id)) == 1 for chat_id in customer_groups(story))


def test_a_process_that_was_down_at_noon_posts_at_one_past_as_on_time(story: Story) -> None:
    morning(story, "11:50")
    story.go_to("12:01")
    story.restart()
    story.tick()
    confirm_all(story)

    assert all(len(posts_in(story, chat_id)) == 1 for chat_id in customer_groups(story))
    assert not any(d.catch_up for d in of_today(story))


def test_two_schedulers_post_once(story: Story) -> None:
    morning(story, "11:50")
    story.go_to("12:00")
    tick(story.engine)
    tick(story.engine)
    story.tick()

    assert len(story.calls(MASS)) == 3
    assert len(of_today(story)) == len(customer_groups(story))


@pytest.mark.parametrize(("hours", "caught_up"), [(3, 1), (4.5, 1), (72, 1), (80, 1)])
def test_after_an_outage_of_ours_each_group_gets_at_most_one_catch_up(
    story: Story, hours: float, caught_up: int
) -> None:
    morning(story, "11:30")
    story.advance(hours=hours)
    story.restart()
    story.tick()
    confirm_all(story)

    for chat_id in customer_groups(story):
        assert len(posts_in(story, chat_id)) <= caught_up
    left = [d for d in story.deliveries() if d.state == "skipped"]
    assert all(d.reason in ("错过时段：补发每群最多一条", "错过太久，不再补发") for d in left)
    assert sum(d.catch_up for d in story.deliveries()) <= len(customer_groups(story)) + 1


def test_three_hours_late_the_missed_noon_post_is_the_one_caught_up(story: Story) -> None:
    morning(story, "11:30")
    story.go_to("15:00")
    story.tick()
    confirm_all(story)

    assert all(len(posts_in(story, chat_id)) == 1 for chat_id in customer_groups(story))
    assert {d.catch_up for d in of_today(story)} == {True}


@pytest.mark.parametrize(
    ("hours", "kind", "state"), [(3, "busy", ""), (72, "busy", "skipped"), (72, "reset", "unknown")]
)
def test_after_an_outage_of_wecom_each_group_gets_at_most_one_late_post(
    story: Story, hours: int, kind: str, state: str
) -> None:
    """We went on working; the calls did not get through. The slots must not all arrive at once."""
    morning(story, "08:00")
    story.fault(MASS, kind)
    story.fault("webhook/send", kind)
    for _ in range(hours):
        story.advance(hours=1)
        story.tick()
    story.mend()
    story.advance(minutes=10)
    story.tick()
    story.advance(minutes=1)
    story.tick()
    confirm_all(story)

    for chat_id in customer_groups(story):
        assert len(posts_in(story, chat_id)) <= 1
    for robot in story.snapshot()["robots"]:
        assert len(robot["messages"]) <= 1
    late = [d for d in story.deliveries() if d.due_at < story.now() - timedelta(hours=5)]
    assert {d.state for d in late if d.address in customer_groups(story)} == ({state} if state else set())


def test_a_robot_of_a_staff_group_posts_without_a_click(story: Story) -> None:
    weekday, post = next(
        (day, post) for post in story.brand.posts.values() if "internal" in post.groups for day in post.weekdays
    )
    story.go_to("00:10", weekday)
    story.tick()
    story.go_to(post.at, weekday)
    story.tick()

    (robot,) = story.snapshot()["robots"]
    assert post.text.strip() in [m["text"].strip() for m in robot["messages"]]
    (delivery,) = [d for d in story.deliveries() if d.post_id == post.id]
    assert (delivery.state, delivery.address) == ("sent", robot["key"])


def test_a_cut_off_mass_message_is_looked_up_and_not_made_again(story: Story) -> None:
    morning(story, "11:50")
    story.fault(MASS, "lost_answer", match={"sender": "wangjie"}, times=1)
    story.go_to("12:00")
    story.tick()
    story.advance(seconds=30)
    story.tick()
    confirm_all(story)
    story.advance(minutes=3)
    story.tick()

    assert len([c for c in story.calls(MASS) if c["body"]["sender"] == "wangjie"]) == 1
    assert all(len(posts_in(story, chat_id)) == 1 for chat_id in TIANHE)
    assert {d.state for d in of_today(story) if d.address in TIANHE} == {"sent"}


def test_a_mass_message_without_any_effect_is_made_again(story: Story) -> None:
    morning(story, "11:50")
    story.fault(MASS, "reset", match={"sender": "wangjie"}, times=1)
    story.go_to("12:00")
    story.tick()
    story.advance(seconds=30)
    story.tick()
    confirm_all(story)

    assert all(len(posts_in(story, chat_id)) == 1 for chat_id in TIANHE)


def test_a_group_that_wecom_does_not_take_is_shown_as_failed(story: Story) -> None:
    morning(story, "11:50")
    story.act("group/dismiss", chat_id=TIANHE[0])
    story.settle()
    story.go_to("12:00")
    story.tick()
    confirm_all(story)
    story.advance(minutes=3)
    story.tick()

    states = {d.address: d.state for d in of_today(story)}
    assert states[TIANHE[0]] == "failed"
    assert states[TIANHE[1]] == "sent"


def test_the_ledger_names_the_post_and_its_slot(story: Story) -> None:
    morning(story, "11:50")
    story.go_to("12:00")
    story.tick()

    row = story.rows(MASS)[0]
    assert '"rule": "slot 12:00"' in row.why
    assert '"type": "post"' in row.why
    assert row.expires_at > story.now() + timedelta(hours=3)
