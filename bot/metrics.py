"""What Prometheus may ask: counters kept by every process of Wanzi in shared files, depths read from the database."""

import os
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest, multiprocess
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from bot.clock import Clock
from storage import inbox, outbox
from storage.database import Database

_DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"

ACKS = Counter("wanzi_acks_total", "Callbacks answered", ["channel", "status"])
ACK_SECONDS = Histogram(
    "wanzi_ack_seconds",
    "From request to durable acknowledgement",
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5),
)
EVENTS = Counter("wanzi_events_total", "Events handled", ["kind", "outcome"])
SENDS = Counter("wanzi_sends_total", "Calls to WeCom from the outbox", ["api", "outcome"])
CALLS = Counter("wanzi_api_calls_total", "All calls to WeCom", ["api", "outcome"])
THROTTLED = Counter("wanzi_throttled_total", "Calls WeCom asked us to delay", ["api"])
DEAD = Counter("wanzi_dead_total", "Rows that died", ["box"])
REPLY_SECONDS = Histogram(
    "wanzi_reply_seconds",
    "From an event's arrival to its reply at the API",
    buckets=(0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 20, 60),
)


class _Depths(Collector):
    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    def collect(self) -> Iterator[GaugeMetricFamily]:
        depth = GaugeMetricFamily("wanzi_depth", "Open rows", labels=["box"])
        age = GaugeMetricFamily("wanzi_oldest_seconds", "Age of the oldest open row", labels=["box"])
        with self._database.read() as db:
            for box, (count, oldest) in (("inbox", inbox.depth(db)), ("outbox", outbox.depth(db))):
                depth.add_metric([box], count)
                age.add_metric([box], (self._clock.now() - oldest).total_seconds() if oldest else 0.0)
        yield depth
        yield age


def render(database: Database, clock: Clock) -> bytes:
    """The page Prometheus reads."""
    registry = CollectorRegistry()
    if os.environ.get(_DIRECTORY):
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    else:
        for metric in (ACKS, ACK_SECONDS, EVENTS, SENDS, CALLS, THROTTLED, DEAD, REPLY_SECONDS):
            registry.register(metric)
    registry.register(_Depths(database, clock))
    return generate_latest(registry)
