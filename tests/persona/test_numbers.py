"""Numbers of a text: read in one spelling whatever the script, the width and the way of speaking."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona.numbers import read

WIDE = str.maketrans("0123456789", "０１２３４５６７８９")
CHINESE = "零一二三四五六七八九"


def found(text: str) -> list[tuple[str, str]]:
    return [(number.value, number.unit) for number in read(text)]


def in_chinese(number: int) -> str:
    """A number below 10,000 as it is spoken."""
    spoken, zero = "", False
    for power, scale in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit, number = divmod(number, power)
        if digit:
            spoken += ("零" if zero and spoken else "") + CHINESE[digit] + scale
        zero = not digit
    return spoken


@pytest.mark.parametrize(
    ("same", "value"),
    [
        (["99元", "９９元", "九十九元", "九十九块", "99块钱", "¥99", "￥99", "玖拾玖圆", "9️⃣9️⃣元", "٩٩元"], ("99", "元")),
        (["8折", "八折", "80折", "８折"], ("8", "折")),
        (["8.5折", "85折", "八五折", "八点五折"], ("8.5", "折")),
        (["5折", "半价", "对折", "五折"], ("5", "折")),
        (["30%", "３０％", "百分之三十", "三成"], ("30", "%")),
        (["9.9元", "9块9", "九块九", "9元9角"], ("9.9", "元")),
        (["20:00", "２０：００", "晚上8点", "晚上八点", "晚8点", "20点"], ("20:00", "clock")),
        (["14:30", "下午两点半", "下午2点30分", "下午2:30"], ("14:30", "clock")),
        (["48小时", "四十八个小时", "48个小时", "48h"], ("48", "小时")),
        (["3个工作日", "三个工作日"], ("3", "工作日")),
        (["30ml", "30毫升", "三十毫升"], ("30", "毫升")),
        (["周三", "星期三", "礼拜三", "周3"], ("3", "weekday")),
        (["4008201234", "400-820-1234", "400 820 1234"], ("4008201234", "")),
        (["12000", "1.2万", "一万二千", "12,000", "１２０００"], ("12000", "")),
        (["2小时", "两小时", "两个钟头", "兩小時"], ("2", "小时")),
        (["1.5小时", "一个半小时"], ("1.5", "小时")),
    ],
)
def test_the_same_number_is_read_however_it_is_written(same: list[str], value: tuple[str, str]) -> None:
    assert {text: found(text) for text in same} == {text: [value] for text in same}


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("2026年11月24日", [("2026", "年"), ("11", "月"), ("24", "天")]),
        ("2026-11-24", [("2026", "年"), ("11", "月"), ("24", "天")]),
        ("1到2天", [("1", "天"), ("2", "天")]),
        ("两三天", [("2", "天"), ("3", "天")]),
        ("下午2点到5点", [("14:00", "clock"), ("17:00", "clock")]),
        ("满99减15", [("99", "元"), ("15", "元")]),
        ("买一送一", [("1", ""), ("1", "")]),
        ("第二件半价", [("2", "件"), ("5", "折")]),
        ("SPF50+，40g，119元", [("50", "spf"), ("40", "克"), ("119", "元")]),
        ("三个月和3月", [("3", "月数"), ("3", "月")]),
    ],
)
def test_every_number_of_a_text_is_read_with_what_it_counts(text: str, numbers: list[tuple[str, str]]) -> None:
    assert found(text) == numbers


@pytest.mark.parametrize(
    "text",
    [
        "再说一次", "一起看一下", "万一不合适", "十分好用", "千万别挤", "第一次用", "这两款都行", "一直都在", "有一天",
        "一块儿买",
        "稍等一下，一会儿就来", "一般不会", "三三两两", "一分钱一分货", "有什么问题一样可以问", "天天一点点",
    ],
)  # fmt: skip
def test_words_that_only_look_like_numbers_are_none(text: str) -> None:
    assert found(text) == []


@given(st.integers(min_value=2, max_value=9999))
def test_any_amount_is_the_same_in_every_script(amount: int) -> None:
    expected = [(str(amount), "元")]

    assert found(f"{amount}元") == found(f"{amount}元".translate(WIDE)) == expected
    assert found(f"{in_chinese(amount)}元") == found(f"{in_chinese(amount)}块钱") == expected


@given(st.text(max_size=80))
def test_any_text_can_be_read(text: str) -> None:
    assert all(number.value for number in read(text))
