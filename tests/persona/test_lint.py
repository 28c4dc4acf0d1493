"""Lint names what is wrong with voice and knowledge, by line; the sample brand has nothing wrong."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from persona.gates import Gate
from persona.lint_knowledge import House, lint_knowledge
from persona.lint_voice import lint_voice
from persona.model import load_persona

SHIPPED = Path(__file__).parents[2] / "persona" / "personas" / "xiaowanzi.yaml"
PERSONA = load_persona(SHIPPED)
HOUSE = House(PERSONA, Gate(PERSONA), {"油皮", "敏感肌"}.__contains__, {"gz01"}, date(2026, 11, 24))
ENTRY: dict[str, Any] = {"id": "K1", "question": "包邮吗？", "answer": "满99元包邮。"}


def of_voice(folder: Path, old: str, new: str) -> list[str]:
    """What lint says of the shipped persona after one change; the line of the change is LINE."""
    text = SHIPPED.read_text(encoding="utf-8")
    assert old in text
    path = folder / "voice.yaml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    line = text[: text.index(old)].count("\n") + 1 + new.count("\n")
    return [str(found).replace(f"{path}:{line}:", "LINE").replace(f"{path}:", "") for found in lint_voice(path)]


def of_knowledge(folder: Path, *entries: dict[str, Any] | str) -> list[str]:
    path = folder / "knowledge.jsonl"
    lines = [e if isinstance(e, str) else json.dumps(e, ensure_ascii=False) for e in entries]
    path.write_text("\n".join(lines), encoding="utf-8")
    return [str(found).replace(f"{path}:", "") for found in lint_knowledge(path, HOUSE)]


def test_the_shipped_persona_has_nothing_wrong() -> None:
    assert lint_voice(SHIPPED) == []


@pytest.mark.parametrize(
    ("new", "found"),
    [
        ("    - 这是最好用的", "LINE error: thanks: absolute: 最好用的"),
        ("    - 能治疗敏感", "LINE error: thanks: medical: 治疗"),
        ("    - 亲亲不客气", "LINE error: thanks: forbidden: 亲亲"),
        ("    - 比兰蔻好", "LINE error: thanks: brand: 兰蔻"),
        ("    - 好🌿🌸", "LINE error: thanks: 2 emoji, allowed: 1"),
        ("    - 好🚀", "LINE error: thanks: emoji 🚀 is not among the allowed"),
        (f"    - {'好' * 301}", "LINE error: thanks: 301 characters, allowed: 300"),
        ("    - 好的\n    - 好的", "LINE error: thanks: the same variant stands in line "),
    ],
)
def test_a_wrong_phrase_is_named_with_its_line(tmp_path: Path, new: str, found: str) -> None:
    assert [text for text in of_voice(tmp_path, "    - 能帮上就好。", new) if not text.startswith(found)] == []
    assert of_voice(tmp_path, "    - 能帮上就好。", new) != []


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ('    - "是这样的："', '    - "3句话："', "error: answer_prefix: number around an answer: 3"),
        ("  thanks:\n", "  thanks: [a]\n  thanks:\n", "error: 'thanks' stands in line"),
        ("  bye:\n", "  byebye: [再见, 走好]\n  bye:\n", "warning: byebye: nobody says this phrase"),
        ("  bye:\n", "  bye: [再见]\n  byebye:\n", "warning: bye: one variant only"),
        ("max_length: 300", "max_lengths: 300", "error: 'max_lengths': unknown key; allowed:"),
        ("vertical: beauty", "vertical: bank", "error: 'vertical' bank is unknown; allowed: beauty"),
        ("{time}之后回复", "明天回复", "error: handoff_promise: promises without {time}"),
        ("{time}之后回复", "{tim}之后回复", "unknown placeholder {tim}; allowed: brand, me, name, time"),
        ("name: 小完子", "name: [", "error: not readable as YAML"),
        ("  bye:\n", "  byebye:\n", "needs at least one variant of: bye"),
    ],
)
def test_a_wrong_persona_file_is_named(tmp_path: Path, old: str, new: str, found: str) -> None:
    assert any(found in text for text in of_voice(tmp_path, old, new))


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"answer": "满99元包邮，全网最低价。"}, "1: error: K1 answer: absolute: 全网最低价"),
        ({"answer": "能消炎。"}, "1: error: K1 answer: medical: 消炎"),
        ({"variants": {"油皮": "比兰蔻清爽。"}}, "1: error: K1 variants.油皮: brand: 兰蔻"),
        ({"variants": {"火星皮": "清爽。"}}, "1: error: K1: no such tag: 火星皮"),
        ({"audience": {"tags": ["火星皮"], "stores": ["gz01"]}}, "1: error: K1: no such tag: 火星皮"),
        ({"audience": {"stores": ["xx"]}}, "1: error: K1: no such store: xx"),
        ({"similar": ["能治疗痘痘吗"]}, "1: warning: K1 similar: medical: 治疗痘"),
        ({"valid_until": "2026-11-23"}, "1: warning: K1: expired on 2026-11-23"),
        ({"valid_until": "soon"}, "1: error: 'valid_until' must be a date such as 2026-11-30, not 'soon'"),
        ({"answer": "好" * 301}, "1: error: K1 answer: 301 characters, allowed: 300"),
        ({"note": "x"}, "1: warning: unknown key note; it means nothing"),
    ],
)
def test_a_wrong_entry_is_named_with_its_line(tmp_path: Path, changes: dict[str, Any], found: str) -> None:
    assert of_knowledge(tmp_path, {**ENTRY, **changes}) == [found]


def test_entries_that_answer_one_question_differently_contradict_each_other(tmp_path: Path) -> None:
    other = {**ENTRY, "id": "K2", "question": "要不要运费", "similar": ["包邮 吗"], "answer": "满199元包邮。"}

    assert of_knowledge(tmp_path, ENTRY, other) == [
        "2: error: K2: the same question as K1 in line 1: 包邮吗; their numbers differ: 满199元 and 满99元"
    ]
    assert of_knowledge(tmp_path, ENTRY, {**other, "answer": "满九十九块包邮。"}) == [
        "2: error: K2: the same question as K1 in line 1: 包邮吗"
    ]
    assert of_knowledge(tmp_path, ENTRY, ENTRY)[:1] == ["2: error: K1: the id stands in line 1"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"valid_until": "2026-11-30"}, {"valid_from": "2026-12-01"}),
        ({}, {"status": "draft"}),
        ({"audience": {"tier": "金卡"}}, {"audience": {"tier": "银卡"}}),
    ],
)
def test_entries_that_nobody_can_be_told_both_may_share_a_question(
    tmp_path: Path, one: dict[str, Any], other: dict[str, Any]
) -> None:
    assert of_knowledge(tmp_path, {**ENTRY, **one}, {**ENTRY, "id": "K2", "answer": "不包邮。", **other}) == []


def test_all_broken_lines_are_told_at_once(tmp_path: Path) -> None:
    found = of_knowledge(tmp_path, "{", ENTRY, '{"id": "K3"}')

    assert [text.split(": ")[0] for text in found] == ["1", "3"]
