"""A changed catalogue is tried on history: who would gain, who would lose, and nothing is changed."""

import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from sqlalchemy import insert

from handlers.tags.backtest import Outcome, compare
from keywords.catalogue import Catalogue, TagRule
from keywords.tagger import Tagger
from storage import conversations, history
from storage.conversations import KF
from storage.database import Database
from storage.history import Said
from storage.messages import Message

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
OILY = TagRule("甲肤", "attribute", ("甲肤", "满脸甲"), excludes=("乙肤",))
DRY = TagRule("乙肤", "attribute", ("乙肤",))
LOW = TagRule("丙尽", "product", ("丙尽",), expires_days=45)
PRESENT = Tagger(Catalogue("1", (OILY, DRY, LOW)))
CHANGED = Tagger(Catalogue("2", (TagRule("甲肤", "attribute", ("甲肤", "大甲田"), excludes=("乙肤",)), DRY, LOW)))


def said(*lines: tuple[str, str], at: datetime = NOW) -> Iterator[Said]:
    for number, (who, text) in enumerate(lines, 1):
        yield Said(who, number, text, at)


def differences(outcome: Outcome) -> dict[str, tuple[list[str], list[str]]]:
    return {found.tag: (found.gain, found.lose) for found in outcome.differences}


def test_gains_and_losses_are_told_by_tag_with_the_words() -> None:
    lines = [("wm1", "我是大甲田"), ("wm2", "我满脸甲，电话13812345678"), ("wm3", "我是甲肤"), ("wm3", "大甲田")]
    outcome = compare(said(*lines), PRESENT, CHANGED, set(), NOW)

    assert (outcome.messages, outcome.customers) == (4, 3)
    assert differences(outcome) == {"甲肤": (["wm1"], ["wm2"])}
    found = outcome.differences[0]
    assert [example.span for example in found.gain_examples] == ["大甲田"]
    assert found.lose_examples[0].span == "满脸甲"
    assert "13812345678" not in found.lose_examples[0].text


def test_the_same_rules_change_nothing() -> None:
    lines = [("wm1", "我是大甲田"), ("wm2", "我满脸甲"), ("wm2", "我是乙肤")]

    assert compare(said(*lines), PRESENT, PRESENT, set(), NOW).differences == ()


def test_a_tag_gained_later_ends_its_contrary_as_in_production() -> None:
    outcome = compare(said(("wm1", "我是乙肤"), ("wm1", "现在是大甲田")), PRESENT, CHANGED, set(), NOW)

    assert differences(outcome) == {"甲肤": (["wm1"], []), "乙肤": ([], ["wm1"])}


def test_what_a_person_removed_is_not_gained() -> None:
    outcome = compare(said(("wm1", "我是大甲田")), PRESENT, CHANGED, {("wm1", "甲肤")}, NOW)

    assert outcome.differences == ()


def test_what_has_run_out_since_is_not_gained() -> None:
    longer = Tagger(Catalogue("3", (OILY, DRY, TagRule("丙尽", "product", ("丙尽", "丙底"), expires_days=45))))
    for days, gained in ((46, {}), (44, {"丙尽": (["wm1"], [])})):
        lines = said(("wm1", "面霜丙底了"), at=NOW - timedelta(days=days))
        assert differences(compare(lines, PRESENT, longer, set(), NOW)) == gained


def test_history_comes_customer_by_customer_without_what_others_wrote(database: Database) -> None:
    with database.write() as db:
        for number, (account, peer) in enumerate((("wk1", "wm2"), ("wk1", "wm1"), ("wk2", "wm2"), ("wk3", "wm1"))):
            chat = conversations.open_(db, KF, account, peer, NOW)
            chat.last_message_at = NOW - timedelta(days=number)
            for author, text in (("customer", f"{account} first"), ("bot", "no"), ("customer", f"{account} second")):
                db.add(message(chat.id, author, text, NOW - timedelta(days=number)))
        staff = conversations.open_(db, conversations.APP, "1", "xiaoli", NOW)
        db.add(message(staff.id, "customer", "staff", NOW))
    with database.read() as db:
        everything = [(one.external_userid, one.text) for one in history.said(db)]
        lately = [(one.external_userid, one.text) for one in history.said(db, NOW - timedelta(days=1))]

    assert everything == [
        (who, f"{account} {which}")
        for who, account in (("wm1", "wk1"), ("wm1", "wk3"), ("wm2", "wk1"), ("wm2", "wk2"))
        for which in ("first", "second")
    ]
    assert lately == [(who, f"wk1 {which}") for who in ("wm1", "wm2") for which in ("first", "second")]


def message(conversation_id: int, author: str, text: str, at: datetime) -> Message:
    return Message(
        conversation_id=conversation_id, author=author, msgtype="text", text=text, sent_at=at, recorded_at=at
    )


def test_a_long_history_is_read_as_a_stream(database: Database) -> None:
    """Twenty megabytes of one customer's words; a tenth of it at most is held at any time."""
    rows = 20_000
    with database.write() as db:
        chat = conversations.open_(db, KF, "wk1", "wm1", NOW)
        plain = {"conversation_id": chat.id, "author": "customer", "msgtype": "text", "sent_at": NOW}
        texts = ({**plain, "recorded_at": NOW, "text": f"{n} " + "字" * 500} for n in range(rows))
        for batch in iter(lambda: [row for _, row in zip(range(1000), texts, strict=False)], []):
            db.execute(insert(Message), batch)
    with database.read() as db:
        tracemalloc.start()
        read = sum(1 for _ in history.said(db))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()

    assert read == rows
    assert peak < 4_000_000
