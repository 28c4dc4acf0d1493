"""Runs the Flask application under gunicorn: one process, threads, keep-alive."""

import gc
import os
import threading
from typing import Any

from gunicorn.app.base import BaseApplication

from bot.bootstrap import open_core
from bot.queue import Bell
from bot.settings import Settings
from bot.web.app import create_app

#: Kept-alive connections one process holds; WeCom opens many.
CONNECTIONS = 1000
KEEPALIVE_S = 30


def serve_web(
    settings: Settings, bell: Bell | None = None, parent_end: int | None = None, listener: int | None = None
) -> None:
    """Serve until told to stop. `parent_end` is a pipe's end that closes when the parent is gone.

    `listener` is the file descriptor of a listening socket that outlives us; None: one of our own.
    """
    bind = f"{settings.server.host}:{settings.server.port}" if listener is None else f"fd://{listener}"
    _Gunicorn(settings, bind, bell, parent_end).run()


class _Gunicorn(BaseApplication):  # type: ignore[misc]
    def __init__(self, settings: Settings, bind: str, bell: Bell | None, parent_end: int | None) -> None:
        self._settings, self._bind, self._bell, self._parent_end = settings, bind, bell, parent_end
        super().__init__()

    def load_config(self) -> None:
        server = self._settings.server
        for key, value in {
            "bind": self._bind,
            "workers": 1,
            "worker_class": "gthread",
            "threads": server.threads,
            "worker_connections": CONNECTIONS,
            "keepalive": KEEPALIVE_S,
            "graceful_timeout": 5,
            "timeout": 60,
            "accesslog": None,
            "errorlog": "-",
            "loglevel": "warning",
            "control_socket_disable": True,
            "pre_fork": lambda _arbiter, _worker: gc.freeze(),  # the worker goes on sharing what is loaded
            "post_worker_init": self._watch_parent,
        }.items():
            self.cfg.set(key, value)

    def load(self) -> Any:
        return create_app(open_core(self._settings, self._bell))

    def _watch_parent(self, _worker: Any) -> None:
        """gunicorn's own worker notices a lost arbiter late; this notices a lost parent at once."""
        end = self._parent_end
        if end is None:
            return

        def watch() -> None:
            os.read(end, 1)
            os._exit(1)

        threading.Thread(target=watch, name="parent", daemon=True).start()
