"""A customer writes, Wanzi answers."""

from tests.story import Story


def test_a_customer_asks_and_gets_the_entry_as_answer(story: Story) -> None:
    story.customer_says("wm1", "几天能到")

    assert len(story.answers("wm1")) == 1
    assert "天" in story.answers("wm1")[0]
    assert story.dead() == []


def test_a_new_friend_is_welcomed_tagged_and_known_by_name(story: Story) -> None:
    story.act("customer/scan", external_userid="wm2", config_id="cw1")
    story.settle()

    private = story.snapshot()["private_chats"]
    assert next(chat for chat in private if chat["external_userid"] == "wm2")["messages"]
    assert story.dead() == []
