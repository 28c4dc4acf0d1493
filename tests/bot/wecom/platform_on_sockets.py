"""A platform reduced to sockets: answers what a test tells it to, byte for byte, and remembers what it was asked."""

import json
import socket
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Asked:
    """One request as it arrived."""

    method: str
    api: str
    query: dict[str, str]
    body: bytes
    headers: dict[str, str]

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Reply:
    """An answer that is not plain JSON with status 200. `fault` is "reset", "close", "half" or empty."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    fault: str = ""
    after_s: float = 0.0


Answer = dict[str, Any] | Reply | Callable[[Asked], "dict[str, Any] | Reply"]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_: object) -> None:
        """A client that has hung up is what some tests are about."""


class Platform:
    """`answers` maps an api to its answer; gettoken hands out T1, T2, … unless told otherwise."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.answers: dict[str, Answer] = {"gettoken": self._token}
        self.tokens = 0
        self.expires_in = 7200
        self._lock = threading.Lock()
        self.server = _Server(("127.0.0.1", 0), self._handler())
        self.base_url = f"http://127.0.0.1:{self.server.server_port}/cgi-bin/"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def count(self, api: str) -> int:
        return sum(asked.api == api for asked in self.asked)

    def _token(self, _asked: Asked) -> dict[str, Any]:
        with self._lock:
            self.tokens += 1
            return {"errcode": 0, "errmsg": "ok", "access_token": f"T{self.tokens}", "expires_in": self.expires_in}

    def _answer(self, asked: Asked) -> Reply:
        self.asked.append(asked)
        answer = self.answers.get(asked.api, {"errcode": 0, "errmsg": "ok"})
        answer = answer(asked) if callable(answer) else answer
        return Reply(json.dumps(answer).encode()) if isinstance(answer, dict) else answer

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        platform = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                url = urlsplit(self.path)
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                api = url.path.removeprefix("/cgi-bin/")
                reply = platform._answer(
                    Asked(self.command, api, dict(parse_qsl(url.query)), body, dict(self.headers.items()))
                )
                time.sleep(reply.after_s)
                self.close_connection = bool(reply.fault)
                if reply.fault == "reset":
                    linger = struct.pack("ii", 1, 0)
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                    self.connection.close()
                if reply.fault in ("reset", "close"):
                    return
                missing = 10 if reply.fault == "half" else 0
                self.send_response(reply.status)
                self.send_header("Content-Length", str(len(reply.body) + missing))
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(reply.body)

            def do_POST(self) -> None:
                self.do_GET()

            def log_message(self, *_: object) -> None:
                """Silence."""

            def finish(self) -> None:
                try:
                    super().finish()
                except (OSError, ValueError):
                    return

        return Handler
