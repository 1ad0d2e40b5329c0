"""When is it due: a target, a start and the pauses between make one instant.

Instants are microseconds since 1970 in UTC, days ordinals of local dates. A pause is
[begin, end), sorted, not overlapping, cut at the instant up to which it is known.

Where a target names a time of day (``by``, in minutes of the local day), each of its open days ends
then, or at its last closing where that comes first; all else is as for working days.
"""

from collections.abc import Sequence
from datetime import date
from typing import Literal, assert_never

from engine.sla.calendar import OpenTime, is_open_day
from engine.sla.worktime import add_open, closings_between, count_open, nth_open_day, open_days_between
from schemas.configuration.policy import Target, Unit

Pause = tuple[int, int]
Roll = Literal["none", "next", "previous"]
_MINUTE = 60_000_000
_HOUR = 60 * _MINUTE


def duration(target: Target) -> int:
    """Return a target of hours or minutes in microseconds of its own time."""
    return target.amount * (_HOUR if target.unit.endswith("hours") else _MINUTE)


def days_of(target: Target, start_day: int) -> int:
    """Return how many days a target of days has from ``start_day``: open days for working days, else dates."""
    match target.unit:
        case "working days":
            return max(1, target.amount)
        case "calendar days":
            return target.amount
        case "weeks":
            return 7 * target.amount
        case "months":
            return _months_on(start_day, target.amount) - start_day
        case "minutes" | "hours" | "working minutes" | "working hours":
            raise ValueError(f"a target of {target.unit} has no days")
    assert_never(target.unit)


def counts_after(calendar: OpenTime, target: Target, start: int, day: int) -> int:
    """Return the day after which a target of days counts, for a start on ``day``: that day itself never counts.

    The one exception is ``same working day by``: it counts, if it is open and its time has not come yet.
    """
    if target.amount or start >= end_of_day(calendar, target.unit, day, target.by):
        return day
    return day - 1


def _months_on(day: int, months: int) -> int:
    start = date.fromordinal(day)
    month = start.month - 1 + months
    year, month = start.year + month // 12, month % 12 + 1
    next_month = date(year + month // 12, month % 12 + 1, 1).toordinal()
    return min(date(year, month, 1).toordinal() + start.day, next_month) - 1


def own_time(calendar: OpenTime, unit: Unit, start: int, end: int) -> int:
    """Return [start, end) in a clock's own time: open time for working targets, else real time; never negative."""
    if unit.startswith("working"):
        return count_open(calendar, start, end)
    return max(0, end - start)


def add_own(calendar: OpenTime, unit: Unit, start: int, amount: int) -> int:
    """Return the first instant by which ``amount`` of a clock's own time has passed since ``start``."""
    if unit.startswith("working"):
        return add_open(calendar, start, amount)
    return start + max(0, amount)


def due_after_time(calendar: OpenTime, unit: Unit, start: int, amount: int, pauses: Sequence[Pause]) -> int:
    """Return when ``amount`` of own time outside of the pauses has passed; pauses after that do not matter."""
    cursor, left = start, amount
    for begin, end in pauses:
        if end <= cursor:
            continue
        used = own_time(calendar, unit, cursor, begin)
        if used >= left:
            break
        left -= used
        cursor = end
    return add_own(calendar, unit, cursor, left)


def end_of_day(calendar: OpenTime, unit: Unit, day: int, by: int | None = None) -> int:
    """Return when a counted day ends: a working day at its last closing, or ``by`` before; any other at 24:00."""
    if unit != "working days" or not is_open_day(calendar, day):
        return calendar.begin_of(day + 1)
    return _end_of_open_day(calendar, day, nth_open_day(calendar, day - 1, 1)[1], by)


def _end_of_open_day(calendar: OpenTime, day: int, closing: int, by: int | None) -> int:
    return closing if by is None else min(closing, calendar.at(day, by))


def nth_day(calendar: OpenTime, unit: Unit, start_day: int, count: int) -> int:
    """Return the ``count``-th day after ``start_day`` that the unit counts; ``start_day`` itself for 0."""
    if count <= 0:
        return start_day
    return nth_open_day(calendar, start_day, count)[0] if unit == "working days" else start_day + count


def day_ends_between(calendar: OpenTime, unit: Unit, start: int, end: int, by: int | None = None) -> int:
    """Return how many counted days end in [start, end)."""
    if end <= start:
        return 0
    if unit != "working days":
        return _first_day_ending_at(calendar, end) - _first_day_ending_at(calendar, start)
    if by is None:
        return closings_between(calendar, start, end)
    return open_days_between(
        calendar, _first_open_day_ending_at(calendar, start, by), _first_open_day_ending_at(calendar, end, by)
    )


def _first_day_ending_at(calendar: OpenTime, us: int) -> int:
    """Return the first day whose 24:00 is not before ``us``."""
    day = calendar.day_of(us) - 2  # a date that a zone skipped and the one before it end together
    while calendar.begin_of(day + 1) < us:
        day += 1
    return day


def _first_open_day_ending_at(calendar: OpenTime, us: int, by: int) -> int:
    """Return the first open day that does not end before ``us``."""
    day = calendar.day_of(us) - 2
    while True:
        day, closing = nth_open_day(calendar, day, 1)
        if _end_of_open_day(calendar, day, closing, by) >= us:
            return day


def end_day(
    calendar: OpenTime, unit: Unit, start_day: int, count: int, pauses: Sequence[Pause], by: int | None = None
) -> int:
    """Return the ``count``-th day after ``start_day`` at whose end no pause holds. Later pauses do not matter."""
    day = nth_day(calendar, unit, start_day, count)
    if not pauses:
        return day
    for begin, end in pauses:
        if begin > end_of_day(calendar, unit, day, by):
            break
        skipped = _day_ends_after(calendar, unit, start_day, (begin, end), by)
        day = nth_day(calendar, unit, day, skipped)
    return day


def _day_ends_after(calendar: OpenTime, unit: Unit, start_day: int, pause: Pause, by: int | None) -> int:
    """Return how many counted days after ``start_day`` end within a pause.

    Told by dates, not by instants: a date that a zone skipped ends when the one before it does.
    """
    begin, end = pause
    if unit == "working days":
        return day_ends_between(calendar, unit, max(begin, end_of_day(calendar, unit, start_day, by) + 1), end, by)
    return max(0, _first_day_ending_at(calendar, end) - max(_first_day_ending_at(calendar, begin), start_day + 1))


def rolled(calendar: OpenTime, roll: Roll, first: int, day: int) -> int:
    """Return the end day moved off a closed one; never back before ``first``, the date from which time counts."""
    if roll == "none" or is_open_day(calendar, day):
        return day
    if roll == "next":
        return nth_open_day(calendar, day, 1)[0]
    for earlier in range(day - 1, first - 1, -1):
        if is_open_day(calendar, earlier):
            return earlier
    return day


def day_due(calendar: OpenTime, instant: int) -> int:
    """Return the date that a due belongs to: 24:00 is still the day that it ends."""
    return calendar.day_of(instant - 1)
