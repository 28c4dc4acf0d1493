"""Short questions that lean on the last one; repeated ones; entries that are not for everybody, or not for today."""

import json
from typing import Any

import pytest

from tests.story import Story


def newest(story: Story) -> dict[str, Any]:
    why: dict[str, Any] = json.loads(story.rows("kf/send_msg")[-1].why)
    return why


def test_the_same_question_again_is_not_answered_in_the_same_words(story: Story) -> None:
    story.customer_says("wm1", "包邮吗")
    story.customer_says("wm1", "包邮吗？")

    first, second = story.answers("wm1")
    answer = story.brand.knowledge.entries["K002"].answer
    assert answer in first
    assert answer in second
    assert first != second
    assert newest(story)["times"] == 2


def test_asked_a_third_time_a_person_is_fetched(story: Story) -> None:
    for text in ("包邮吗", "包邮吗？", "到底包邮吗"):
        story.customer_says("wm1", text)

    assert [handoff.reason for handoff in story.handoffs()] == ["repeated_nonanswer"]


def test_a_topic_is_forgotten_after_half_an_hour(story: Story) -> None:
    story.customer_says("wm1", "包邮吗")
    story.advance(minutes=31)
    story.customer_says("wm1", "那呢")

    assert "read_as" not in newest(story)


def test_a_greeting_after_an_answer_is_a_greeting(story: Story) -> None:
    story.customer_says("wm1", "包邮吗")
    story.customer_says("wm1", "谢谢")

    assert newest(story)["rule"] == "intent:thanks"


@pytest.mark.parametrize("word", ["第二个", "2", "选二"])
def test_a_number_after_a_menu_is_the_choice(story: Story, word: str) -> None:
    story.customer_says("wm1", "精华")
    assert newest(story)["kind"] == "menu"
    story.customer_says("wm1", word)

    assert newest(story)["rule"] == "menu choice"


def test_a_follow_up_takes_over_the_thing_and_exchanges_the_person(story: Story) -> None:
    story.customer_says("wm1", "敏感肌能用面膜吗")
    assert newest(story)["variant"] == {"tag": "敏感肌"}
    story.customer_says("wm1", "那油皮呢")

    assert newest(story)["read_as"] == "油皮能用面膜吗"
    assert newest(story)["kind"] == "answer"


def test_the_variant_is_for_whom_the_question_is_about(story: Story) -> None:
    story.customer_says("wm1", "我是油皮")
    story.customer_says("wm1", "我妈是敏感肌，能用面膜吗")

    assert newest(story)["variant"] == {"tag": "敏感肌"}
    assert "敏感肌" not in story.tags("wm1")
