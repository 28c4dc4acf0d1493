"""Whether callbacks crowd in: what the acknowledging process tells those forked beside it, so that they give way.

Niceness is not enough: a writer that is nice still holds the one writer's lock of SQLite while others wait for it.
"""

import mmap
import struct
import threading
import time

#: So many callbacks stored with one commit show that more are waiting, for a while (seconds).
CROWD, CROWD_S = 2, 0.02
#: However many callbacks wait, a writer goes on after this time (seconds).
GIVE_WAY_S = 0.2

_INSTANT = struct.Struct("d")


class Crowd:
    """One instant of the machine's monotonic clock, in memory that is shared by all processes forked later."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._until = mmap.mmap(-1, _INSTANT.size)

    def note(self, callbacks: int) -> None:
        """So many callbacks were stored with one commit."""
        if callbacks >= CROWD:
            _INSTANT.pack_into(self._until, 0, time.monotonic() + CROWD_S)

    def is_here(self) -> bool:
        """Whether callbacks crowd in just now."""
        return self._left_s() > 0

    def give_way(self) -> None:
        """Wait while callbacks crowd in, at most GIVE_WAY_S; of several threads that wait, one goes on at a time."""
        if not self.is_here():
            return
        with self._turn:
            longest = time.monotonic() + GIVE_WAY_S
            while (left_s := min(self._left_s(), longest - time.monotonic())) > 0:
                time.sleep(left_s)

    def _left_s(self) -> float:
        (until,) = _INSTANT.unpack_from(self._until)
        return float(until) - time.monotonic()
