"""APScheduler ticks; it holds no jobs of its own. What is due stands in rows, so two schedulers fire nothing twice."""

from collections.abc import Callable

import structlog
from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy.exc import OperationalError

from bot.bootstrap import Engine
from handlers.context import Context
from handlers.dispatch import TICKS

log = structlog.get_logger()


def tick(engine: Engine) -> None:
    """Let all of the clock's handlers look at the hour once, each in a transaction of its own."""
    for act in TICKS:
        _tick_one(engine, act)


def _tick_one(engine: Engine, act: Callable[[Context], None]) -> None:
    try:
        engine.change(act)
    except OperationalError:
        log.exception("database_unavailable")


def start(engine: Engine) -> BackgroundScheduler:
    """Start ticking. A tick that takes long delays its next one; none run side by side, none stops another."""
    scheduler = BackgroundScheduler(timezone="UTC")
    for act, seconds in TICKS.items():
        scheduler.add_job(_tick_one, "interval", args=[engine, act], seconds=seconds, max_instances=1, coalesce=True)
    scheduler.start()
    return scheduler
