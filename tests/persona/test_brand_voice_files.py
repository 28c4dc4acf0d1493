"""Persona and knowledge files: what is wrong is named by file, line and field."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from handlers.analysis import analyse
from persona.entries import KnowledgeError, load_knowledge
from persona.knowledge import Index, decide
from persona.model import PHRASES, PersonaError, load_persona

ENTRY = {"id": "K1", "category": "物流", "question": "包邮吗", "answer": "满99包邮"}
VOICE: dict[str, Any] = {
    "name": "小完子",
    "brand": "芙屿",
    "mode": "私人伙伴",
    "phrases": {key: ["嗯"] for key in PHRASES},
}


def knowledge(folder: Path, *lines: object) -> Path:
    path = folder / "knowledge.jsonl"
    path.write_text(
        "\n".join(line if isinstance(line, str) else json.dumps(line, ensure_ascii=False) for line in lines),
        encoding="utf-8",
    )
    return path


def persona(folder: Path, **changes: object) -> Path:
    path = folder / "voice.yaml"
    path.write_text(yaml.safe_dump(VOICE | changes, allow_unicode=True), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("{", "not a JSON object"),
        ("[]", "must be an object"),
        ({**ENTRY, "id": ""}, "'id'"),
        ({**ENTRY, "question": 3}, "'question'"),
        ({"id": "K2", "question": "？"}, "'answer'"),
        ({**ENTRY, "similar": "包邮不"}, "'similar'"),
        ({**ENTRY, "tags": [1]}, "'tags'"),
        ({**ENTRY, "variants": {"油皮": 1}}, "'variants'"),
        ({**ENTRY, "variants": {"油皮": " "}}, "'variants'"),
        ({**ENTRY, "valid_from": "2026-13-01"}, "'valid_from'"),
        ({**ENTRY, "valid_until": 20261130}, "'valid_until'"),
        ({**ENTRY, "valid_from": "2026-12-01", "valid_until": "2026-11-30"}, "'valid_until' 2026-11-30 is before"),
        ({**ENTRY, "status": "done"}, "'status'"),
        ({**ENTRY, "audience": ["油皮"]}, "'audience'"),
        ({**ENTRY, "audience": {"tag": ["油皮"]}}, "'audience'"),
        ({**ENTRY, "audience": {"tags": "油皮"}}, "'audience.tags'"),
        ({**ENTRY, "audience": {"tier": 1}}, "'audience.tier'"),
        (ENTRY, "'id' K1 stands twice"),
    ],
)
def test_a_wrong_line_is_named_with_its_field(tmp_path: Path, line: object, named: str) -> None:
    with pytest.raises(KnowledgeError) as error:
        load_knowledge(knowledge(tmp_path, ENTRY, "", line))

    assert "knowledge.jsonl:3" in str(error.value)
    assert named in str(error.value)


def test_an_entry_has_a_version_that_follows_its_content(tmp_path: Path) -> None:
    (first,) = load_knowledge(knowledge(tmp_path, ENTRY))
    (second,) = load_knowledge(knowledge(tmp_path, {**ENTRY, "answer": "满199包邮"}))

    assert first.version != second.version


@pytest.mark.parametrize(
    ("changes", "known", "open_"),
    [
        ({}, {}, True),
        ({"status": "draft"}, {}, False),
        ({"valid_from": "2026-11-24"}, {}, True),
        ({"valid_from": "2026-11-25"}, {}, False),
        ({"valid_until": "2026-11-24"}, {}, True),
        ({"valid_until": "2026-11-23"}, {}, False),
        ({"audience": {"tags": ["敏感肌", "油皮"]}}, {"tags": ["油皮"]}, True),
        ({"audience": {"tags": ["敏感肌"]}}, {"tags": ["油皮"]}, False),
        ({"audience": {"tags": ["敏感肌"]}}, {}, False),
        ({"audience": {"stores": ["gz01"]}}, {"stores": ["gz01", "sz01"]}, True),
        ({"audience": {"stores": ["gz01"]}}, {"stores": ["sz01"]}, False),
        ({"audience": {"tier": "金卡"}}, {"tier": "金卡"}, True),
        ({"audience": {"tier": ["金卡", "银卡"]}}, {"tier": "普卡"}, False),
        ({"audience": {"tags": ["油皮"], "stores": ["gz01"]}}, {"tags": ["油皮"]}, False),
    ],
)
def test_an_entry_is_open_to_those_it_is_meant_for_on_the_days_it_is_valid(
    tmp_path: Path, changes: dict[str, object], known: dict[str, Any], open_: bool
) -> None:
    (entry,) = load_knowledge(knowledge(tmp_path, {**ENTRY, **changes}))

    assert entry.open_to(date(2026, 11, 24), **known) is open_


def test_the_nearest_question_comes_first_and_what_no_entry_speaks_of_is_not_answered(tmp_path: Path) -> None:
    other = {"id": "K2", "question": "怎么退货", "answer": "七天内可退"}
    index = Index(load_knowledge(knowledge(tmp_path, ENTRY, other)), analyse)

    assert index.search("怎么退货")[0].entry.id == "K2"
    assert index.search("怎么退货")[0].score == pytest.approx(1.0, abs=0.01)
    assert decide(index.search("火星")) == "unsure"
    assert Index([], analyse).search("包邮吗") == []


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"name": ""}, "'name'"),
        ({"mode": "客服"}, "'mode'"),
        ({"phrases": {"bye": ["再见"]}}, "answer_prefix"),
        ({"phrases": 3}, "'phrases'"),
        ({"understands": {"thanks": "谢谢"}}, "understands.thanks"),
        ({"tonne": []}, "'tonne': unknown key; allowed: brand, emoji, forbidden"),
        ({"emoji": {"max": 1}}, "'emoji.max': unknown key; allowed: allowed, max_per_message"),
        ({"max_length": 5}, "'max_length'"),
        ({"phrases": VOICE["phrases"] | {"bye": ["再见{servicer}"]}}, "bye: unknown placeholder {servicer}"),
        ({"phrases": VOICE["phrases"] | {"bye": ["再见{"]}}, "bye: "),
    ],
)
def test_a_wrong_persona_is_named_with_its_key(tmp_path: Path, changes: dict[str, object], named: str) -> None:
    with pytest.raises(PersonaError) as error:
        load_persona(persona(tmp_path, **changes))

    assert named in str(error.value)
    assert "voice.yaml" in str(error.value)


def test_greetings_may_be_grouped_by_the_part_of_day(tmp_path: Path) -> None:
    flat = {key: value for key, value in VOICE["phrases"].items() if not key.startswith("greeting.")}
    parts = {part: ["好"] for part in ("morning", "noon", "afternoon", "evening", "night")}

    assert load_persona(persona(tmp_path, phrases={**flat, "greeting": parts})).phrases["greeting.noon"] == ["好"]


def test_an_unreadable_persona_is_named(tmp_path: Path) -> None:
    path = tmp_path / "voice.yaml"
    path.write_text("name: [", encoding="utf-8")

    with pytest.raises(PersonaError, match=r"voice\.yaml"):
        load_persona(path)
