"""The ledger's own promises: leases, lanes, keys, outcomes. On SQLite and PostgreSQL."""

import threading
import time
from datetime import UTC, datetime, timedelta

from sqlalchemy.exc import SQLAlchemyError

from storage import inbox, outbox, pauses
from storage.database import Database
from storage.inbox import GroupCommit, NewRow
from storage.outbox import Again, NewCall

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def event(key: str, lane: str = "a", **more: object) -> NewRow:
    return NewRow(dedup_key=key, kind="test", lane=lane, payload="{}", **more)  # type: ignore[arg-type]


def put(database: Database, *rows: NewRow) -> None:
    with database.write() as db:
        inbox.put_many(db, list(rows), NOW)


def claim(database: Database, now: datetime = NOW, most: int = 10) -> list[str]:
    with database.write() as db:
        return [row.dedup_key for row in inbox.claim(db, now, reads=False, most=most, lease_s=30)]


def test_a_key_is_stored_once_even_within_one_batch(database: Database) -> None:
    put(database, event("x"), event("x", lane="b"))
    put(database, event("x"))

    assert claim(database) == ["x"]


def test_only_the_head_of_a_lane_can_be_claimed_and_lanes_do_not_wait_for_each_other(database: Database) -> None:
    put(database, event("a1"), event("a2"), event("b1", lane="b"))

    assert claim(database) == ["a1", "b1"]
    assert claim(database) == []


def test_a_finished_row_frees_its_lane_and_a_dead_one_too(database: Database) -> None:
    put(database, event("a1"), event("a2"), event("a3"))
    with database.write() as db:
        (row,) = inbox.claim(db, NOW, reads=False, most=1, lease_s=30)
        assert inbox.finish(db, row.id, NOW)
    with database.write() as db:
        (row,) = inbox.claim(db, NOW, reads=False, most=1, lease_s=30)
        row.attempts = inbox.MAX_ATTEMPTS
        inbox.retry(db, row, NOW, "broken")

    assert claim(database) == ["a3"]
    with database.read() as db:
        assert [(dead.dedup_key, dead.reason) for dead in inbox.dead(db)] == [("a2", "broken")]


def test_a_failing_row_keeps_its_place_in_the_lane_until_its_time(database: Database) -> None:
    put(database, event("a1"), event("a2"))
    with database.write() as db:
        (row,) = inbox.claim(db, NOW, reads=False, most=1, lease_s=30)
        inbox.retry(db, row, NOW + 5 * SECOND, "later")

    assert claim(database, NOW + SECOND) == []
    assert claim(database, NOW + 5 * SECOND) == ["a1"]


def test_a_lease_that_ran_out_is_anybodys_and_the_late_one_finishes_nothing(database: Database) -> None:
    put(database, event("a1"))
    with database.write() as db:
        (slow,) = inbox.claim(db, NOW, reads=False, most=1, lease_s=30)
    assert claim(database, NOW + 31 * SECOND) == ["a1"]
    with database.write() as db:
        assert inbox.finish(db, slow.id, NOW)
    with database.write() as db:
        assert not inbox.finish(db, slow.id, NOW)


def test_urgent_rows_go_before_older_ones_of_other_lanes(database: Database) -> None:
    put(database, event("old"), event("urgent", lane="b", priority=inbox.URGENT))

    assert claim(database, most=1) == ["urgent"]


def test_a_row_for_later_waits_and_can_be_postponed_while_nobody_has_it(database: Database) -> None:
    put(database, event("turn", available_at=NOW + SECOND))
    with database.write() as db:
        assert inbox.postpone(db, "turn", NOW + 3 * SECOND)

    assert claim(database, NOW + 2 * SECOND) == []
    assert claim(database, NOW + 3 * SECOND) == ["turn"]
    with database.write() as db:
        assert not inbox.postpone(db, "turn", NOW + 9 * SECOND)


def test_workers_racing_for_the_same_rows_each_get_different_ones(database: Database) -> None:
    put(database, *(event(f"r{number}", lane=f"l{number}") for number in range(60)))
    got: list[str] = []

    def work() -> None:
        while keys := claim(database, most=3):
            got.extend(keys)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(got) == sorted(f"r{number}" for number in range(60))


def test_group_commit_stores_each_row_before_it_returns(database: Database) -> None:
    commit = GroupCommit(database)
    seen: list[bool] = []

    def write(number: int) -> None:
        commit.put(event(f"k{number}", lane=f"l{number}"), NOW)
        with database.read() as db:
            seen.append(inbox.newest_open(db, f"l{number}") > 0)

    threads = [threading.Thread(target=write, args=[number]) for number in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert seen == [True] * 40


def test_a_row_that_cannot_be_stored_is_told_to_its_caller_and_harms_no_other(database: Database) -> None:
    commit = GroupCommit(database)
    broken = NewRow(dedup_key="b", kind="k", lane="l", payload=None)  # type: ignore[arg-type]
    outcomes: dict[str, bool] = {}

    def write(row: NewRow) -> None:
        try:
            commit.put(row, NOW)
            outcomes[row.dedup_key] = True
        except SQLAlchemyError:
            outcomes[row.dedup_key] = False

    rows = [broken, *(event(f"k{number}", lane=f"l{number}") for number in range(9))]
    threads = [threading.Thread(target=write, args=[row]) for row in rows]
    commit._is_led = True  # as if somebody wrote just now: all of them wait, and share the next batch
    for thread in threads:
        thread.start()
    while len(commit._queue) < len(rows):
        time.sleep(0.001)
    commit._lead(NOW)
    for thread in threads:
        thread.join()

    assert outcomes == {row.dedup_key: row is not broken for row in rows}
    assert len(claim(database)) == 9


def call(lane: str = "a", **more: object) -> NewCall:
    return NewCall(api="kf/send_msg", payload={"x": 1}, lane=lane, **more)  # type: ignore[arg-type]


def queue(database: Database, *calls: NewCall) -> list[int | None]:
    with database.write() as db:
        return [outbox.put(db, new, NOW) for new in calls]


def take_all(database: Database, now: datetime = NOW, **more: object) -> list[int]:
    with database.write() as db:
        rows = outbox.claimable(db, now, most=50, least_urgent=outbox.BULK, **more)  # type: ignore[arg-type]
        return [row.id for row in rows if outbox.take(db, row, now, 60)]


def test_calls_to_one_recipient_go_one_after_the_other(database: Database) -> None:
    first, second, other = queue(database, call(), call(), call("b"))
    assert first
    assert second
    assert other

    assert take_all(database) == [first, other]
    assert take_all(database) == []
    with database.write() as db:
        outbox.settle(db, first, "sent", NOW, response={"msgid": "m1"})
    assert take_all(database) == [second]
    with database.read() as db:
        row = outbox.find_by_msgid(db, "m1")
        assert row is not None
        assert row.id == first


def test_a_call_with_a_known_key_is_not_queued_again(database: Database) -> None:
    assert queue(database, call(dedup_key="k"), call(dedup_key="k"))[1] is None


def test_an_unsettled_row_of_unknown_outcome_does_not_block_its_lane_and_is_shown(database: Database) -> None:
    first, second = queue(database, call(), call())
    assert first
    assert second
    take_all(database)
    with database.write() as db:
        outbox.settle(db, first, "unknown", NOW, reason="cut off")

    assert take_all(database) == [second]
    with database.read() as db:
        assert [row.id for row in outbox.stuck(db)] == [first]


def test_a_row_is_settled_once(database: Database) -> None:
    (row_id,) = queue(database, call())
    assert row_id
    take_all(database)
    with database.write() as db:
        assert outbox.settle(db, row_id, "sent", NOW)
        assert not outbox.settle(db, row_id, "dead", NOW)


def test_a_doubt_stays_through_later_tries(database: Database) -> None:
    (row_id,) = queue(database, call())
    assert row_id
    take_all(database)
    with database.write() as db:
        outbox.retry(db, row_id, Again(NOW, "reset", doubtful=True))
    take_all(database)
    with database.write() as db:
        outbox.retry(db, row_id, Again(NOW, "refused", doubtful=False))
        row = outbox.find(db, row_id)
        assert row is not None
        db.refresh(row)
        assert row.doubtful
        assert row.attempts == 2


def test_a_sender_that_vanished_leaves_its_row_to_be_found(database: Database) -> None:
    (row_id,) = queue(database, call())
    take_all(database)
    with database.read() as db:
        assert outbox.cut_off(db, NOW + 59 * SECOND) == []
        assert [row.id for row in outbox.cut_off(db, NOW + 61 * SECOND)] == [row_id]


def test_a_paused_api_is_left_alone_until_its_time(database: Database) -> None:
    (row_id,) = queue(database, call())
    with database.write() as db:
        pauses.pause(db, "kf/send_msg", NOW + 60 * SECOND)
        pauses.pause(db, "kf/send_msg", NOW + 10 * SECOND)
    with database.write() as db:
        during, after = pauses.active(db, NOW + 30 * SECOND), pauses.active(db, NOW + 60 * SECOND)

    assert (list(during), list(after)) == (["kf/send_msg"], [])
    assert take_all(database, paused=during) == []
    assert take_all(database, paused=after) == [row_id]


def test_a_dead_row_is_revived_unless_its_time_is_over(database: Database) -> None:
    first, second = queue(database, call(), call("b", expires_at=NOW + SECOND))
    assert first
    assert second
    with database.write() as db:
        for row_id in (first, second):
            outbox.settle(db, row_id, "dead", NOW)
    with database.write() as db:
        assert outbox.revive(db, first, NOW + 2 * SECOND)
        assert not outbox.revive(db, second, NOW + 2 * SECOND)
    assert take_all(database, NOW + 2 * SECOND) == [first]


def test_what_was_handled_long_ago_is_forgotten_and_nothing_else(database: Database) -> None:
    put(database, event("old", lane="a"), event("new", lane="b"), event("open", lane="c"), event("dead", lane="d"))
    with database.write() as db:
        rows = {row.dedup_key: row for row in inbox.claim(db, NOW, reads=False, most=9, lease_s=30)}
        inbox.finish(db, rows["old"].id, NOW)
        inbox.finish(db, rows["new"].id, NOW + 10 * SECOND)
        rows["dead"].attempts = inbox.MAX_ATTEMPTS
        inbox.retry(db, rows["dead"], NOW, "broken")

    with database.write() as db:
        assert inbox.forget_handled(db, NOW + SECOND, 100) == 1
    put(database, event("old", lane="a"), event("new", lane="b"))

    assert claim(database, NOW + 60 * SECOND) == ["open", "old"]


def test_a_person_may_replay_or_drop_what_is_dead_or_unknown(database: Database) -> None:
    first, second = queue(database, call(), call("b"))
    assert first
    assert second
    take_all(database)
    with database.write() as db:
        outbox.settle(db, first, "unknown", NOW)
        outbox.settle(db, second, "dead", NOW)
    with database.write() as db:
        assert outbox.revive(db, first, NOW)
        assert outbox.drop(db, second, NOW)
        assert not outbox.drop(db, second, NOW)
        assert outbox.stuck(db) == []
    assert take_all(database) == [first]
