"""A wish for a person is heard in what a customer said over several turns, once, and anew after the hand-off ended."""

from tests.scenarios.test_handoff import staff
from tests.story import Story


def test_what_was_said_in_earlier_turns_counts(story: Story) -> None:
    story.go_to("10:00")
    story.customer_says("wm1", "一直显示待揽收")
    assert story.handoffs() == []
    story.customer_says("wm1", "四天了，说好当天发的")

    assert [(handoff.reason, handoff.severity) for handoff in story.handoffs()] == [("complaint", 1)]


def test_a_wish_that_was_served_is_not_heard_again(story: Story) -> None:
    story.go_to("10:00")
    story.customer_says("wm1", "什么破店，瓶子碎一箱")
    staff(story, "end", "wm1")
    story.customer_says("wm1", "包邮吗")

    assert [handoff.reason for handoff in story.handoffs()] == ["complaint"]


def test_harm_to_a_child_is_graver(story: Story) -> None:
    story.go_to("10:00")
    story.customer_says("wm1", "宝宝涂完脸上起了一片红疹")

    assert [(handoff.reason, handoff.severity) for handoff in story.handoffs()] == [("adverse_reaction", 3)]
