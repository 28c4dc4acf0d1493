"""A platform on sockets and our client talking to it."""

from collections.abc import Iterator

import pytest
from platform_on_sockets import Platform

from bot.wecom.client import WeComClient


@pytest.fixture
def platform() -> Iterator[Platform]:
    platform = Platform()
    yield platform
    platform.server.shutdown()
    platform.server.server_close()


@pytest.fixture
def client(platform: Platform) -> WeComClient:
    return WeComClient("wwcorp", "secret-of-the-app", 1000007, platform.base_url, timeout_s=2.0)
