"""`wanzi serve`: everything with one command. A parent that watches two children: one acknowledges, one works.

They are apart so that answering does not delay acknowledging; the one that works gives way where both would write (not
by niceness: a nice process is slow to let go of the writer's lock). A child that dies is started again; when the parent
dies, the children stop by themselves. The listening socket is the parent's: while a web child is started again,
callbacks wait in line and are not refused.

The web child is forked first, and acknowledges while the working child still reads the brand. What is forked is frozen
before, so that the children go on sharing its memory.
"""

import errno
import fcntl
import gc
import multiprocessing
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import structlog

from bot import bootstrap, working
from bot.bootstrap import open_core, open_engine, read_brand
from bot.errors import SettingsError
from bot.lean import trim
from bot.log import configure
from bot.queue import Bell
from bot.settings import ServerSettings, Settings

log = structlog.get_logger()

#: A child gets this long to stop before it is killed (seconds).
STOP_S = 9.5
#: A child that dies again within this time is started again only after a pause as long.
RESTART_PAUSE_S = 1.0
#: How the working child ends when a file of the brand is wrong: to start it again would not help.
BAD_BRAND = 78
#: Connections that may wait for a web child.
BACKLOG = 2048
#: The children of a parent that was killed have the port for a moment longer (seconds).
PORT_WAIT_S = 5.0


def serve(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT; stops within ten seconds. Raises SettingsError or a brand's error at the start."""
    _upgrade_database(settings.database_url)
    listener = _listen(settings.server)
    bell = Bell.across_fork()
    life = os.pipe()
    stop = threading.Event()
    _stop_on_signals(stop)
    web = _Child("web", lambda: _web(settings, bell, life, listener))
    work = _Child("work", lambda: _work(settings, bell, life, listener))
    children = [web, work]
    try:
        for child in children:
            child.start()
        while not stop.wait(0.2):
            for child in children:
                child.watch()
    finally:
        for child in children:
            child.terminate()
        deadline = time.monotonic() + STOP_S
        for child in children:
            child.join(max(0.1, deadline - time.monotonic()))


def _upgrade_database(url: str) -> None:
    """In a process of its own, which takes the memory of the tools it needs along. Raises SettingsError if it fails."""
    upgrade = multiprocessing.get_context("fork").Process(target=bootstrap.upgrade_database, args=[url])
    upgrade.start()
    upgrade.join()
    if upgrade.exitcode:
        raise SettingsError("database_url: the database could not be brought up to date; the reason stands above")


class _Child:
    """One child process, started again whenever it is gone."""

    def __init__(self, name: str, target: Callable[[], None]) -> None:
        self._name, self._target = name, target
        self._process: multiprocessing.process.BaseProcess | None = None
        self._started_at = 0.0

    def start(self) -> None:
        self._started_at = time.monotonic()
        trim()
        gc.freeze()
        self._process = multiprocessing.get_context("fork").Process(target=self._target, name=f"wanzi-{self._name}")
        self._process.start()

    def watch(self) -> None:
        """Start it again if it is gone. Raises SettingsError when it cannot be helped by that."""
        if self._process is not None and not self._process.is_alive():
            if self._process.exitcode == BAD_BRAND:
                raise SettingsError("brand_dir, persona: the brand cannot be used; the reason stands above")
            log.error("child_died", child=self._name, exitcode=self._process.exitcode)
            if time.monotonic() - self._started_at < RESTART_PAUSE_S:
                time.sleep(RESTART_PAUSE_S)
            self.start()

    def terminate(self) -> None:
        if self._process is not None:
            self._process.terminate()

    def join(self, seconds: float) -> None:
        if self._process is not None:
            self._process.join(seconds)
            if self._process.is_alive():
                self._process.kill()


def _stop_on_signals(stop: threading.Event) -> None:
    def handle(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, handle)
    signal.signal(signal.SIGINT, handle)


def _listen(server: ServerSettings) -> socket.socket:
    """The socket that callbacks come in by. Raises SettingsError when the address cannot be had."""
    family = socket.AF_INET6 if ":" in server.host else socket.AF_INET
    deadline = time.monotonic() + PORT_WAIT_S
    while True:
        try:
            return socket.create_server((server.host, server.port), family=family, backlog=BACKLOG)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or time.monotonic() > deadline:
                place = f"{server.host}:{server.port}"
                raise SettingsError(f"server.host, server.port: cannot listen on {place}: {error.strerror}") from None
        time.sleep(0.1)


def _die_with_parent(life: tuple[int, int], act: Callable[[], None]) -> None:
    """Call `act` when the parent is gone: its end of the pipe closes however it died."""
    os.close(life[1])

    def watch() -> None:
        os.read(life[0], 1)
        act()

    threading.Thread(target=watch, name="parent", daemon=True).start()


def _web(settings: Settings, bell: Bell, life: tuple[int, int], listener: socket.socket) -> None:
    from bot.web.server import serve_web  # Flask and gunicorn are this child's alone

    configure(settings.log_format)
    _die_with_parent(life, lambda: os._exit(1))  # at once: the next parent needs the port
    serve_web(settings, bell, life[0], listener.detach())


def _work(settings: Settings, bell: Bell, life: tuple[int, int], listener: socket.socket) -> None:
    listener.close()
    configure(settings.log_format)
    stop = threading.Event()
    _stop_on_signals(stop)
    _die_with_parent(life, stop.set)
    try:
        brand = read_brand(settings)
    except ValueError as error:  # whatever a brand's file may be wrong in; it names file, key and what is allowed
        print(f"wanzi: {error}", file=sys.stderr, flush=True)
        os._exit(BAD_BRAND)
    trim()
    engine = open_engine(open_core(settings, bell, gives_way=True), brand)
    with _alone(engine.core.database.file):
        bootstrap.recover(engine)
        working.run(engine, stop)
        os._exit(0)  # a call that outlived the stop is found by the next start


@contextmanager
def _alone(file: str) -> Iterator[None]:
    """Wait until no other process works on this SQLite file: one whose parent was killed finishes its calls first."""
    if not file:
        yield
        return
    with open(f"{file}-worker", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
