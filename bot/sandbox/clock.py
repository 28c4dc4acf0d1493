"""The sandbox's clock: real time plus an offset that may live in a small text file.

The bot reads the same file, so both move together when the demo jumps to the next slot. Time only moves forward.
"""

import os
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")


class Clock:
    """`now()` in unix seconds. `path` holds the offset in seconds, re-read whenever the file changes."""

    def __init__(self, path: str | Path | None = None) -> None:
        self.path = Path(path) if path else None
        self._offset_s = 0.0
        self._stamp: tuple[int, int] | None = None

    @property
    def offset_s(self) -> float:
        """Seconds ahead of real time."""
        if self.path is not None:
            self._reread(self.path)
        return self._offset_s

    def now(self) -> float:
        return time.time() + self.offset_s

    def advance(self, seconds: float) -> float:
        """Move forward by `seconds` and return the new now. Raises ValueError for a negative step."""
        if seconds < 0:
            raise ValueError("time only moves forward")
        self._write(self.offset_s + seconds)
        return self.now()

    def move_to(self, instant: float) -> float:
        """Move forward to a unix time. Raises ValueError when it lies in the past."""
        return self.advance(instant - self.now())

    def _reread(self, path: Path) -> None:
        try:
            stat = path.stat()
        except FileNotFoundError:
            self._offset_s, self._stamp = 0.0, None
            return
        stamp = (stat.st_mtime_ns, stat.st_ino)
        if stamp != self._stamp:
            self._offset_s = float(path.read_text() or 0)
            self._stamp = stamp

    def _write(self, offset_s: float) -> None:
        self._offset_s = offset_s
        if self.path is None:
            return
        handle, name = tempfile.mkstemp(dir=self.path.parent, prefix=self.path.name)
        with os.fdopen(handle, "w") as file:
            file.write(f"{offset_s:.3f}\n")
        os.replace(name, self.path)


def next_slot(now: float, slots: list[str]) -> float:
    """The first of the daily "HH:MM" slots (Asia/Shanghai) strictly after `now`, as unix time."""
    today = datetime.fromtimestamp(now, SHANGHAI)
    due = []
    for slot in slots:
        hour, minute = (int(part) for part in slot.split(":"))
        at = today.replace(hour=hour, minute=minute, second=0, microsecond=0)
        due.append((at if at.timestamp() > now else at + timedelta(days=1)).timestamp())
    if not due:
        raise ValueError("the world has no slots")
    return min(due)
