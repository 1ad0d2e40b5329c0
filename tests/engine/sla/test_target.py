"""Terms of days and of time end where one ends up who counts day by day and minute by minute."""

from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import get_args
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from engine.sla.calendar import compile_calendar, from_us, is_open_day, to_us
from engine.sla.target import Roll, counts_after, days_of, due_after_time, end_day, end_of_day, own_time, rolled
from schemas.configuration.calendar import Calendar
from schemas.configuration.policy import Target, Unit

HOUR = 3_600_000_000


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    days = draw(st.sets(st.sampled_from(["mon", "tue", "wed", "thu", "fri", "sat", "sun"]), min_size=1))
    hours = draw(st.sampled_from([["09:00-13:00", "14:00-18:00"], ["00:00-24:00"], ["22:00-24:00"]]))
    start = date(2024, 3, 1)
    return Calendar.model_validate(
        {
            "id": "x",
            "version": 1,
            "timezone": draw(st.sampled_from(["UTC", "America/New_York", "Europe/Rome", "Asia/Kolkata"])),
            "week": dict.fromkeys(days, hours),
            "holidays": draw(st.lists(st.integers(0, 30).map(lambda n: start + timedelta(days=n)), max_size=4)),
        }
    )


@st.composite
def pauses(draw: st.DrawFn) -> list[tuple[int, int]]:
    """Pauses in March 2024 (clocks change in New York and in Rome), on the hour, so that they meet closings."""
    edges = sorted(draw(st.sets(st.integers(0, 24 * 40), max_size=8)))
    base = to_us(datetime(2024, 3, 1, tzinfo=ZoneInfo("UTC")))
    return [(base + a * HOUR, base + b * HOUR) for a, b in zip(edges[::2], edges[1::2], strict=False)]


@settings(max_examples=300, deadline=None)
@given(calendars(), st.sampled_from(["working days", "calendar days"]), pauses(), st.integers(0, 9), st.integers(1, 12))
def test_days_are_counted_that_do_not_end_in_a_pause(
    calendar: Calendar, unit: Unit, waits: list[tuple[int, int]], offset: int, count: int
) -> None:
    compiled = compile_calendar(calendar)
    start = date(2024, 3, 3).toordinal() + offset

    day, left = start, count
    while left:
        day += 1
        if unit == "working days" and not is_open_day(compiled, day):
            continue
        end = end_of_day(compiled, unit, day)
        if not any(begin <= end < stop for begin, stop in waits):
            left -= 1

    assert end_day(compiled, unit, start, count, waits) == day


def oracle_end(calendar: Calendar, day: date, by: int) -> int | None:
    """When an open day ends that is counted up to a time of day; None where it is closed."""
    hours = () if day in calendar.holidays else calendar.week.days()[day.weekday()]
    if not hours:
        return None
    minute = min(by, hours[-1].end)
    midnight = datetime.combine(day, time(), tzinfo=ZoneInfo(calendar.timezone))
    wall = midnight.replace(tzinfo=None) + timedelta(minutes=minute)
    return to_us(wall.replace(tzinfo=ZoneInfo(calendar.timezone)))


@settings(max_examples=300, deadline=None)
@given(
    calendars(), pauses(), st.integers(0, 9), st.integers(0, 24 * 60 - 1), st.integers(0, 12), st.integers(1, 24 * 4)
)
def test_days_are_counted_that_are_not_paused_at_a_time_of_day(
    calendar: Calendar, waits: list[tuple[int, int]], offset: int, minute: int, count: int, quarter: int
) -> None:
    """Clocks change at 02:00 and 03:00 on Sundays, where a local time may be none; all others here are one."""
    by = quarter * 15
    assume(not 120 <= by < 240)
    compiled = compile_calendar(calendar)
    first = date(2024, 3, 3) + timedelta(days=offset)
    start = compiled.at(first.toordinal(), minute)
    waits = [(begin, end) for begin, end in waits if begin >= start]
    ends = ((first + timedelta(days=n), oracle_end(calendar, first + timedelta(days=n), by)) for n in range(400))
    counted = (
        end
        for day, end in ends
        if end is not None
        and (day > first or (count == 0 and end > start))
        and not any(begin <= end < stop for begin, stop in waits)
    )

    target = Target(count, "working days", by)
    after = counts_after(compiled, target, start, first.toordinal())
    day = end_day(compiled, "working days", after, days_of(target, first.toordinal()), waits, by)

    assert from_us(end_of_day(compiled, "working days", day, by)) == from_us(
        next(islice(counted, max(0, count - 1), None))
    )


@settings(max_examples=200, deadline=None)
@given(calendars(), st.sampled_from(["working hours", "hours"]), pauses(), st.integers(0, 200), st.integers(1, 40))
def test_time_is_counted_that_is_not_paused(
    calendar: Calendar, unit: Unit, waits: list[tuple[int, int]], offset: int, hours: int
) -> None:
    """All edges are on the half hour, so each half hour is used as a whole or not at all."""
    compiled = compile_calendar(calendar)
    step = HOUR // 2
    start = to_us(datetime(2024, 3, 2, tzinfo=ZoneInfo("UTC"))) + offset * HOUR

    moment, left = start, hours * 2
    while left:
        free = not any(begin <= moment < stop for begin, stop in waits)
        if free and own_time(compiled, unit, moment, moment + step) == step:
            left -= 1
        moment += step

    assert from_us(due_after_time(compiled, unit, start, hours * HOUR, waits)) == from_us(moment)


def test_months_end_on_the_same_day_or_the_last_of_the_month() -> None:
    start = date(2023, 10, 31)

    ends = [
        start + timedelta(days=days_of(Target(months, "months"), start.toordinal())) for months in (1, 2, 4, 12, 120)
    ]

    assert ends == [date(2023, 11, 30), date(2023, 12, 31), date(2024, 2, 29), date(2024, 10, 31), date(2033, 10, 31)]


@pytest.mark.parametrize(("roll", "expected"), [("none", 9), ("next", 11), ("previous", 8)])
def test_a_closed_end_day_moves_over_all_closed_days(roll: Roll, expected: int) -> None:
    week = {day: ["09:00-18:00"] for day in ("mon", "tue", "wed", "thu", "fri")}
    compiled = compile_calendar(Calendar.model_validate({"id": "x", "version": 1, "timezone": "UTC", "week": week}))
    saturday, monday = date(2024, 3, 9).toordinal(), date(2024, 3, 4).toordinal()

    assert roll in get_args(Roll)
    assert date.fromordinal(rolled(compiled, roll, monday, saturday)) == date(2024, 3, expected)
