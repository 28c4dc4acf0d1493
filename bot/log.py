"""Logs: one line per event and per send, with ids; never text, tokens, signatures or bodies; customers' ids hashed."""

import hashlib
import logging
import sys
from typing import Literal

import structlog


def configure(style: Literal["json", "console"]) -> None:
    """Set up logging for this process."""
    renderer: structlog.types.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if style == "json"
        else structlog.dev.ConsoleRenderer(colors=False, pad_event_to=0)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")


def who(customer_id: str) -> str:
    """A customer's id as it may stand in a log."""
    return hashlib.sha256(customer_id.encode()).hexdigest()[:10] if customer_id else ""


def where(lane: str) -> str:
    """A lane as it may stand in a log: its kind, and the rest hashed."""
    kind, _, rest = lane.partition(":")
    return f"{kind}:{who(rest)}" if rest else kind
