"""When is it open: a calendar compiled year by year into sorted instants with running sums.

Instants are whole microseconds since 1970-01-01T00:00Z, days are ordinals of local dates.
A skipped local time is the instant of the jump, a repeated one its first occurrence.
"""

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import accumulate
from typing import Final
from zoneinfo import ZoneInfo

from schemas.configuration.calendar import DAY_MINUTES, Calendar, Interval

MICROSECOND: Final = timedelta(microseconds=1)
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
FIRST_YEAR: Final = 1900
LAST_YEAR: Final = 2400
"""No term is counted outside of these years; a calendar that would need it is wrong."""
_MINUTE: Final = 60_000_000
_MEAN_YEAR: Final = 31_556_952_000_000


class BeyondCalendar(ValueError):
    """A term would begin or end outside of the years that can be counted."""

    def __init__(self, calendar: str, year: int) -> None:
        self.calendar = calendar
        self.year = year
        super().__init__(f"calendar '{calendar}': a term reaches the year {year}, beyond {FIRST_YEAR} to {LAST_YEAR}")


def to_us(instant: datetime) -> int:
    """Return an aware instant as microseconds since 1970 in UTC."""
    return (instant - EPOCH) // MICROSECOND


def from_us(us: int) -> datetime:
    """Return microseconds since 1970 as an instant in UTC."""
    return EPOCH + timedelta(0, 0, us)


@dataclass(frozen=True, slots=True)
class Year:
    """The open time of one local year, as parallel sorted tuples."""

    begin: int
    """00:00 of 1 January."""
    end: int
    starts: tuple[int, ...]
    ends: tuple[int, ...]
    open_until: tuple[int, ...]
    """Open time of the year up to the end of each interval."""
    days: tuple[int, ...]
    """Open days."""
    closings: tuple[int, ...]
    """The end of the last open interval of each open day."""

    @property
    def total(self) -> int:
        """Open time of the whole year."""
        return self.open_until[-1] if self.open_until else 0


@dataclass(frozen=True, slots=True, eq=False)
class OpenTime:
    """A compiled calendar. Years are laid out when first asked for and kept; nothing else ever changes."""

    id: str
    version: int
    zone: ZoneInfo
    week: tuple[tuple[Interval, ...], ...]
    special: Mapping[int, tuple[Interval, ...]]
    """Hours of holidays (none) and exceptional days, by ordinal."""
    covered_until: int | None
    _years: dict[int, Year] = field(default_factory=dict)

    def hours(self, day: int) -> tuple[Interval, ...]:
        """Return the open intervals of a local day."""
        return self.special[day] if day in self.special else self.week[(day - 1) % 7]

    def at(self, day: int, minute: int) -> int:
        """Return the instant of a local time; minute 1440 is the next day's 00:00."""
        return _instant(self.zone, day + minute // DAY_MINUTES, minute % DAY_MINUTES)

    def begin_of(self, day: int) -> int:
        """Return the instant at which a local day begins."""
        return _instant(self.zone, day, 0)

    def day_of(self, us: int) -> int:
        """Return the local date of an instant, as the clock on the wall reads."""
        return from_us(us).astimezone(self.zone).toordinal()

    def year(self, number: int) -> Year:
        """Return the layout of a local year.

        Raises:
            BeyondCalendar: the year is outside of those that can be counted.
        """
        found = self._years.get(number)
        if found is None:
            if not FIRST_YEAR <= number <= LAST_YEAR:
                raise BeyondCalendar(self.id, number)
            found = self._years.setdefault(number, _lay_out(self, number))
        return found

    def year_of(self, us: int) -> int:
        """Return the local year that an instant falls into.

        Raises:
            BeyondCalendar: the year is outside of those that can be counted.
        """
        number = min(max(FIRST_YEAR, 1970 + us // _MEAN_YEAR), LAST_YEAR)  # off by one at most, around the new year
        layout = self.year(number)
        if us < layout.begin:
            return number - 1
        return number + 1 if us >= layout.end else number


def compile_calendar(calendar: Calendar) -> OpenTime:
    """Return ``calendar`` ready to be asked. Its years are laid out when needed and kept for the next caller.

    Raises:
        ValueError: its holidays are not dates yet (``engine.configuration.activation.expanded``).
    """
    if calendar.public_holidays is not None:
        raise ValueError(f"calendar '{calendar.id}': its public holidays are not dates yet; expand it first")
    return _compiled(
        calendar.id,
        calendar.version,
        calendar.timezone,
        calendar.week.days(),
        calendar.holidays,
        tuple(sorted(calendar.exceptions.items())),
        calendar.covered_until,
    )


@lru_cache(maxsize=512)
def _compiled(
    id: str,
    version: int,
    zone: str,
    week: tuple[tuple[Interval, ...], ...],
    holidays: tuple[date, ...],
    exceptions: tuple[tuple[date, tuple[Interval, ...]], ...],
    covered_until: date | None,
) -> OpenTime:
    special: dict[int, tuple[Interval, ...]] = {day.toordinal(): () for day in holidays}
    special.update({day.toordinal(): hours for day, hours in exceptions})
    covered = None if covered_until is None else covered_until.toordinal()
    return OpenTime(id, version, ZoneInfo(zone), week, special, covered)


def _lay_out(calendar: OpenTime, number: int) -> Year:
    starts: list[int] = []
    ends: list[int] = []
    days: list[int] = []
    closings: list[int] = []
    first, after = date(number, 1, 1).toordinal(), date(number + 1, 1, 1).toordinal()
    for day in range(first, after):
        opened = _opened(calendar, day)
        if opened:
            days.append(day)
            closings.append(opened[-1][1])
        for start, end in opened:
            starts.append(start)
            ends.append(end)
    lengths = (end - start for start, end in zip(starts, ends, strict=True))
    return Year(
        begin=calendar.begin_of(first),
        end=calendar.begin_of(after),
        starts=tuple(starts),
        ends=tuple(ends),
        open_until=tuple(accumulate(lengths)),
        days=tuple(days),
        closings=tuple(closings),
    )


def _opened(calendar: OpenTime, day: int) -> list[tuple[int, int]]:
    """Return the open intervals of a day as instants; one that falls into a jump of the clock is none."""
    hours = calendar.hours(day)
    if not hours:
        return []
    begin, end = calendar.begin_of(day), calendar.begin_of(day + 1)
    if end - begin == DAY_MINUTES * _MINUTE:  # the clock did not change
        return [(begin + one.start * _MINUTE, begin + one.end * _MINUTE) for one in hours]
    opened = [(calendar.at(day, one.start), calendar.at(day, one.end)) for one in hours]
    return [(start, stop) for start, stop in opened if start < stop]


def _instant(zone: ZoneInfo, day: int, minute: int) -> int:
    local = datetime.combine(date.fromordinal(day), time(minute // 60, minute % 60), tzinfo=zone)
    offset, later = local.utcoffset(), local.replace(fold=1).utcoffset()
    if offset is None or later is None:
        raise ValueError(f"zone '{zone.key}' states no offset from UTC")
    wall = (local.replace(tzinfo=UTC) - EPOCH) // MICROSECOND
    if later > offset:  # the time is skipped: before the jump it would have been read with `offset`
        return _jump(zone, wall - later // MICROSECOND, wall - offset // MICROSECOND)
    return wall - offset // MICROSECOND


def _jump(zone: ZoneInfo, before: int, after: int) -> int:
    """Return the first instant in (before, after] with the offset that holds at ``after``."""
    offset = from_us(after).astimezone(zone).utcoffset()
    seconds = range(before // 1_000_000 + 1, after // 1_000_000 + 1)
    index = bisect_left(
        seconds,
        1,
        key=lambda second: int(from_us(second * 1_000_000).astimezone(zone).utcoffset() == offset),
    )
    return seconds[index] * 1_000_000


def is_open_day(calendar: OpenTime, day: int) -> bool:
    """Whether a local day has any open time."""
    layout = calendar.year(date.fromordinal(day).year)
    index = bisect_left(layout.days, day)
    return index < len(layout.days) and layout.days[index] == day
