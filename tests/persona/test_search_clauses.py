"""A message that tells and asks is read by what it asks; a mere thing or a mere way of asking is no question."""

from pathlib import Path

import pytest

from handlers.analysis import analyse
from persona.entries import load_knowledge
from persona.knowledge import Index, decide, plausible
from persona.search_clauses import clauses

BRANDS = Path(__file__).parents[2] / "brands"
BEAUTY = Index(load_knowledge(BRANDS / "fuyu" / "knowledge.jsonl"), analyse)
COFFEE = Index(load_knowledge(BRANDS / "shanque" / "knowledge.jsonl"), analyse)


def asking(text: str) -> list[str]:
    return [clause.flat for clause in clauses(analyse(text), analyse)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("再来一包挂耳送同事，标准盒多少钱", []),
        ("我是油皮，夏天用哪款防晒好", ["夏天用哪款防晒好"]),
        ("在吗 怎么开发票", ["怎么开发票"]),
        ("夏天用哪款防晒好", []),
        ("防晒，多少钱", []),
        ("。。。", []),
    ],
)
def test_the_clauses_that_ask_about_something_are_read_alone(text: str, found: list[str]) -> None:
    assert [clause for clause in asking(text) if "标准" not in clause] == found


def test_who_must_be_careful_stays_known_in_the_clause_that_asks() -> None:
    (clause,) = clauses(analyse("我最近怀孕了，面膜能用吗"), analyse)

    assert "孕妇" in clause.concepts


@pytest.mark.parametrize(
    ("index", "asked", "question"),
    [
        (COFFEE, "我一喝牛奶就拉肚子，拿铁能换燕麦奶吗", "可以换成燕麦奶吗？"),
        (COFFEE, "再来一包挂耳送同事，标准盒多少钱", "挂耳一盒几包，多少钱？"),
        (BEAUTY, "在吗，我想问下怎么开发票", "可以开发票吗？"),
        (BEAUTY, "我是油皮，夏天用哪款防晒好", "晨屿轻透防晒乳是多少倍的？"),
        (BEAUTY, "我最近怀孕了，之前用的A醇还能用吗", "孕妇和哺乳期可以用吗？"),
    ],
)
def test_what_is_told_beside_the_question_does_not_hide_it(index: Index, asked: str, question: str) -> None:
    found = index.search(asked)

    assert found[0].entry.question == question
    assert decide(found) != "unsure"


@pytest.mark.parametrize("asked", ["我买了个电饭锅，能退货吗", "我在美团上领的，优惠券能叠加吗"])
def test_a_thing_of_another_world_told_before_keeps_the_question_from_being_answered(asked: str) -> None:
    assert decide(BEAUTY.search(asked)) != "answer"


@pytest.mark.parametrize("thing", ["精华", "面膜", "口红"])
def test_a_mere_thing_is_asked_back_about(thing: str) -> None:
    assert decide(BEAUTY.search(thing)) == "ask"


@pytest.mark.parametrize("asking", ["多少钱", "怎么用", "可以吗", "在哪里啊"])
def test_a_mere_way_of_asking_finds_nothing(asking: str) -> None:
    assert decide(BEAUTY.search(asking)) == "unsure"


@pytest.mark.parametrize("asked", ["火锅底料怎么炒", "你们老板是谁", "红烧肉放多少糖"])
def test_nothing_is_offered_that_shares_only_the_way_of_asking(asked: str) -> None:
    assert decide(BEAUTY.search(asked)) == decide(COFFEE.search(asked)) == "unsure"


def test_lines_far_below_the_first_are_no_lines_of_a_menu() -> None:
    found = BEAUTY.search("我是油皮，夏天用哪款防晒好", 5)
    offered = plausible(found)

    assert 0 < len(offered) < len(found)
    assert all("防晒" in candidate.entry.question for candidate in offered[:2])
    assert plausible([]) == []
