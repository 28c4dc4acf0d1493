"""The sandbox as a server: the Flask app, and the same small server around it for tests, demo and benchmarks."""

import signal
from dataclasses import dataclass

from flask import Flask, Response, request

from bot.sandbox.clock import Clock
from bot.sandbox.control import control
from bot.sandbox.control_actions import actions
from bot.sandbox.dispatch import serve_api
from bot.sandbox.page import page
from bot.sandbox.state import World
from bot.sandbox.threaded import ThreadedServer
from bot.sandbox.world import read_world


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


def start_in_thread(world: World, port: int = 0, host: str = "127.0.0.1") -> Running:
    """Serve on loopback; port 0 takes a free one."""
    server = ThreadedServer(host, port, create_app(world))
    world.base_url = f"http://{host}:{server.server_port}"
    server.start()
    return Running(world.base_url, world, server)


def serve(world_path: str | None, host: str = "127.0.0.1", port: int = 8790, clock_file: str | None = None) -> None:
    """Serve until SIGINT or SIGTERM. `world_path` None: the sample world. Raises ValueError for a bad world file."""
    world = read_world(world_path, Clock(clock_file))
    wanted = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, wanted)
    running = start_in_thread(world, port, host)
    signal.sigwait(wanted)
    running.stop()
