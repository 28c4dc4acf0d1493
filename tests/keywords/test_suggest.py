"""New wordings for a tag: what its customers say more than others, and what is close to its words."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from keywords.choices import choose, decided
from keywords.judging.kinship import Words
from keywords.lexicon import LexiconError, load_own_words
from keywords.suggest import Known, Line, Suggestion, phrases, suggest, surprise

WORDS = ("敏感肌", "敏感皮", "屏障受损", "大油田")
OTHERS = [Line(text, False, text) for text in ("今天发货吗", "口红有什么颜色", "想要小样", "包邮吗", "面膜多少钱") * 20]


def line(text: str, *, carries: bool = False, known: str = "\n\n") -> Line:
    return Line(text, carries, text.replace(known, "\n"))


def found(lines: Iterable[Line], decided: Iterable[str] = (), most: int = 20) -> dict[str, Suggestion]:
    told = list(lines)
    return {one.word: one for one in suggest(lambda: told, WORDS, Known(WORDS, decided), most)}


def test_what_customers_with_the_tag_say_more_often_is_suggested_with_examples() -> None:
    carrying = [line(f"我是敏感肌，一换季就刺痛，第{n}次了", carries=True, known="敏感肌") for n in range(6)]
    best, *_ = found([*carrying, *OTHERS]).values()

    assert "刺痛" in best.word
    assert (best.count, best.carrying, len(best.examples)) == (6, 6, 3)
    assert "敏感肌" in best.examples[0]


def test_what_everybody_says_is_not_suggested() -> None:
    carrying = [line(f"敏感肌，{other.text}", carries=True, known="敏感肌") for other in OTHERS[:15]]

    assert found([*carrying, *OTHERS]) == {}


def test_what_was_said_with_the_tag_only_twice_is_not_suggested() -> None:
    carrying = [line("敏感肌，刺痛", carries=True, known="敏感肌")] * 2

    assert found([*carrying, *OTHERS]) == {}


@pytest.mark.parametrize(
    ("text", "word", "how"),
    [
        ("我是敏敢肌", "敏敢肌", "sound"),
        ("大有田一枚", "大有田", "sound"),
        ("我敏感肌肉", "", ""),
        ("屏障受伤了", "屏障受伤", "edit"),
        ("皮肤敏感怎么办", "皮肤敏感", "rearranged"),
        ("天气好", "", ""),
    ],
)
def test_what_is_close_to_a_word_is_suggested_even_once(text: str, word: str, how: str) -> None:
    suggested = found([line(text, known="敏感肌"), *OTHERS])

    assert {one.word: one.kinship.how for one in suggested.values() if one.word == word} == (
        {word: how} if word else {}
    )
    assert word or not suggested


def test_words_that_are_known_or_refused_are_not_suggested() -> None:
    lines = [line("我是敏敢肌"), line("皮肤敏感"), *OTHERS]

    assert {"敏敢肌", "皮肤敏感"} <= found(lines).keys()
    assert found(lines, decided=["敏敢肌", "皮肤敏感"]).keys() & {"敏敢肌", "皮肤敏感"} == set()


def test_what_holds_a_known_word_is_not_suggested_whatever_the_rules_made_of_it() -> None:
    lines = [line("医生说屏障受损修复", carries=True, known="-")] * 6

    assert found([*lines, *OTHERS]).keys() & {"医生说屏障受损", "屏障受损修复"} == set()


def test_the_best_come_first_and_no_more_than_wanted() -> None:
    lines = [*[line("我是敏敢肌")] * 5, line("皮肤敏感"), *OTHERS]

    assert next(iter(found(lines))) == "敏敢肌"
    assert [*found(lines, most=1)] == ["敏敢肌"]


def test_examples_hold_no_personal_data() -> None:
    one = found([line("我是敏敢肌，电话13812345678"), *OTHERS])["敏敢肌"]

    assert "13812345678" not in one.examples[0]


def test_a_wording_is_words_in_a_row_of_one_clause_without_function_words_around() -> None:
    assert phrases("我的皮肤，刺痛了 13812345678") >= {"皮肤", "刺痛"}
    assert not {phrase for phrase in phrases("我的皮肤，刺痛了") if phrase[0] in "我的" or "，" in phrase}
    assert "皮肤刺痛" not in phrases("我的皮肤，刺痛了")


def test_a_known_word_is_close_to_itself_by_sound_and_strangers_are_not() -> None:
    words = Words(["敏感肌"])

    assert words.of("民干机").how == "sound"
    assert words.of("敏感期").how == "edit"
    assert words.of("沙发").how == ""


def test_independent_words_do_not_surprise_and_tied_ones_do() -> None:
    assert surprise(10, 100, 100, 1000) == pytest.approx(0, abs=1e-9)
    assert surprise(50, 100, 100, 1000) > 100


def test_decisions_are_written_beside_the_catalogue_and_read_again(tmp_path: Path) -> None:
    path = tmp_path / "lexicon.yaml"
    path.write_text("# 自己的词\n油皮:\n  words: [油田]\n", encoding="utf-8")
    choose(path, "敏感肌", accept=["刺痛", "一换季就红"], refuse=["敏感词"])
    choose(path, "敏感肌", refuse=["刺痛"])

    assert load_own_words(path)["敏感肌"].words == ("一换季就红",)
    assert load_own_words(path)["油皮"].words == ("油田",)
    assert set(decided(path, "敏感肌")) == {"一换季就红", "敏感词", "刺痛"}
    assert path.read_text(encoding="utf-8").startswith("# 自己的词\n油皮:")
    choose(path, "敏感肌", accept=["刺痛"])
    assert load_own_words(path)["敏感肌"].words == ("一换季就红", "刺痛")
    assert [*tmp_path.iterdir()] == [path]


@pytest.mark.parametrize("word", ["", " ", "刺痛、泛红"])
def test_what_is_no_word_is_not_written(tmp_path: Path, word: str) -> None:
    with pytest.raises(LexiconError):
        choose(tmp_path / "lexicon.yaml", "敏感肌", accept=[word])

    assert not (tmp_path / "lexicon.yaml").exists()


def test_nothing_is_decided_while_there_is_no_file(tmp_path: Path) -> None:
    assert decided(tmp_path / "lexicon.yaml", "敏感肌") == ()
