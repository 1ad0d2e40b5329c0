"""Which calendar a case is measured by: the one that its promises pin, never what is in force now.

A case has a calendar for each of its clocks. The one that stands for the case is that of
``total_resolution``, else of ``resolution``, else of the first clock named.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from engine.sla.calendar import BeyondCalendar, OpenTime, to_us
from engine.sla.worktime import count_open
from schemas.complaint.clocks import SlaApplied

Pin = tuple[str, int]
"""Id and version of a calendar."""

_STANDS_FOR_THE_CASE: Final = ("total_resolution", "resolution")
_SECOND: Final = 1_000_000


def of(event: SlaApplied) -> Pin:
    """Return the calendar that stands for the case; the event must name a clock."""
    by_kind = {clock.kind: clock for clock in reversed(event.clocks)}
    found = next((by_kind[kind] for kind in _STANDS_FOR_THE_CASE if kind in by_kind), event.clocks[0])
    return found.calendar, found.calendar_version


def calendar(calendars: Mapping[Pin, OpenTime], id: str | None, version: int | None) -> OpenTime | None:
    """Return a pinned calendar ready to be asked; None where none is pinned."""
    return None if id is None or version is None else calendars[id, version]


def zone(calendars: Mapping[Pin, OpenTime], id: str | None, version: int | None) -> str | None:
    """Return the IANA name of the zone of a pinned calendar; None where none is pinned."""
    found = calendar(calendars, id, version)
    return None if found is None else found.zone.key


def worked(open_time: OpenTime | None, spans: Iterable[tuple[datetime, datetime]]) -> float | None:
    """Return the open time in these spans, in seconds; None without a calendar or beyond the years it counts."""
    if open_time is None:
        return None
    try:
        return sum(count_open(open_time, to_us(start), to_us(end)) for start, end in spans) / _SECOND
    except BeyondCalendar:
        return None
