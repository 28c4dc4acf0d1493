"""A language model may choose and phrase; it never has the last word, and nobody waits for it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from handlers.brand import Brand
from handlers.hand_over import takeover
from storage.model_calls import FAILED, LATE, OVERTAKEN, PENDING, REFUSED, USED, ModelCall
from tests.story import Story
from tests.stub_model import StubModel


@pytest.fixture
def stub() -> Iterator[StubModel]:
    model = StubModel()
    yield model
    model.close()


@pytest.fixture
def told(tmp_path: Path, database_url: str, brand: Brand, stub: StubModel) -> Iterator[Story]:
    settings = {
        "WANZI_LLM__BASE_URL": stub.url,
        "WANZI_LLM__MODEL": "m-1",
        "WANZI_LLM__API_KEY": "key-1",
        "WANZI_LLM__TIMEOUT_S": "1",
        "WANZI_LLM__DAILY_TOKENS": "1000",
    }
    story = Story(tmp_path, database_url, brand, **settings)
    yield story
    story.close()


def says(stub: StubModel, entry: str, text: str) -> None:
    stub.reply = lambda _: json.dumps({"entry": entry, "text": text}, ensure_ascii=False)


def calls(story: Story) -> list[ModelCall]:
    with story.database.read() as db:
        found = list(db.scalars(select(ModelCall).order_by(ModelCall.id)))
        db.expunge_all()
        return found


def why_of_last(story: Story) -> dict[str, Any]:
    why: dict[str, Any] = json.loads(story.rows("kf/send_msg")[-1].why)
    return why


def work_without_the_model(story: Story) -> None:
    """The handlers and senders work; whoever asks the model is still waiting for it."""
    story.arrive()
    while story.worker.run_once(story.now()) + story.sender.run_once(story.now()):
        pass


def write(story: Story, who: str, text: str) -> None:
    """A customer's message reaches the handlers; the model has not been asked yet."""
    story.act("customer/write", external_userid=who, open_kfid="wkStory", text=text)
    story.arrive()
    story.reader.run_once(story.now())
    work_without_the_model(story)


def test_the_models_words_for_an_entry_go_out_and_name_entry_and_model(told: Story, stub: StubModel) -> None:
    says(stub, "K002", "满99元就包邮，不满的话运费8元。")

    told.customer_says("wm1", "包邮吗")

    assert told.answers("wm1")[-1] == "满99元就包邮，不满的话运费8元。"
    why = why_of_last(told)
    assert (why["kind"], why["source"]["id"]) == ("answer", "K002")
    assert (why["model"]["name"], why["model"]["outcome"]) == ("m-1", "used")
    (call,) = calls(told)
    assert (call.state, call.tokens, call.prompt_version) == (USED, 100, why["model"]["prompt"])


def test_the_prompt_holds_ten_entries_at_most_and_no_personal_data(told: Story, stub: StubModel) -> None:
    says(stub, "", "")
    told.customer_says("wm1", "我手机13812345678，包邮吗")
    told.customer_says("wm1", "13912345678这个号能改吗，运费多少")

    sent = json.dumps([asked["messages"] for asked in stub.asked], ensure_ascii=False)
    assert "13812345678" not in sent
    assert "13912345678" not in sent
    assert "[手机]" in sent
    assert all(len(call.candidates) <= 10 for call in calls(told))
    assert all(f"[{entry}]" in sent for call in calls(told) for entry in call.candidates)


@pytest.mark.parametrize(
    ("text", "gate"),
    [
        ("满59元就包邮哦", "number"),
        ("满99元包邮，我们是全网最低价", "absolute"),
        ("满99元包邮，比雅诗兰黛划算", "brand"),
        ("满99元包邮，看 https://evil.example/", "link"),
    ],
)
def test_words_that_no_gate_lets_out_are_replaced_by_the_entrys_own(
    told: Story, stub: StubModel, text: str, gate: str
) -> None:
    says(stub, "K002", text)

    told.customer_says("wm1", "包邮吗")

    assert told.brand.knowledge.entries["K002"].answer in told.answers("wm1")[-1]
    assert text not in "".join(told.answers("wm1"))
    assert calls(told)[0].state == REFUSED
    assert calls(told)[0].reason.startswith(gate)
    assert why_of_last(told)["model"]["blocked"].startswith(gate)


@pytest.mark.parametrize(
    "reply", ["我觉得包邮", '{"entry": "K999", "text": "包邮"}', '{"entry": "", "text": "包邮"}', '{"entry": "K002"}']
)
def test_an_answer_that_is_no_choice_is_not_said(told: Story, stub: StubModel, reply: str) -> None:
    stub.reply = lambda _: reply

    told.customer_says("wm1", "包邮吗")

    assert told.brand.knowledge.entries["K002"].answer in told.answers("wm1")[-1]
    assert calls(told)[0].state == REFUSED


def test_when_no_entry_answers_the_model_says_so_and_none_is_told_as_the_answer(told: Story, stub: StubModel) -> None:
    says(stub, "", "")

    told.customer_says("wm1", "包邮吗")

    assert why_of_last(told)["kind"] == "menu"
    assert calls(told)[0].state == USED


def test_a_failing_model_costs_the_customer_nothing_but_its_words(told: Story, stub: StubModel) -> None:
    stub.status = 500

    told.customer_says("wm1", "包邮吗")

    assert told.brand.knowledge.entries["K002"].answer in told.answers("wm1")[-1]
    assert (calls(told)[0].state, calls(told)[0].reason) == (FAILED, "HTTP 500")
    assert why_of_last(told)["model"]["outcome"] == FAILED


def test_a_slow_model_is_overtaken_by_the_clock_and_what_it_says_later_is_not_said(
    told: Story, stub: StubModel
) -> None:
    says(stub, "K002", "满99元就包邮，迟到的话。")
    write(told, "wm1", "包邮吗")
    assert (told.answers("wm1"), calls(told)[0].state) == ([], PENDING)

    told.advance(seconds=3)
    work_without_the_model(told)

    assert told.brand.knowledge.entries["K002"].answer in told.answers("wm1")[-1]
    assert calls(told)[0].state == LATE

    told.settle()

    assert len(told.answers("wm1")) == 1
    assert (calls(told)[0].state, calls(told)[0].tokens) == (LATE, 100)


def test_a_takeover_between_question_and_answer_wins(told: Story, stub: StubModel) -> None:
    says(stub, "K002", "满99元就包邮，不满的话运费8元。")
    write(told, "wm1", "包邮吗")

    told.engine.change(lambda ctx: takeover.claim(ctx, told.conversation("wm1").id, "wangjie") and None)
    told.settle()
    told.advance(seconds=5)
    told.settle()

    assert told.answers("wm1") == []
    assert calls(told)[0].state == OVERTAKEN
    assert all(message.answered_at for message in told.messages("wm1"))


def test_what_the_customer_adds_meanwhile_is_answered_together_once(told: Story, stub: StubModel) -> None:
    says(stub, "K002", "满99元就包邮，不满的话运费8元。")
    write(told, "wm1", "包邮吗")
    write(told, "wm1", "就是运费怎么算")

    told.settle()
    told.advance(seconds=5)
    told.settle()

    assert told.answers("wm1") == ["满99元就包邮，不满的话运费8元。"]
    assert [call.state for call in calls(told)] == [OVERTAKEN, USED]
    assert "包邮吗\n就是运费怎么算" in calls(told)[1].prompt[1]["content"]


def test_a_crash_while_the_model_thinks_loses_nothing_and_answers_once(told: Story, stub: StubModel) -> None:
    says(stub, "K002", "满99元就包邮，不满的话运费8元。")
    write(told, "wm1", "包邮吗")

    told.restart()
    told.settle()
    told.advance(seconds=5)
    told.settle()

    assert told.answers("wm1") == ["满99元就包邮，不满的话运费8元。"]


def test_a_wish_for_a_person_never_waits_for_the_model(told: Story, stub: StubModel) -> None:
    told.customer_says("wm1", "转人工")

    assert stub.asked == []
    assert told.handoffs()


def test_when_the_days_tokens_are_spent_the_knowledge_answers_alone(told: Story, stub: StubModel) -> None:
    says(stub, "K002", "满99元就包邮，不满的话运费8元。")
    stub.tokens = 1000

    told.customer_says("wm1", "包邮吗")
    told.customer_says("wm2", "包邮吗")

    assert len(stub.asked) == 1
    assert told.brand.knowledge.entries["K002"].answer in told.answers("wm2")[-1]

    told.advance(days=1)
    told.customer_says("wm3", "包邮吗")

    assert len(stub.asked) == 2
