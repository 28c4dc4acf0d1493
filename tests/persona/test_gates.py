"""What may not leave the house: wrong numbers, other brands, forbidden, unlawful and medical claims, and their kin."""

from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from handlers.brand import Brand
from persona import compose, numbers
from persona.gates import Gate
from persona.model import Persona, load_persona

SHIPPED = load_persona(Path(__file__).parents[2] / "persona" / "personas" / "xiaowanzi.yaml")
GATE = Gate(SHIPPED)
ENTRY = "舒缓修护精华30ml，169元，早晚各3滴。签收7天内可退，每周三20:00直播打8折，电话400-820-1234。"
JUDGED = yaml.safe_load(Path(__file__).with_name("claims_judged.yaml").read_text(encoding="utf-8"))
CHINESE = "零一二三四五六七八九"
WIDE = str.maketrans("0123456789", "０１２３４５６７８９")
UNITS = ("元", "块钱", "天", "折", "%", "小时", "片", "年", "ml")


def gate_of(text: str, sources: Sequence[str] = (ENTRY,), gate: Gate = GATE) -> str:
    """The name of the gate that stops a text; empty when none does."""
    block = gate.check(text, sources)
    return block.gate if block else ""


def voice(**changes: object) -> Gate:
    return Gate(Persona.model_validate(SHIPPED.model_dump() | changes))


#: The golden set: one text for each thing that must never be said, with the gate that stops it.
GOLDEN = [
    ("舒缓修护精华30ml，159元。", "number"),
    ("舒缓修护精华一百五十九块。", "number"),
    ("舒缓修护精华１５９元。", "number"),
    ("现在打七折。", "number"),
    ("签收15天内可退。", "number"),
    ("周五20:00直播。", "number"),
    ("周三晚上9点直播。", "number"),
    ("电话400-820-1235。", "number"),
    ("满200减50。", "number"),
    ("有30%的人喜欢。", "number"),
    ("买一送一。", "number"),
    ("第二件半价。", "number"),
    ("看这里 https://evil.example/x", "link"),
    ("写信到 boss@evil.example", "link"),
    ("兰蔻的也不错。", "brand"),
    ("和雅詩蘭黛比一比。", "brand"),
    ("SK-II用过吗？", "brand"),
    ("dior的口红也好看。", "brand"),
    ("亲亲，在的。", "forbidden"),
    ("我是真人。", "forbidden"),
    ("手慢无。", "forbidden"),
    ("这是最好用的精华。", "absolute"),
    ("国货第一品牌。", "absolute"),
    ("國家級品質。", "absolute"),
    ("顶 级护肤。", "absolute"),
    ("全网最低价。", "absolute"),
    ("绝对不会失望。", "absolute"),
    ("独一无二的配方。", "absolute"),
    ("没有任何副作用。", "absolute"),
    ("三天见效。", "number"),
    ("能治疗湿疹。", "medical"),
    ("不伤肤，能治疗痤疮。", "medical"),
    ("不仅能治疗，还舒服。", "medical"),
    ("消炎杀菌。", "medical"),
    ("抗 敏 舒 缓。", "medical"),
    ("可以祛疤。", "medical"),
    ("治療敏感。", "medical"),
    ("帮你减肥瘦身。", "medical"),
]


@pytest.mark.parametrize(("text", "gate"), GOLDEN)
def test_what_must_never_be_said_is_stopped_by_its_gate(text: str, gate: str) -> None:
    assert gate_of(text) == gate


@pytest.mark.parametrize(
    "text",
    [
        "最近天气干，最后一步涂面霜。",
        "最多买几件都行，最晚明天发。",
        "最好先在耳后试试。",
        "第一次用，第一步先洁面。",
        "我们第一时间联系你。",
        "护肤品不能治疗疾病，请就医。",
        "它不是药，代替不了药物治疗。",
        "我们没有祛疤产品。",
        "请去医院治疗。",
        "正在治疗的，先问医生。",
        "消炎药和护肤品能不能同用，请问医生。",
        "不敢说最好，用料实在。",
        "不是最便宜的。",
        "我们不保证见效。",
        "最新活动以首页为准。",
        "中间的gap很大，manner也要紧。",
        "修护精华一百六十九块。",
        "８折，就是八折。",
        "礼拜三晚上八点直播。",
        "七天内可退。",
    ],
)
def test_what_only_looks_forbidden_may_be_said(text: str) -> None:
    assert gate_of(text) == ""


def test_the_laws_words_are_stopped_without_any_of_the_personas() -> None:
    law = voice(forbidden=[])
    stopped = {text: next((block.gate for block in law.claims(text)), "") for text in JUDGED["never"]}
    let_out = {text: [block.words for block in law.said(text)] for text in JUDGED["may"]}

    assert [text for text, gate in stopped.items() if gate not in ("absolute", "medical")] == []
    assert [text for text, words in let_out.items() if words] == []


def test_everything_that_the_sample_brand_says_passes(brand: Brand) -> None:
    for entry in brand.knowledge.entries.values():
        for text in (entry.answer, *entry.variants.values()):
            assert gate_of(text, entry.texts, brand.gate) == ""
    for post in brand.posts.values():
        assert gate_of(post.text, [post.text], brand.gate) in ("", "length")
    for variants in brand.persona.phrases.values():
        assert [gate_of(variant, [variant], brand.gate) for variant in variants if variant] == [""] * len(
            [variant for variant in variants if variant]
        )


@given(st.data())
def test_whatever_is_composed_from_an_entry_and_phrases_passes(brand: Brand, data: st.DataObject) -> None:
    entry = data.draw(st.sampled_from(list(brand.knowledge.entries.values())))
    seed = data.draw(st.text(max_size=8))
    answer = data.draw(st.sampled_from([entry.answer, *entry.variants.values()]))

    assert gate_of(compose.dress(brand.persona, answer, seed), entry.texts, brand.gate) == ""


@given(
    number=st.integers(min_value=2, max_value=9999),
    unit=st.sampled_from(UNITS),
    script=st.sampled_from(["arabic", "wide", "chinese", "spaced"]),
    place=st.sampled_from(["before", "within", "behind"]),
)
def test_any_number_of_no_source_is_stopped_in_any_script(number: int, unit: str, script: str, place: str) -> None:
    if str(number) in {known.value for known in numbers.read(ENTRY)} | {"80"}:
        return
    digits = {
        "arabic": str(number),
        "wide": str(number).translate(WIDE),
        "chinese": "".join(CHINESE[int(digit)] for digit in str(number)) if number < 10 or number > 99 else f"{number}",
        "spaced": f" {number} ",
    }[script]
    said = f"，另外{digits}{unit}，"
    first, behind = ENTRY[:12], ENTRY[12:]
    text = {"before": said + ENTRY, "within": first + said + behind, "behind": ENTRY + said}[place]

    assert gate_of(text) == "number"


@pytest.mark.parametrize(("number", "unit"), [("30", "元"), ("169", "天"), ("7", "折"), ("8", "%"), ("3", "天")])
def test_a_number_of_the_source_that_counts_something_else_is_none_of_it(number: str, unit: str) -> None:
    assert gate_of(f"一共{number}{unit}。") == "number"


def test_a_persona_has_words_exceptions_and_brands_of_its_own() -> None:
    assert gate_of("满满的元气", gate=voice(forbidden=["元气"])) == "forbidden"
    assert gate_of("顶级域名", gate=voice(innocent=["顶级域名"], forbidden=[])) == ""
    assert gate_of("隔壁老王家的", gate=voice(other_brands=["隔壁老王家"])) == "brand"
    assert gate_of("兰蔻专柜", gate=voice(partner_brands=["兰蔻"])) == ""
    assert gate_of("我们兰蔻", gate=voice(brand="兰蔻")) == ""


def test_a_vertical_chooses_whose_names_are_other_brands() -> None:
    anybody = gate_of("瑞幸的拿铁", gate=voice(vertical=""))
    assert anybody == gate_of("瑞幸的拿铁", gate=voice(vertical="coffee")) == "brand"
    assert gate_of("瑞幸的拿铁", gate=voice(vertical="beauty")) == ""


def test_what_is_composed_keeps_to_the_length_and_what_is_approved_may_be_longer() -> None:
    long = "很长" * 40
    gate = voice(max_length=60)

    assert gate_of(long, gate=gate) == "length"
    assert gate_of(long, [long], gate) == ""
    assert gate_of("短" * 60, gate=gate) == ""


@given(st.text(max_size=120), st.text(max_size=120))
def test_any_text_can_be_checked(text: str, source: str) -> None:
    block = GATE.check(text, [source])

    assert block is None or (block.gate and block.words)
