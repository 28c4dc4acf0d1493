"""Delivering callbacks: a pool of senders, three tries with the same body, repeats, shuffles and losses on command.

The platform waits 5 s for HTTP 200 and tries three times in all (90238); everything else here is for tests.
"""

import heapq
import itertools
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

import urllib3

from bot.sandbox.clock import Clock
from bot.sandbox.envelope import Address
from bot.sandbox.journal import Journal
from bot.sandbox.rules import Rules

SENDERS = 16
VERIFY_TIMEOUT_S = 1.0  # URL verification must answer within a second (101033)


@dataclass
class Habits:
    """How deliveries misbehave. `resend`: extra copies of each; `drop_next`: how many to lose outright."""

    resend: int = 0
    shuffle_ms: float = 0.0
    drop_probability: float = 0.0
    drop_next: int = 0
    retry_gap_s: float = 1.0

    def change(self, values: dict[str, Any]) -> None:
        """Raises ValueError naming an unknown or non-numeric field."""
        for name, value in values.items():
            if not hasattr(self, name) or name == "change":
                raise ValueError(f"{name}: unknown (known: {', '.join(vars(self))})")
            if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
                raise ValueError(f"{name}: must be a number of at least 0")
            setattr(self, name, int(value) if name in ("resend", "drop_next") else float(value))


@dataclass
class Delivery:
    """One callback on its way. `on_reply` gets the plain passive reply, if there is one."""

    what: str
    address: Address
    encrypt: str
    on_reply: Callable[[str], None] | None = None
    tries_left: int = 3
    tried: int = 0
    query: str = ""


@dataclass(order=True)
class _Due:
    at: float
    order: int
    delivery: Delivery = field(compare=False)


class Deliveries:
    """Thread safe. Senders start with the first callback and end with `stop()`."""

    def __init__(self, corpid: str, clock: Clock, rules: Rules, journal: Journal) -> None:
        self.habits = Habits()
        self._corpid, self._clock, self._rules, self._journal = corpid, clock, rules, journal
        self._waiting: list[_Due] = []
        self._order = itertools.count()
        self._ready = threading.Condition()
        self._in_flight = 0
        self._threads: list[threading.Thread] = []
        self._stopped = False
        self._pool = urllib3.PoolManager(num_pools=8, maxsize=SENDERS, retries=False)

    def post(
        self, what: str, address: Address, plain: bytes, on_reply: Callable[[str], None] | None = None, tries: int = 0
    ) -> None:
        """Seal and send `plain`; `what` names it in the journal. An address without url gets nothing."""
        if not address.url:
            return
        habits = self.habits
        delivery = Delivery(what, address, address.seal(plain), on_reply, tries or self._rules.callback_tries)
        if self._is_lost():
            self._journal.note("callback", {"what": what, "status": "dropped", "try": 0})
            return
        for copy in range(1 + habits.resend):
            delay_s = random.uniform(0, habits.shuffle_ms) / 1000 if habits.shuffle_ms else 0.05 * copy
            self._put(replace(delivery), delay_s)

    def pending(self) -> int:
        """Callbacks waiting or on their way."""
        with self._ready:
            return len(self._waiting) + self._in_flight

    def stop(self) -> None:
        """End the senders; callbacks still waiting are forgotten."""
        with self._ready:
            self._stopped = True
            self._ready.notify_all()
        for thread in self._threads:
            thread.join(timeout=self._rules.callback_timeout_s + 1)
        self._pool.clear()

    def verify(self, address: Address, echo: str) -> dict[str, Any]:
        """Do the URL verification (GET) and tell how it went: ok, status, ms and what is wrong."""
        encrypt = address.seal(echo.encode())
        query = address.query(encrypt, self._clock.now()) + "&" + urlencode({"echostr": encrypt})
        started = time.perf_counter()
        try:
            answer = self._pool.request("GET", _join(address.url, query), timeout=VERIFY_TIMEOUT_S, redirect=False)
        except urllib3.exceptions.HTTPError as error:
            return {"ok": False, "status": None, "ms": _ms(started), "error": type(error).__name__}
        ok = answer.status == 200 and answer.data == echo.encode()
        wrong = "" if ok else f"status {answer.status}, expected the plain echostr and nothing else"
        return {"ok": ok, "status": answer.status, "ms": _ms(started), "error": wrong}

    def _is_lost(self) -> bool:
        habits = self.habits
        with self._ready:
            if habits.drop_next > 0:
                habits.drop_next -= 1
                return True
        return habits.drop_probability > 0 and random.random() < habits.drop_probability

    def _put(self, delivery: Delivery, delay_s: float) -> None:
        with self._ready:
            if self._stopped:
                return
            heapq.heappush(self._waiting, _Due(time.monotonic() + delay_s, next(self._order), delivery))
            if len(self._threads) < SENDERS:
                thread = threading.Thread(target=self._run, name="sandbox-sender", daemon=True)
                self._threads.append(thread)
                thread.start()
            self._ready.notify()

    def _run(self) -> None:
        while (delivery := self._take()) is not None:
            try:
                self._try(delivery)
            finally:
                with self._ready:
                    self._in_flight -= 1

    def _take(self) -> Delivery | None:
        with self._ready:
            while not self._stopped:
                wait_s = self._waiting[0].at - time.monotonic() if self._waiting else None
                if wait_s is not None and wait_s <= 0:
                    self._in_flight += 1
                    return heapq.heappop(self._waiting).delivery
                self._ready.wait(wait_s)
        return None

    def _try(self, delivery: Delivery) -> None:
        if not delivery.query or self._rules.fresh_signature_on_retry:
            delivery.query = delivery.address.query(delivery.encrypt, self._clock.now())
        delivery.tries_left -= 1
        delivery.tried += 1
        status, body = self._send(delivery)
        self._journal.note("callback", {"what": delivery.what, "status": status, "try": delivery.tried})
        if status == 200:
            self._hear(delivery, body)
        elif delivery.tries_left > 0:
            self._put(delivery, self.habits.retry_gap_s)

    def _send(self, delivery: Delivery) -> tuple[int | str, bytes]:
        address = delivery.address
        kind = "application/json" if address.is_json else "text/xml"
        try:
            answer = self._pool.request(
                "POST",
                _join(address.url, delivery.query),
                body=address.body(delivery.encrypt, self._corpid),
                headers={"Content-Type": kind},
                timeout=urllib3.Timeout(total=self._rules.callback_timeout_s),
                redirect=False,
            )
        except urllib3.exceptions.TimeoutError:
            return "timeout", b""
        except urllib3.exceptions.HTTPError as error:
            return type(error).__name__, b""
        return answer.status, answer.data

    def _hear(self, delivery: Delivery, body: bytes) -> None:
        try:
            reply = delivery.address.open_reply(body)
        except ValueError as error:
            self._journal.note("callback", {"what": delivery.what, "status": f"bad reply: {error}", "try": 0})
            return
        if reply is not None and delivery.on_reply is not None:
            delivery.on_reply(reply)


def _join(url: str, query: str) -> str:
    return url + ("&" if "?" in url else "?") + query


def _ms(started: float) -> float:
    return round((time.perf_counter() - started) * 1000, 1)
