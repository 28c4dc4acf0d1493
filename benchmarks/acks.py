"""How fast callbacks are acknowledged, beside a stateless echo in the same run, and while the API is slow or down."""

from pathlib import Path

from figures import Figure, percentile
from house import House, opened
from load import Result

SLOW_API_S = 3.0
PACE = 100.0  # callbacks a second while the API is in trouble


def measure(folder: Path, brand: Path, *, quick: bool) -> list[Figure]:
    """Acks a second and their latency, against the echo's; then with the API in trouble."""
    seconds = 3.0 if quick else 8.0
    figures: list[Figure] = []
    with opened(folder / "acks", brand) as house:
        house.start_echo()
        _against_echo(house, 32, 1.0)  # both warm before anything is counted
        for connections in (8, 32):
            figures += _compare(connections, *_against_echo(house, connections, seconds))
        many = _load(house, 128, seconds)
        figures.append(Figure("slowest ack, 128 connections", max(many.latencies) * 1000, "ms", 1000))
        figures.append(Figure("callbacks refused, 128 connections", many.refused, "", 0))
        house.stop(house.echo)
    return figures + in_trouble(folder, brand, quick=quick)


def in_trouble(folder: Path, brand: Path, *, quick: bool) -> list[Figure]:
    """Latency of acks while every call to the API takes seconds, and while there is no API at all."""
    seconds = 3.0 if quick else 8.0
    figures: list[Figure] = []
    with opened(folder / "trouble", brand) as house:
        house.act("faults", api="*", kind="latency", latency_s=SLOW_API_S)
        slow = house.send(8, int(PACE * seconds), seconds, PACE)
        figures.append(Figure("ack p99 while the API takes 3 s", percentile(slow.latencies, 0.99) * 1000, "ms", 200))
        house.stop(house.sandbox)
        down = house.send(8, int(PACE * seconds), seconds, PACE)
        figures.append(Figure("ack p99 while the API is down", percentile(down.latencies, 0.99) * 1000, "ms", 200))
    return figures


def _against_echo(house: House, connections: int, seconds: float) -> tuple[Result, Result]:
    """Echo, ours, ours, echo: a machine that grows slower or faster meanwhile favours neither."""
    rounds = [_load(house, connections, seconds / 2, echo=echo) for echo in (True, False, False, True)]
    return _join(rounds[0], rounds[3]), _join(rounds[1], rounds[2])


def _load(house: House, connections: int, seconds: float, *, echo: bool = False) -> Result:
    result = house.send(
        connections,
        int(3000 * seconds),
        seconds,
        to=f"http://127.0.0.1:{house.echo_port}/wecom/callback" if echo else "",
    )
    if not echo:
        house.rest()
    return result


def _join(one: Result, other: Result) -> Result:
    return Result(
        one.answered + other.answered,
        one.refused + other.refused,
        one.seconds + other.seconds,
        one.latencies + other.latencies,
    )


def _compare(connections: int, echo: Result, ours: Result) -> list[Figure]:
    rates = echo.answered / echo.seconds, ours.answered / ours.seconds
    p99s = percentile(echo.latencies, 0.99) * 1000, percentile(ours.latencies, 0.99) * 1000
    at = f"{connections} connections"
    return [
        Figure(f"echo acks, {at}", rates[0], "/s"),
        Figure(f"durable acks, {at}", rates[1], "/s"),
        Figure(f"durable acks / echo acks, {at}", rates[1] / rates[0], "x", 0.5, at_least=True),
        Figure(f"echo ack p99, {at}", p99s[0], "ms"),
        Figure(f"durable ack p99, {at}", p99s[1], "ms"),
        Figure(f"durable p99 / echo p99, {at}", p99s[1] / p99s[0], "x", 3),
    ]
