"""Add open time to an instant and count it between two: a binary search each, plus one step per year crossed.

Exact to the microsecond. Instants are microseconds since 1970 in UTC, durations microseconds.
"""

from bisect import bisect_left, bisect_right
from datetime import date, datetime, timedelta

from engine.sla.calendar import MICROSECOND, OpenTime, Year, from_us, to_us


def count_open(calendar: OpenTime, start: int, end: int) -> int:
    """Return the open time in [start, end), 0 if ``end`` is not after ``start``.

    Raises:
        BeyondCalendar: an instant is outside of the years that can be counted.
    """
    if end <= start:
        return 0
    first = calendar.year_of(start)
    layout = calendar.year(first)
    if end < layout.end:
        return _open_until(layout, end) - _open_until(layout, start)
    last = calendar.year_of(end)
    between = sum(calendar.year(number).total for number in range(first, last))
    return between + _open_until(calendar.year(last), end) - _open_until(layout, start)


def add_open(calendar: OpenTime, start: int, amount: int) -> int:
    """Return the first instant by which ``amount`` (not negative) of open time has passed since ``start``.

    Nothing to add leaves ``start``; time that ends with an interval ends at its closing, not at the next opening.

    Raises:
        BeyondCalendar: the calendar is not open that much in the years that can be counted.
    """
    if amount <= 0:
        return start
    number = calendar.year_of(start)
    layout = calendar.year(number)
    needed = _open_until(layout, start) + amount
    while needed > layout.total:
        needed -= layout.total
        number += 1
        layout = calendar.year(number)
    index = bisect_left(layout.open_until, needed)
    return layout.ends[index] - (layout.open_until[index] - needed)


def _open_until(layout: Year, us: int) -> int:
    index = bisect_right(layout.starts, us) - 1
    if index < 0:
        return 0
    left = layout.ends[index] - us
    return layout.open_until[index] - left if left > 0 else layout.open_until[index]


def nth_open_day(calendar: OpenTime, day: int, count: int) -> tuple[int, int]:
    """Return the ``count``-th open day after local ``day`` and its last closing; ``count`` is at least 1.

    Raises:
        BeyondCalendar: the calendar has not that many open days in the years that can be counted.
    """
    number = date.fromordinal(day).year
    wanted = bisect_right(calendar.year(number).days, day) + count - 1
    while wanted >= len(calendar.year(number).days):
        wanted -= len(calendar.year(number).days)
        number += 1
    layout = calendar.year(number)
    return layout.days[wanted], layout.closings[wanted]


def closings_between(calendar: OpenTime, start: int, end: int) -> int:
    """Return how many open days have their last closing in [start, end)."""
    if end <= start:
        return 0
    base = calendar.year_of(start) - 1
    return _closings_before(calendar, base, end) - _closings_before(calendar, base, start)


def _closings_before(calendar: OpenTime, base: int, us: int) -> int:
    """Count the closings before ``us`` of the days since the year ``base``."""
    number = calendar.year_of(us)
    whole = sum(len(calendar.year(earlier).days) for earlier in range(base, number))
    last_year = calendar.year(number - 1).closings
    # 31 December may close at 24:00, which is the first instant of the next year.
    at_midnight = 1 if last_year and last_year[-1] >= us else 0
    return whole + bisect_left(calendar.year(number).closings, us) - at_midnight


def open_days_between(calendar: OpenTime, first: int, last: int) -> int:
    """Return how many local days in [first, last) are open, 0 if ``last`` is not after ``first``."""
    if last <= first:
        return 0
    from_year, to_year = date.fromordinal(first).year, date.fromordinal(last).year
    whole = sum(len(calendar.year(number).days) for number in range(from_year, to_year))
    return whole + bisect_left(calendar.year(to_year).days, last) - bisect_left(calendar.year(from_year).days, first)


def working_time(calendar: OpenTime, start: datetime, end: datetime) -> timedelta:
    """Return the open time between two aware instants, 0 if ``end`` is not after ``start``."""
    return count_open(calendar, to_us(start), to_us(end)) * MICROSECOND


def add_working_time(calendar: OpenTime, start: datetime, amount: timedelta) -> datetime:
    """Return the instant, in UTC, by which ``amount`` of open time has passed since an aware ``start``."""
    return from_us(add_open(calendar, to_us(start), amount // MICROSECOND))
