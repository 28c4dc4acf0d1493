"""APScheduler ticks; it holds no jobs of its own. What is due stands in rows, so two schedulers fire nothing twice."""

import structlog
from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy.exc import OperationalError

from bot.bootstrap import Engine
from handlers.dispatch import TICKS

log = structlog.get_logger()

TICK_S = 1.0


def tick(engine: Engine) -> None:
    """Let the clock's handlers look at the hour, each in a transaction of its own."""
    try:
        for act in TICKS:
            engine.change(act)
    except OperationalError:
        log.exception("database_unavailable")


def start(engine: Engine) -> BackgroundScheduler:
    """Start ticking. A tick that takes long delays the next one; none run side by side."""
    scheduler = BackgroundScheduler(timezone="UTC")
    scheduler.add_job(tick, "interval", args=[engine], seconds=TICK_S, max_instances=1, coalesce=True)
    scheduler.start()
    return scheduler
