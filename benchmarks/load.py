"""Sends callbacks, as a process of its own: raw sockets kept alive, one thread, bodies sealed and signed beforehand.

Closed loop (each connection sends when it was answered), or open loop at a rate, where a latency counts from the
instant the callback was due. Reads its order from standard input and prints one JSON object.
"""

import json
import secrets
import selectors
import socket
import sys
import time
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any
from urllib.parse import urlsplit

from bot.sandbox.envelope import Address, xml

#: A callback unanswered for so long is given up (seconds).
GIVE_UP_S = 20.0


@dataclass(frozen=True)
class Order:
    """What to send. `rate` 0 is a closed loop; `texts` and `userids` are taken in turn."""

    url: str
    token: str
    encoding_aes_key: str
    corpid: str
    agentid: int
    userids: list[str]
    texts: list[str]
    connections: int
    requests: int
    seconds: float
    rate: float = 0.0


@dataclass
class Result:
    """`sent_at` are unix times by userid, in order; latencies in seconds."""

    answered: int = 0
    refused: int = 0
    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    sent_at: dict[str, list[float]] = field(default_factory=dict)


class Line:
    """One connection: at most one callback is under way on it."""

    def __init__(self, address: tuple[str, int]) -> None:
        self.socket = socket.create_connection(address, timeout=GIVE_UP_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.due_at = 0.0
        self._got = b""

    def send(self, data: bytes, due_at: float) -> None:
        self.due_at, self._got = due_at, b""
        self.socket.sendall(data)

    def receive(self) -> int | None:
        """The status once the whole answer is here; None before. Raises ConnectionError when it never comes."""
        piece = self.socket.recv(65536)
        if not piece:
            raise ConnectionError("closed in the middle of an answer")
        self._got += piece
        head, end, body = self._got.partition(b"\r\n\r\n")
        if not end:
            return None
        lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        if lengths and len(body) < int(lengths[0].split(b":")[1]):
            return None
        return int(head[9:12])


def seal(order: Order) -> deque[tuple[str, bytes]]:
    """Requests ready to be written, with the userid of each: text messages to the app, all MsgIds distinct (90239)."""
    address = Address(order.url, order.token, order.encoding_aes_key, order.corpid, agentid=order.agentid)
    parts = urlsplit(order.url)
    first, now = secrets.randbelow(10**15), time.time()
    sealed: deque[tuple[str, bytes]] = deque()
    for number in range(order.requests):
        userid = order.userids[number % len(order.userids)]
        plain = xml(
            {
                "ToUserName": order.corpid,
                "FromUserName": userid,
                "CreateTime": int(now),
                "MsgType": "text",
                "Content": order.texts[number % len(order.texts)],
                "MsgId": first + number,
                "AgentID": order.agentid,
            }
        )
        encrypt = address.seal(plain.encode())
        body = address.body(encrypt, order.corpid)
        head = (
            f"POST {parts.path}?{address.query(encrypt, now)} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
            f"Content-Type: text/xml\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        sealed.append((userid, head.encode() + body))
    return sealed


def run(order: Order) -> Result:
    """Send until time or callbacks run out, then wait for the answers under way."""
    sealed, result = seal(order), Result()
    parts = urlsplit(order.url)
    lines = [Line((parts.hostname or "", parts.port or 80)) for _ in range(order.connections)]
    poll = selectors.DefaultSelector()
    for line in lines:
        poll.register(line.socket, selectors.EVENT_READ, line)
    idle, total = deque(lines), len(sealed)
    started = time.perf_counter()
    due = _due(order, started, total - order.requests)
    stop_at = started + order.seconds

    while True:
        now = time.perf_counter()
        open_ = bool(sealed) and now < stop_at
        while open_ and idle and sealed and due(total - len(sealed)) <= now:
            due_at = due(total - len(sealed)) if order.rate else time.perf_counter()
            userid, data = sealed.popleft()
            result.sent_at.setdefault(userid, []).append(time.time())
            idle.popleft().send(data, due_at)
        if not open_ and len(idle) == len(lines):
            break
        wait_s = max(0.0, due(total - len(sealed)) - now) if open_ and idle and order.rate else 0.2
        for key, _ in poll.select(wait_s):
            _take(key.data, idle, result)
        if now > stop_at + GIVE_UP_S:
            result.refused += len(lines) - len(idle)
            break
    result.seconds = time.perf_counter() - started
    return result


def _due(order: Order, started: float, first: int) -> Callable[[int], float]:
    """When the nth callback is due."""
    return lambda number: started + (number - first) / order.rate if order.rate else 0.0


def _take(line: Line, idle: deque[Line], result: Result) -> None:
    status = line.receive()
    if status is None:
        return
    result.latencies.append(time.perf_counter() - line.due_at)
    result.answered += status == 200
    result.refused += status != 200
    idle.append(line)


if __name__ == "__main__":
    given: dict[str, Any] = json.load(sys.stdin)
    json.dump(asdict(run(Order(**given))), sys.stdout)
