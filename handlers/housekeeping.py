"""Housekeeping: what the ledger no longer needs goes, a little at a time."""

from datetime import timedelta

from handlers.context import Context
from storage import inbox

#: A handled event is kept this long against late repeats; kf history reaches back three days (94670).
KEEP_HANDLED = timedelta(days=14)
AT_ONCE = 200


def tick(ctx: Context) -> None:
    """Forget some of the events handled long ago. Messages, tags and calls stay: they are the memory."""
    inbox.forget_handled(ctx.db, ctx.now - KEEP_HANDLED, AT_ONCE)
