"""Real processes at their edges: stopping while WeCom hangs, dying with the parent, several at once, dead letters."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from sqlalchemy import select

from storage.outbox import OutboxRow
from tests.scenarios.crash_books import Books, is_quiet
from tests.scenarios.crash_rig import CUSTOMERS, STAFF, Rig, family, rig_on, wait_for

pytestmark = pytest.mark.crash
embedded = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
scaled = pytest.mark.parametrize("database_url", ["postgres"], indirect=True)

QUESTIONS = ["几天能到", "包邮吗", "怎么查快递", "能发顺丰吗"]
REFUSED = {"api": "kf/send_msg", "kind": "errcode", "errcode": 95000, "times": 1}


@pytest.fixture
def rig(tmp_path: Path, database_url: str) -> Iterator[Rig]:
    with rig_on(database_url, tmp_path) as rig:
        rig.serve()
        rig.wait_ready()
        yield rig


@embedded
def test_a_stop_takes_less_than_ten_seconds_while_wecom_hangs_and_nothing_is_lost(rig: Rig) -> None:
    hanging = rig.world.faults.add({"api": "kf/send_msg", "kind": "latency", "latency_s": 12})
    rig.environment["WANZI_WECOM__TIMEOUT_S"] = "30"
    rig.kill("group")
    rig.wait_ready()
    for who in CUSTOMERS[:12]:
        rig.customer_writes(who, QUESTIONS[0])
    wait_for(lambda: hanging.hits >= 8, 10, "the senders hang")

    started = time.monotonic()
    rig.served.send_signal(signal.SIGTERM)
    rig.served.wait(timeout=15)
    took_s = time.monotonic() - started
    rig.world.faults.clear()
    rig.serve()
    wait_for(lambda: is_quiet(rig), 40, "Wanzi comes to rest")

    assert took_s < 10
    books = Books(rig)
    books.check_settled()
    books.check_each_message_answered_once()


@embedded
def test_children_end_by_themselves_when_the_parent_is_killed(rig: Rig) -> None:
    wait_for(lambda: len(family(rig.served.pid)) == 3, 10, "one works; one acknowledges, by a process of its own")
    children = family(rig.served.pid)

    os.kill(rig.served.pid, signal.SIGKILL)
    rig.served.wait()

    _gone, alive = psutil.wait_procs(children, timeout=9)
    assert alive == []


@embedded
def test_two_parents_on_one_port_are_one_too_many_and_the_second_says_so(rig: Rig) -> None:
    second = rig.run("serve")

    assert second.wait(timeout=20) == 1
    assert "cannot listen on" in rig.log()
    assert rig.served.poll() is None


@pytest.mark.postgres
@scaled
def test_several_workers_and_schedulers_on_one_database_do_everything_once(tmp_path: Path, database_url: str) -> None:
    with rig_on(database_url, tmp_path) as rig:
        rig.served = rig.run("web")
        crew = [rig.run(command) for command in ("worker", "worker", "scheduler", "scheduler")]
        rig.wait_ready(30)
        rig.world.rules.change({"kf_page_size": 7})
        rig.world.deliveries.habits.change({"resend": 1, "shuffle_ms": 50})
        rig.world.faults.add({"api": "kf/send_msg", "kind": "lost_answer", "probability": 0.05})

        for text in QUESTIONS:
            for who in (*CUSTOMERS[:25], *STAFF):
                (rig.staff_writes if who in STAFF else rig.customer_writes)(who, text)
                time.sleep(0.01)
        wait_for(lambda: is_quiet(rig), 40, "Wanzi comes to rest")

        assert [process.poll() for process in crew] == [None] * 4
        books = Books(rig)
        books.check_settled()
        books.check_recorded_once()
        books.check_each_message_answered_once()


@embedded
def test_dead_letters_are_listed_with_their_reason_and_replayed(rig: Rig) -> None:
    rig.world.faults.add(dict(REFUSED))
    rig.customer_writes("wm1", QUESTIONS[0])
    wait_for(lambda: _states(rig) == ["dead"], 10, "the answer is refused")

    listed = _wanzi(rig, "dead", "list").stdout
    [line] = [line for line in listed.splitlines() if line.startswith("out:")]
    replayed = _wanzi(rig, "dead", "replay", line.split("\t")[0])
    wait_for(lambda: _states(rig) == ["sent"], 10, "the answer is sent again")
    again = _wanzi(rig, "dead", "replay", line.split("\t")[0])
    nonsense = _wanzi(rig, "dead", "replay", "7")

    assert "kf/send_msg" in line
    assert replayed.returncode == 0
    assert (again.returncode, again.stdout.strip().endswith("not dead, or its time is over")) == (1, True)
    assert (nonsense.returncode, "allowed: out:NUMBER or in:NUMBER" in nonsense.stderr) == (1, True)
    assert len([bubble for bubble in rig.kf_chat("wm1") if bubble.by == "bot"]) == 1


def _states(rig: Rig) -> list[str]:
    with rig.database.read() as db:
        return list(db.scalars(select(OutboxRow.state).where(OutboxRow.api == "kf/send_msg").order_by(OutboxRow.id)))


def _wanzi(rig: Rig, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bot", *command],
        cwd=rig.folder,
        env=rig.environment,
        capture_output=True,
        text=True,
        timeout=20,
    )
