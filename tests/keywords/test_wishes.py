"""Whether a person is needed: by one message, and by what was said before it."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import fit, fit_wishes
from keywords.judging.talk import BOT, CUSTOMER, PERSON
from keywords.lexicon import LexiconError
from keywords.wishes import MODEL, SEVERITY, shipped, with_own_words


def said(*texts: str) -> str:
    """The reason after a talk; customer and bot take turns, the customer speaks last."""
    roles = [(CUSTOMER, BOT)[number % 2] for number in range(len(texts))]
    return shipped().read(list(zip(roles, texts, strict=True))).reason


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("麻煩轉人工", "ask_human"),
        ("砖人工", "ask_human"),
        ("zhuan ren gong", "ask_human"),
        ("让上次那个店员联系我", "ask_human"),
        ("能语音通话吗 我打字不方便", "ask_human"),
        ("真棒，等了半个月还没到", "complaint"),
        ("说好昨天发货，到现在没影", "complaint"),
        ("签收五天了还不给退款", "refund_dispute"),
        ("用完你们的面霜脸肿了", "adverse_reaction"),
        ("我家宝宝把口红吃了", "adverse_reaction"),
        ("再不处理我就打12315", "legal_threat"),
        ("小红书见，我有十万粉丝", "legal_threat"),
        ("不想活了", "crisis"),
        ("我室友说要割腕，怎么办", "crisis"),
        ("你已经第三次发同一句话了", "repeated_nonanswer"),
    ],
)
def test_one_message_is_enough(text: str, reason: str) -> None:
    assert said(text) == reason


@pytest.mark.parametrize(
    "text",
    [
        "人工智能选色的小程序叫什么",
        "人工客服几点下班",
        "不用转人工了，我自己看到了",
        "这颜色绝了，杀疯了",
        "想死你们家的蛋糕了",
        "之前用别家的烂过脸，所以想问你家成分",
        "如果收到坏的怎么退",
        "退款一般几天到账",
        "气死我了没抢到",
        "脸干起皮用哪款",
        "包装有一点点压痕，不影响，没事",
        "什么时候发货呀",
        "好的谢谢",
        "",
    ],
)
def test_words_that_only_look_alike_are_none(text: str) -> None:
    assert said(text) == "none"


@pytest.mark.parametrize(
    ("reason", "texts"),
    [
        ("ask_human", ["有没有活人啊", "别用机器回我了，换个真人来", "请你们店长给我回个电话", "麻烦接通人工坐席"]),
        ("complaint", ["垃圾店铺，再也不来了", "等了十天还没发货，骗人的吧", "收到就是碎的，太让人失望了"]),
        ("refund_dispute", ["退货你们签收一周了，钱还不退", "凭什么拒绝我的退款申请", "多扣了我五十块，还给我"]),
        ("adverse_reaction", ["涂完脸上又红又肿", "吃了你们的饼干一直拉肚子", "用了三天满脸都是红疹子"]),
        ("legal_threat", ["不退款我就去12315举报", "等着收律师函吧", "我要找记者曝光你们"]),
        ("crisis", ["活着真没意思，想死", "我已经写好遗书了"]),
    ],
)
def test_a_wording_nobody_listed_as_such_is_heard_as_its_reason(reason: str, texts: list[str]) -> None:
    assert {text: said(text) for text in texts} == dict.fromkeys(texts, reason)


@pytest.mark.parametrize(
    ("trap", "texts"),
    [
        ("a rule is asked for", ["七天无理由从哪天算起", "退货运费谁出呀", "假一赔十是真的吗"]),
        ("a condition of long standing", ["我是敏感肌容易泛红，选哪款", "冬天脸总是干得起皮"]),
        ("praise in hard words", ["好用到哭，已经回购三次", "香疯了，救命"]),
        ("another's case", ["我朋友是律师，想送她一套护肤品", "之前用别的牌子过敏过"]),
        ("one's own mistake", ["地址是我自己填错的，能改吗", "不小心被我摔碎了，再买一个"]),
        ("small talk", ["早上好呀", "哈哈哈好的", "今天下雨了"]),
        ("shopping", ["有没有小样", "这个色号适合黄皮吗", "送妈妈选哪套好"]),
    ],
)
def test_what_only_sounds_like_a_wish_is_none(trap: str, texts: list[str]) -> None:
    assert {text: said(text) for text in texts} == dict.fromkeys(texts, "none"), trap


def test_a_wish_stands_until_it_is_taken_back() -> None:
    assert said("转人工", "正在为您转接", "快点") == "ask_human"
    assert said("转人工", "正在为您转接", "不用了 我看到了") == "none"


def test_anger_stands_while_nothing_is_settled() -> None:
    assert said("什么破店，瓶子碎一箱", "请提供订单号", "20240311A") == "complaint"
    assert said("登录不了气死我了", "请更新到最新版本", "更新完可以了 谢谢啊") == "none"


def test_what_is_told_in_pieces_counts_together() -> None:
    assert said("一直显示待揽收", "仓库正在打包", "四天了，说好当天发的") == "complaint"


def test_a_joke_takes_a_hard_word_back() -> None:
    assert said("太过分了", "抱歉给您带来不便", "过分好吃！！再来两箱") == "none"


def test_the_same_answer_again_to_a_customer_who_insists_is_none() -> None:
    again = "生日当月可在小程序领取哦"
    assert said("生日礼怎么领", again, "小程序里领吗", again, "礼品是哪种") == "repeated_nonanswer"
    assert said("生日礼怎么领", again, "小程序里领吗", again, "好的谢谢") == "none"


def test_what_was_said_before_a_person_came_is_over() -> None:
    talk = [(CUSTOMER, "什么破店"), (PERSON, "您好，已为您补发"), (CUSTOMER, "几天到呀")]
    assert not shipped().read(talk)


def test_a_decision_shows_its_words_and_its_turn() -> None:
    decision = shipped().read([(CUSTOMER, "你好"), (BOT, "您好"), (CUSTOMER, "给我接線下那個美容顧問")])
    assert decision.turn == 2
    assert decision.span in "给我接線下那個美容顧問"
    assert decision.span
    assert decision.rule == "human_word"


@pytest.mark.parametrize(
    ("text", "severity"),
    [("不想活了", 3), ("手背涂完起红疹了", 2), ("宝宝涂完起红疹了", 3), ("12315见", 2), ("转人工", 0)],
)
def test_severity_follows_the_reason_and_who_is_hurt(text: str, severity: int) -> None:
    assert shipped().read([(CUSTOMER, text)]).severity == severity


def test_a_brand_adds_words_and_traps_of_its_own(tmp_path: Path) -> None:
    own = tmp_path / "handoff.yaml"
    own.write_text("ask_human: [呼叫小鹊长, 见…掌勺的]\ntraps: [活人感]\n", encoding="utf-8")
    wishes = with_own_words(own)
    assert wishes.read([(CUSTOMER, "呼叫小鹊长")]).reason == "ask_human"
    assert wishes.read([(CUSTOMER, "我想见一下掌勺的")]).reason == "ask_human"
    assert not wishes.read([(CUSTOMER, "这妆很有活人感")])


@pytest.mark.parametrize("text", ["angry: [坏]\n", "complaint: 坏\n", "- 坏\n"])
def test_a_wrong_brand_file_is_refused_with_its_name(tmp_path: Path, text: str) -> None:
    own = tmp_path / "handoff.yaml"
    own.write_text(text, encoding="utf-8")
    with pytest.raises(LexiconError, match=r"handoff\.yaml"):
        with_own_words(own)


def test_without_a_file_of_its_own_a_brand_has_the_shipped_words(tmp_path: Path) -> None:
    assert with_own_words(tmp_path / "none.yaml") is shipped()


@given(st.lists(st.tuples(st.sampled_from([CUSTOMER, BOT, PERSON]), st.text(max_size=40)), max_size=6))
def test_any_talk_is_decided_and_the_evidence_stands_in_it(talk: list[tuple[str, str]]) -> None:
    decision = shipped().read(talk)
    if decision:
        assert decision.severity in (SEVERITY[decision.reason], SEVERITY[decision.reason] + 1)
        assert decision.span in talk[decision.turn][1]
        assert talk[decision.turn][0] == CUSTOMER


def test_the_model_is_the_one_that_was_fitted_on_these_sets_and_words() -> None:
    header = json.loads(MODEL.read_bytes().partition(b"\n")[0])
    assert header["of"] == fit.digest(fit_wishes.inputs()), "labelled sets or lexicon changed since: run make fit"


def test_where_no_listed_word_decides_the_letters_that_told_most_are_shown() -> None:
    text = "说好三天的，我头发都等白了"
    decision = shipped().read([(CUSTOMER, text)])
    assert decision.rule.startswith("learned:complaint")
    assert decision.span in text
    assert 0 < len(decision.span) <= 12
