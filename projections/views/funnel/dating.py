"""On which day of the business unit something happened, and how much working time went by.

Where only the day is known, it is that day. An instant belongs to the day in the zone of the calendar
that was pinned to the case first, which is that of its business unit; where none was pinned, in the zone
of the receipt, else in UTC. The first one stays, so that a case moved elsewhere leaves past buckets alone.
Working time is counted by the calendar that was pinned last, as its clocks are.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from engine.sla.calendar import OpenTime
from projections.answers import day_of
from projections.views import pins
from projections.views.funnel.tables import CaseRow, Passage


def dated(
    row: CaseRow, passages: Sequence[Passage], calendars: Mapping[pins.Pin, OpenTime]
) -> tuple[CaseRow, list[Passage]]:
    """Return the rows of a case with their days and their working time."""
    zone = pins.zone(calendars, row.zone_calendar, row.zone_calendar_version) or row.received_zone or "UTC"
    open_time = pins.calendar(calendars, row.calendar, row.calendar_version)
    row = row._replace(zone=zone, received_on=_on(row.received_at, row.received_day, zone))
    return row, [_passage(one, zone, open_time) for one in passages]


def _passage(one: Passage, zone: str, open_time: OpenTime | None) -> Passage:
    return one._replace(
        worked_seconds=pins.worked(open_time, one.spans()),
        entered_on=_on(one.entered_at, one.entered_day, zone),
        left_on=None if one.left_at is None else _on(one.left_at, one.left_day, zone),
    )


def _on(at: datetime, day: date | None, zone: str) -> date:
    return day or day_of(at, zone)
