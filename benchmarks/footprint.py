"""How soon Wanzi is ready, and how much memory it holds, idle and after many messages."""

import time
from pathlib import Path

from answers import wait_for_answers, write
from figures import Figure
from house import CUSTOMERS, House

EACH = 5
SEND = "kf/send_msg"


def measure(folder: Path, brand: Path, *, quick: bool) -> list[Figure]:
    """Start it on a new database, let it be, then write to it in waves."""
    waves = 2 if quick else 10
    house = House(folder / "footprint", brand)
    try:
        house.start_sandbox()
        first_s = house.start_wanzi()
        house.stop(house.wanzi)
        again_s = house.start_wanzi()
        time.sleep(5)
        idle_mb = house.pss_mb()
        held = [_wave(house) for _ in range(waves)]
    finally:
        house.close()
    return [
        Figure("ready after a first start, 10,000 entries", first_s, "s", 3),
        Figure("ready after a restart, 10,000 entries", again_s, "s", 3),
        Figure("memory when idle (PSS, all processes)", idle_mb, "MB", 200),
        Figure("memory after the first 1,000 messages", held[0], "MB"),
        Figure(f"memory after {waves},000 messages", held[-1], "MB"),
        Figure(f"memory after {waves},000 / after 1,000 messages", held[-1] / held[0], "x", 1.1),
        Figure(f"memory after {waves},000 messages / when idle", held[-1] / idle_mb, "x"),
    ]


def _wave(house: House) -> float:
    """A thousand messages answered, then the memory held (MB)."""
    after = house.last_call(SEND)
    wanted = write(house, CUSTOMERS[:200], EACH)
    wait_for_answers(house, wanted, after)
    house.rest()
    time.sleep(2)
    return house.pss_mb()
