"""How many customers a second are answered, what an answer costs, and how long one takes."""

import time
from pathlib import Path
from statistics import median
from typing import Any

from figures import Figure, percentile
from house import CUSTOMERS, KF, STAFF, House, opened, questions

BURST_CUSTOMERS, EACH = 300, 5
PACE = 20.0
SEND = "kf/send_msg"
APP = "message/send"


def measure(folder: Path, brand: Path, *, quick: bool) -> list[Figure]:
    """A burst through doorbell, sync_msg and send_msg; then twenty messages a second, over kf and over the app."""
    seconds = 5.0 if quick else 20.0
    with opened(folder / "answers", brand) as house:
        write(house, CUSTOMERS[BURST_CUSTOMERS : BURST_CUSTOMERS + 50], 1)
        wait_for_answers(house, 50)
        figures = bursts(house, 1 if quick else 3)
        figures += _shown("kf", kf_latencies(house, seconds))
        figures += _shown("app", app_latencies(house, seconds))
        return figures


def write(house: House, customers: list[str], each: int) -> int:
    """Every customer writes `each` messages; returns how many there are."""
    asked = questions()
    messages = [
        {"external_userid": customer, "open_kfid": KF, "text": asked[(number + turn) % len(asked)]}
        for turn in range(each)
        for number, customer in enumerate(customers)
    ]
    house.act("customer/write_many", messages=messages)
    return len(messages)


def wait_for_answers(house: House, wanted: int, after: int = 0, seconds: float = 300.0) -> list[dict[str, Any]]:
    """The calls of send_msg after `after`, once there are `wanted`. Raises TimeoutError when they do not come."""
    deadline = time.monotonic() + seconds
    while True:
        calls = house.calls(SEND, after)
        if len(calls) >= wanted:
            return calls
        if time.monotonic() > deadline:
            raise TimeoutError(f"{len(calls)} of {wanted} messages answered")
        time.sleep(0.5)


def bursts(house: House, rounds: int) -> list[Figure]:
    """The median burst: messages answered per second, and the processor time of each."""
    found = [burst(house) for _ in range(rounds)]
    rates, costs_ms, failed = (list(column) for column in zip(*found, strict=True))
    return [
        Figure(f"answered messages, burst of {BURST_CUSTOMERS * EACH}", median(rates), "/s", 120, at_least=True),
        Figure("answers the API refused", sum(failed), "", 0),
        Figure("processor time per answered message", median(costs_ms), "ms", 5),
    ]


def burst(house: House) -> tuple[float, float, int]:
    """Answers a second from the first message to the last answer, processor milliseconds of each, answers refused."""
    after, cpu_s = house.last_call(SEND), house.cpu_s()
    started = time.time()
    wanted = write(house, CUSTOMERS[:BURST_CUSTOMERS], EACH)
    calls = wait_for_answers(house, wanted, after)
    seconds = calls[-1]["time"] - started
    time.sleep(1)  # the last outcomes are still noted
    cost_ms = (house.cpu_s() - cpu_s) / wanted * 1000
    house.rest()
    return wanted / seconds, cost_ms, sum(call["errcode"] != 0 for call in calls)


def kf_latencies(house: House, seconds: float) -> list[float]:
    """From a customer's message in the sandbox, before its doorbell leaves, to the answer at the API."""
    after = house.last_call(SEND)
    asked, written = questions(), {}
    started = time.perf_counter()
    for number in range(int(seconds * PACE)):
        time.sleep(max(0.0, started + number / PACE - time.perf_counter()))
        customer = CUSTOMERS[400 + number]
        written[customer] = time.time()
        house.act("customer/write", external_userid=customer, open_kfid=KF, text=asked[number % len(asked)])
    calls = wait_for_answers(house, len(written), after)
    return [call["time"] - written[call["body"]["touser"]] for call in calls]


def app_latencies(house: House, seconds: float) -> list[float]:
    """From a callback of the app, as it is sent, to the answer at the API."""
    after = house.last_call(APP)
    result = house.send(4, int(seconds * PACE), seconds + 5, PACE)
    house.rest()
    answered: dict[str, list[float]] = {}
    for call in house.calls(APP, after):
        answered.setdefault(call["body"]["touser"], []).append(call["time"])
    return [
        came - sent
        for userid in STAFF
        for sent, came in zip(result.sent_at.get(userid, []), answered.get(userid, []), strict=True)
    ]


def _shown(channel: str, latencies: list[float]) -> list[Figure]:
    return [
        Figure(f"message to answer at the API, {channel}, 20/s, p50", percentile(latencies, 0.5) * 1000, "ms", 60),
        Figure(f"message to answer at the API, {channel}, 20/s, p99", percentile(latencies, 0.99) * 1000, "ms", 200),
    ]
