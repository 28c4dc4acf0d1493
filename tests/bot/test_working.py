"""What happens to the process that works when one of its parts fails."""

import threading
from dataclasses import replace
from datetime import datetime

import pytest
from sqlalchemy.exc import OperationalError

from bot import working
from bot.queue import Bell
from bot.worker import Worker
from handlers.event import Event
from storage import conversations
from storage.conversations import KF
from storage.inbox import InboxRow
from tests.story import Story


class _BrokenBell(Bell):
    def relay(self, stop: threading.Event) -> None:
        raise ValueError("broken")


class _Unlucky(Worker):
    """A worker that PostgreSQL chose to end a deadlock with, once."""

    unlucky = True

    def _handle_together(self, rows: list[InboxRow], events: list[Event | None], now: datetime) -> bool:
        if self.unlucky:
            self.unlucky = False
            raise OperationalError("SELECT", {}, Exception("deadlock detected"))
        return super()._handle_together(rows, events, now)


def test_a_thread_that_fails_ends_the_process_instead_of_leaving_it_half_alive(story: Story) -> None:
    engine = replace(story.engine, core=replace(story.engine.core, bell=_BrokenBell()))

    with pytest.raises(RuntimeError, match="a thread failed"):
        working.run(engine, threading.Event(), with_scheduler=False)


def test_rows_of_a_batch_that_the_database_cut_off_are_free_at_once(story: Story) -> None:
    story.act("customer/write", external_userid="wm1", open_kfid="wkStory", text="几天能到")
    story.arrive()
    story.reader.run_once(story.engine.core.clock.now())
    now = story.engine.core.clock.now()
    worker = _Unlucky(story.engine)

    with pytest.raises(OperationalError, match="deadlock"):
        worker.run_once(now)

    assert worker.run_once(now) == 1


def test_a_sender_passes_by_a_conversation_that_a_handler_has_in_hand(story: Story) -> None:
    with story.database.write() as db:
        conversation_id = conversations.open_(db, KF, "wkStory", "wm1", story.engine.core.clock.now()).id

    with story.database.write() as handler:
        conversations.get(handler, conversation_id)
        with story.database.read() as sender:
            passed_by = conversations.find_free(sender, conversation_id) is None

    assert passed_by is not story.database.is_sqlite  # SQLite has one writer and no locks on rows
