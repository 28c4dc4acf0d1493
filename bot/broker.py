"""The bell across machines: Dramatiq carries a ring over RabbitMQ or Redis to one of the working processes.

Nothing but the ring is in it: the database stays the truth, so a broker that loses or doubles a ring harms nothing.
Needs the extra `scaled` (`pip install 'wanzi[scaled]'`).
"""

import threading
from collections.abc import Callable
from typing import Any

import structlog

from bot.errors import SettingsError
from bot.queue import Bell

log = structlog.get_logger()

QUEUE = "wanzi"
#: Exceptions of pika and redis are not their own family: whatever they raise, the ring is lost and the sweep finds it.
CONNECT_S = 3


class BrokerBell(Bell):
    """Rings through a broker as well as in this process."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._broker, self._actor, self._errors = _connect(url, self._ring_here)

    def _ring_here(self) -> None:
        for event in self._listeners:
            event.set()

    def ring(self) -> None:
        """Wake this process and one other. A broker that is away costs a log line, not the caller."""
        self._ring_here()
        try:
            self._actor.send()
        except self._errors as error:
            log.warning("bell_lost", error=type(error).__name__)

    def relay(self, stop: threading.Event) -> None:
        """Hear the rings of other processes until told to stop; the connection is taken up again when it breaks."""
        from dramatiq import Worker

        worker = Worker(self._broker, queues={QUEUE}, worker_threads=1)
        worker.start()
        stop.wait()
        worker.stop(timeout=2000)

    def close(self) -> None:
        """Let the connections go."""
        self._broker.close()
        if hasattr(self._broker, "client"):
            self._broker.client.close()

    def reachable(self) -> bool:
        """Whether the broker answers."""
        try:
            if hasattr(self._broker, "client"):
                self._broker.client.ping()
            else:
                self._broker.get_queue_message_counts(QUEUE)
        except self._errors:
            return False
        return True


def _connect(url: str, ring: Callable[[], None]) -> tuple[Any, Any, tuple[type[Exception], ...]]:
    try:
        import dramatiq
        from dramatiq.errors import DramatiqError
    except ImportError:
        raise SettingsError("broker_url: needs the extra 'scaled': pip install 'wanzi[scaled]'") from None
    broker: Any
    if url.startswith("amqp"):
        from dramatiq.brokers.rabbitmq import RabbitmqBroker
        from pika.exceptions import AMQPError

        broker = RabbitmqBroker(
            url=f"{url}{'&' if '?' in url else '?'}blocked_connection_timeout={CONNECT_S}&heartbeat=5"
        )
        errors: tuple[type[Exception], ...] = (DramatiqError, AMQPError, OSError)
    else:
        from dramatiq.brokers.redis import RedisBroker
        from redis.exceptions import RedisError

        broker = RedisBroker(url=url, socket_connect_timeout=CONNECT_S)  # type: ignore[no-untyped-call]
        errors = (DramatiqError, RedisError, OSError)
    mark: Any = dramatiq.actor  # its overloads do not know a plain callable of no arguments
    actor = mark(ring, broker=broker, actor_name="ring", queue_name=QUEUE, max_retries=0)
    return broker, actor, errors
