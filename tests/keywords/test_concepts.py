"""Concepts: what a text is about, spotted by its wordings or guessed from its characters."""

from collections import Counter

import pytest

from keywords.concepts import LEXICONS, Concepts, shipped_concepts
from keywords.finding.nearby import Nearby
from keywords.finding.spotting import Spotter
from keywords.lexicon import Meaning, load_lexicon, parse_phrase
from keywords.text import read_text

RETURN = Meaning(
    "退货",
    words=("退货", "退"),
    phrases=(parse_phrase("test", "寄|送…回|回来", {}), parse_phrase("test", "拆……还能…退", {})),
    traps=("退休",),
)
REFUND = Meaning("退款", words=("退款", "退款到账"))
INVOICE = Meaning("发票", words=("发票", "抬头"), traps=(parse_phrase("test", "机票…发票", {}),))


def said(text: str) -> list[str]:
    return sorted(name for _, _, name in Spotter([RETURN, REFUND, INVOICE]).find(read_text(text)))


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("我要退货", ["退货"]),
        ("退款到账了吗", ["退款"]),
        ("退休了", []),
        ("东西寄了回去", ["退货"]),
        ("寄，回", []),
        ("拆开看了看颜色不对还能不能退", ["退货", "退货"]),
        ("抬头写错了，想退", ["发票", "退货"]),
        ("機票的發票", []),
        ("發票", ["发票"]),
    ],
)
def test_words_phrases_and_traps_count_as_in_the_matcher(text: str, names: list[str]) -> None:
    assert said(text) == names


def test_what_is_told_at_length_is_looked_through_for_words_only() -> None:
    spotter = Spotter([RETURN])

    assert spotter.find(read_text("寄了回去"), phrases=False) == []
    assert [name for _, _, name in spotter.find(read_text("退货"), phrases=False)] == ["退货"]


def test_a_wording_that_no_list_holds_is_guessed_from_its_characters() -> None:
    nearby = Nearby([RETURN, REFUND, INVOICE])
    near = nearby.guess("票的抬头开错")

    assert max(near, key=near.__getitem__) == "发票"
    assert nearby.guess("") == {}
    assert nearby.guess("zzz") == {}


@pytest.mark.parametrize(
    ("text", "name", "kind"),
    [
        ("我搬家了，东西还没寄", "改地址", "service"),
        ("肚子里有娃", "孕妇", "care"),
        ("能换成燕麦的奶吗", "燕麦奶", "food"),
        ("机票怎么改签", "出行", "elsewhere"),
        ("什么时候", "问时间", "asking"),
    ],
)
def test_the_shipped_lexicons_know_how_customers_say_it(text: str, name: str, kind: str) -> None:
    assert (name, kind) in {(found.name, found.kind) for found in shipped_concepts().spot(read_text(text))}


def test_a_concept_stands_in_one_lexicon_and_is_said_by_something() -> None:
    found = [meaning for path in LEXICONS.glob("concepts_*.yaml") for meaning in load_lexicon(path).values()]

    assert [name for name, times in Counter(meaning.name for meaning in found).items() if times > 1] == []
    assert [meaning.name for meaning in found if not (meaning.words or meaning.phrases)] == []


def test_ways_of_asking_are_not_guessed() -> None:
    concepts = Concepts(sorted(LEXICONS.glob("concepts_asking.yaml")))

    assert concepts.guess(read_text("什么时候")) == {}
