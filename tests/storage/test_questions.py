"""Unanswered questions: near-duplicates are one, each message counts once, and a person's word stands."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.answers.questions import fold
from storage import conversations, questions
from storage.conversations import KF
from storage.database import Database
from storage.questions import ANSWERED, DISMISSED, OPEN, QuestionAsk

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def ask(database: Database, text: str, message_id: int, who: str = "wm1", at: datetime = NOW) -> None:
    with database.write() as db:
        known = conversations.open_(db, KF, "wk", who, at)
        questions.note(
            db,
            fold(text),
            text,
            QuestionAsk(message_id=message_id, conversation_id=known.id, why="unsure", asked_at=at),
            [{"id": "K1", "title": text, "score": 0.1}],
        )


def listed(database: Database, since: datetime = NOW, state: str = OPEN) -> list[tuple[list[str], int, int]]:
    with database.read() as db:
        return [(a.question.examples, a.times, a.customers) for a in questions.top(db, 10, since, state)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("能开专用发票吗", "请问你们可以开专用发票吗？"),
        ("能不能寄到新加坡", "可以寄到新加坡么"),
        ("面霜空瓶可以回收嗎", "面霜的空瓶能回收吗"),
        ("你们有没有招代理商", "招代理商吗"),
    ],
)
def test_near_duplicates_are_one_question_with_both_wordings(database: Database, one: str, other: str) -> None:
    ask(database, one, 1)
    ask(database, other, 2, "wm2")

    assert listed(database) == [([one, other], 2, 2)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("能寄到新加坡吗", "能寄到加拿大吗"),
        ("能开专用发票吗", "发票开错了怎么改"),
        ("面霜空瓶能回收吗", "面霜能带上飞机吗"),
        ("招代理商吗", "招收银员吗"),
    ],
)
def test_other_questions_stay_apart(database: Database, one: str, other: str) -> None:
    ask(database, one, 1)
    ask(database, other, 2)

    assert len(listed(database)) == 2


def test_the_same_message_counts_once_and_the_same_customer_as_one(database: Database) -> None:
    ask(database, "能寄到新加坡吗", 1)
    ask(database, "能寄到新加坡吗", 1)
    ask(database, "能寄到新加坡吗", 2)

    assert listed(database) == [(["能寄到新加坡吗"], 2, 1)]


def test_the_most_frequent_comes_first_and_what_was_asked_before_does_not_count(database: Database) -> None:
    for number in range(3):
        ask(database, "能寄到新加坡吗", number, f"wm{number}", NOW - timedelta(days=9))
    ask(database, "面霜空瓶能回收吗", 10)
    ask(database, "面霜空瓶能回收吗", 11)
    ask(database, "能寄到新加坡吗", 12)

    assert [times for _, times, _ in listed(database)] == [2, 1]
    assert [times for _, times, _ in listed(database, NOW - timedelta(days=30))] == [4, 2]


def test_five_examples_are_kept(database: Database) -> None:
    for number in range(8):
        ask(database, "能寄到新加坡吗" + "呀" * number, number)

    ((examples, times, _),) = listed(database)
    assert (len(examples), times) == (5, 8)


def test_an_answered_question_that_goes_unanswered_again_is_open_again_and_a_dismissed_one_is_not(
    database: Database,
) -> None:
    ask(database, "能寄到新加坡吗", 1)
    ask(database, "面霜空瓶能回收吗", 2)
    with database.write() as db:
        assert questions.settle(db, 1, ANSWERED, "王姐", NOW)
        assert questions.settle(db, 2, DISMISSED, "王姐", NOW)
        assert not questions.settle(db, 2, ANSWERED, "王姐", NOW)
        assert not questions.settle(db, 99, ANSWERED, "王姐", NOW)
    assert listed(database) == []
    ask(database, "可以寄到新加坡么", 3)
    ask(database, "面霜的空瓶可以回收吗", 4)

    assert [examples[0] for examples, _, _ in listed(database)] == ["能寄到新加坡吗"]
    assert [times for _, times, _ in listed(database, state=DISMISSED)] == [2]


def test_among_thousands_a_near_duplicate_is_found_by_its_marks(database: Database) -> None:
    ask(database, "面霜空瓶怎么用来回收", 4999)
    with database.write() as db:
        known = conversations.open_(db, KF, "wk", "wm1", NOW)
        for number in range(2000):
            one = chr(0x4E00 + number) + chr(0x5E00 + 3 * number) + chr(0x6E00 + 7 * number % 9000) + "怎么用"
            asked = QuestionAsk(message_id=number, conversation_id=known.id, why="unsure", asked_at=NOW)
            questions.note(db, one, one, asked, [])
    ask(database, "请问面霜的空瓶怎么用来回收啊", 5000, "wm2")
    ask(database, "面霜空瓶怎么用来做回收", 5001, "wm3")

    ((examples, times, customers), *_) = listed(database)
    assert (len(examples), times, customers) == (3, 3, 3)


@given(st.text(min_size=1, max_size=30), st.text(min_size=1, max_size=30))
def test_likeness_is_one_for_the_same_and_never_more(one: str, other: str) -> None:
    mine, theirs = questions.pairs(one), questions.pairs(other)

    assert questions.likeness(mine, mine) == 1
    assert 0 <= questions.likeness(mine, theirs) == questions.likeness(theirs, mine) <= 1


@given(st.text(max_size=60))
def test_folding_again_what_is_left_of_marks_changes_no_marks(text: str) -> None:
    assert len(fold(text)) <= 200
    assert fold(text).isalnum() or fold(text) == ""
