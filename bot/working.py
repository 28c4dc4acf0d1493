"""The threads of the process that works: handlers, look-ups, senders, the clock's tick."""

import threading
import time
from collections.abc import Callable

import structlog

from bot import scheduler
from bot.bootstrap import Engine
from bot.readers import Reader
from bot.sender import Sender
from bot.worker import Worker
from storage import outbox

log = structlog.get_logger()

#: Look-ups at the same time; one account is never read twice at once.
READERS = 3
#: Calls at the same time: the common lane, and the fast lane that welcomes use.
SEND_THREADS, FAST_THREADS = 8, 4
#: A stop waits this long for what is under way (seconds).
STOP_S = 8.0


def run(engine: Engine, stop: threading.Event, *, with_scheduler: bool = True, with_worker: bool = True) -> None:
    """Work until `stop` is set; then finish what is under way, at most STOP_S, and return.

    Raises RuntimeError when a thread failed: the process is to be started again.
    """
    jobs: list[tuple[str, Callable[[threading.Event], None]]] = [("bell", engine.core.bell.relay)]
    if with_worker:
        jobs += [
            ("worker", Worker(engine).run),
            ("fast-sender", Sender(engine, threads=FAST_THREADS, least_urgent=outbox.FAST).run),
            ("sender", Sender(engine, threads=SEND_THREADS).run),
            *((f"reader-{number}", Reader(engine).run) for number in range(_readers(engine))),
        ]
    failed = threading.Event()
    threads = [
        threading.Thread(target=_end_all_with_one, args=[job, stop, failed], name=name, daemon=True)
        for name, job in jobs
    ]
    for thread in threads:
        thread.start()
    ticking = scheduler.start(engine) if with_scheduler else None
    log.info("working", threads=len(threads), scheduler=with_scheduler)
    stop.wait()
    if ticking is not None:
        ticking.shutdown(wait=False)
    engine.core.bell.ring()
    deadline = time.monotonic() + STOP_S
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    log.info("stopped", unfinished=[thread.name for thread in threads if thread.is_alive()])
    if failed.is_set():
        raise RuntimeError("a thread failed; the reason stands above")


def _readers(engine: Engine) -> int:
    """Look-ups at a time: as many as the model may keep waiting come on top."""
    return READERS + (engine.core.settings.llm.parallel if engine.model is not None else 0)


def _end_all_with_one(job: Callable[[threading.Event], None], stop: threading.Event, failed: threading.Event) -> None:
    """Run a thread's job. Where one failed, the others would go on as if nothing were missing: so they stop too."""
    try:
        job(stop)
    except Exception:
        log.exception("thread_failed", thread=threading.current_thread().name)
        failed.set()
        stop.set()
