"""The search finds what a customer means, whatever the words, and keeps silent where no entry answers."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.analysis import analyse
from persona.entries import Entry, load_knowledge
from persona.knowledge import Index, decide
from persona.search_trust import out_of_scope
from persona.search_vectors import Floats

ROOT = Path(__file__).parents[2]
SHOP = load_knowledge(ROOT / "tests/labelled/beauty/knowledge.jsonl")
INDEX = Index(SHOP, analyse)
BY_TOPIC = {entry.question: entry for entry in SHOP}


@pytest.mark.parametrize(
    ("asked", "question"),
    [
        ("我搬家了，东西还没寄，能换个地方收不", "付款后还能修改收货地址吗？"),
        ("大肚婆适用不", "孕妇和哺乳期可以用吗？"),
        ("懷孕能擦嗎", "孕妇和哺乳期可以用吗？"),
        ("报销要票，怎么弄", "可以开发票吗？"),
        ("do you ship to US", "可以寄到海外或港澳台吗？"),
        ("上完妆一条一条的", "上妆卡粉搓泥怎么办？"),
        ("前脚买完后脚就便宜了", "买完降价了可以补差价吗？"),
        ("瓶子裂了", "收到商品破损或漏液怎么办？"),
    ],
)
def test_an_entry_is_found_by_words_that_it_does_not_hold(asked: str, question: str) -> None:
    assert INDEX.search(asked)[0].entry.question == question


@pytest.mark.parametrize("entry", SHOP, ids=lambda entry: entry.id)
def test_an_entry_is_the_answer_to_its_own_question(entry: Entry) -> None:
    found = INDEX.search(entry.question)

    assert found[0].entry == entry
    assert decide(found) == "answer"


@pytest.mark.parametrize(
    "asked",
    ["明天会下雨吗", "滴滴的优惠券能叠加吗", "机票取消怎么退", "陪我聊聊天", "空调多久清洗一次", "asdfgh", "？"],
)
def test_what_is_not_the_shops_business_is_not_answered(asked: str) -> None:
    assert decide(INDEX.search(asked)) != "answer"


def test_few_sentences_of_other_worlds_are_answered() -> None:
    answered = [line for line in out_of_scope() if decide(INDEX.search(line)) == "answer"]

    assert len(answered) <= 0.06 * len(out_of_scope())


def test_the_bank_asks_about_what_the_base_itself_speaks_of() -> None:
    plain, about = out_of_scope(), out_of_scope(["挂耳", "拿铁"])

    assert "{thing}" not in "".join(about)
    assert {"挂耳是谁发明的", "拿铁是谁发明的"} <= set(about) - set(plain)


def test_what_no_entry_speaks_of_is_not_answered_by_its_neighbour() -> None:
    rest = Index([entry for entry in SHOP if "发票" not in entry.question], analyse)

    assert decide(INDEX.search("能开发票吗")) == "answer"
    assert decide(rest.search("能开发票吗")) != "answer"


def test_entries_that_answer_alike_are_asked_back_about() -> None:
    twin = replace(BY_TOPIC["满多少包邮？"], id="F99", question="满多少包邮呢？")
    found = Index([*SHOP, twin], analyse).search("凑到几块钱才包邮嘛")

    assert {candidate.entry.id for candidate in found[:2]} == {"F07", "F99"}
    assert decide(found) == "ask"


@given(st.text(max_size=60))
def test_scores_lie_between_0_and_1_and_fall(text: str) -> None:
    scores = [candidate.score for candidate in INDEX.search(text)]

    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)


def test_an_empty_knowledge_base_answers_nothing() -> None:
    assert Index([], analyse).search("包邮吗") == []


class Pointer:
    """Vectors that liken every question to one entry."""

    def __init__(self, place: int) -> None:
        self.place = place

    def ask(self, text: str) -> Floats:
        return np.eye(len(SHOP), dtype=np.float32)[self.place]

    def keep(self, texts: Sequence[str], *, asked: bool) -> Floats:
        return np.tile(self.ask(""), (len(texts), 1)) if asked else np.eye(len(texts), dtype=np.float32)


def test_vectors_speak_where_words_are_silent() -> None:
    index = Index(SHOP, analyse, Pointer(7))

    assert index.search("咿呀")[0].entry == SHOP[7]
    assert index.search("瓶子裂了")[0].entry.question == "收到商品破损或漏液怎么办？"


def test_a_close_look_shows_the_first_entry_and_its_signs() -> None:
    look = INDEX.look("陪我去火星的发票")

    assert look is not None
    assert look[0].question == "可以开发票吗？"
    assert look[1].verbatim == 0
    assert Index([], analyse).look("发票") is None
