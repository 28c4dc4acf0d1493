"""A brand of another trade, added by files alone: a coffee shop's customer talks with it from greeting to a person."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from handlers.brand import Brand, load_brand
from storage.outbox import OutboxRow
from tests.databases import new_database
from tests.story import KF, Story

ROOT = Path(__file__).parents[2]
TALK: list[dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("coffee_talk.yaml").read_text(encoding="utf-8"))
CUSTOMER = "wm1"


@pytest.fixture(scope="module")
def shanque() -> Brand:
    return load_brand(ROOT / "brands" / "shanque", "xiaoque", "Asia/Shanghai")


@pytest.fixture
def shop(tmp_path: Path, shanque: Brand) -> Iterator[Story]:
    staff = [{"userid": member.userid, "name": member.name} for member in shanque.staff.values()]
    servicers = [{"userid": "yaya", "status": 0}]
    ways = [
        {"config_id": "cw1", "user": [code.userid], "state": code.state, "name": code.channel}
        for code in list(shanque.live_codes.values())[:1]
    ]
    world = {
        "staff": staff,
        "kf_accounts": [{"open_kfid": KF, "name": "山雀咖啡客服", "servicers": servicers}],
        "contact_ways": ways,
    }
    with new_database("sqlite", tmp_path) as url:
        told = Story(tmp_path, url, shanque, world)
        told.go_to("10:00")
        yield told
        told.close()


def serve(story: Story, act: str, **more: str) -> None:
    story.act(f"staff/{act}", userid="yaya", open_kfid=KF, external_userid=CUSTOMER, **more)
    story.settle()


def said_since(story: Story, rows: list[OutboxRow]) -> list[OutboxRow]:
    """What the bot has said since these rows."""
    return story.rows("kf/send_msg")[len(rows) :]


def offered(row: OutboxRow) -> list[str]:
    """The entries of a menu."""
    return [item["click"]["id"] for item in row.body.get("msgmenu", {}).get("list", [])]


def wrong(line: dict[str, Any], row: OutboxRow | None, tags: set[str]) -> str:
    """What the first reply to a line lacks of what is expected; empty when nothing."""
    if row is None:
        return "no answer"
    why = json.loads(row.why)
    source = why.get("source", {}).get("id", "")
    if "kind" in line and why["kind"] not in line["kind"].split(" or "):
        return f"{why['kind']}, not {line['kind']}"
    if "entry" in line and line["entry"] not in {source, *offered(row)}:
        return f"{source or offered(row) or why['kind']}, not {line['entry']}"
    if source and "variant" in line and why.get("variant", {}).get("tag") != line["variant"]:
        return f"no variant for {line['variant']}"
    return "" if set(line.get("tags", [])) <= tags else f"tags {sorted(tags)}, not {line['tags']}"


def test_a_customer_is_answered_with_the_shops_own_words_from_greeting_to_a_person(shop: Story) -> None:
    failed: list[str] = []
    rows: list[OutboxRow] = []
    for line in TALK:
        if "if_menu" in line and not (rows and offered(rows[-1])):
            continue
        shop.customer_says(CUSTOMER, line["say"])
        new = said_since(shop, rows)
        if reason := wrong(line, new[0] if new else None, set(shop.tags(CUSTOMER))):
            failed.append(f"{line['say']}: {reason}")
        rows += new

    assert failed == []
    assert shop.dead() == []
    assert "孕期" not in shop.tags(CUSTOMER)
    (handoff,) = shop.handoffs()
    assert (handoff.state, handoff.reason) == ("served", "ask_human")
    assert shop.answers(CUSTOMER)[-1] in shop.says("handoff_servicer", servicer="丫丫")


def test_a_person_serves_and_the_persona_comes_back(shop: Story) -> None:
    shop.customer_says(CUSTOMER, "转人工")
    serve(shop, "reply", text="你好，我是丫丫")
    before = len(shop.answers(CUSTOMER))
    shop.customer_says(CUSTOMER, "几点关门")
    assert len(shop.answers(CUSTOMER)) == before

    serve(shop, "end")

    assert shop.answers(CUSTOMER)[-1] in shop.says("session_ended")


@pytest.mark.parametrize(
    ("said", "reason", "number"),
    [("喝完浑身痒，嘴唇肿了", "adverse_reaction", "120"), ("不想活了", "crisis", "12356")],
)
def test_who_is_unwell_hears_whom_to_call_and_the_duty_staff_are_told(
    shop: Story, said: str, reason: str, number: str
) -> None:
    shop.customer_says(CUSTOMER, said)

    first = shop.answers(CUSTOMER)[0]
    assert first in shop.says(f"handoff_asking.{reason}")
    assert number in first
    assert {row.body["touser"] for row in shop.rows("message/send")} == {"yaya|xiaozhou"}


def test_a_scanned_code_brings_the_baristas_welcome_and_the_stores_channel(shop: Story) -> None:
    shop.act("customer/scan", external_userid=CUSTOMER, config_id="cw1")
    shop.settle()

    text = shop.rows("externalcontact/send_welcome_msg")[0].body["text"]["content"]
    assert text in shop.says("welcome_contact", clerk="团子", store="苏州中心店")
    assert "渠道:苏州中心店收银台" in shop.tags(CUSTOMER)


def test_a_slot_brings_its_post_to_every_stores_group(shop: Story) -> None:
    shop.go_to("11:59", isoweekday=1)
    shop.tick()
    shop.advance(minutes=2)
    shop.tick()

    bodies = [row.body for row in shop.rows("externalcontact/add_msg_template")]
    groups = {chat_id for body in bodies for chat_id in body["chat_id_list"]}
    assert groups == {group.address for group in shop.brand.groups if group.kind == "customer"}
    assert {body["text"]["content"] for body in bodies} == {shop.brand.posts["C-1-1200"].text}
    assert all(shop.brand.staff[body["sender"]].role == "manager" for body in bodies)


def test_the_how_to_shows_the_conversation_that_is_held_here() -> None:
    shown = (ROOT / "docs" / "new-brand.md").read_text(encoding="utf-8")

    assert [line["say"] for line in TALK if "if_menu" not in line and f"客户  {line['say']}\n" not in shown] == []
