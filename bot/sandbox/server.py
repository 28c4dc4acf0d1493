"""The sandbox as a server: the Flask app, gunicorn around it for people, a thread of it for tests."""

from dataclasses import dataclass
from typing import Any

from flask import Flask, Response, request
from gunicorn.app.base import BaseApplication

from bot.sandbox.clock import Clock
from bot.sandbox.control import control
from bot.sandbox.control_actions import actions
from bot.sandbox.dispatch import serve_api
from bot.sandbox.page import page
from bot.sandbox.state import World
from bot.sandbox.threaded import ThreadedServer
from bot.sandbox.world import read_world

THREADS = 128


def create_app(world: World) -> Flask:
    """The API below /cgi-bin/, the control API below /control/ and the page."""
    app = Flask(__name__)
    app.extensions["world"] = world
    app.config["PROPAGATE_EXCEPTIONS"] = True
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.register_blueprint(control)
    app.register_blueprint(actions)
    app.register_blueprint(page)

    @app.route("/cgi-bin/<path:api>", methods=["GET", "POST"])
    def qyapi(api: str) -> Response:
        return serve_api(world, api, request)

    return app


@dataclass(frozen=True)
class Running:
    """A sandbox in a thread. `url` has no trailing slash; the API base is `url + "/cgi-bin/"`."""

    url: str
    world: World
    server: ThreadedServer

    def stop(self) -> None:
        """Close the server, every open connection and the callback senders."""
        self.server.close()
        self.world.stop()


def start_in_thread(world: World, port: int = 0) -> Running:
    """Serve on loopback; port 0 takes a free one."""
    server = ThreadedServer("127.0.0.1", port, create_app(world))
    world.base_url = f"http://127.0.0.1:{server.server_port}"
    server.start()
    return Running(world.base_url, world, server)


def serve(world_path: str | None, host: str = "127.0.0.1", port: int = 8790, clock_file: str | None = None) -> None:
    """Serve until stopped. `world_path` None: the sample world. Raises ValueError for a bad world file."""
    read_world(world_path).stop()
    _Gunicorn(world_path, clock_file, f"{host}:{port}").run()


class _Gunicorn(BaseApplication):  # type: ignore[misc]
    """One worker: the world lives in its memory. Built there too, since threads do not survive the fork."""

    def __init__(self, world_path: str | None, clock_file: str | None, bind: str) -> None:
        self._world_path, self._clock_file = world_path, clock_file
        self._settings: dict[str, Any] = {
            "bind": bind, "workers": 1, "worker_class": "gthread", "threads": THREADS, "keepalive": 75,
            "worker_connections": 2000, "backlog": 1024, "loglevel": "warning", "graceful_timeout": 1, "timeout": 0,
            "control_socket_disable": True, "proc_name": "wanzi-sandbox",
        }  # fmt: skip
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._settings.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self) -> Flask:
        world = read_world(self._world_path, Clock(self._clock_file))
        world.base_url = f"http://{self._settings['bind']}"
        return create_app(world)
