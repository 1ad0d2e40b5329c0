"""Calendar: when it is open, in local time of one zone, with holidays and exceptional days by date."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import pairwise
from typing import Annotated, NamedTuple, Self
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
    model_validator,
)  # fmt: skip

from schemas.words import Code

_INTERVAL = re.compile(r"(\d{2}):(\d{2})-(\d{2}):(\d{2})")
_PATTERN = r"^([01]\d|2[0-3]):[0-5]\d-(([01]\d|2[0-3]):[0-5]\d|24:00)$"
DAY_MINUTES = 24 * 60


class Interval(NamedTuple):
    """Open from ``start`` up to ``end``, in minutes of the local day; 1440 is the day's end."""

    start: int
    end: int

    def __str__(self) -> str:
        return f"{_clock(self.start)}-{_clock(self.end)}"


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def _interval(value: object) -> Interval:
    if isinstance(value, Interval):
        return value
    found = _INTERVAL.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError("write an interval as 'HH:MM-HH:MM', for example '09:00-18:00'")
    hour, minute, end_hour, end_minute = (int(part) for part in found.groups())
    start, end = hour * 60 + minute, end_hour * 60 + end_minute
    if minute > 59 or end_minute > 59 or start >= DAY_MINUTES or end > DAY_MINUTES:
        raise ValueError("there is no such time of day; hours go from 00 to 23, and an end may be 24:00")
    if start == end:
        raise ValueError("it ends when it starts; leave it out, or write 00:00-24:00 for a whole day")
    if start > end:
        raise ValueError("it runs over midnight; end it at 24:00 and begin the next day at 00:00")
    return Interval(start, end)


def _in_order(intervals: Sequence[Interval]) -> tuple[Interval, ...]:
    ordered = tuple(sorted(intervals))
    for before, after in pairwise(ordered):
        if after.start < before.end:
            raise ValueError(f"{before} and {after} overlap; join them or move one")
    return ordered


OpenInterval = Annotated[
    Interval, BeforeValidator(_interval), PlainSerializer(str), WithJsonSchema({"type": "string", "pattern": _PATTERN})
]
Hours = Annotated[tuple[OpenInterval, ...], AfterValidator(_in_order)]
"""The open intervals of one day in order; none means closed."""


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (LookupError, ValueError, OSError) as error:
        raise ValueError("there is no such time zone; use an IANA name such as 'Europe/Moscow' or 'UTC'") from error
    return name


class Week(BaseModel):
    """The regular week; a weekday left out is closed."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    mon: Hours = ()
    tue: Hours = ()
    wed: Hours = ()
    thu: Hours = ()
    fri: Hours = ()
    sat: Hours = ()
    sun: Hours = ()

    def days(self) -> tuple[tuple[Interval, ...], ...]:
        """Return the seven days, Monday first."""
        return (self.mon, self.tue, self.wed, self.thu, self.fri, self.sat, self.sun)


class PublicHolidays(BaseModel):
    """Holidays of a country, as the library ``holidays`` knows them; an activation turns them into dates."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
    """ISO 3166-1, such as GB."""
    subdivision: Annotated[str, Field(min_length=1, max_length=40)] | None = None
    """State, province or region by the library's code, such as ENG; absent: the whole country's days alone."""
    years: Annotated[tuple[Annotated[int, Field(ge=1970, le=2200)], ...], Field(min_length=1)]
    moved_workdays: Hours = ()
    """Hours of the weekend days that are working days by decree, where the country moves days."""


class Calendar(BaseModel):
    """When it is open. Times are local in ``timezone``; unknown keys are refused.

    An exception gives a date its own hours, whatever weekday or holiday it is: a short day,
    a working Saturday moved by decree, or none (closed). A term that ends after
    ``covered_until`` is provisional, since later holidays are not known yet.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    id: Code
    version: Annotated[int, Field(ge=1)]
    timezone: Annotated[str, AfterValidator(_known_zone)]
    week: Week
    holidays: tuple[date, ...] = ()
    exceptions: Mapping[date, Hours] = Field(default_factory=dict)
    public_holidays: PublicHolidays | None = None
    """Only in a file: what an activation stores holds their dates instead."""
    covered_until: date | None = None
    applies_to_open: bool = False
    """This version re-dates the clocks that run by an earlier one; otherwise it holds for new complaints."""
    source: str | None = None
    """Where its rules come from, for people."""

    @model_validator(mode="after")
    def _can_be_counted_by(self) -> Self:
        if problems := list(self._problems()):
            raise ValueError("\n".join(problems))
        return self

    def _problems(self) -> Iterator[str]:
        if not any(self.week.days()):
            yield "week: no weekday is open, so no working time would ever pass; open at least one"
        for day in sorted({*self.holidays, *self.exceptions}):
            if self.covered_until is not None and day > self.covered_until:
                yield f"covered_until: {self.covered_until} is before {day}; move it there or later"
        if self.public_holidays is None or self.covered_until is None:
            return
        last = max(self.public_holidays.years)
        if self.covered_until.year > last:
            yield f"covered_until: the holidays end with {last}; add years to them, or move it to {last}-12-31"
