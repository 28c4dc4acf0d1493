"""The second sample brand sells coffee: its files alone make Wanzi speak for another trade, and hold together."""

import re
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.demo import world_of
from bot.persona_lint import lint_brand
from bot.sandbox.world import build_world
from handlers.brand import Brand, Post, load_brand
from persona.model import load_persona
from tests.brands.test_sample_brand import DIMENSIONS, MASS_TEXT_BYTES, SLOTS

ROOT = Path(__file__).parents[2]
SHANQUE = ROOT / "brands" / "shanque"
#: What a thing costs, wherever the brand says it.
PRICES = {
    "中杯美式": 18, "生椰拿铁": 26, "桂花拿铁": 27, "抹茶拿铁": 28, "热可可": 26, "柚子气泡水": 22, "洋甘菊茶": 20,
    "冷萃": 28, "巴斯克": 26, "美式加可颂": 19.9, "拿铁加贝果": 24.9, "拿铁加火腿三明治": 27.9, "标准盒10包": 69,
    "尝鲜装5包": 39, "30包": 179, "山雀拼配": 76, "夜莺意式": 72, "耶加": 88, "花魁": 108,
}  # fmt: skip
WHOLE_KILO = {288, 268}  # the kilo bags, named beside the small ones
BEAUTY = re.compile("小完子|芙屿|护肤|肤质|敏感肌|化妆|口红|面膜|精华|色号|防晒")
HELP = ("12356", "110", "120")


@pytest.fixture(scope="module")
def shanque() -> Brand:
    return load_brand(SHANQUE, "xiaoque", "Asia/Shanghai")


def read(name: str) -> Any:
    return yaml.safe_load((SHANQUE / name).read_text(encoding="utf-8"))


def texts(brand: Brand) -> Iterator[str]:
    """Everything that the brand says to customers or staff."""
    for entry in brand.knowledge.entries.values():
        yield from entry.texts
    yield from (line for lines in brand.persona.phrases.values() for line in lines)
    for post in brand.posts.values():
        yield from (post.title, post.text)
        yield from (part for item in post.attachments for part in item["link"].values())
    yield from (code.welcome + code.promise for code in brand.live_codes.values())


def test_a_copy_of_the_folder_under_another_name_is_a_brand(tmp_path: Path) -> None:
    folder = tmp_path / "another"
    shutil.copytree(SHANQUE, folder)
    voice = folder / "personas" / "xiaoque.yaml"
    voice.rename(folder / "personas" / "mine.yaml")

    assert load_brand(folder, "mine", "Asia/Shanghai").persona.name == "小雀"


def test_the_demo_builds_its_world_from_the_folder(shanque: Brand) -> None:
    keys = dict.fromkeys(("secret", "token", "api"), "x") | {"key": "A" * 43}
    world = build_world(world_of(SHANQUE, keys, "http://127.0.0.1:8000"))

    assert set(world.staff) == set(shanque.staff)
    assert {group.address for group in shanque.groups} == set(world.groups) | set(world.robots)
    assert [account.servicers for account in world.kf_accounts.values()] == [{"yaya": 0, "daan": 0, "xiaozhou": 0}]


def test_nothing_of_the_other_brand_is_left_in_it() -> None:
    for path in SHANQUE.rglob("*.*"):
        assert BEAUTY.findall(path.read_text(encoding="utf-8")) == [], path.name


def test_the_linter_finds_nothing_to_say() -> None:
    assert lint_brand(SHANQUE, "xiaoque", date(2027, 1, 4)) == []


def test_a_thing_costs_the_same_wherever_its_price_is_said(shanque: Brand) -> None:
    checked = set()
    for text in texts(shanque):
        for name, price in PRICES.items():
            for said in re.findall(rf"{name}(?:各?(?:200|150)克)?(?<!\d)(\d+(?:\.\d)?)元", text):
                assert float(said) in {price} | WHOLE_KILO, text
                checked.add(name)
    assert checked == set(PRICES)


def test_twelve_stores_in_two_towns_have_people_groups_codes_and_hours(shanque: Brand) -> None:
    stores = {store["id"]: store for store in read("stores.yaml")["stores"]}
    assert sorted(stores) == sorted(shanque.stores)
    assert sorted(store["city"] for store in stores.values()) == ["无锡"] * 5 + ["苏州"] * 7
    for ident in stores:
        assert {m.role for m in shanque.staff.values() if m.store == ident} == {"manager", "clerk"}
        assert any(group.store == ident for group in shanque.groups)
        assert any(code.store == ident for code in shanque.live_codes.values())
    where = shanque.knowledge.entries["K02"].answer
    assert [store.name for store in shanque.stores.values() if store.name.removesuffix("店") not in where] == []
    late = {ident for ident, store in stores.items() if store["opening_hours"] == "07:30-22:30"}
    assert late == {"sz01"}
    assert {store["opening_hours"] for store in stores.values()} == {"07:30-21:30", "07:30-22:30"}
    assert "7:30-21:30" in shanque.knowledge.entries["K01"].answer


def test_the_hours_of_people_are_told_as_they_are_kept(shanque: Brand) -> None:
    weekdays, weekends = shanque.hours.weekdays, shanque.hours.weekends
    told = shanque.knowledge.entries["K43"].answer

    assert (
        f"工作日{weekdays.open.lstrip('0')}-{weekdays.close}，周末{weekends.open.lstrip('0')}-{weekends.close}" in told
    )
    assert set(shanque.on_duty) <= set(shanque.staff)


def test_staff_groups_and_codes_refer_to_each_other(shanque: Brand) -> None:
    for group in shanque.groups:
        if group.kind == "customer":
            assert shanque.staff[group.owner].store == group.store
            assert shanque.staff[group.owner].role == "manager"
    for code in read("live_codes.yaml")["live_codes"]:
        if "state" in code:
            assert shanque.staff[code["userid"]].store == code["store"]
    for account in read("stores.yaml")["kf_accounts"]:
        assert set(account["servicers"]) <= set(shanque.staff)


def test_tags_stand_in_six_dimensions_and_health_is_marked_as_sensitive(shanque: Brand) -> None:
    catalogue = shanque.catalogue
    assert {tag.dimension for tag in catalogue.tags} == set(DIMENSIONS)
    sensitive = {"乳糖不耐", "咖啡因敏感", "过敏史", "孕期", "哺乳期"}
    assert {tag.name for tag in catalogue.tags if tag.sensitive} == sensitive
    assert "新客" in catalogue.earlier("老客")
    assert "孕期" in catalogue.replaced_by("哺乳期")
    for tag in catalogue.tags:
        assert 7 <= len(tag.seeds) <= 20, tag.name


def test_answers_have_variants_for_tags_that_exist_and_no_question_stands_twice(shanque: Brand) -> None:
    entries = shanque.knowledge.entries.values()
    named = [tag for entry in entries for tag in entry.variants]
    assert {"乳糖不耐", "咖啡因敏感", "孕期", "过敏史"} <= set(named) <= {tag.name for tag in shanque.catalogue.tags}
    assert len(named) >= 10
    asked = [text for entry in entries for text in (entry.question, *entry.similar)]
    assert len(asked) == len(set(asked))
    assert [entry.id for entry in entries if not 2 <= len(entry.similar) <= 6] == []


def test_every_day_fills_four_slots_and_its_persona_may_post(shanque: Brand) -> None:
    plan = {(day, post.at) for post in shanque.posts.values() if post.groups == ("customer",) for day in post.weekdays}
    assert plan == {(day, slot) for day in range(1, 8) for slot in SLOTS}
    assert shanque.persona.posts_to_groups


@pytest.mark.parametrize(
    "post", load_brand(SHANQUE, "xiaoque", "Asia/Shanghai").posts.values(), ids=lambda post: post.id
)
def test_a_post_can_be_sent_as_it_stands(shanque: Brand, post: Post) -> None:
    named = {"customer", "internal"} | set(shanque.stores) | {group.address for group in shanque.groups}
    assert set(post.groups) <= named
    assert len(post.text.encode()) <= MASS_TEXT_BYTES
    assert all(item["link"]["url"].startswith("https://shanque.example/") for item in post.attachments)


def test_the_persona_keeps_its_own_rules_and_knows_whom_to_call() -> None:
    persona = load_persona(SHANQUE / "personas" / "xiaoque.yaml")
    for key, lines in persona.phrases.items():
        assert 3 <= len(lines) <= 6, key
        assert [line for line in lines if len(line) > persona.max_length] == []
        assert [line for line in lines if sum(line.count(e) for e in persona.emoji.allowed) > 1] == []
    for line in persona.phrases["handoff_asking.crisis"] + persona.phrases["after_crisis"]:
        assert all(number in line for number in HELP), line
    for line in persona.phrases["handoff_asking.adverse_reaction"]:
        assert "120" in line
        assert re.search("医院|医生", line)
    assert all("AI" in line or "机器人" in line for line in persona.phrases["robot_honest"])
    asking = [line for key, lines in persona.phrases.items() if key.startswith("handoff_asking") for line in lines]
    assert [line for line in asking if "已经请" in line or "请到" in line] == []
