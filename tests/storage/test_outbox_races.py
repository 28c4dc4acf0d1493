"""Two senders that look at the same rows: what one has tried in the meantime, the other must not take for untried."""

from datetime import timedelta

from storage import outbox
from storage.base import utc
from storage.database import Database
from storage.outbox import Again, NewCall, OutboxRow

NOW = utc(1_800_000_000)


def _look(database: Database) -> OutboxRow:
    with database.write() as db:
        [row] = outbox.claimable(db, NOW, most=1, least_urgent=outbox.BULK)
        db.expunge(row)
    return row


def _take(database: Database, row: OutboxRow) -> bool:
    with database.write() as db:
        db.add(row)
        return outbox.take(db, row, NOW, 60)


def test_a_row_tried_by_another_sender_since_it_was_read_is_not_taken(database: Database) -> None:
    with database.write() as db:
        outbox.put(db, NewCall(api="kf/send_msg", payload={}, lane="kf:a:b"), NOW)
    mine, theirs = _look(database), _look(database)

    assert _take(database, theirs)
    with database.write() as db:
        outbox.retry(db, theirs.id, Again(NOW, "lost", doubtful=True))

    assert not _take(database, mine)
    assert _look(database).doubtful


def test_a_row_put_off_by_another_sender_since_it_was_read_is_not_taken(database: Database) -> None:
    with database.write() as db:
        outbox.put(db, NewCall(api="kf/send_msg", payload={}, lane="kf:a:b"), NOW)
    mine, theirs = _look(database), _look(database)

    assert _take(database, theirs)
    with database.write() as db:
        outbox.retry(db, theirs.id, Again(NOW + timedelta(minutes=1), "45009", counted=False))

    assert not _take(database, mine)
