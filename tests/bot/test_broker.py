"""The bell over a real RabbitMQ and a real Redis; without them the suite says that it did not run."""

import os
import threading
import time

import pytest

from bot.broker import BrokerBell

URLS = {
    "rabbitmq": os.environ.get("WANZI_TEST_RABBITMQ_URL", "amqp://guest:guest@127.0.0.1:5672"),
    "redis": os.environ.get("WANZI_TEST_REDIS_URL", "redis://127.0.0.1:6379/0"),
}

pytestmark = pytest.mark.broker


@pytest.fixture(params=sorted(URLS))
def url(request: pytest.FixtureRequest) -> str:
    found = URLS[request.param]
    probe = BrokerBell(found)
    reachable = probe.reachable()
    probe.close()
    if not reachable:
        pytest.skip(f"no {request.param} at {found.rpartition('@')[2]}")
    return found


def test_a_ring_wakes_another_process(url: str) -> None:
    here, there = BrokerBell(url), BrokerBell(url)
    heard, stop = there.listener(), threading.Event()
    relay = threading.Thread(target=there.relay, args=[stop])
    relay.start()
    try:
        deadline = time.monotonic() + 10
        while not heard.is_set() and time.monotonic() < deadline:
            here.ring()
            heard.wait(0.3)
        assert heard.is_set()
    finally:
        stop.set()
        relay.join(10)
        here.close()
        there.close()


def test_a_broker_that_is_away_costs_the_caller_nothing() -> None:
    bell = BrokerBell("redis://127.0.0.1:1/0")
    heard = bell.listener()

    bell.ring()

    assert heard.is_set()
    assert not bell.reachable()
    bell.close()
