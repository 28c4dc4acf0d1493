"""A bot-like listener for callbacks, and short ways to call both APIs of a running sandbox."""

import json
import threading
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

from bot.sandbox.crypto import Sealer, signed
from bot.sandbox.server import Running

TOKEN, KEY = "QDG6eK", "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"


class Listener:
    """Takes callbacks, checks their signature, keeps the plain text. `statuses` are answered first, then 200."""

    def __init__(self) -> None:
        self.plain: list[str] = []
        self.bodies: list[bytes] = []
        self.queries: list[str] = []
        self.statuses: list[int] = []
        self.reply: Callable[[str], bytes] = lambda plain: b""
        self.delay_s = 0.0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                query = {k: v[0] for k, v in parse_qs(urlsplit(self.path).query).items()}
                self._answer(200, Sealer(KEY).open(query["echostr"])[0])

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                plain = outer.take(urlsplit(self.path).query, body)
                time.sleep(outer.delay_s)
                self._answer(outer.statuses.pop(0) if outer.statuses else 200, outer.reply(plain))

            def _answer(self, status: int, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def take(self, query: str, body: bytes) -> str:
        parts = {k: v[0] for k, v in parse_qs(query).items()}
        text = body.decode()
        encrypt = json.loads(text)["encrypt"] if text.startswith("{") else ET.fromstring(text).findtext("Encrypt")
        assert signed(parts["msg_signature"], TOKEN, parts["timestamp"], parts["nonce"], encrypt)
        plain = Sealer(KEY).open(encrypt)[0].decode()
        self.bodies.append(body)
        self.queries.append(query)
        self.plain.append(plain)
        return plain

    def wait(self, count: int, within_s: float = 5.0) -> list[str]:
        """The first `count` callbacks, as soon as they have come."""
        deadline = time.monotonic() + within_s
        while len(self.plain) < count and time.monotonic() < deadline:
            time.sleep(0.005)
        assert len(self.plain) >= count, f"only {len(self.plain)} callbacks came"
        return self.plain[:count]

    def wait_for(self, word: str, within_s: float = 5.0) -> str:
        """The first callback that contains `word`."""
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            for plain in list(self.plain):
                if word in plain:
                    return plain
            time.sleep(0.005)
        raise AssertionError(f"no callback with {word!r} among {self.plain}")

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


class Play:
    """Calls to one running sandbox. `api` and `get` take the path below /cgi-bin/ and add the token."""

    def __init__(self, running: Running) -> None:
        self.running, self.world, self.url = running, running.world, running.url
        self.session = requests.Session()
        self._tokens: dict[str, str] = {}

    def token(self, secret: str = "app-secret") -> str:
        if secret not in self._tokens:
            self._tokens[secret] = self.gettoken(secret)["access_token"]
        return self._tokens[secret]

    def gettoken(self, secret: str = "app-secret", corpid: str = "ww0123456789abcdef") -> dict[str, Any]:
        query = {"corpid": corpid, "corpsecret": secret}
        return self.session.get(f"{self.url}/cgi-bin/gettoken", params=query).json()

    def api(self, path: str, secret: str = "app-secret", **body: Any) -> dict[str, Any]:
        answer = self.session.post(f"{self.url}/cgi-bin/{path}", params={"access_token": self.token(secret)}, json=body)
        assert answer.status_code == 200
        return answer.json()

    def get(self, path: str, **query: Any) -> dict[str, Any]:
        return self.session.get(f"{self.url}/cgi-bin/{path}", params={"access_token": self.token()} | query).json()

    def ctl(self, path: str, **body: Any) -> dict[str, Any]:
        answer = self.session.post(f"{self.url}/control/{path}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def snapshot(self) -> dict[str, Any]:
        return self.session.get(f"{self.url}/control/world").json()

    def pass_time(self, seconds: float) -> None:
        self.ctl("clock", advance_s=seconds)
        self._tokens.clear()

    def write(self, text: str = "hello", who: str = "wmAMEI") -> str:
        return str(self.ctl("customer/write", external_userid=who, open_kfid="wkSAMPLE", text=text)["msgid"])

    def say(self, text: str = "hi", who: str = "wmAMEI", **extra: Any) -> dict[str, Any]:
        body = {"touser": who, "open_kfid": "wkSAMPLE", "msgtype": "text", "text": {"content": text}} | extra
        return self.api("kf/send_msg", **body)

    def trans(self, state: int, who: str = "wmAMEI", **extra: Any) -> dict[str, Any]:
        body = {"open_kfid": "wkSAMPLE", "external_userid": who, "service_state": state} | extra
        return self.api("kf/service_state/trans", **body)

    def state(self, who: str = "wmAMEI") -> int:
        return int(self.api("kf/service_state/get", open_kfid="wkSAMPLE", external_userid=who)["service_state"])

    def synced(self, **extra: Any) -> list[dict[str, Any]]:
        return list(self.api("kf/sync_msg", open_kfid="wkSAMPLE", **extra)["msg_list"])

    def kf_chat(self, who: str = "wmAMEI") -> list[dict[str, Any]]:
        return next(s["messages"] for s in self.snapshot()["kf_sessions"] if s["external_userid"] == who)
