"""The clock of a process: real time, or real time moved by a rehearsal's clock file (sandbox and bot move together)."""

import time
from datetime import UTC, datetime
from pathlib import Path

#: The clock file is looked at again after this many seconds.
LOOK_EVERY_S = 0.2


class Clock:
    """Tells the time. `path` names a file that holds the seconds to add; empty or missing: none."""

    def __init__(self, path: str = "") -> None:
        self._path = Path(path) if path else None
        self._offset_s = 0.0
        self._looked_at = 0.0

    def time(self) -> float:
        """Unix seconds."""
        return time.time() + self._offset()

    def now(self) -> datetime:
        """The instant, in UTC."""
        return datetime.fromtimestamp(self.time(), UTC)

    def _offset(self) -> float:
        if self._path is None:
            return 0.0
        if time.monotonic() - self._looked_at >= LOOK_EVERY_S:
            try:
                self._offset_s = float(self._path.read_text() or 0)
            except (FileNotFoundError, ValueError):
                self._offset_s = 0.0
            self._looked_at = time.monotonic()  # last, so that no other thread takes the offset for read before
        return self._offset_s
