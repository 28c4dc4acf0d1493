"""Takes inbox rows and lets the handlers work: what a row leads to and "row done" are one commit.

Claim, then read the texts (the costly part, outside any transaction), then handle the batch together. When one of its
rows fails, all is undone, and each row is handled by itself: it fails alone.
"""

import threading
from contextlib import suppress
from datetime import datetime, timedelta

import structlog
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from bot import metrics
from bot.bootstrap import Engine
from bot.log import where
from bot.queue import keep_working
from handlers.dispatch import dispatch
from handlers.errors import Refused
from handlers.event import AibotMessage, AppMessage, Event, KfMessage, event_from_json
from storage import inbox
from storage.inbox import InboxRow

log = structlog.get_logger()

#: Rows handled with one commit; fewer while callbacks crowd in, which wait for it.
BATCH, SMALL_BATCH = 16, 4
#: Seconds a claimed row is ours; far more than handling takes.
LEASE_S = 30.0
#: A failing row is tried again after this many seconds, doubled each time.
RETRY_S = 2.0


class Worker:
    """Works through the inbox. Any number may run, in any number of processes."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._database = engine.core.database

    def run(self, stop: threading.Event) -> None:
        """Work until told to stop; sleep while there is nothing to do."""
        clock, bell = self._engine.core.clock, self._engine.core.bell
        keep_working(lambda: self.run_once(clock.now()), bell.listener(), stop)

    def run_once(self, now: datetime) -> int:
        """Handle one batch. Returns how many rows were taken."""
        with self._database.write() as db:
            most = SMALL_BATCH if self._engine.core.bell.crowd.is_here() else BATCH
            rows = inbox.claim(db, now, reads=False, most=most, lease_s=LEASE_S)
        if not rows:
            return 0
        events = [self._parse(row) for row in rows]
        try:
            if not self._handle_together(rows, events, now):
                with self._database.write() as db:
                    for row, event in zip(rows, events, strict=True):
                        self._handle(db, row, event, now)
        except OperationalError:  # PostgreSQL ends one of two workers that wait for each other
            with self._database.write() as db:
                inbox.give_back(db, rows)
            raise
        self._engine.core.bell.ring()
        return len(rows)

    def _parse(self, row: InboxRow) -> Event | None:
        try:
            event = event_from_json(row.payload)
        except ValueError:
            return None
        if isinstance(event, KfMessage | AppMessage | AibotMessage) and event.text:
            with suppress(Exception):  # what fails here fails again in the handler, and is settled there
                self._engine.brand.read(event.text)
        return event

    def _handle_together(self, rows: list[InboxRow], events: list[Event | None], now: datetime) -> bool:
        """Handle a batch without savepoints. False when one row failed, and nothing is done."""
        try:
            with self._database.write() as db:
                ours = inbox.finish_many(db, [row.id for row in rows], now)
                handled = [
                    (row, self._dispatch(db, row, event, now))
                    for row, event in zip(rows, events, strict=True)
                    if row.id in ours
                ]
        except OperationalError:
            raise
        except Exception:
            return False
        for row, outcome in handled:
            _note(row, outcome)
        return True

    def _dispatch(self, db: Session, row: InboxRow, event: Event | None, now: datetime) -> str:
        if event is None:
            return "unreadable"
        return "done" if dispatch(event, self._engine.context(db, now, row)) else "unknown"

    def _handle(self, db: Session, row: InboxRow, event: Event | None, now: datetime) -> None:
        try:
            with db.begin_nested():
                if not inbox.finish(db, row.id, now):
                    return
                outcome = self._dispatch(db, row, event, now)
        except Refused as refusal:
            outcome = f"refused: {refusal.reason}"
            inbox.finish(db, row.id, now)
        except OperationalError:
            raise
        except Exception as exc:
            outcome = "failed"
            again = now + timedelta(seconds=RETRY_S * 2 ** (row.attempts - 1))
            inbox.retry(db, row, again, f"{type(exc).__name__}: {_where(exc)}")
            if row.attempts >= inbox.MAX_ATTEMPTS:
                metrics.DEAD.labels("inbox").inc()
        _note(row, outcome)


def _note(row: InboxRow, outcome: str) -> None:
    metrics.EVENTS.labels(row.kind, outcome.partition(":")[0]).inc()
    log.info("event", id=row.id, kind=row.kind, lane=where(row.lane), outcome=outcome, attempt=row.attempts)


def _where(exc: BaseException) -> str:
    """The place an error came from; its message may quote what a customer wrote, so it is left out."""
    trace = exc.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno}" if trace else ""
