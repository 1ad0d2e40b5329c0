"""Calendar arithmetic by walking: local days one by one, open spans one by one, nothing clever.

Written from the text of the rules alone, so that the engine's arithmetic has something to be compared with
that shares no line with it. A span is two instants in UTC, the second one outside of it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

Span = tuple[datetime, datetime]
NAMES = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
TICK = timedelta(microseconds=1)
DAY = timedelta(days=1)
PATIENCE = 40_000
"""Days after which a walk that finds nothing is given up."""


class WallCalendar:
    """A calendar as a plain file states it, asked day by day."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.zone = ZoneInfo(document["timezone"])
        self._week = {name: _intervals(document["week"].get(name, ())) for name in NAMES}
        self._holidays = {_date(day) for day in document.get("holidays", ())}
        self._exceptions = {_date(day): _intervals(hours) for day, hours in document.get("exceptions", {}).items()}
        self._known: dict[date, list[Span]] = {}

    def instant(self, wall: datetime) -> datetime:
        """Return when clocks there first show ``wall``; the instant of the jump where they never do."""
        return _instant(self.zone, wall)

    def day_of(self, instant: datetime) -> date:
        return _shown(self.zone, instant).date()

    def end_of(self, day: date) -> datetime:
        """Return 24:00 of a day."""
        return self.instant(datetime.combine(day + DAY, time()))

    def spans(self, day: date) -> list[Span]:
        """Return what is open on a day; an exception wins over a holiday, both over the week."""
        if day not in self._known:
            listed = self._week[NAMES[day.weekday()]]
            if day in self._holidays:
                listed = []
            listed = self._exceptions.get(day, listed)
            midnight = datetime.combine(day, time())
            walls = [(self.instant(midnight + begin), self.instant(midnight + end)) for begin, end in listed]
            self._known[day] = sorted((begin, end) for begin, end in walls if begin < end)
        return self._known[day]

    def opening_from(self, instant: datetime) -> Iterator[Span]:
        """Yield all that is open from an instant on."""
        day = self.day_of(instant) - 2 * DAY
        for _ in range(PATIENCE):
            yield from ((max(begin, instant), end) for begin, end in self.spans(day) if end > instant)
            day += DAY

    def open_between(self, begin: datetime, end: datetime) -> list[Span]:
        """Return what is open between two instants."""
        days = (end - begin).days + 5
        first = self.day_of(begin) - 2 * DAY
        return clip((span for n in range(days + 1) for span in self.spans(first + n * DAY)), begin, end)


@lru_cache(maxsize=100_000)
def _instant(zone: ZoneInfo, wall: datetime) -> datetime:
    """Walked for once: thousands of cases pass the same midnights."""
    early, late = (wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if _shown(zone, early) == wall:
        return early
    before, reached = min(early, late), max(early, late)
    while reached - before > TICK:
        middle = before + (reached - before) // 2
        before, reached = (before, middle) if _shown(zone, middle) >= wall else (middle, reached)
    return reached


def _shown(zone: ZoneInfo, instant: datetime) -> datetime:
    return instant.astimezone(zone).replace(tzinfo=None, fold=0)


def clip(spans: Iterable[Span], begin: datetime, end: datetime) -> list[Span]:
    """Return the parts of ``spans`` between two instants."""
    cut = ((max(a, begin), min(b, end)) for a, b in spans)
    return [(a, b) for a, b in cut if a < b]


def joined(spans: Iterable[Span]) -> list[Span]:
    """Return in order what ``spans`` cover together, each instant once."""
    found: list[Span] = []
    for begin, end in sorted(spans):
        if found and begin <= found[-1][1]:
            found[-1] = found[-1][0], max(end, found[-1][1])
        else:
            found.append((begin, end))
    return found


def without(spans: Iterable[Span], pauses: Iterable[Span]) -> list[Span]:
    """Return the parts of ``spans`` that no pause covers."""
    left = list(spans)
    for begin, end in pauses:
        if begin < end:
            parts = (part for a, b in left for part in ((a, min(b, begin)), (max(a, end), b)))
            left = [(a, b) for a, b in parts if a < b]
    return left


def length(spans: Iterable[Span]) -> timedelta:
    """Return how long spans last together."""
    return sum((end - begin for begin, end in spans), timedelta())


def reach(spans: Iterable[Span], begin: datetime, amount: timedelta, pauses: Sequence[Span]) -> datetime:
    """Return the first instant at which ``amount`` of unpaused time in ``spans`` has passed."""
    if not amount:
        return begin
    for span in spans:
        for a, b in without([span], pauses):
            if amount <= b - a:
                return a + amount
            amount -= b - a
    raise AssertionError("nothing is ever open")


def months_on(day: date, months: int) -> date:
    """Return the same day some months on, or that month's last."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = (date(year + (month == 11), (month + 1) % 12 + 1, 1) - DAY).day
    return date(year, month + 1, min(day.day, last))


def _intervals(listed: Iterable[str]) -> list[tuple[timedelta, timedelta]]:
    return [(_clock(begin), _clock(end)) for begin, end in (text.split("-") for text in listed)]


def _clock(text: str) -> timedelta:
    hours, minutes = text.split(":")
    return timedelta(hours=int(hours), minutes=int(minutes))


def _date(value: object) -> date:
    return value if isinstance(value, date) else date.fromisoformat(str(value))
