"""`wanzi serve`: everything with one command. A parent that watches two children: one acknowledges, one works.

They are apart so that answering never delays an acknowledgement; the one that works is nicer to the scheduler of the
operating system. A child that dies is started again; when the parent dies, the children stop by themselves.
"""

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import FrameType

import structlog

from bot import bootstrap, working
from bot.bootstrap import open_core, open_engine, read_brand
from bot.log import configure
from bot.queue import Bell
from bot.settings import Settings
from handlers.brand import Brand

log = structlog.get_logger()

#: How much nicer the working process is than the acknowledging one.
NICENESS = 5
#: A child gets this long to stop before it is killed (seconds).
STOP_S = 9.5
#: A child that dies again within this time is started again only after a pause as long.
RESTART_PAUSE_S = 1.0


def serve(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT; stops within ten seconds. Raises SettingsError or a brand's error at the start."""
    brand = read_brand(settings)
    bootstrap.upgrade_database(settings.database_url)
    bell = Bell.across_fork()
    life = os.pipe()
    stop = threading.Event()
    _stop_on_signals(stop)
    children = {
        "web": _Child("web", lambda: _web(settings, bell, life)),
        "work": _Child("work", lambda: _work(settings, bell, brand, life)),
    }
    for child in children.values():
        child.start()
    while not stop.wait(0.2):
        for child in children.values():
            child.watch()
    for child in children.values():
        child.terminate()
    deadline = time.monotonic() + STOP_S
    for child in children.values():
        child.join(max(0.1, deadline - time.monotonic()))


class _Child:
    """One child process, started again whenever it is gone."""

    def __init__(self, name: str, target: Callable[[], None]) -> None:
        self._name, self._target = name, target
        self._process: multiprocessing.process.BaseProcess | None = None
        self._started_at = 0.0

    def start(self) -> None:
        self._started_at = time.monotonic()
        self._process = multiprocessing.get_context("fork").Process(target=self._target, name=f"wanzi-{self._name}")
        self._process.start()

    def watch(self) -> None:
        if self._process is not None and not self._process.is_alive():
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


def _die_with_parent(life: tuple[int, int], act: Callable[[], None]) -> None:
    """Call `act` when the parent is gone: its end of the pipe closes however it died."""
    os.close(life[1])

    def watch() -> None:
        os.read(life[0], 1)
        act()

    threading.Thread(target=watch, name="parent", daemon=True).start()


def _web(settings: Settings, bell: Bell, life: tuple[int, int]) -> None:
    from bot.web.server import serve_web  # Flask and gunicorn are this child's alone

    configure(settings.log_format)
    _die_with_parent(life, lambda: os.kill(os.getpid(), signal.SIGTERM))
    serve_web(settings, bell, life[0])


def _work(settings: Settings, bell: Bell, brand: Brand, life: tuple[int, int]) -> None:
    configure(settings.log_format)
    with suppress(OSError):
        os.nice(NICENESS)
    stop = threading.Event()
    _stop_on_signals(stop)
    _die_with_parent(life, stop.set)
    engine = open_engine(open_core(settings, bell), brand)
    bootstrap.recover(engine)
    working.run(engine, stop)
    os._exit(0)  # a call that outlived the stop is found by the next start
