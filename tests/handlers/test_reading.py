"""What a text asks for: wishes for a person and their traps, and small talk."""

import pytest

from handlers.brand import Brand


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("转人工", "ask_human"),
        ("我不想活了", "crisis"),
        ("脸肿了还要投诉，转人工", "adverse_reaction"),
        ("人工智能是什么", ""),
        ("是真人吗", ""),
        ("不用转人工了", ""),
        ("包邮吗", ""),
        ("", ""),
    ],
)
def test_the_gravest_wish_counts_and_traps_do_not(brand: Brand, text: str, reason: str) -> None:
    assert brand.reader.read(text).wish == reason


def test_the_words_that_were_heard_are_kept(brand: Brand) -> None:
    assert brand.reader.read("你好，喊店长出来").alone.span.startswith("喊店长")


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("你好！", "greeting"),
        ("在吗？？", "greeting"),
        ("谢谢～", "thanks"),
        ("哈哈", "small_talk"),
        ("哈哈哈", "small_talk"),
        ("？", ""),
        ("亲", ""),
        ("你好，包邮吗", ""),
    ],
)
def test_small_talk_is_the_whole_text_or_none(brand: Brand, text: str, intent: str) -> None:
    assert brand.reader.read(text).intent == intent
