"""Text out: split where sentences end and never inside a character, chosen the same way for the same seed."""

from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from handlers.brand import Brand
from persona import compose

LIMITS = st.integers(min_value=4, max_value=200)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=400)


def bare(text: str) -> str:
    """A text without any white space, for white space at a cut may go."""
    return "".join(text.split())


@given(TEXTS, LIMITS)
@example("好" * 100, 4)
@example("👩‍👩‍👧‍👦" * 20, 4)
@example("a" * 2048 + "。" + "b" * 10, 200)
@example("一句。 \n 又一句！" * 40, 30)
def test_pieces_fit_the_limit_and_together_are_the_text(text: str, limit: int) -> None:
    pieces = compose.split_text(text, limit)

    assert all(0 < len(piece.encode()) <= limit for piece in pieces)
    assert bare("".join(pieces)) == bare(text)


@given(st.lists(st.text("甲乙丙丁", min_size=1, max_size=10).map(lambda s: s + "。"), max_size=30))
def test_sentences_that_fit_are_not_broken(sentences: list[str]) -> None:
    pieces = compose.split_text("".join(sentences), 40)

    assert all(piece.endswith("。") for piece in pieces)


def test_a_text_that_fits_stays_one_piece() -> None:
    assert compose.split_text("你好。再见。", 2048) == ["你好。再见。"]
    assert compose.split_text("  \n ", 2048) == []


def test_a_family_is_not_torn_apart_where_the_limit_allows_it() -> None:
    wave = "👋🏽"
    pieces = compose.split_text(wave * 6, len(wave.encode()) * 2 + 3)

    assert all(piece.replace(wave, "") == "" for piece in pieces)


@given(st.lists(st.text(min_size=1), min_size=1, max_size=8), st.text())
def test_the_same_seed_says_the_same_words(variants: list[str], seed: str) -> None:
    assert compose.choose(variants, seed) == compose.choose(list(variants), seed)
    assert compose.choose(variants, seed) in variants


def test_different_seeds_use_all_the_variants() -> None:
    assert {compose.choose(["a", "b", "c"], str(seed)) for seed in range(60)} == {"a", "b", "c"}


@given(st.lists(st.text(min_size=1), min_size=2, max_size=8, unique=True), st.text())
def test_a_variant_to_avoid_is_not_chosen_while_there_is_another(variants: list[str], seed: str) -> None:
    assert compose.choose(variants, seed, [variants[0]]) != variants[0]
    assert compose.choose(variants, seed, variants) in variants


@given(st.sampled_from(["thanks", "unsure", "menu_head", "handoff_promise", "greeting.noon"]), st.data())
def test_no_phrase_comes_in_the_same_words_twice_in_a_row(brand: Brand, key: str, data: st.DataObject) -> None:
    said: list[str] = []
    last = ""
    for turn in range(12):
        other = data.draw(st.lists(st.sampled_from(["好的。", "包邮吗？", "满99元包邮。"]), max_size=3))
        text = compose.say(brand.persona, key, str(turn), said, time=f"明天{turn}:00")
        words = text.replace(f"明天{turn}:00", "")
        assert words != last
        last, said = words, [*other, f"抱歉，晚了。\n{text}", *said]


def test_a_variant_is_known_again_whatever_filled_its_placeholders() -> None:
    variants = ["现在由{servicer}为你服务。", "{servicer}来接你了。", ""]

    assert compose.last_used(variants, ["别的话", "现在由阿强为你服务。"]) == [variants[0]]
    assert compose.last_used(variants, ["小满来接你了。", "现在由阿强为你服务。"]) == [variants[1]]
    assert compose.last_used(variants, ["阿强走了。"]) == []


def test_the_same_answer_never_sounds_the_same_twice_in_a_row(brand: Brand) -> None:
    said: list[str] = []
    for turn in range(40):
        said.insert(0, compose.dress(brand.persona, "满99元包邮", str(turn), said))
        said.insert(0, "不客气")

    assert all(one != other for one, other in pairwise(said[1::2]))


def test_words_around_an_answer_are_left_out_where_they_would_make_it_too_long(brand: Brand) -> None:
    answer = "好" * brand.persona.max_length

    assert {compose.dress(brand.persona, answer, str(seed)) for seed in range(30)} == {answer}


def test_emoji_follow_the_habits_of_the_persona(brand: Brand) -> None:
    assert compose.keep_emoji_habits(brand.persona, "好🌿的🌸呀🚀") == "好🌿的呀"
    assert compose.keep_emoji_habits(brand.persona, "到了🚀🚀🌿", ["发射🚀"]) == "到了🚀🚀🌿"
    assert compose.emoji_of("👩‍👩‍👧‍👦👋🏽❤️") == ["👩‍👩‍👧‍👦", "👋🏽", "❤️"]


def test_every_phrase_may_name_the_persona_and_its_brand(brand: Brand) -> None:
    phrases = brand.persona.phrases | {"bye": ["{me}替{brand}说再见，{name}走了"]}
    persona = brand.persona.model_copy(update={"phrases": phrases, "self_reference": "丸子"})

    assert compose.say(persona, "bye", "x") == "丸子替芙屿说再见，小完子走了"


def test_an_answer_keeps_its_facts_whatever_stands_around_it(brand: Brand) -> None:
    for seed in range(30):
        assert "满99元包邮" in compose.dress(brand.persona, "满99元包邮", str(seed))


def test_a_fact_with_braces_in_it_is_said_as_it_is(brand: Brand) -> None:
    said = compose.say(brand.persona, "handoff_servicer", "x", servicer="{servicer} %s {0}")

    assert "{servicer} %s {0}" in said


@pytest.mark.parametrize(
    ("hour", "part"),
    [
        (0, "night"),
        (4, "night"),
        (5, "morning"),
        (10, "morning"),
        (11, "noon"),
        (13, "noon"),
        (14, "afternoon"),
        (17, "afternoon"),
        (18, "evening"),
        (22, "evening"),
        (23, "night"),
    ],
)
def test_the_parts_of_a_day(hour: int, part: str) -> None:
    assert compose.part_of_day(datetime(2026, 11, 24, hour, 59, tzinfo=UTC)) == part
