"""Tags come and go: later words and time end them, WeCom shows it, and a person's decision stands."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from handlers import tagging
from handlers.brand import Brand, load_brand
from handlers.reading import Reading
from storage import tags, traits
from tests.conftest import ROOT
from tests.scenarios.test_tagging import befriend, shown
from tests.story import Story


def history(story: Story, who: str, tag: str) -> list[str]:
    with story.database.read() as db:
        return [change.change for change in tags.history(db, who, tag)]


def last_change(story: Story, who: str, tag: str) -> tags.TagChange:
    with story.database.read() as db:
        found = tags.history(db, who, tag)[-1]
        db.expunge_all()
        return found


def relation_traits(story: Story, who: str) -> list[tuple[str, str, bool]]:
    with story.database.read() as db:
        return [(trait.relation, trait.tag, trait.sensitive) for trait in traits.of_customer(db, who)]


def doubting(brand: Brand, confidence: float) -> Brand:
    """The brand, less sure of everything it reads."""

    def read(text: str) -> Reading:
        reading = brand.read(text)
        return replace(reading, findings=tuple(replace(f, confidence=confidence) for f in reading.findings))

    return replace(brand, read=read)


@pytest.fixture
def without_sensitive(tmp_path: Path) -> Brand:
    folder = tmp_path / "brand"
    shutil.copytree(ROOT / "brands" / "fuyu", folder)
    catalogue = folder / "catalogue.yaml"
    text = catalogue.read_text(encoding="utf-8")
    assert "\nsensitive: on\n" in text
    catalogue.write_text(text.replace("\nsensitive: on\n", "\nsensitive: off\n"), encoding="utf-8")
    return load_brand(folder, "xiaowanzi", "Asia/Shanghai")


def test_a_later_contrary_tag_withdraws_the_earlier_one_here_and_in_wecom(story: Story) -> None:
    befriend(story, "wm1")
    story.customer_says("wm1", "我是油皮")
    msgid = story.customer_says("wm1", "我是干皮")

    assert "干皮" in story.tags("wm1")
    assert "油皮" not in story.tags("wm1")
    assert {"干皮"} <= shown(story, "wm1")
    assert "油皮" not in shown(story, "wm1")
    ended = last_change(story, "wm1", "油皮")
    assert (ended.change, ended.by) == ("withdrawn", "")
    assert (ended.evidence["by_tag"], ended.evidence["span"], ended.evidence["msgid"]) == ("干皮", "干皮", msgid)


def test_words_that_take_a_tag_back_end_it_and_remove_the_mark(story: Story) -> None:
    befriend(story, "wm1")
    story.customer_says("wm1", "我是敏感肌")
    assert "敏感肌" in shown(story, "wm1")
    story.customer_says("wm1", "我早就不是敏感肌了")

    assert "敏感肌" not in story.tags("wm1")
    assert "敏感肌" not in shown(story, "wm1")
    assert "渠道:天河店小李" in shown(story, "wm1")
    assert history(story, "wm1", "敏感肌") == ["gained", "withdrawn"]


def test_a_tag_taken_back_in_words_may_come_again_by_words(story: Story) -> None:
    befriend(story, "wm1")
    for text in ("我是敏感肌", "我早就不是敏感肌了", "我是敏感肌"):
        story.customer_says("wm1", text)

    assert "敏感肌" in story.tags("wm1")
    assert "敏感肌" in shown(story, "wm1")
    assert history(story, "wm1", "敏感肌") == ["gained", "withdrawn", "gained"]


def test_two_contrary_tags_of_one_message_both_stand(story: Story) -> None:
    story.engine.change(
        lambda ctx: tagging.give(
            ctx, "wm1", [tags.Gain(tag, "attribute", "keyword", {"span": tag}) for tag in ("油皮", "干皮")]
        )
    )

    assert set(story.tags("wm1")) == {"油皮", "干皮"}


def test_a_tag_ends_when_its_time_is_over_and_being_said_again_renews_it(story: Story) -> None:
    befriend(story, "wm1")
    story.customer_says("wm1", "面霜快用完了")
    story.advance(days=30)
    story.customer_says("wm1", "真的快用完了")
    story.advance(days=44)
    story.tick()
    assert "快用完" in shown(story, "wm1")
    story.advance(days=2)
    story.tick()

    assert "快用完" not in story.tags("wm1")
    assert "快用完" not in shown(story, "wm1")
    assert history(story, "wm1", "快用完") == ["gained", "renewed", "expired"]
    assert last_change(story, "wm1", "快用完").evidence["expires_at"]


def test_a_path_without_return_goes_on_and_never_back(story: Story) -> None:
    story.customer_says("wm1", "我是新客")
    story.customer_says("wm1", "我是你们家老客")
    assert last_change(story, "wm1", "新客").change == "replaced"
    story.customer_says("wm1", "我是新客")

    assert "老客" in story.tags("wm1")
    assert "新客" not in story.tags("wm1")


def test_a_tag_removed_by_hand_ends_nothing_when_its_words_come_again(story: Story) -> None:
    story.customer_says("wm1", "我是干皮")
    story.engine.change(lambda ctx: tagging.remove(ctx, "wm1", "干皮", by="wangjie"))
    story.customer_says("wm1", "我是油皮")
    story.customer_says("wm1", "我是干皮")

    assert "油皮" in story.tags("wm1")
    assert "干皮" not in story.tags("wm1")
    assert history(story, "wm1", "干皮") == ["gained", "removed"]
    assert last_change(story, "wm1", "干皮").by == "wangjie"


def test_a_tag_given_back_by_hand_is_ended_neither_by_words_nor_by_time(story: Story) -> None:
    befriend(story, "wm1")
    story.customer_says("wm1", "我是油皮，面霜快用完了")
    for tag in ("油皮", "快用完"):
        story.engine.change(lambda ctx, tag=tag: tagging.remove(ctx, "wm1", tag, by="wangjie"))
        story.engine.change(lambda ctx, tag=tag: tagging.restore(ctx, "wm1", tag, by="wangjie"))
    story.settle()
    story.customer_says("wm1", "我是干皮，真的快用完了")
    assert story.tags("wm1")["快用完"].expires_at is None
    story.advance(days=400)
    story.tick()

    assert {"油皮", "快用完"} <= set(story.tags("wm1"))
    assert {"油皮", "快用完"} <= shown(story, "wm1")


def test_a_tag_that_ended_while_it_was_being_put_on_is_taken_off_again(story: Story) -> None:
    befriend(story, "wm1")
    story.customer_says("wm1", "我是油皮")  # the corp tag is there now
    befriend(story, "wm2")
    story.engine.change(lambda ctx: tagging.give(ctx, "wm2", [tags.Gain("油皮", "attribute", "keyword", {})]))
    story.engine.change(lambda ctx: tagging.remove(ctx, "wm2", "油皮", by="wangjie"))
    story.settle()

    assert "油皮" not in shown(story, "wm2")


def test_what_is_said_of_others_is_kept_as_their_trait_and_told_by_the_why(story: Story) -> None:
    story.customer_says("wm1", "我妈是干皮，修护精华她能用吗")

    assert "干皮" not in story.tags("wm1")
    assert relation_traits(story, "wm1") == [("妈妈", "干皮", False)]
    told = [tag for row in story.rows("kf/send_msg") for tag in _tags_of(row.why)]
    assert ("干皮", "妈妈") in told


def _tags_of(why: str) -> list[tuple[str, str]]:
    return [(tag["tag"], tag["relation"]) for tag in json.loads(why).get("tags", [])]


def test_a_sensitive_tag_is_marked_where_it_is_kept_and_shown(story: Story) -> None:
    story.customer_says("wm1", "我怀孕了，修护精华能用吗")

    assert story.tags("wm1")["孕期"].sensitive is True
    assert story.tags("wm1")["精华"].sensitive is False
    told = {tag["tag"]: tag["sensitive"] for row in story.rows("kf/send_msg") for tag in json.loads(row.why)["tags"]}
    assert told == {"孕期": True, "精华": False}


@pytest.mark.parametrize(("confidence", "kept"), [(0.84, {"油皮"}), (0.85, {"油皮", "过敏史"})])
def test_a_sensitive_tag_needs_certainty(
    brand: Brand, tmp_path: Path, database_url: str, confidence: float, kept: set[str]
) -> None:
    story = Story(tmp_path, database_url, doubting(brand, confidence))
    story.customer_says("wm1", "我是油皮，过敏体质")
    story.customer_says("wm1", "我妈是过敏体质")

    assert set(story.tags("wm1")) == kept
    assert bool(relation_traits(story, "wm1")) == ("过敏史" in kept)
    story.close()


def test_a_brand_without_sensitive_tags_records_none_and_forgets_the_recorded(
    story: Story, without_sensitive: Brand, tmp_path: Path
) -> None:
    befriend(story, "wm1")
    story.customer_says("wm1", "我怀孕了，我是油皮")
    story.customer_says("wm1", "我闺蜜怀孕了")
    assert "孕期" in shown(story, "wm1")
    assert relation_traits(story, "wm1") == [("闺蜜", "孕期", True)]

    story.engine = replace(story.engine, brand=without_sensitive)
    story.restart()
    story.tick()
    story.customer_says("wm1", "我是孕妇，敏感肌")

    assert set(story.tags("wm1")) == {"渠道:天河店小李", "油皮", "敏感肌"}
    assert "孕期" not in shown(story, "wm1")
    assert history(story, "wm1", "孕期") == []
    assert relation_traits(story, "wm1") == []
    assert "孕期" not in story.rows("kf/send_msg")[-1].why
