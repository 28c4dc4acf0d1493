"""`kill -9` at random points, lost answers, repeated callbacks: every message is recorded once and answered once."""

import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from handlers.brand import Brand
from handlers.reply import WELL_KNOWN
from tests.scenarios.crash_books import Books, is_quiet
from tests.scenarios.crash_rig import CUSTOMERS, KINDS, SETTLE_S, STAFF, Rig, rig_on, seed_of_the_day, wait_for

pytestmark = [pytest.mark.crash, pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)]

#: A customer who waits for so many answers writes no more: WeCom lets five out after his last message (94677).
MOST_WAITING = 3
#: Messages a second, all writers together.
PACE = 40
FAULTS = (
    {"api": "kf/send_msg", "kind": "lost_answer", "probability": 0.06},
    {"api": "kf/send_msg", "kind": "latency", "latency_s": 0.4, "probability": 0.08},
    {"api": "kf/send_msg", "kind": "http502", "probability": 0.02},
    {"api": "kf/send_msg", "kind": "half_close", "probability": 0.02},
    {"api": "message/send", "kind": "lost_answer", "probability": 0.1},
    {"api": "message/send", "kind": "latency", "latency_s": 0.4, "probability": 0.1},
    {"api": "kf/sync_msg", "kind": "lost_answer", "probability": 0.03},
    {"api": "kf/sync_msg", "kind": "busy", "probability": 0.02},
    {"api": "*", "kind": "expired_token", "probability": 0.01},
)


@pytest.fixture(scope="module")
def questions(brand: Brand) -> list[str]:
    """Questions the knowledge answers by itself, so that no person is ever sent for."""
    asked = [entry.question for entry in brand.knowledge.entries.values()]
    known = [(text, brand.read(text)) for text in asked]
    return [text for text, read in known if read.best and read.best.score >= WELL_KNOWN and not read.wish]


@pytest.fixture
def rig(tmp_path: Path, database_url: str, request: pytest.FixtureRequest) -> Iterator[Rig]:
    with rig_on(database_url, tmp_path, **getattr(request, "param", {})) as rig:
        yield rig


def _write_under_fire(rig: Rig, texts: list[tuple[str, str]], kills: list[str], rng: random.Random) -> None:
    """Let everybody write what they have to say, and kill a process after every so many messages."""
    waiting = list(texts)
    points = sorted(rng.sample(range(20, len(texts) - 5), len(kills)))
    written = 0
    deadline = time.monotonic() + SETTLE_S
    while waiting:
        assert time.monotonic() < deadline, "customers wait for answers for ever"
        writer, text = waiting.pop(rng.randrange(min(len(waiting), 60)))
        if not _write(rig, writer, text):
            waiting.append((writer, text))
            time.sleep(0.005)
            continue
        written += 1
        time.sleep(rng.uniform(0, 2 / PACE))
        while points and written >= points[0]:
            points.pop(0)
            _strike(rig, kills.pop(0))


def _write(rig: Rig, writer: str, text: str) -> bool:
    """False when this customer still waits for too many answers."""
    if writer in STAFF:
        rig.staff_writes(writer, text)
        return True
    bubbles = rig.kf_chat(writer)
    if sum(b.by == "customer" for b in bubbles) - sum(b.by == "bot" for b in bubbles) >= MOST_WAITING:
        return False
    rig.customer_writes(writer, text)
    return True


def _strike(rig: Rig, kind: str) -> None:
    if kind.startswith("after "):
        rig.kill_after_effect(kind.removeprefix("after "))
    else:
        rig.kill(kind)


def _let_things_go_wrong(rig: Rig) -> None:
    rig.world.deliveries.habits.change({"resend": 1, "shuffle_ms": 80})
    rig.world.rules.change({"kf_page_size": 7, "kf_empty_page_probability": 0.1})
    for fault in FAULTS:
        rig.world.faults.add(dict(fault))


def _come_to_rest(rig: Rig) -> Books:
    rig.world.faults.clear()
    wait_for(lambda: is_quiet(rig), SETTLE_S, "Wanzi comes to rest")
    return Books(rig)


def test_kills_at_random_points_lose_and_double_nothing(rig: Rig, questions: list[str]) -> None:
    rng = random.Random(seed_of_the_day(print))
    texts = [(who, rng.choice(questions)) for who in CUSTOMERS for _ in range(8)]
    texts += [(who, text) for who in CUSTOMERS for text in [rng.choice(questions)] for _ in range(2)]  # equal texts
    texts += [(userid, text) for userid in STAFF for text in rng.sample(questions, 7)]
    rng.shuffle(texts)
    kills = [*KINDS, *rng.choices(KINDS, k=4), "after kf/send_msg", "after kf/send_msg", "after message/send"]
    rng.shuffle(kills)
    _let_things_go_wrong(rig)
    rig.serve()
    rig.wait_ready()

    _write_under_fire(rig, texts, kills, rng)
    books = _come_to_rest(rig)

    assert len(rig.kills) >= 10
    books.check_settled()
    books.check_recorded_once()
    books.check_each_message_answered_once()


@pytest.mark.parametrize("rig", [{"WANZI_REPLY__BURST_WINDOW_S": "1.5"}], indirect=True)
def test_kills_within_burst_windows_leave_one_answer_a_turn(rig: Rig, questions: list[str]) -> None:
    rng = random.Random(seed_of_the_day(print))
    texts = [(who, text) for who in CUSTOMERS for text in rng.sample(questions, 4)]
    texts += [(userid, text) for userid in STAFF for text in rng.sample(questions, 3)]
    rng.shuffle(texts)
    kills = ["work", "group", "web_worker", "after kf/send_msg"]
    rng.shuffle(kills)
    _let_things_go_wrong(rig)
    rig.serve()
    rig.wait_ready()

    _write_under_fire(rig, texts, kills, rng)
    books = _come_to_rest(rig)

    books.check_settled()
    books.check_recorded_once()
    books.check_each_turn_answered_once()
