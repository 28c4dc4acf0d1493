"""The baseline: a stateless server that verifies, decrypts and parses a callback with wechatpy, and answers 200.

It stores nothing. Server, worker class and threads are those of Wanzi's own web process.
"""

import sys

from flask import Flask, Response, request
from gunicorn.app.base import BaseApplication
from wechatpy.work import parse_message
from wechatpy.work.crypto import WeChatCrypto


def create_app(token: str, encoding_aes_key: str, corpid: str) -> Flask:
    """The application; `/readyz` says that it runs."""
    app = Flask(__name__)
    crypto = WeChatCrypto(token, encoding_aes_key, corpid)

    @app.get("/readyz")
    def ready() -> Response:
        return Response("ready\n")

    @app.post("/wecom/callback")
    def callback() -> Response:
        args = request.args
        plain = crypto.decrypt_message(request.get_data(), args["msg_signature"], args["timestamp"], args["nonce"])
        parse_message(plain)
        return Response(status=200)

    return app


class _Gunicorn(BaseApplication):  # type: ignore[misc]
    def __init__(self, port: int, threads: int, *door: str) -> None:
        self._port, self._threads, self._door = port, threads, door
        super().__init__()

    def load_config(self) -> None:
        for key, value in {
            "bind": f"127.0.0.1:{self._port}",
            "workers": 1,
            "worker_class": "gthread",
            "threads": self._threads,
            "worker_connections": 1000,
            "keepalive": 30,
            "accesslog": None,
            "loglevel": "warning",
            "control_socket_disable": True,
        }.items():
            self.cfg.set(key, value)

    def load(self) -> Flask:
        return create_app(*self._door)


if __name__ == "__main__":
    port, threads, token, encoding_aes_key, corpid = sys.argv[1:]
    _Gunicorn(int(port), int(threads), token, encoding_aes_key, corpid).run()
