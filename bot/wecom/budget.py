"""How often WeCom may be called: counted here before it has to say no, and paused after it has said 45009.

Counted within this process; the platform's own 45009 covers what several processes spend together.
"""

import threading
import time
from collections.abc import Callable, Mapping

from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter, MovingWindowRateLimiter

from bot.errors import Throttled

Limits = tuple[RateLimitItem, ...]

PER_API: Limits = (RateLimitItemPerMinute(10_000), RateLimitItemPerHour(150_000))  # each API of a corp (90454)
WEBHOOK: Limits = (RateLimitItemPerMinute(20),)  # each robot (91770)
MOMENTS: Limits = (RateLimitItemPerMinute(10),)  # add_moment_task, each corp (95094)

LIMITS: Mapping[str, Limits] = {"webhook/send": WEBHOOK, "externalcontact/add_moment_task": MOMENTS}

SWEEP_S = 60.0
EXACT_UP_TO = 1000  # below this a moving window is counted: a fixed one lets twice the amount through at its edge


class Budget:
    """Counters and pauses of one app. Safe to share between threads; `now` gives unix seconds."""

    def __init__(
        self, limits: Mapping[str, Limits] = LIMITS, per_api: Limits = PER_API, now: Callable[[], float] = time.time
    ) -> None:
        storage = _Counters()
        self._fixed = FixedWindowRateLimiter(storage)
        self._moving = MovingWindowRateLimiter(storage)
        self._limits = limits
        self._per_api = per_api
        self._now = now
        self._paused_until: dict[tuple[str, str], float] = {}
        self._lock = threading.Lock()

    def spend(self, api: str, lane: str = "") -> None:
        """Count one call. `lane` tells apart what has a limit of its own within an API, such as one robot's key.

        Raises Throttled, to be obeyed without calling WeCom.
        """
        rest_s = self._paused_until.get((api, lane), 0.0) - self._now()
        if rest_s > 0:
            raise Throttled(api, "paused since WeCom reported a limit", retry_after_s=rest_s)
        for item in self._limits.get(api, self._per_api):
            limiter = self._moving if item.amount <= EXACT_UP_TO else self._fixed
            with self._lock:
                if limiter.hit(item, api, lane):
                    continue
                reset_at = limiter.get_window_stats(item, api, lane).reset_time
            raise Throttled(api, f"our own limit of {item}", retry_after_s=max(reset_at - time.time(), 0.1))

    def pause(self, api: str, lane: str, seconds: float) -> None:
        """No call of `api` for `seconds`."""
        self._paused_until[api, lane] = self._now() + seconds


class _Counters(MemoryStorage):
    """limits' counters in memory, without its habit of starting a clean-up thread at nearly every count.

    That thread costs more processor time than the whole call. The method below replaces the one that starts it.
    """

    def __init__(self) -> None:
        self._sweep_at = 0.0
        super().__init__()

    def _MemoryStorage__schedule_expiry(self) -> None:  # noqa: N802
        if time.time() >= self._sweep_at:
            self._sweep_at = time.time() + SWEEP_S
            self._MemoryStorage__expire_events()  # type: ignore[attr-defined]
