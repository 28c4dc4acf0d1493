"""The sample brand's files hold together: what a newcomer meets in the demo is correct, lawful and within limits."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from keywords.catalogue import DIMENSIONS, load_catalogue
from keywords.judging.talk import CUSTOMER
from keywords.wishes import with_own_words
from persona.entries import load_knowledge
from persona.model import load_persona

ROOT = Path(__file__).parents[2]
BRAND = ROOT / "brands" / "fuyu"
PERSONA = ROOT / "persona" / "personas" / "xiaowanzi.yaml"

MASS_TEXT_BYTES = 4000  # add_msg_template and send_welcome_msg text (92135, 92137)
WEBHOOK_TEXT_BYTES = 2048  # group robot text (91770)
LINK_TITLE_BYTES, LINK_DESC_BYTES = 128, 512  # link attachment (92135)
STATE_CHARS = 30  # mark on a contact way (92572)
SCENE = re.compile(r"[0-9a-zA-Z_-]{1,32}")  # kf/add_contact_way
CATEGORIES = {"物流", "售后", "产品", "会员", "门店", "活动", "支付", "品牌"}
SLOTS = ("08:30", "12:00", "15:30", "20:00")
KINDS = {"早安", "新品", "直播", "招募", "福利", "提醒", "custom"}
#: Words that advertising and cosmetics law forbid, or that promise what care cannot.
UNLAWFUL = re.compile(
    "最|第一|100%|百分百|根治|绝对|永久|唯一|顶级|极致|国家级|全网|史无前例|特效|速效|万能|神器|秒杀"
    "|治疗|治愈|消炎|杀菌|抗敏|脱敏|药妆|医美|祛疤|美白|纯天然|零添加|无副作用|保证"
)
PRICES = {
    "修护精华": 169, "洁面乳": 69, "控油洁面啫喱": 75, "保湿水": 99, "保湿乳": 119, "屏护面霜": 189,
    "轻透防晒乳": 109, "物理防晒霜": 119, "亮肤精华": 179, "紧致晚霜": 229, "玻尿酸面膜": 89, "卸妆油": 99,
    "唇釉": 79, "气垫粉底": 159, "男士控油洁面": 69, "旅行套装": 59, "来信礼盒": 399,
}  # fmt: skip


def read(name: str) -> Any:
    return yaml.safe_load((BRAND / name).read_text(encoding="utf-8"))


KNOWLEDGE = [json.loads(line) for line in (BRAND / "knowledge.jsonl").read_text(encoding="utf-8").splitlines()]
POSTS = read("posts.yaml")["posts"]
STORES = read("stores.yaml")
GROUPS = read("groups.yaml")["groups"]
CUSTOMER_GROUPS = [group for group in GROUPS if "chat_id" in group]
CODES = read("live_codes.yaml")["live_codes"]


def answers() -> Iterator[str]:
    for entry in KNOWLEDGE:
        yield entry["answer"]
        yield from entry.get("variants", {}).values()


def brand_texts() -> Iterator[str]:
    """Everything that the brand says to customers or staff."""
    yield from answers()
    yield from (entry["question"] for entry in KNOWLEDGE)
    yield from (line for lines in load_persona(PERSONA).phrases.values() for line in lines)
    for post in POSTS:
        yield from (post["title"], post["text"])
        yield from (part for item in post.get("attachments", []) for part in item["link"].values())
    yield from (code["welcome"] + code["promise"] for code in CODES)


def test_every_knowledge_entry_is_complete_and_within_its_limits() -> None:
    assert len(load_knowledge(BRAND / "knowledge.jsonl")) == len(KNOWLEDGE) >= 80
    assert [entry["id"] for entry in KNOWLEDGE] == [f"K{n:03d}" for n in range(1, len(KNOWLEDGE) + 1)]
    assert {entry["category"] for entry in KNOWLEDGE} == CATEGORIES
    for entry in KNOWLEDGE:
        assert 3 <= len(entry["similar"]) <= 6, entry["id"]
        assert entry["tags"][0] == entry["category"], entry["id"]
    assert [text for text in answers() if not 20 <= len(text) <= 180] == []


def test_no_two_entries_claim_the_same_question() -> None:
    asked = Counter(text for entry in KNOWLEDGE for text in (entry["question"], *entry["similar"]))
    assert [text for text, times in asked.items() if times > 1] == []


def test_tags_stand_in_six_dimensions_and_variants_name_tags() -> None:
    catalogue = load_catalogue(BRAND / "catalogue.yaml")
    assert read("catalogue.yaml")["dimensions"] == DIMENSIONS
    assert {tag.dimension for tag in catalogue.tags} == set(DIMENSIONS)
    names = {tag.name for tag in catalogue.tags}
    assert len(names) == len(catalogue.tags) >= 45
    for tag in catalogue.tags:
        assert 8 <= len(tag.seeds) == len(set(tag.seeds)) <= 20, tag.name
    with_variants = [entry for entry in KNOWLEDGE if "variants" in entry]
    assert len(with_variants) >= 4
    assert {name for entry in with_variants for name in entry["variants"]} <= names


def test_the_brand_never_says_what_law_or_persona_forbid() -> None:
    forbidden = yaml.safe_load(PERSONA.read_text(encoding="utf-8"))["forbidden"]
    said = list(brand_texts())
    assert [text for text in said if UNLAWFUL.search(text)] == []
    assert [text for text in said for word in forbidden if word in text] == []


def test_a_product_costs_the_same_wherever_its_price_is_said() -> None:
    checked = set()
    for text in brand_texts():
        for name, price in PRICES.items():
            for said in re.findall(rf"(?<!男士){name}[0-9A-Za-z+. ]*，?(?<!\d)(\d+)元", text):
                assert int(said) == price, text
                checked.add(name)
    assert len(checked) >= 10


def test_shops_and_service_hours_are_the_same_in_answers_and_settings() -> None:
    said = " ".join(answers())
    for store in STORES["stores"]:
        opens, closes = store["opening_hours"].split("-")
        assert store["address"].split("区", 1)[1] in said
        assert f"{opens}到{closes}" in said
    weekdays, weekends = (STORES["business_hours"][day] for day in ("weekdays", "weekends"))
    assert (weekdays["open"], weekends["open"]) == ("09:00", "10:00")
    assert weekdays["close"] == weekends["close"] == "21:00"
    assert "周一到周五9:00到21:00，周末10:00到21:00；元旦、除夕到正月初二、5月1日和10月1日休息" in said
    assert {day.year for day in STORES["business_hours"]["holidays"]} == {2026, 2027}


def test_staff_groups_and_codes_refer_to_each_other() -> None:
    stores = {store["id"] for store in STORES["stores"]}
    staff = {person["userid"]: person for person in STORES["staff"]}
    assert (len(stores), len(staff), len(GROUPS), len(CUSTOMER_GROUPS)) == (3, 8, 6, 5)
    assert {person["store"] for person in staff.values() if person["role"] != "servicer"} == stores
    for account in STORES["kf_accounts"]:
        assert set(account["servicers"]) <= set(staff)
    for group in CUSTOMER_GROUPS:
        assert staff[group["owner"]]["store"] == group["store"]
    clerk_codes = [code for code in CODES if "state" in code]
    assert len(clerk_codes) >= 6
    for code in clerk_codes:
        assert staff[code["userid"]]["store"] == code["store"]
        assert 0 < len(code["state"]) <= STATE_CHARS
        assert len(code["welcome"].encode()) <= MASS_TEXT_BYTES
    for key in ("config_id", "state", "channel"):
        assert len({code[key] for code in clerk_codes}) == len(clerk_codes), key
    scenes = [code for code in CODES if "scene" in code]
    assert scenes
    assert all(SCENE.fullmatch(code["scene"]) for code in scenes)


def test_every_day_fills_four_slots_and_brings_a_benefit() -> None:
    plan = {(day, post["at"]): post for post in POSTS if post["groups"] == ["customer"] for day in post["weekdays"]}
    assert set(plan) == {(day, slot) for day in range(1, 8) for slot in SLOTS}
    for day in range(1, 8):
        assert "福利" in {plan[day, slot]["kind"] for slot in SLOTS}


@pytest.mark.parametrize("post", POSTS, ids=lambda post: post["id"])
def test_a_post_can_be_sent_as_it_stands(post: dict[str, Any]) -> None:
    addresses = {group["chat_id"] for group in CUSTOMER_GROUPS}
    named = {"customer", "internal"} | {store["id"] for store in STORES["stores"]}
    assert set(post["groups"]) <= named | addresses
    assert post["kind"] in KINDS
    assert re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", post["at"])
    limit = WEBHOOK_TEXT_BYTES if "internal" in post["groups"] else MASS_TEXT_BYTES
    assert 0 < len(post["text"].encode()) <= limit
    for attachment in post.get("attachments", []):
        assert attachment["msgtype"] == "link"
        assert attachment["link"]["url"].startswith("https://")
        assert len(attachment["link"]["title"].encode()) <= LINK_TITLE_BYTES
        assert len(attachment["link"]["desc"].encode()) <= LINK_DESC_BYTES
    assert sum(other["id"] == post["id"] for other in POSTS) == 1


def test_what_the_knowledge_answers_is_seldom_taken_for_a_wish_for_a_person() -> None:
    wishes = with_own_words(BRAND / "handoff.yaml")
    asked = [text for entry in KNOWLEDGE for text in (entry["question"], *entry["similar"])]
    taken = [text for text in asked if wishes.read([(CUSTOMER, text)])]
    assert len(taken) <= 0.03 * len(asked), taken


def test_the_persona_keeps_its_own_rules() -> None:
    persona = load_persona(PERSONA)
    style = yaml.safe_load(PERSONA.read_text(encoding="utf-8"))
    emoji = re.compile("[\U0001f300-\U0001faff\u2600-\u27bf]")
    for key, lines in persona.phrases.items():
        assert 3 <= len(lines) <= 6, key
        for line in lines:
            assert len(line) <= style["max_length"]
            assert len(emoji.findall(line)) <= style["emoji"]["max_per_message"]
            assert set(emoji.findall(line)) <= set(style["emoji"]["allowed"])
    assert all("https://" in line for key in ("welcome_contact", "welcome_kf") for line in persona.phrases[key])
    assert all("{time}" in line for line in persona.phrases["handoff_promise"])
    asking = {key: lines for key, lines in persona.phrases.items() if key.startswith("handoff_asking.")}
    assert not any("已经请" in line or "请到" in line for lines in asking.values() for line in lines)
    assert not any("正在" in line for line in asking["handoff_asking.crisis"])
    assert all(re.search("AI|机器人", line) for line in persona.phrases["robot_honest"])
