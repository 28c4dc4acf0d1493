"""Issue 2 §6, Tagging: the customer's words earn tags with evidence, the staff see them, a removal is remembered."""

import threading
from typing import Any

import pytest

from bot.wecom import contacts
from handlers import tagging
from handlers.event import ExternalTagChanged
from handlers.intake import to_row
from storage import inbox
from storage.tags import Gain
from tests.story import Story

MARK, ADD = "externalcontact/mark_tag", "externalcontact/add_corp_tag"


def befriend(story: Story, who: str) -> None:
    story.act("customer/scan", external_userid=who, config_id="cw1")
    story.settle()


def shown(story: Story, who: str, userid: str = "xiaoli") -> set[str]:
    """The names of the corp tags that stand on a contact in WeCom."""
    names = {tag_id: tag.name for group in story.world.tag_groups.values() for tag_id, tag in group.tags.items()}
    follow = story.world.follow(userid, who)
    return {names[tag_id] for tag_id in follow.tag_ids} if follow else set()


def tag_id(story: Story, name: str) -> str:
    return next(t for g in story.world.tag_groups.values() for t, tag in g.tags.items() if tag.name == name)


def test_words_earn_a_tag_with_message_span_rule_and_dimension(story: Story) -> None:
    msgid = story.customer_says("wm1", "你好，我是敏感肌，用什么面膜")

    tag = story.tags("wm1")["敏感肌"]
    assert (tag.dimension, tag.source) == ("attribute", "keyword")
    assert tag.evidence["span"] == "敏感肌"
    assert (tag.evidence["start"], tag.evidence["end"]) == (5, 8)
    assert tag.evidence["msgid"] == msgid
    assert tag.evidence["rule"] == "keyword:敏感肌"
    assert tag.evidence["version"].startswith(story.brand.catalogue.version)
    assert tag.gained_at == tag.seen_at


@pytest.mark.parametrize("text", ["我不是敏感肌", "我妈是敏感肌", "如果是敏感肌呢", "什么是敏感肌？"])
def test_denied_supposed_and_other_peoples_traits_are_not_the_customers(story: Story, text: str) -> None:
    story.customer_says("wm1", text)

    assert "敏感肌" not in story.tags("wm1")


def test_a_contact_shows_new_tags_to_the_staff_member_and_the_corp_tag_is_made_once(story: Story) -> None:
    befriend(story, "wm1")
    story.customer_says("wm1", "我是敏感肌")
    story.customer_says("wm1", "敏感肌真烦")

    assert shown(story, "wm1") == {"渠道:天河店小李", "敏感肌"}
    assert [c["body"]["tag"][0]["name"] for c in story.calls(ADD)] == ["渠道:天河店小李", "敏感肌"]
    assert {c["body"]["group_name"] for c in story.calls(ADD)} == {"渠道", "属性"}
    assert story.tags("wm1")["敏感肌"].times == 2
    assert story.dead() == []


def test_tags_of_a_kf_customer_are_marked_when_the_customer_becomes_a_contact(story: Story) -> None:
    story.customer_says("wm1", "我是油皮，想买防晒")
    assert story.calls(MARK) == []

    befriend(story, "wm1")

    assert {"油皮", "防晒"} <= shown(story, "wm1")
    assert story.dead() == []


def test_a_corp_tag_is_made_once_for_many_customers_who_need_it_together(story: Story) -> None:
    for number in range(6):
        story.act("customer/scan", external_userid=f"wm{number}", config_id="cw1")
    story.settle()
    for number in range(6):
        story.act("customer/write", external_userid=f"wm{number}", open_kfid="wkStory", text="我是干皮")
    story.settle()

    assert [c["body"]["tag"][0]["name"] for c in story.calls(ADD)].count("干皮") == 1
    assert all("干皮" in shown(story, f"wm{number}") for number in range(6))


def test_a_corp_tag_is_asked_for_once_by_many_workers_at_the_same_moment(story: Story) -> None:
    befriend(story, "wm1")
    befriend(story, "wm2")
    gate = threading.Barrier(4)
    failures: list[Exception] = []

    def give(who: str) -> None:
        gate.wait()
        try:
            story.engine.change(lambda ctx: give_dry(ctx, who))
        except Exception as error:
            failures.append(error)

    def give_dry(ctx: Any, who: str) -> None:
        tagging.give(ctx, who, [Gain("干皮", "attribute", "keyword", {})])

    threads = [threading.Thread(target=give, args=(who,)) for who in ("wm1", "wm2", "wm1", "wm2")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for who in ("wm1", "wm2"):  # the inbox would try again what lost the race
        story.engine.change(lambda ctx, who=who: give_dry(ctx, who))
    story.settle()

    assert [c["body"]["tag"][0]["name"] for c in story.calls(ADD)].count("干皮") == 1
    assert "干皮" in shown(story, "wm1") | shown(story, "wm2")


def test_a_corp_tag_that_somebody_else_made_meanwhile_is_looked_up_and_used(story: Story) -> None:
    befriend(story, "wm1")
    contacts.add_corp_tag(story.engine.client, {"group_name": "属性", "tag": [{"name": "干皮"}]})
    story.fault(ADD, "errcode", errcode=40071, times=1)
    story.customer_says("wm1", "我是干皮")

    assert "干皮" in shown(story, "wm1")


def test_a_corp_tag_deleted_with_its_group_is_made_again_when_it_is_needed(story: Story) -> None:
    befriend(story, "wm1")
    story.customer_says("wm1", "我是干皮")
    story.world.tag_groups.clear()
    story.advance(minutes=1)
    with story.database.write() as db:
        gone = ExternalTagChanged(change_type="delete", tag_id="etGroup", tag_type="tag_group")
        inbox.put(db, to_row(gone, "group gone"), story.now())
    story.settle()
    befriend(story, "wm2")
    story.customer_says("wm2", "我是干皮")

    assert "干皮" in shown(story, "wm2")


def test_a_corp_tag_that_vanished_without_a_word_is_made_again(story: Story) -> None:
    befriend(story, "wm1")
    story.customer_says("wm1", "我是干皮")
    story.world.tag_groups.clear()
    befriend(story, "wm2")
    story.customer_says("wm2", "我是干皮")

    assert "干皮" in shown(story, "wm2")


def test_a_tag_removed_in_the_wecom_client_does_not_come_back_by_the_same_words(story: Story) -> None:
    befriend(story, "wm1")
    story.customer_says("wm1", "我是敏感肌")
    story.advance(minutes=1)
    story.act("staff/tags", userid="xiaoli", external_userid="wm1", remove_tag=[tag_id(story, "敏感肌")])
    story.settle()
    story.customer_says("wm1", "我是敏感肌")

    assert "敏感肌" not in story.tags("wm1")
    assert "敏感肌" not in shown(story, "wm1")
    assert "渠道:天河店小李" in story.tags("wm1")


def test_a_look_at_the_contact_from_before_the_mark_removes_nothing(story: Story) -> None:
    """The answer to externalcontact/get may be older than the mark that has been set since."""
    befriend(story, "wm1")
    befriend(story, "wm2")
    story.customer_says("wm2", "我是敏感肌")
    story.advance(minutes=1)
    story.act("staff/tags", userid="xiaoli", external_userid="wm1", add_tag=[tag_id(story, "渠道:天河店小李")])
    story.arrive()
    story.worker.run_once(story.now())
    story.reader.run_once(story.now())  # sees no 敏感肌 yet; what it brought waits in the inbox
    story.engine.change(lambda ctx: tagging.give(ctx, "wm1", [Gain("敏感肌", "attribute", "keyword", {})]))
    story.sender.run_once(story.now())
    assert "敏感肌" in shown(story, "wm1")
    story.settle()

    assert "敏感肌" in story.tags("wm1")
    assert "敏感肌" in shown(story, "wm1")


def test_a_contact_deleted_by_staff_and_made_again_keeps_the_customers_tags(story: Story) -> None:
    befriend(story, "wm1")
    story.customer_says("wm1", "我是敏感肌")
    story.advance(minutes=1)
    story.act("staff/delete_customer", userid="xiaoli", external_userid="wm1")
    story.settle()
    story.advance(minutes=1)
    story.act("customer/scan", external_userid="wm1", config_id="cw1")
    story.arrive()
    story.worker.run_once(story.now())
    story.reader.run_once(story.now())  # the new contact has none of our tags yet
    story.settle()

    assert "敏感肌" in story.tags("wm1")
    assert {"敏感肌", "渠道:天河店小李"} <= shown(story, "wm1")


def test_tags_gained_after_staff_deleted_the_customer_are_not_marked(story: Story) -> None:
    befriend(story, "wm1")
    story.act("staff/delete_customer", userid="xiaoli", external_userid="wm1")
    story.settle()
    before = len(story.calls(MARK))
    story.customer_says("wm1", "我是敏感肌")

    assert len(story.calls(MARK)) == before
    assert "敏感肌" in story.tags("wm1")


def test_a_tag_taken_away_by_hand_in_wanzi_disappears_in_wecom_and_stays_away(story: Story) -> None:
    befriend(story, "wm1")
    story.customer_says("wm1", "我是敏感肌")
    story.engine.change(lambda ctx: tagging.remove(ctx, "wm1", "敏感肌", by="wangjie"))
    story.settle()
    story.customer_says("wm1", "我是敏感肌")

    assert "敏感肌" not in shown(story, "wm1")
    assert "敏感肌" not in story.tags("wm1")


def test_the_answer_variant_follows_the_tag(story: Story) -> None:
    story.customer_says("wm1", "我是敏感肌")
    story.customer_says("wm1", "修护精华多少钱")

    why = story.why(story.brand.knowledge.entries["K036"].variants["敏感肌"])
    assert why["variant"] == {"tag": "敏感肌"}
    assert why["source"]["id"] == "K036"
