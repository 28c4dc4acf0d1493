"""The language does not get worse unnoticed: floors for the figures of the held halves, a little below what they are.

The figures themselves are printed by `make eval`. Nobody who works on the language reads these halves.
"""

from pathlib import Path

import pytest

from bot import evaluation, tools
from keywords.catalogue import load_catalogue

LABELLED = Path(__file__).parent / "labelled"
BRAND = Path(__file__).parents[1] / "brands" / "fuyu"


def tagging(trade: str, kind: str = "tagging") -> dict[str, float]:
    catalogue = LABELLED / trade / "catalogue.yaml"
    rules = load_catalogue(catalogue)
    gold = evaluation.read_gold([LABELLED / trade / f"{kind}.held.jsonl"], "text", "tags")
    pairs = evaluation.predict(lambda source, out: tools.tag(catalogue, source, out), gold)
    return evaluation.tagging(pairs, rules.dimension_of, lambda tag: tag in ("孕期", "哺乳期", "过敏史")).figures


@pytest.mark.parametrize(
    ("trade", "floor"), [("beauty", 0.85), ("coffee", 0.75), ("snacks", 0.68), ("clothing", 0.78), ("baby", 0.66)]
)
def test_tags_of_messages_nobody_fitted_to(trade: str, floor: float) -> None:
    assert tagging(trade)["F1"] >= floor


def test_what_beauty_customers_must_not_be_tagged_with() -> None:
    figures = tagging("beauty")

    assert figures["no-tag false positives"] <= 0.06
    assert figures["third-person leak"] <= 0.02
    assert figures["sensitive precision"] >= 0.97
    assert all(value >= 0.80 for name, value in figures.items() if name.startswith("F1 of "))


def test_tags_of_strangers_reviews() -> None:
    assert tagging("beauty", "reviews")["F1"] >= 0.72


def handoff(kind: str) -> dict[str, float]:
    gold = evaluation.read_gold([LABELLED / "handoff" / f"{kind}.held.jsonl"], "turns", "handoff")
    return evaluation.handoff(evaluation.predict(lambda source, out: tools.handoff(BRAND, source, out), gold)).figures


def test_who_needs_a_person_gets_one_and_others_do_not() -> None:
    figures = handoff("handoff")

    assert figures["weighted recall"] >= 0.84
    assert figures["false alarms on traps"] <= 0.15
    assert handoff("ordinary")["false alarms on ordinary lines"] <= 0.03


@pytest.mark.parametrize(("brand", "first", "three"), [("beauty", 0.70, 0.86), ("coffee", 0.52, 0.74)])
def test_questions_that_share_no_words_with_their_entry(brand: str, first: float, three: float) -> None:
    knowledge = LABELLED / brand / "knowledge.jsonl"
    gold = evaluation.read_gold([LABELLED / brand / "faq.held.jsonl"], "text", "gold")
    figures = evaluation.faq(evaluation.predict(lambda source, out: tools.ask(knowledge, source, out), gold)).figures

    assert (figures["forced top-1"] >= first, figures["forced top-3"] >= three) == (True, True), figures
    assert figures["answered wrongly in scope"] <= 0.06
    assert figures["false answers (natural)"] <= 0.10
