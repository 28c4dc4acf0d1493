"""The language model's client: one question, one answer in its time, and nobody waits for a dead endpoint."""

import threading
from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from bot.errors import ModelError
from bot.llm import FAILURES_IN_A_ROW, MAX_BYTES, ChatModel
from bot.settings import LlmSettings
from tests.stub_model import StubModel

QUESTION = [{"role": "user", "content": "几天到"}]


@pytest.fixture
def stub() -> Iterator[StubModel]:
    model = StubModel()
    yield model
    model.close()


def client(stub: StubModel, timeout_s: float = 5.0, parallel: int = 4) -> ChatModel:
    return ChatModel(
        LlmSettings(base_url=stub.url, api_key=SecretStr("key-1"), model="m-1", timeout_s=timeout_s, parallel=parallel)
    )


def test_a_question_goes_out_as_a_chat_completion_and_its_text_comes_back(stub: StubModel) -> None:
    stub.reply = lambda _: "三天"

    answer = client(stub).complete(QUESTION)

    assert (answer.text, answer.tokens) == ("三天", 100)
    assert stub.asked[0]["path"] == "/v1/chat/completions"
    assert (stub.asked[0]["model"], stub.asked[0]["messages"], stub.asked[0]["stream"]) == ("m-1", QUESTION, False)
    assert stub.keys == ["Bearer key-1"]


@pytest.mark.parametrize(
    ("status", "raw", "reason"),
    [
        (500, None, "HTTP 500"),
        (302, None, "HTTP 302"),
        (200, b"<html>", "not JSON"),
        (200, b"[]", "not a chat completion"),
        (200, b'{"choices": []}', "not a chat completion"),
        (200, b'{"choices": [{"message": {"content": ""}}]}', "empty"),
        (200, b'{"choices": [{"message": {"content": null}}]}', "empty"),
        (200, b'"' + b"x" * MAX_BYTES + b'"', "longer than any answer"),
    ],
)
def test_anything_but_an_answer_is_an_error_with_its_reason(
    stub: StubModel, status: int, raw: bytes | None, reason: str
) -> None:
    stub.status, stub.raw = status, raw

    with pytest.raises(ModelError, match=reason):
        client(stub).complete(QUESTION)


def test_an_answer_that_takes_too_long_is_given_up(stub: StubModel) -> None:
    stub.gate.clear()

    with pytest.raises(ModelError, match="Timeout"):
        client(stub, timeout_s=0.2).complete(QUESTION)


def test_an_endpoint_that_is_not_there_is_an_error_that_names_no_address() -> None:
    nowhere = ChatModel(LlmSettings(base_url="http://127.0.0.1:9/v1", model="m"))

    with pytest.raises(ModelError) as error:
        nowhere.complete(QUESTION)

    assert "127.0.0.1" not in str(error.value)


def test_after_failures_in_a_row_the_endpoint_is_left_alone(stub: StubModel) -> None:
    model = client(stub)
    stub.status = 503
    for _ in range(FAILURES_IN_A_ROW + 2):
        with pytest.raises(ModelError):
            model.complete(QUESTION)

    assert len(stub.asked) == FAILURES_IN_A_ROW
    with pytest.raises(ModelError, match="left alone"):
        model.complete(QUESTION)


def test_one_good_answer_makes_failures_forgotten(stub: StubModel) -> None:
    model = client(stub)
    for _ in range(3):
        stub.status = 503
        for _ in range(FAILURES_IN_A_ROW - 1):
            with pytest.raises(ModelError):
                model.complete(QUESTION)
        stub.status = 200
        model.complete(QUESTION)

    assert len(stub.asked) == 3 * FAILURES_IN_A_ROW


def test_more_questions_than_may_run_at_a_time_are_refused_at_once(stub: StubModel) -> None:
    model = client(stub, parallel=1)
    stub.gate.clear()
    first = threading.Thread(target=model.complete, args=(QUESTION,))
    first.start()
    while not stub.asked:
        threading.Event().wait(0.01)

    with pytest.raises(ModelError, match="busy"):
        model.complete(QUESTION)

    stub.gate.set()
    first.join()
    assert model.complete(QUESTION).text == "{}"
