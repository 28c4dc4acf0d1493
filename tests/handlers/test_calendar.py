"""Arithmetic of hours and slots in the brand's zone, wherever the clocks change."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from types import SimpleNamespace
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers import handoff, posts
from handlers.brand import Brand, BusinessHours, Post, Shift
from handlers.context import Context

SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")
HOURS = BusinessHours(
    weekdays=Shift(open="09:00", close="21:00"),
    weekends=Shift(open="10:00", close="20:00"),
    holidays=(date(2026, 10, 1), date(2026, 10, 2)),
)
INSTANTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(INSTANTS, st.sampled_from([SHANGHAI, BERLIN]))
def test_the_next_opening_is_in_the_future_open_and_the_first(instant: datetime, zone: ZoneInfo) -> None:
    local = instant.astimezone(zone)

    opening = HOURS.next_opening(local)

    assert opening > local
    assert HOURS.is_open(opening)
    assert not HOURS.is_open((opening.astimezone(UTC) - timedelta(minutes=1)).astimezone(zone))
    assert opening - local < timedelta(days=4)


@pytest.mark.parametrize(
    ("at", "is_open"),
    [
        ("2026-11-24T08:59:59", False),
        ("2026-11-24T09:00", True),
        ("2026-11-24T20:59:59", True),
        ("2026-11-24T21:00", False),
        ("2026-11-28T09:30", False),
        ("2026-11-28T10:00", True),
        ("2026-10-01T12:00", False),
    ],
)
def test_hours_of_weekdays_weekends_and_holidays(at: str, is_open: bool) -> None:
    assert HOURS.is_open(datetime.fromisoformat(at).replace(tzinfo=SHANGHAI)) is is_open


def test_no_opening_within_a_year_is_an_error() -> None:
    closed = BusinessHours(holidays=tuple(date(2026, 1, 1) + timedelta(days=n) for n in range(400)))

    with pytest.raises(LookupError):
        closed.next_opening(datetime(2026, 1, 1, 12, tzinfo=SHANGHAI))


@pytest.mark.parametrize(("days", "said"), [(0, "今天09:00"), (1, "明天09:00"), (2, "后天09:00"), (3, "11月27日09:00")])
def test_a_promise_names_its_day_as_people_do(days: int, said: str) -> None:
    now = datetime(2026, 11, 24, 7, 0, tzinfo=SHANGHAI)

    assert handoff._in_words(now.replace(hour=9) + timedelta(days=days), now) == said


def context_at(brand: Brand, now: datetime, zone: ZoneInfo) -> Context:
    rules = SimpleNamespace(posts_grace_s=900, posts_catch_up_s=14400)
    return cast(Context, SimpleNamespace(brand=replace(brand, zone=zone), now=now, rules=rules))


def due(ctx: Context, after: datetime, until: datetime) -> list[tuple[str, str, datetime]]:
    found: list[Any] = posts._due_between(ctx, after, until)
    return [(item.post.id, item.group.address, item.at) for item in found]


@settings(max_examples=60, deadline=None)
@given(INSTANTS, st.lists(st.integers(0, 5 * 86400), min_size=1, max_size=6), st.sampled_from([SHANGHAI, BERLIN]))
def test_however_the_ticks_fall_every_slot_is_due_exactly_once(
    brand: Brand, start: datetime, cuts: list[int], zone: ZoneInfo
) -> None:
    end = start + timedelta(days=5)
    moments = [start, *(start + timedelta(seconds=cut) for cut in sorted(cuts)), end]
    ctx = context_at(brand, end, zone)

    in_steps = [item for a, b in pairwise(moments) for item in due(ctx, a, b)]

    assert sorted(in_steps) == sorted(due(ctx, start, end))
    assert len(in_steps) == len(set(in_steps))
    assert all(start < at <= end for _, _, at in in_steps)


@given(INSTANTS)
@settings(max_examples=40, deadline=None)
def test_slots_are_at_the_local_time_the_brand_wrote_on_each_day(brand: Brand, start: datetime) -> None:
    ctx = context_at(brand, start + timedelta(days=3), SHANGHAI)

    for post_id, _, at in due(ctx, start, ctx.now):
        post: Post = brand.posts[post_id]
        assert at.astimezone(SHANGHAI).strftime("%H:%M") == post.at
        assert at.astimezone(SHANGHAI).isoweekday() in post.weekdays


def test_a_month_away_looks_back_a_week_only(brand: Brand) -> None:
    now = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)
    ctx = context_at(brand, now, SHANGHAI)

    found = due(ctx, now - timedelta(days=30), now)

    assert min(at for _, _, at in found) > now - timedelta(days=9)
