"""The bell: it says that a row has come, and carries nothing else. A lost ring is found by the sweep.

Locally it is a pipe, made before `wanzi serve` forks, so that the acknowledging process wakes the answering one;
`bot.broker` has the bell that rings across machines.
"""

import os
import select
import threading
from collections.abc import Callable
from contextlib import suppress

import structlog
from sqlalchemy.exc import OperationalError

from bot.crowd import Crowd

log = structlog.get_logger()

#: However quiet the bell, everybody looks for work this often (seconds).
SWEEP_S = 1.0


class Bell:
    """Wakes whoever waits in this process; `Bell.across_fork()` also in those forked from it, as its `crowd`."""

    def __init__(self, pipe: tuple[int, int] | None = None) -> None:
        self.crowd = Crowd()
        self._pipe = pipe
        self._listeners: list[threading.Event] = []

    @classmethod
    def across_fork(cls) -> "Bell":
        """A bell that rings in every process forked from this one."""
        read_end, write_end = os.pipe()
        os.set_blocking(write_end, False)
        os.set_blocking(read_end, False)
        return cls((read_end, write_end))

    def listener(self) -> threading.Event:
        """An event of your own that each ring sets."""
        event = threading.Event()
        self._listeners.append(event)
        return event

    def ring(self) -> None:
        """Wake the listeners. Never blocks: a full pipe rings already."""
        for event in self._listeners:
            event.set()
        if self._pipe is not None:
            with suppress(BlockingIOError):
                os.write(self._pipe[1], b"!")

    def reachable(self) -> bool:
        """Whether the bell can be heard elsewhere; a local one always can."""
        return True

    def relay(self, stop: threading.Event) -> None:
        """Pass rings from other processes on to this one's listeners, until told to stop."""
        if self._pipe is None:
            return
        while not stop.is_set():
            ready, _, _ = select.select([self._pipe[0]], [], [], SWEEP_S)
            if not ready:
                continue
            with suppress(BlockingIOError):
                os.read(self._pipe[0], 4096)
            for event in self._listeners:
                event.set()


def keep_working(step: Callable[[], int], rung: threading.Event, stop: threading.Event) -> None:
    """Take steps until told to stop; after one that found nothing to do, wait for a ring or the sweep.

    A database that is away for a while is waited for; any other error is the caller's.
    """
    while not stop.is_set():
        try:
            if step():
                continue
        except OperationalError:
            log.exception("database_unavailable")
            stop.wait(SWEEP_S)
        rung.wait(SWEEP_S)
        rung.clear()
