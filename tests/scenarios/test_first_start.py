"""An account that had a life before Wanzi."""

from storage import conversations, messages
from tests.story import KF, Story


def test_what_was_said_before_the_first_start_is_kept_and_not_answered(story: Story) -> None:
    with story.database.write() as db:  # as if this account had never been read
        from storage.accounts import KfAccount

        for account in db.query(KfAccount):
            db.delete(account)
    story.act("callbacks", drop_next=2)
    story.act("customer/write", external_userid="wm1", open_kfid=KF, text="几天能到")
    story.advance(hours=2)
    story.act("customer/write", external_userid="wm2", open_kfid=KF, text="几天能到")

    story.tick()
    story.restart()
    story.settle()

    assert story.answers("wm1") == []
    assert len(story.answers("wm2")) == 1
    with story.database.read() as db:
        conversation = conversations.find(db, "kf", KF, "wm1")
        assert conversation is not None
        assert [message.text for message in messages.recent(db, conversation.id, 5)] == ["几天能到"]

    story.customer_says("wm1", "包邮吗")
    assert len(story.answers("wm1")) == 1
