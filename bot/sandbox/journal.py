"""What happened: the live events of the page and the log of API calls, both bounded."""

import threading
import time
from collections import deque
from typing import Any, NamedTuple


class Happening(NamedTuple):
    seq: int
    type: str
    data: dict[str, Any]


class Journal:
    """Thread safe. Sequence numbers begin at 1 and are shared by nobody else."""

    def __init__(self, events_kept: int, calls_kept: int) -> None:
        self._events: deque[Happening] = deque(maxlen=events_kept)
        self._calls: deque[dict[str, Any]] = deque(maxlen=calls_kept)
        self._seq = 0
        self._call_seq = 0
        self._changed = threading.Condition()

    def note(self, type_: str, data: dict[str, Any]) -> None:
        """Record a live event and wake every listener."""
        with self._changed:
            self._seq += 1
            self._events.append(Happening(self._seq, type_, data))
            self._changed.notify_all()

    @property
    def last_seq(self) -> int:
        return self._seq

    def after(self, seq: int, wait_s: float) -> list[Happening]:
        """Events later than `seq`, waiting up to `wait_s` for the first. Forgotten ones are skipped."""
        with self._changed:
            if self._seq <= seq:
                self._changed.wait(wait_s)
            newer = min(self._seq - seq, len(self._events))
            return [self._events[i] for i in range(len(self._events) - newer, len(self._events))] if newer > 0 else []

    def log_call(self, api: str, body: dict[str, Any], outcome: dict[str, Any], started: float) -> None:
        """Record an API call; `outcome` has errcode, effect, now and fault; `started` is a perf_counter reading."""
        with self._changed:
            self._call_seq += 1
            self._calls.append({"seq": self._call_seq, "api": api, "body": body} | outcome)
        ms = round((time.perf_counter() - started) * 1000, 2)
        self.note("call", {"api": api, "errcode": outcome["errcode"], "ms": ms})

    def calls(self, api: str | None = None, after: int = 0) -> list[dict[str, Any]]:
        """Logged calls later than `after`, of one API when given, oldest first."""
        with self._changed:
            return [c for c in self._calls if c["seq"] > after and (api is None or c["api"] == api)]
