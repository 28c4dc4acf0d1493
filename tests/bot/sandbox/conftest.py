"""Fixtures of the sandbox's tests: a listener, and worlds that are stopped at the end."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sandbox_play import Listener, Play

from bot.sandbox.server import start_in_thread
from bot.sandbox.world import build_world, sample_spec


@pytest.fixture
def listener() -> Iterator[Listener]:
    made = Listener()
    yield made
    made.close()


@pytest.fixture
def start() -> Iterator[Callable[..., Play]]:
    """start(**changes of the sample world's keys) -> Play; everything is stopped at the end."""
    begun: list[Play] = []

    def begin(callback_url: str = "", aibot_url: str = "", **changes: Any) -> Play:
        play = Play(start_in_thread(build_world(sample_spec(callback_url, aibot_url) | changes)))
        begun.append(play)
        return play

    yield begin
    for play in begun:
        play.session.close()
        play.running.stop()


@pytest.fixture
def play(start: Callable[..., Play]) -> Play:
    """The sample world without callbacks."""
    return start()


@pytest.fixture
def heard(start: Callable[..., Play], listener: Listener) -> Play:
    """The sample world whose callbacks reach `listener`."""
    return start(f"{listener.url}/wecom/callback", f"{listener.url}/wecom/aibot")
