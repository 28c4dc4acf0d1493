"""Posts in bad luck: an answer that is lost, a restart in the slot's minute, two schedulers at once."""

import threading
from collections import Counter
from datetime import datetime

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from bot.bootstrap import open_core, open_engine
from bot.scheduler import tick
from handlers.context import Context
from storage.posts import Delivery
from tests.story import Story

MASS = "externalcontact/add_msg_template"


def _to_monday(story: Story, time: str) -> None:
    """Move the clock to a Monday far from holidays, at so many hours and minutes in Shanghai."""
    now = story.brand.local(story.engine.core.clock.now())
    monday = datetime.fromisoformat(f"2027-03-08T{time}").replace(tzinfo=story.brand.zone)
    story.advance(seconds=(monday - now).total_seconds())


def _tasks(story: Story) -> Counter[str]:
    """How many mass messages each owner has been given."""
    with story.world.lock:
        return Counter(userid for task in story.world.mass_tasks.values() for userid in task.shares)


def _owners(story: Story) -> list[str]:
    return sorted({group.owner for group in story.brand.groups if group.kind == "customer"})


def _delivery_states(story: Story) -> set[str]:
    with story.database.read() as db:
        return set(db.scalars(select(Delivery.state)))


@pytest.fixture
def noon(story: Story) -> Story:
    """A story that is ticking, a minute before the twelve o'clock post."""
    _to_monday(story, "11:58")
    story.tick()
    story.advance(seconds=60)
    story.tick()
    assert not _tasks(story)
    return story


def test_a_mass_message_whose_answer_is_lost_is_found_by_asking_and_not_made_twice(noon: Story) -> None:
    noon.world.faults.add({"api": MASS, "kind": "lost_answer", "times": 1})
    noon.advance(seconds=61)
    noon.tick()
    noon.advance(seconds=30)
    noon.settle()

    assert _tasks(noon) == Counter(_owners(noon))
    assert noon.dead() == []
    assert _delivery_states(noon) == {"waiting"}


def test_a_mass_message_that_never_reached_wecom_is_made_after_asking(noon: Story) -> None:
    noon.world.faults.add({"api": MASS, "kind": "http502", "times": 1})
    noon.advance(seconds=61)
    noon.tick()
    noon.advance(seconds=30)
    noon.settle()

    assert _tasks(noon) == Counter(_owners(noon))
    assert _delivery_states(noon) == {"waiting"}


def test_a_restart_in_the_minute_of_a_post_neither_loses_nor_doubles_it(noon: Story) -> None:
    noon.advance(seconds=121)  # nobody ticked at 12:00
    noon.restart()
    noon.tick()
    noon.restart()
    noon.tick()

    assert _tasks(noon) == Counter(_owners(noon))


def test_a_crash_between_the_call_and_its_note_does_not_double_a_post(noon: Story) -> None:
    noon.advance(seconds=61)
    tick(noon.engine)
    now = noon.engine.core.clock.now()
    taken = noon.sender._turn_over([], now, 8)
    for row in taken:
        noon.sender.call(row, now)  # WeCom has done it, and then we are gone
    noon.restart()
    noon.advance(seconds=120)
    noon.settle()
    noon.advance(seconds=30)
    noon.settle()

    assert MASS in {row.api for row in taken}
    assert _tasks(noon) == Counter(_owners(noon))


def test_two_schedulers_at_the_same_instant_fire_nothing_twice(noon: Story) -> None:
    engines = [open_engine(open_core(noon.settings), noon.brand) for _ in range(2)]
    noon.advance(seconds=61)
    start = threading.Barrier(2)

    def ticking(number: int) -> None:
        start.wait()
        for _ in range(3):
            tick(engines[number])

    threads = [threading.Thread(target=ticking, args=[number]) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    noon.settle()
    for engine in engines:
        engine.client.close()
        engine.core.database.close()

    assert _tasks(noon) == Counter(_owners(noon))


def test_a_change_meets_a_row_that_another_process_has_just_made_and_is_done_again(story: Story) -> None:
    tries = []

    def act(_ctx: Context) -> None:
        tries.append(1)
        if len(tries) == 1:
            raise IntegrityError("INSERT", {}, Exception("somebody was quicker"))

    story.engine.change(act)

    assert len(tries) == 2
