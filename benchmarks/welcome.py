"""Whether a new friend is welcomed in time while a thousand messages wait behind an API that hangs."""

import time
from pathlib import Path

from answers import write
from figures import Figure
from house import CODE, CUSTOMERS, KF, House, opened

BACKLOG_CUSTOMERS, EACH = 200, 5
HANG_S = 60.0
WITHIN_S = 5.0  # the welcome code dies after 20 s (92137); we want to be far from it


def measure(folder: Path, brand: Path, *, quick: bool) -> list[Figure]:  # noqa: ARG001 - there is nothing to shorten
    """Both welcomes: of a new contact of a staff member, and of a customer who opens the kf account."""
    with opened(folder / "welcome", brand) as house:
        house.act("faults", api="kf/send_msg", kind="latency", latency_s=HANG_S)
        write(house, CUSTOMERS[:BACKLOG_CUSTOMERS], EACH)
        contact_s = _seconds_to(house, "externalcontact/send_welcome_msg", "customer/scan", CUSTOMERS[-1], CODE)
        session_s = _seconds_to(house, "kf/send_msg_on_event", "customer/enter", CUSTOMERS[-2], "")
    return [
        Figure("welcome of a contact, 1,000 waiting, send_msg hangs", contact_s, "s", WITHIN_S),
        Figure("welcome of a kf session, 1,000 waiting, send_msg hangs", session_s, "s", WITHIN_S),
    ]


def _seconds_to(house: House, api: str, act: str, customer: str, config_id: str) -> float:
    after, started = house.last_call(api), time.time()
    house.act(act, external_userid=customer, **({"config_id": config_id} if config_id else {"open_kfid": KF}))
    while time.time() < started + 30:
        calls = house.calls(api, after)
        if calls:
            return float(calls[0]["time"]) - started
        time.sleep(0.1)
    return float("inf")
