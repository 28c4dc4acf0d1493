"""The sandbox as a process of its own, as the demo and the benchmarks run it."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests


@pytest.fixture
def listening() -> Iterator[list[requests.Response]]:
    """Streams closed only after the process has stopped: ask for it before `served`."""
    streams: list[requests.Response] = []
    yield streams
    for stream in streams:
        stream.close()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """(url, clock file) of a sandbox process with an own home directory."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    clock = tmp_path / "clock"
    code = f"from bot.sandbox.server import serve; serve(None, '127.0.0.1', {port}, {str(clock)!r})"
    home = tmp_path / "home"
    home.mkdir()
    process = subprocess.Popen([sys.executable, "-c", code], env=os.environ | {"HOME": str(home)})
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_until_up(url)
        yield url, clock
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(3) == 0
    assert list(home.iterdir()) == []


def _wait_until_up(url: str) -> None:
    for _ in range(200):
        try:
            requests.get(f"{url}/control/faults", timeout=1)
        except requests.ConnectionError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("the sandbox did not start")


def test_it_serves_moves_its_clock_file_and_severs_lines(served: tuple[str, Path]) -> None:
    url, clock = served
    query = {"corpid": "ww0123456789abcdef", "corpsecret": "app-secret"}
    assert requests.get(f"{url}/cgi-bin/gettoken", params=query, timeout=5).json()["errcode"] == 0
    requests.post(f"{url}/control/clock", json={"advance_s": 3600}, timeout=5)
    assert float(clock.read_text()) == 3600
    requests.post(f"{url}/control/faults", json={"api": "*", "kind": "reset", "times": 1}, timeout=5)
    with pytest.raises(requests.ConnectionError, match="reset by peer"):
        requests.get(f"{url}/cgi-bin/gettoken", params=query, timeout=5)
    requests.post(f"{url}/control/faults", json={"api": "*", "kind": "lost_answer", "times": 1}, timeout=5)
    with pytest.raises(requests.ConnectionError, match="without response"):
        requests.get(f"{url}/cgi-bin/gettoken", params=query, timeout=5)
    assert requests.get(f"{url}/cgi-bin/gettoken", params=query, timeout=5).json()["errcode"] == 0


def test_connections_are_kept_alive(served: tuple[str, Path]) -> None:
    url, _ = served
    with requests.Session() as session:
        answers = [session.get(f"{url}/cgi-bin/getcallbackip", timeout=5) for _ in range(3)]
        assert [a.headers.get("Connection", "keep-alive") for a in answers] == ["keep-alive"] * 3


def test_it_stops_at_once_though_somebody_listens_to_its_events(
    listening: list[requests.Response], served: tuple[str, Path]
) -> None:
    url, _ = served
    listening.append(requests.get(f"{url}/control/events", stream=True, timeout=5))
    assert next(listening[0].iter_content(8)).startswith(b": hello")
