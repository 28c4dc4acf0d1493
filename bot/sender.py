"""Takes outbox rows and calls WeCom: claim in one commit, call outside any transaction, note the outcome in another.

A row goes out when its lane is free, its time has not passed, no human has taken the conversation and WeCom allows the
message. Whatever happens in between, the row says what is known.
"""

import random
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from bot import allowance, metrics
from bot.bootstrap import Engine
from bot.errors import GatewayError, Throttled, Unavailable
from bot.log import where
from bot.queue import SWEEP_S
from bot.wecom.calls import CALLS, Call, Repeat
from handlers.event import Settled
from handlers.intake import to_row
from storage import inbox, outbox, pauses
from storage.outbox import Again, OutboxRow

log = structlog.get_logger()

#: Seconds a taken row is ours, at least: longer than its calls can take, the token's and the question whether it was
#: done before among them.
LEASE_S, CALLS_A_ROW = 60.0, 8
FIRST_RETRY_S, LONGEST_RETRY_S = 1.0, 300.0
#: A call that WeCom does not take is given up after so many tries and so long: an outage may last a night.
MAX_ATTEMPTS, GIVE_UP_AFTER = 30, timedelta(days=1)
#: Before asking whether a cut-off call was done: WeCom needs a moment to know itself (41063).
CONFIRM_AFTER = timedelta(seconds=10)


@dataclass(frozen=True)
class Outcome:
    """What a call came to: WeCom's answer, or the error."""

    row: OutboxRow
    response: dict[str, Any] = field(default_factory=dict)
    error: GatewayError | None = None


class Sender:
    """Works through the outbox. `least_urgent` narrows it to a fast lane with threads of its own."""

    def __init__(self, engine: Engine, *, threads: int = 8, least_urgent: int = outbox.BULK) -> None:
        self._engine = engine
        self._database = engine.core.database
        self._threads = threads
        self._least_urgent = least_urgent
        self._lease_s = max(LEASE_S, CALLS_A_ROW * engine.core.settings.wecom.timeout_s)
        self._outcomes: list[Outcome] = []
        self._lock = threading.Lock()
        self._wake = engine.core.bell.listener()

    def run(self, stop: threading.Event) -> None:
        """Send until told to stop; then wait for the calls under way to be noted."""
        flying = 0
        with ThreadPoolExecutor(self._threads, thread_name_prefix="send") as pool:
            while not (stop.is_set() and flying == 0):
                now = self._engine.core.clock.now()
                try:
                    done = self._take_outcomes()
                    rows = self._turn_over(done, now, 0 if stop.is_set() else self._threads - flying + len(done))
                except OperationalError:
                    log.exception("database_unavailable")
                    self._give_back(done)
                    stop.wait(SWEEP_S)
                    continue
                flying += len(rows) - len(done)
                for row in rows:
                    pool.submit(self._fly, row)
                if not rows and not done:
                    self._wake.wait(SWEEP_S)
                    self._wake.clear()

    def run_once(self, now: datetime) -> int:
        """Take what may go, call, note the outcomes, all in this thread. Returns how many rows were called."""
        rows = self._turn_over([], now, self._threads)
        done = [self.call(row, now) for row in rows]
        if done:
            self._turn_over(done, now, 0)
        return len(rows)

    def _fly(self, row: OutboxRow) -> None:
        outcome = self.call(row, self._engine.core.clock.now())
        self._give_back([outcome])
        self._wake.set()

    def _give_back(self, outcomes: list[Outcome]) -> None:
        with self._lock:
            self._outcomes = outcomes + self._outcomes

    def _take_outcomes(self) -> list[Outcome]:
        with self._lock:
            taken, self._outcomes = self._outcomes, []
        return taken

    def _turn_over(self, done: list[Outcome], now: datetime, room: int) -> list[OutboxRow]:
        """Note outcomes and take new rows with one commit."""
        with self._database.write() as db:
            for outcome in done:
                self._note(db, outcome, now)
            taken = self._take(db, now, room) if room > 0 else []
        if done:
            self._engine.core.bell.ring()
        return taken

    def _take(self, db: Session, now: datetime, room: int) -> list[OutboxRow]:
        self._recover_cut_off(db, now)
        paused = pauses.active(db, now)
        taken = []
        for row in outbox.claimable(db, now, most=room, least_urgent=self._least_urgent, paused=paused):
            verdict = allowance.judge(db, row, now)
            if verdict is None:
                if outbox.take(db, row, now, self._lease_s):
                    taken.append(row)
            elif verdict is not allowance.BUSY:
                self._end(db, row, verdict.state, now, reason=verdict.reason)
        return taken

    def _recover_cut_off(self, db: Session, now: datetime) -> None:
        for row in outbox.cut_off(db, now):
            error = Unavailable(row.api, "cut off", took_effect=None)
            self._note_failure(db, Outcome(row, error=error), error, now)

    def call(self, row: OutboxRow, now: datetime) -> Outcome:
        """Make one call. Never raises: an error is an outcome."""
        call = CALLS.get(row.api)
        try:
            if call is None:
                raise GatewayError(row.api, "there is no such call in the table of calls")
            if row.doubtful and call.confirm is not None:
                found = self._confirm(call, row, now)
                if found is not None:
                    return Outcome(row, found)
            return Outcome(row, call.send(self._engine.client, row.body))
        except GatewayError as error:
            return Outcome(row, error=error)
        except Exception as exc:
            log.exception("send_failed", id=row.id, api=row.api)
            return Outcome(row, error=GatewayError(row.api, f"our own fault: {type(exc).__name__}"))

    def _confirm(self, call: Call, row: OutboxRow, now: datetime) -> dict[str, Any] | None:
        assert call.confirm is not None
        with self._database.read() as db:
            known = outbox.msgids_since(db, row.api, row.created_at - timedelta(days=1))
        return call.confirm(self._engine.client, row.body, row.created_at.timestamp(), now.timestamp(), known)

    def _note(self, db: Session, outcome: Outcome, now: datetime) -> None:
        row, error = outcome.row, outcome.error
        if error is None:
            self._end(db, row, "sent", now, response=outcome.response)
        else:
            self._note_failure(db, outcome, error, now)

    def _note_failure(self, db: Session, outcome: Outcome, error: GatewayError, now: datetime) -> None:
        row, call = outcome.row, CALLS.get(outcome.row.api)
        if row.doubtful and call is not None and call.was_done(error):
            self._end(db, row, "sent", now, reason=f"done before: {error.errcode}")
        elif isinstance(error, Throttled):
            until = now + timedelta(seconds=error.retry_after_s)
            metrics.THROTTLED.labels(row.api).inc()
            if error.errcode is not None and row.api != "webhook/send":  # there each robot has a limit of its own
                pauses.pause(db, row.api, until)
            self._again(db, row, Again(until, str(error), error.errcode, counted=False))
        elif isinstance(error, Unavailable) and (row.attempts < MAX_ATTEMPTS or now - row.created_at < GIVE_UP_AFTER):
            self._unavailable(db, row, call, error, now)
        else:
            self._end(db, row, "dead", now, errcode=error.errcode, reason=error.reason)

    def _unavailable(self, db: Session, row: OutboxRow, call: Call | None, error: Unavailable, now: datetime) -> None:
        unknown = error.took_effect is None
        if unknown and call is not None and call.repeat is Repeat.ASK and call.confirm is None:
            self._end(db, row, "unknown", now, errcode=error.errcode, reason=error.reason)
            return
        wait_s = min(FIRST_RETRY_S * 2 ** min(row.attempts - 1, 20) * random.uniform(0.5, 1.5), LONGEST_RETRY_S)
        at = now + timedelta(seconds=wait_s)
        if unknown and call is not None and call.repeat is Repeat.ASK:
            at = max(at, now + CONFIRM_AFTER)
        self._again(db, row, Again(at, error.reason, error.errcode, doubtful=unknown))

    def _again(self, db: Session, row: OutboxRow, again: Again) -> None:
        outbox.retry(db, row.id, again)
        metrics.SENDS.labels(row.api, "retry").inc()
        log.info("send", id=row.id, api=row.api, lane=where(row.lane), outcome="retry", errcode=again.errcode)

    def _end(
        self,
        db: Session,
        row: OutboxRow,
        state: str,
        now: datetime,
        *,
        errcode: int | None = None,
        reason: str = "",
        response: dict[str, Any] | None = None,
    ) -> None:
        """Settle a row for good, and tell the handlers if they asked to hear, or if a customer will not get it."""
        if not outbox.settle(db, row.id, state, now, errcode=errcode, reason=reason, response=response):
            return
        if (row.notify and state != "withdrawn") or (row.conversation_id is not None and state == "dead"):
            settled = Settled(
                outbox_id=row.id,
                api=row.api,
                ok=state == "sent",
                unknown=state == "unknown",
                expired=reason == allowance.EXPIRED,
                errcode=errcode,
                reason=reason,
                response=response or {},
            )
            inbox.put(db, to_row(settled, f"settled:{row.id}:{state}:{now.timestamp()}"), now)
        if state == "dead":
            metrics.DEAD.labels("outbox").inc()
        elif state == "sent" and row.conversation_id is not None:
            metrics.REPLY_SECONDS.observe((now - row.caused_at).total_seconds())
        metrics.SENDS.labels(row.api, state).inc()
        log.info(
            "send", id=row.id, api=row.api, lane=where(row.lane), outcome=state, errcode=errcode, attempt=row.attempts
        )
