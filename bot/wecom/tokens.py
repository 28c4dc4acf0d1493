"""The access_token of one app: fetched by one thread at a time, kept until shortly before it ends (91039)."""

import threading
from collections.abc import Callable
from typing import NamedTuple

from bot.errors import GatewayError, Rejected, Throttled

REFRESH_EARLY_S = 60.0
WRONG_SECRET_PAUSE_S = 60.0  # about 2,000 refused gettoken calls an hour ban the address (90313)
UNREACHABLE_PAUSE_S = 1.0  # so that many waiting threads do not each wait for the same time-out


class Token(NamedTuple):
    """What gettoken answers."""

    access_token: str
    expires_in: float


class TokenKeeper:
    """Keeps the token and, after a failure, the failure for a while. `fetch` calls gettoken or raises GatewayError."""

    def __init__(self, fetch: Callable[[], Token], now: Callable[[], float]) -> None:
        self._fetch = fetch
        self._now = now
        self._lock = threading.Lock()
        self._access_token = ""
        self._refresh_at = self._expires_at = 0.0
        self._failure: GatewayError | None = None
        self._failed_until = 0.0

    def get(self) -> str:
        """A token that should be valid. Raises GatewayError, with took_effect False: nothing has been called."""
        if self._now() < self._refresh_at:
            return self._access_token
        with self._lock:
            if self._now() < self._refresh_at:
                return self._access_token
            try:
                return self._renew()
            except GatewayError:
                if self._now() >= self._expires_at:
                    raise
                return self._access_token

    def replace(self, refused: str) -> str:
        """Another token than `refused`, which WeCom did not take: a new one, or the one another thread has fetched."""
        with self._lock:
            if self._access_token != refused:
                return self._access_token
            self._refresh_at = self._expires_at = 0.0
            return self._renew()

    def _renew(self) -> str:
        """Fetch, holding the lock. gettoken repeats a token that still lives, which is then kept to its very end."""
        now = self._now()
        if self._failure and now < self._failed_until:
            raise _again(self._failure, self._failed_until - now)
        try:
            token = self._fetch()
        except GatewayError as error:
            self._failure, self._failed_until = error, self._now() + _pause_s(error)
            raise _again(error, _pause_s(error)) from None
        early_s = min(REFRESH_EARLY_S, token.expires_in / 10) if token.access_token != self._access_token else 0.0
        self._access_token, self._failure = token.access_token, None
        self._expires_at = now + token.expires_in
        self._refresh_at = self._expires_at - early_s
        return self._access_token


def _pause_s(error: GatewayError) -> float:
    if isinstance(error, Throttled):
        return error.retry_after_s
    return WRONG_SECRET_PAUSE_S if isinstance(error, Rejected) else UNREACHABLE_PAUSE_S


def _again(error: GatewayError, rest_s: float) -> GatewayError:
    """The same failure for another caller: an exception object is not to be raised by two threads."""
    if isinstance(error, Throttled):
        return Throttled(error.api, error.reason, error.errcode, retry_after_s=rest_s)
    return type(error)(error.api, error.reason, error.errcode, took_effect=False)
