"""The time of one clock piece by piece: what of it counted, what did not, and why. Walks day by day.

Slower than ``worktime`` and ``target``, and written apart from them, so that an explanation is a check as well.
Instants are microseconds since 1970 in UTC, days ordinals of local dates.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final, Literal

from engine.sla.calendar import OpenTime
from engine.sla.due import Term, instant_of
from engine.sla.judge import Counted
from engine.sla.marks import Entry
from engine.sla.target import Pause, end_of_day

Why = Literal["open", "exception", "real_time", "closed", "holiday", "paused", "between_cycles", "regular"]
DayWhy = Literal["counted", "closed", "holiday", "paused"]
LONG: Final = 40
"""More pieces than these are told together where nothing but regular hours lies between."""


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a clock's time that counted, or did not, for one reason."""

    begin: int
    end: int
    why: Why
    counted: int
    """Own time that counted."""
    ahead: bool = False
    """Behind the instant of judging or the end of the clock: told because the due lies there."""
    overdue: bool = False
    """Behind the due."""


@dataclass(frozen=True, slots=True)
class Days:
    """Dates in a row that a target of days counts, or does not, for one reason."""

    first: int
    last: int
    why: DayWhy


def spans(known: Counted) -> tuple[Span, ...]:
    """Return the time of a clock from its begin to its due or end, whichever is later, without a gap."""
    end = max(known.until, known.due)
    cuts = sorted({one for one in (known.until, known.due, known.term.start) if known.begin < one < end})
    found: list[Span] = []
    for begin, stop in pairwise([known.begin, *cuts, end]):
        for one in _pieces(known, begin, stop):
            _append(found, replace(one, ahead=begin >= known.until, overdue=begin >= known.due))
    return tuple(found)


def _append(found: list[Span], one: Span) -> None:
    """Join what follows for the same reason: a night, a weekend."""
    last = found[-1] if found else None
    if last is not None and (last.why, last.ahead, last.overdue, last.end) == (
        one.why, one.ahead, one.overdue, one.begin,
    ):  # fmt: skip
        found[-1] = replace(last, end=one.end, counted=last.counted + one.counted)
    else:
        found.append(one)


def _pieces(known: Counted, begin: int, end: int) -> Iterator[Span]:
    """Cut what the calendar says at the begin and end of every pause."""
    for start, stop, why in _by_calendar(known.term, begin, end):
        marks = {edge for pause in known.pauses for edge in pause if start < edge < stop}
        for first, last in pairwise(sorted({start, stop, *marks})):
            yield _piece(known, first, last, why)


def _piece(known: Counted, begin: int, end: int, why: Why) -> Span:
    opened = why in ("open", "exception", "real_time")
    if opened and any(start <= begin < stop for start, stop in known.pauses):
        waits = any(_at(known, one[0]) <= begin < _at(known, one[1]) for one in known.run.pauses)
        return Span(begin, end, "paused" if waits else "between_cycles", 0)
    return Span(begin, end, why, end - begin if opened else 0)


def _at(known: Counted, entry: Entry | None) -> int:
    return known.until + 1 if entry is None else instant_of(known.zone, entry)


def _by_calendar(term: Term, begin: int, end: int) -> Iterator[tuple[int, int, Why]]:
    if not term.unit.startswith("working"):
        yield begin, end, "real_time"
        return
    calendar = term.calendar
    # Where the clock goes back over midnight, the wall may still read the day before: one day more.
    for day in range(calendar.day_of(begin), calendar.day_of(end - 1) + 2):
        for start, stop, why in _day(calendar, day):
            if start < end and stop > begin:
                yield max(start, begin), min(stop, end), why


def _day(calendar: OpenTime, day: int) -> Iterator[tuple[int, int, Why]]:
    """Yield a local day as open and closed pieces."""
    cursor = calendar.begin_of(day)
    off: Why = "holiday" if is_holiday(calendar, day) else "closed"
    on: Why = "exception" if day in calendar.special else "open"
    for hours in calendar.hours(day):
        start, stop = calendar.at(day, hours.start), calendar.at(day, hours.end)
        if cursor < start:
            yield cursor, start, off
        if start < stop:
            yield start, stop, on
        cursor = max(cursor, stop)
    if cursor < calendar.begin_of(day + 1):
        yield cursor, calendar.begin_of(day + 1), off


def is_holiday(calendar: OpenTime, day: int) -> bool:
    """Whether a day is closed by its date though its weekday is open."""
    return day in calendar.special and not calendar.special[day] and bool(calendar.week[(day - 1) % 7])


def condensed(found: Sequence[Span]) -> tuple[Span, ...]:
    """Return the same time in fewer pieces where there are many; holidays, exceptions and pauses stay apart."""
    if len(found) <= LONG:
        return tuple(found)
    shorter: list[Span] = []
    for one in found:
        _append(shorter, replace(one, why="regular") if one.why in ("open", "closed") else one)
    return tuple(shorter)


def due_by_time(known: Counted, found: Sequence[Span]) -> int | None:
    """Return where the target's time is used up by these pieces; None if they do not reach that far."""
    left = known.term.left
    if left <= 0:
        return known.term.start
    for one in found:
        begin = max(one.begin, known.term.start)
        if one.counted == 0 or one.end <= begin:
            continue
        if one.end - begin >= left:
            return begin + left
        left -= one.end - begin
    return None


def days(term: Term, pauses: Sequence[Pause]) -> tuple[Days, ...]:
    """Return the dates after the start up to the last one that counts."""
    found: list[Days] = []
    left, day = term.left, term.start_day
    while left > 0:
        day += 1
        why = _why_day(term, day, pauses)
        left -= why == "counted"
        if found and found[-1].why == why:
            found[-1] = replace(found[-1], last=day)
        else:
            found.append(Days(day, day, why))
    return tuple(found)


def _why_day(term: Term, day: int, pauses: Sequence[Pause]) -> DayWhy:
    if term.unit == "working days" and not _opens(term.calendar, day):
        return "holiday" if is_holiday(term.calendar, day) else "closed"
    end = end_of_day(term.calendar, term.unit, day, term.by)
    return "paused" if any(begin <= end < stop for begin, stop in pauses) else "counted"


def _opens(calendar: OpenTime, day: int) -> bool:
    return any(why in ("open", "exception") for _, _, why in _day(calendar, day))
