"""Frequency limits: counted per key in windows that block until they close, as WeCom's do (90312)."""

from dataclasses import dataclass


@dataclass
class _Window:
    closes_at: float
    count: int = 0


class Rates:
    """Not thread safe: used under the world's lock."""

    def __init__(self) -> None:
        self._windows: dict[tuple[object, ...], _Window] = {}

    def allow(self, key: tuple[object, ...], limit: int, window_s: float, now: float) -> bool:
        """Count one use of `key`; False once more than `limit` fell into the current window. 0 means no limit."""
        if not limit:
            return True
        window = self._windows.get(key)
        if window is None or now >= window.closes_at:
            if len(self._windows) > 10_000:
                self._windows = {k: w for k, w in self._windows.items() if now < w.closes_at}
            window = self._windows[key] = _Window(now + window_s)
        window.count += 1
        return window.count <= limit
