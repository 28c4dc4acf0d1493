"""The figures of labelled sets: counted by hand here, so that nobody trusts a scorer that flatters."""

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bot import evaluation
from bot.cli import cli
from bot.errors import WanziError


def tagged(tags: list[str], said: list[str], **more: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    third = more.pop("said_third", [])
    return {"id": "1", "text": "文", "tags": tags, "phenomenon": "plain", **more}, {
        "id": "1",
        "tags": said,
        "third_party": third,
    }


def of_tags(*pairs: tuple[dict[str, Any], dict[str, Any]]) -> dict[str, float]:
    return evaluation.tagging(pairs, lambda tag: "attribute", lambda tag: tag == "孕期").figures


def test_tags_are_counted_one_by_one_over_all_messages() -> None:
    figures = of_tags(tagged(["油皮", "口红"], ["油皮"]), tagged(["防晒"], ["防晒", "面膜"]), tagged([], []))

    assert (figures["precision"], figures["recall"]) == (pytest.approx(2 / 3), pytest.approx(2 / 3))
    assert figures["F1"] == pytest.approx(2 / 3)


def test_an_optional_tag_neither_helps_nor_hurts() -> None:
    figures = of_tags(tagged([], ["孕期"], optional=["孕期"]), tagged(["油皮"], ["油皮"]))

    assert (figures["precision"], figures["no-tag false positives"]) == (1.0, 0.0)


def test_a_tag_on_a_message_that_deserves_none_is_a_false_positive() -> None:
    assert of_tags(tagged([], ["油皮"]), tagged([], []))["no-tag false positives"] == 0.5


def test_a_relatives_trait_on_the_customer_is_a_leak() -> None:
    mother = {"relation": "妈妈", "tag": "干皮"}

    figures = of_tags(
        tagged([], ["干皮"], third_party=[mother]), tagged([], [], third_party=[mother], said_third=[mother])
    )

    assert (figures["third-person leak"], figures["third-person F1"]) == (0.5, pytest.approx(2 / 3))


def test_sensitive_tags_have_figures_of_their_own() -> None:
    figures = of_tags(tagged(["孕期"], []), tagged(["孕期"], ["孕期", "油皮"]))

    assert (figures["sensitive precision"], figures["sensitive recall"]) == (1.0, 0.5)


def turned(handoff: bool | None, reason: str, said: bool, kind: str = "k") -> tuple[dict[str, Any], dict[str, Any]]:
    gold = {"id": "1", "turns": [{"role": "user", "text": "文"}], "handoff": handoff, "reason": reason, "kind": kind}
    return gold, {"id": "1", "handoff": said, "reason": reason}


def test_a_missed_crisis_weighs_more_than_a_missed_wish() -> None:
    missed_wish = [turned(True, "crisis", True), turned(True, "ask_human", False)]
    missed_crisis = [turned(True, "crisis", False), turned(True, "ask_human", True)]

    assert evaluation.handoff(missed_wish).figures["weighted recall"] == pytest.approx(10 / 13)
    assert evaluation.handoff(missed_crisis).figures["weighted recall"] == pytest.approx(3 / 13)


def test_doubtful_conversations_are_not_scored_and_alarms_are_told_apart() -> None:
    figures = evaluation.handoff(
        [
            turned(None, "none", True),
            turned(False, "none", True, "trap_praise"),
            turned(False, "none", False, "ordinary"),
            turned(True, "complaint", True),
        ]
    ).figures

    assert (figures["false alarms on traps"], figures["false alarms on ordinary lines"]) == (1.0, 0.0)
    assert figures["precision"] == 0.5


def asked(
    gold: str | None, ranked: list[str], answer: bool, score: float, **more: Any
) -> tuple[dict[str, Any], dict[str, Any]]:
    row = {"id": "1", "text": "文", "gold": gold, "accept": [], "kind": "in_scope" if gold else "oos_out", **more}
    return row, {"id": "1", "ranked": ranked, "answer": answer, "score": score}


def test_questions_are_counted_by_the_first_entry_and_by_three() -> None:
    figures = evaluation.faq(
        [
            asked("A", ["A"], True, 0.9),
            asked("A", ["B", "C", "A"], True, 0.8),
            asked("A", ["B"], False, 0.1, accept=["B"]),
        ]
    ).figures

    assert (figures["forced top-1"], figures["forced top-3"]) == (pytest.approx(2 / 3), 1.0)
    assert figures["answered rightly"] == figures["answered wrongly in scope"] == pytest.approx(1 / 3)


def test_the_swept_threshold_lets_no_more_than_its_share_of_outsiders_through() -> None:
    outside = [asked(None, ["A"], False, 0.5)] * 19 + [asked(None, ["A"], True, 0.95)]

    figures = evaluation.faq([asked("A", ["A"], True, 0.9), asked("A", ["A"], True, 0.4), *outside]).figures

    assert figures["top-1 at 5% false answers (natural)"] == 0.5
    assert figures["false answers (natural)"] == 0.05


def test_the_command_prints_the_figures_and_what_went_wrong(tmp_path: Path) -> None:
    catalogue = tmp_path / "catalogue.yaml"
    catalogue.write_text("version: 1\ntags:\n  - {name: 面膜, dim: preference, seeds: [面膜]}\n", encoding="utf-8")
    gold = tmp_path / "gold.jsonl"
    gold.write_text(
        '{"id":"1","text":"我要面膜","tags":["面膜"]}\n{"id":"2","text":"你好","tags":["面膜"],"phenomenon":"typo"}\n',
        encoding="utf-8",
    )

    result = CliRunner().invoke(cli, ["eval", "tagging", str(gold), "--catalogue", str(catalogue), "--errors"])

    assert result.exit_code == 0, result.output
    assert "recall                                 0.500" in result.output
    assert "wrong in typo: 1\n    -面膜  你好" in result.output


def test_a_row_without_its_label_is_named(tmp_path: Path) -> None:
    gold = tmp_path / "gold.jsonl"
    gold.write_text('{"id":"1","text":"我要面膜"}\n', encoding="utf-8")

    with pytest.raises(WanziError, match=r"gold.jsonl:1: must have 'tags'"):
        evaluation.read_gold([gold], "text", "tags")
