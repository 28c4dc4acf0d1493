"""Facts stay facts, whoever wrote them: what a gate stops is never sent, and the ledger says why."""

import json
import shutil
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from handlers.brand import Brand, load_brand
from handlers.context import Context
from handlers.say import Words, say, trace
from persona import compose
from storage import conversations
from storage.conversations import KF
from tests.story import KF as KF_ACCOUNT
from tests.story import Story

ROOT = Path(__file__).parents[2]
Tell = Callable[..., Story]


def changed_brand(folder: Path, entries: list[dict[str, Any]], welcome: str, post: str, **voice: Any) -> Brand:
    """The sample brand with more entries, and other words in its first kf welcome, its posts, and its persona."""
    shutil.copytree(ROOT / "brands" / "fuyu", folder)
    with (folder / "knowledge.jsonl").open("a", encoding="utf-8") as lines:
        lines.writelines(json.dumps(entry, ensure_ascii=False) + "\n" for entry in entries)
    codes = yaml.safe_load((folder / "live_codes.yaml").read_text(encoding="utf-8"))
    next(code for code in codes["live_codes"] if "scene" in code).update({"welcome": welcome} if welcome else {})
    (folder / "live_codes.yaml").write_text(yaml.safe_dump(codes, allow_unicode=True), encoding="utf-8")
    posts = yaml.safe_load((folder / "posts.yaml").read_text(encoding="utf-8"))
    for item in posts["posts"]:
        item["text"] = post or item["text"]
    (folder / "posts.yaml").write_text(yaml.safe_dump(posts, allow_unicode=True), encoding="utf-8")
    shipped = yaml.safe_load((ROOT / "persona" / "personas" / "xiaowanzi.yaml").read_text(encoding="utf-8"))
    (folder / "personas").mkdir(exist_ok=True)
    (folder / "personas" / "xiaowanzi.yaml").write_text(yaml.safe_dump(shipped | voice, allow_unicode=True), "utf-8")
    return load_brand(folder, "xiaowanzi", "Asia/Shanghai")


@pytest.fixture
def tell(tmp_path: Path, database_url: str) -> Iterator[Tell]:
    told: list[Story] = []

    def begin(*entries: dict[str, Any], welcome: str = "", post: str = "", **voice: Any) -> Story:
        brand = changed_brand(tmp_path / "brand", list(entries), welcome, post, **voice)
        told.append(Story(tmp_path, database_url, brand))
        return told[-1]

    yield begin
    for story in told:
        story.close()


def last_why(story: Story) -> dict[str, Any]:
    why: dict[str, Any] = json.loads(story.rows("kf/send_msg")[-1].why)
    return why


@pytest.mark.parametrize(
    ("answer", "gate"),
    [
        ("木星喷雾是全网最低价。", {"name": "absolute", "words": "全网最低价"}),
        ("木星喷雾能治疗湿疹。", {"name": "medical", "words": "治疗"}),
        ("木星喷雾比兰蔻的好。", {"name": "brand", "words": "兰蔻"}),
        ("亲亲，木星喷雾到了。", {"name": "forbidden", "words": "亲亲"}),
    ],
)
def test_an_entry_that_says_what_is_forbidden_is_never_sent(tell: Tell, answer: str, gate: dict[str, str]) -> None:
    story = tell({"id": "X1", "question": "木星喷雾怎么样", "answer": answer})
    story.customer_says("wm1", "木星喷雾怎么样")

    assert story.answers("wm1")[-1] in story.says("unsure")
    assert last_why(story)["gate"] == gate
    assert last_why(story)["source"]["id"] == "X1"
    assert story.conversation("wm1").unanswered == 1


@pytest.mark.parametrize(
    ("text", "gate"),
    [
        ("舒缓修护精华30ml，159元。", {"name": "number", "words": "159元"}),
        ("舒缓修护精华一百五十九块。", {"name": "number", "words": "159块"}),
        ("舒缓修护精华，看 https://else.example/1", {"name": "link", "words": "https://else.example/1"}),
        ("舒缓修护精华，169元，" + "很好" * 150, {"name": "length", "words": "312 > 300"}),
        ("舒缓修护精华一百六十九块，一瓶30毫升。", None),
        ("抱歉，刚才系统出了点问题，回复晚了。\n舒缓修护精华169元。", None),
    ],
)
def test_a_number_that_stands_in_no_source_is_never_sent(tell: Tell, text: str, gate: dict[str, str] | None) -> None:
    story = tell()
    story.customer_says("wm1", "你好")

    def speak(ctx: Context) -> None:
        conversation = conversations.open_(ctx.db, KF, KF_ACCOUNT, "wm1", ctx.now)
        say(ctx, conversation, Words(text, trace("answer", "model", source={"type": "knowledge", "id": "K036"})))

    story.engine.change(speak)
    story.settle()

    assert last_why(story).get("gate") == gate
    assert (story.answers("wm1")[-1] == text) is (gate is None)


def test_further_sources_are_given_with_the_words(tell: Tell) -> None:
    story = tell()
    story.customer_says("wm1", "你好")

    def speak(ctx: Context) -> None:
        conversation = conversations.open_(ctx.db, KF, KF_ACCOUNT, "wm1", ctx.now)
        say(ctx, conversation, Words("这一单实付88元。", trace("answer", "order"), sources=("实付 88.00 元",)))

    story.engine.change(speak)
    story.settle()

    assert story.answers("wm1")[-1] == "这一单实付88元。"


def test_a_welcome_that_claims_too_much_gives_way_to_the_personas_own(tell: Tell) -> None:
    story = tell(welcome="欢迎来到国货第一品牌！")
    scene = next(code.state for code in story.brand.live_codes.values() if code.welcome.startswith("欢迎来到国货"))
    story.act("customer/enter", external_userid="wm1", open_kfid=KF_ACCOUNT, scene=scene)
    story.settle()

    (row,) = story.rows("kf/send_msg_on_event")
    assert row.body["text"]["content"] in story.says("welcome_kf")
    assert json.loads(row.why)["gate"] == {"name": "absolute", "words": "第一品牌"}


def test_a_post_that_claims_too_much_is_skipped_and_says_why(tell: Tell) -> None:
    story = tell(post="能治疗敏感的面霜到了。")
    story.go_to("08:29")
    story.tick()
    story.go_to("08:31")
    story.tick()

    assert {delivery.state for delivery in story.deliveries()} == {"skipped"}
    assert "医疗效果：治疗" in story.deliveries()[0].reason
    assert story.rows("externalcontact/add_msg_template") == []


def test_a_shopping_assistant_posts_to_no_group(tell: Tell) -> None:
    story = tell(mode="购物助手")
    story.go_to("08:29")
    story.tick()
    story.go_to("08:31")
    story.tick()

    assert {delivery.state for delivery in story.deliveries()} == {"skipped"}
    assert "购物助手" in story.deliveries()[0].reason
    assert story.rows("externalcontact/add_msg_template") + story.rows("webhook/send") == []


def test_no_phrase_comes_in_the_same_words_twice_in_a_row(story: Story) -> None:
    for _ in range(5):
        story.customer_says("wm1", "谢谢")
        story.customer_says("wm2", "谢谢")
    for _ in range(2):
        story.customer_says("wm1", "包邮吗")
        story.customer_says("wm1", "谢谢")

    fact = story.brand.knowledge.entries["K002"].answer
    answers = [said for said in story.answers("wm1") if fact in said]
    thanks = [said for said in story.answers("wm1") if fact not in said]
    assert (len(answers), len(thanks)) == (2, 7)
    for spoken in (answers, thanks, story.answers("wm2")):
        assert all(one != other for one, other in pairwise(spoken))


def test_only_who_an_entry_is_meant_for_hears_it(tell: Tell) -> None:
    story = tell(
        {"id": "X1", "question": "木星喷雾怎么样", "answer": "敏感肌的木星喷雾。", "audience": {"tags": ["敏感肌"]}},
        {"id": "X2", "question": "土星面霜怎么样", "answer": "土星面霜。", "status": "draft"},
        {"id": "X3", "question": "金星眼霜怎么样", "answer": "金星眼霜。", "valid_until": "2020-01-01"},
        {"id": "X4", "question": "水星手霜怎么样", "answer": "天河店的水星手霜。", "audience": {"stores": ["gz01"]}},
    )
    for who in ("wm1", "wm2"):
        story.customer_says(who, "我是敏感肌" if who == "wm1" else "你好")
        for asked in ("木星喷雾怎么样", "土星面霜怎么样", "金星眼霜怎么样", "水星手霜怎么样"):
            story.customer_says(who, asked)
    story.act("customer/scan", external_userid="wm3", config_id="cw1")
    story.settle()
    story.customer_says("wm3", "水星手霜怎么样")

    def heard(who: str, answer: str) -> bool:
        return any(answer in said for said in story.answers(who))

    assert heard("wm1", "敏感肌的木星喷雾。")
    assert not heard("wm2", "敏感肌的木星喷雾。")
    assert heard("wm3", "天河店的水星手霜。")
    assert not any(
        heard(who, said) for who in ("wm1", "wm2") for said in ("土星面霜。", "金星眼霜。", "天河店的水星手霜。")
    )


def test_the_personas_own_phrases_are_their_own_sources(story: Story) -> None:
    """12356 in words of help, a time in a promise: no entry holds them."""
    variants = story.brand.persona.phrases["handoff_promise"]

    assert all(compose.spoken(v, f"抱歉。\n{v.format(time='明天09:00')}") for v in variants)
