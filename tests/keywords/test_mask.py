"""Personal data leaves a text before the text leaves the machine; what is no personal data stays."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keywords.mask import mask


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("我手机13812345678，打给我", "我手机[手机]，打给我"),
        ("+86 138-1234-5678", "[手机]"),
        ("电话 020-87654321", "电话 [电话]"),
        ("收件人：王小明，广东省广州市天河区体育西路191号中石化大厦B塔1203室", "收件人：[姓名]，[地址]"),
        ("地址：体育西路191号3栋501室", "地址：[地址]"),
        ("订单号 E20261122000001234 什么时候发", "订单号 [单号] 什么时候发"),
        ("退到6222 0200 1234 5678 901这张卡", "退到[银行卡]这张卡"),
        ("身份证11010119900307123X", "身份证[身份证]"),
        ("发票发 zhang.san@qq.com", "发票发 [邮箱]"),
        ("微信号abc_12345", "微信号[微信号]"),
        ("我叫张三", "我叫[姓名]"),
        ("看这个 https://fuyu.example/member?id=8", "看这个 [网址]"),
    ],
)
def test_personal_data_is_replaced_by_its_kind(text: str, masked: str) -> None:
    assert mask(text) == masked


@pytest.mark.parametrize(
    "text", ["满300减50", "3-5个工作日", "SPF50 100ml", "我叫什么来着", "预算两三百", "20号发货吗", "北京路那家店在哪"]
)
def test_prices_dates_and_places_are_no_personal_data(text: str) -> None:
    assert mask(text) == text


@given(st.text(alphabet="我叫收件人1380123456789 -号路室@.ab，微信", max_size=60))
def test_masking_twice_changes_nothing_more(text: str) -> None:
    assert mask(mask(text)) == mask(text)


@given(
    st.integers(10**8, 10**9 - 1), st.sampled_from(["", "我的电话", "，", "是 "]), st.sampled_from(["", "。", " 谢谢"])
)
def test_a_mobile_number_never_survives(tail: int, before: str, after: str) -> None:
    number = f"1{3 + tail % 7}{tail}"

    assert number not in mask(before + number + after)
