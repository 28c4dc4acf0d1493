"""A stub of an OpenAI-compatible endpoint on a free port: answers as told, and keeps what it was asked."""

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class StubModel:
    """`reply` makes the text from the chat messages; `status` and `raw` make it go wrong; `gate` holds it back."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.reply: Callable[[list[dict[str, str]]], str] = lambda _messages: "{}"
        self.status = 200
        self.raw: bytes | None = None
        self.tokens = 100
        self.gate = threading.Event()
        self.gate.set()
        stub = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                stub.keys.append(self.headers.get("Authorization", ""))
                stub.asked.append({"path": self.path, **body})
                stub.gate.wait(30)
                answer = stub.raw if stub.raw is not None else stub.answer(body["messages"])
                try:
                    self.send_response(stub.status)
                    self.send_header("Content-Length", str(len(answer)))
                    self.end_headers()
                    self.wfile.write(answer)
                except (BrokenPipeError, ConnectionResetError):
                    return  # whoever asked has given up

            def log_message(self, format: str, *args: Any) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"

    def answer(self, messages: list[dict[str, str]]) -> bytes:
        """A chat completion of the stub's `reply`."""
        choice = {"message": {"role": "assistant", "content": self.reply(messages)}}
        return json.dumps({"choices": [choice], "usage": {"total_tokens": self.tokens}}).encode()

    def close(self) -> None:
        self.gate.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
