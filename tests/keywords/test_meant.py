"""The fitted judge is fitted on what is there, hears what no rule says, and leaves plain words of any brand alone."""

import json
from pathlib import Path

import pytest

from benchmarks import fit_meant
from benchmarks.fit import digest
from keywords.catalogue import Catalogue, TagRule, load_catalogue
from keywords.judging.meant import MODEL, Candidate, fitted
from keywords.tagger import CONFIDENCE, Tagger
from keywords.text import read_text

TAGGER = Tagger(load_catalogue(Path(__file__).parents[1] / "labelled" / "beauty" / "catalogue.yaml"))


def tags(text: str) -> set[str]:
    return {f.tag for f in TAGGER.read(text) if f.relation is None and not f.withdraws}


def likelihood(text: str, tag: str) -> float:
    ready = read_text(text)
    candidates = TAGGER.candidates(ready)
    found = zip(candidates, fitted().likelihoods(ready.flat, candidates), strict=True)
    return max(share for one, share in found if one.match.name == tag)


def test_the_model_is_fitted_on_the_sets_and_lexicons_that_are_there() -> None:
    header = json.loads(MODEL.read_bytes().partition(b"\n")[0])

    assert header["of"] == digest(fit_meant.sources()), "labelled sets or lexicons have changed: run `make fit`"


@pytest.mark.parametrize("text", ["公司开会讲了个会议精华", "汽车贴防晒膜要多少钱", "股票今天又见底了，心累"])
def test_a_word_of_another_world_gives_no_tag(text: str) -> None:
    assert tags(text) == set()


@pytest.mark.parametrize(
    ("plain", "doubtful", "tag"),
    [
        ("我是干皮", "干皮？我逗你玩的哈哈", "干皮"),
        ("想买口红", "群里有人说口红机吞了他二十块", "口红"),
        ("我要退货", "如果不合适，退货怎么处理", "售后中"),
    ],
)
def test_doubtful_talk_is_less_likely_meant(plain: str, doubtful: str, tag: str) -> None:
    assert likelihood(plain, tag) > likelihood(doubtful, tag)


def test_a_tag_is_no_surer_than_the_judge() -> None:
    for text in ("想买口红", "有优惠吗", "油皮夏天用什么"):
        for finding in TAGGER.read(text):
            assert finding.confidence <= CONFIDENCE["word"]
            assert finding.confidence <= round(likelihood(text, finding.tag), 2)


@pytest.mark.parametrize(
    "text", ["想要蓝牙音箱", "蓝牙音箱有货吗", "求推荐蓝牙音箱", "蓝牙音箱", "我上个月买了蓝牙音箱"]
)
def test_a_tag_that_the_model_never_saw_goes_by_the_rules(text: str) -> None:
    shop = Tagger(Catalogue("1", (TagRule("音箱", "product", ("蓝牙音箱",)),)))

    assert [f.tag for f in shop.read(text)] == ["音箱"]


def test_a_sensitive_tag_needs_the_rules_yes_however_likely_it_is() -> None:
    ready = read_text("我怀孕五个月了")
    (one, *_) = TAGGER.candidates(ready)

    assert one.is_meant(0.9)
    assert not one.is_meant(0.4)
    doubted = Candidate(one.match, one.dimension, one.signs, one.said, "dropped", sensitive=True)
    assert not doubted.is_meant(0.99)
