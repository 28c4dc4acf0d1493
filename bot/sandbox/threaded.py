"""A small WSGI server: one thread a connection, kept alive as the platform keeps them.

Benchmarks share the machine with it: it takes about half of what gunicorn's gthread takes for a call. Werkzeug's own
closes every connection and waits 10 ms to do so; faults need the raw socket besides.
"""

import contextlib
import io
import socket
import sys
import threading
from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

IDLE_S = 120  # a silent connection is closed

WsgiApp = Callable[..., Iterable[bytes]]


class ThreadedServer(ThreadingHTTPServer):
    """Serves `app` on (host, port); `close()` also cuts the connections that are still open."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, host: str, port: int, app: WsgiApp) -> None:
        super().__init__((host, port), _Handler)
        self.app = app
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,), name="sandbox-server", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()
        with self._lock:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def note_open(self, connection: socket.socket) -> None:
        with self._lock:
            self._open.add(connection)

    def note_closed(self, connection: socket.socket) -> None:
        with self._lock:
            self._open.discard(connection)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Cut lines are the clients' affair or a fault's; anything else is a defect to see."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    timeout = IDLE_S
    server: ThreadedServer

    def setup(self) -> None:
        super().setup()
        self.server.note_open(self.connection)

    def finish(self) -> None:
        self.server.note_closed(self.connection)
        try:
            super().finish()
        except OSError:
            self.connection.close()

    def log_message(self, format: str, *args: Any) -> None:
        """Silent: the journal has every call."""

    def _serve(self) -> None:
        if self.headers.get("Transfer-Encoding"):
            self.send_error(411)
            return
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        started: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(status: str, headers: list[tuple[str, str]], _exc_info: Any = None) -> None:
            started.append((status, headers))

        chunks = self.server.app(self._environ(body), start_response)
        try:
            self._answer(started, chunks)
        finally:
            if hasattr(chunks, "close"):
                chunks.close()

    def _answer(self, started: list[tuple[str, list[tuple[str, str]]]], chunks: Iterable[bytes]) -> None:
        status, headers = started[0]
        code, _, reason = status.partition(" ")
        self.send_response(int(code), reason)
        for name, value in headers:
            self.send_header(name, value)
        counted = any(name.lower() == "content-length" for name, _ in headers) or code in ("204", "304")
        if not counted:
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        for chunk in chunks:
            self.wfile.write(chunk)
            self.wfile.flush()
        self.wfile.flush()

    do_GET = do_POST = do_DELETE = do_HEAD = _serve  # noqa: N815 the base class's names

    def _environ(self, body: bytes) -> dict[str, Any]:
        path, _, query = self.path.partition("?")
        environ: dict[str, Any] = {
            "REQUEST_METHOD": self.command, "SCRIPT_NAME": "", "PATH_INFO": unquote(path, "latin-1"),
            "QUERY_STRING": query, "SERVER_NAME": "127.0.0.1", "SERVER_PORT": str(self.server.server_port),
            "SERVER_PROTOCOL": self.request_version, "REMOTE_ADDR": self.client_address[0],
            "CONTENT_TYPE": self.headers.get("Content-Type", ""), "CONTENT_LENGTH": str(len(body)),
            "wsgi.version": (1, 0), "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(body),
            "wsgi.errors": sys.stderr, "wsgi.multithread": True, "wsgi.multiprocess": False, "wsgi.run_once": False,
            "sandbox.socket": self.connection,
        }  # fmt: skip
        for name, value in self.headers.items():
            environ["HTTP_" + name.upper().replace("-", "_")] = value
        return environ
