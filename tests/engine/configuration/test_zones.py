"""Every time zone there is can be counted by, through its changes of the clock."""

from datetime import UTC, date, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest

from engine.sla.calendar import compile_calendar, from_us
from schemas.configuration import Calendar

WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def calendar(zone: str, hours: str) -> Calendar:
    week = {day: [hours] for day in WEEK}
    return Calendar.model_validate({"id": zone, "version": 1, "timezone": zone, "week": week})


def test_a_calendar_that_is_always_open_loses_and_doubles_no_second_in_any_zone() -> None:
    wrong = []
    for zone in sorted(available_timezones() - {"localtime"}):
        year = compile_calendar(calendar(zone, "00:00-24:00")).year(2026)
        joined = all(end == start for end, start in zip(year.ends, year.starts[1:], strict=False))
        if not joined or year.total != year.end - year.begin:
            wrong.append(zone)

    assert wrong == []


@pytest.mark.parametrize(
    ("zone", "day", "hours", "opened"),
    [
        ("Europe/London", date(2026, 3, 29), "00:00-24:00", 23.0),  # spring forward
        ("Europe/London", date(2026, 10, 25), "00:00-24:00", 25.0),  # fall back
        ("Europe/London", date(2026, 3, 29), "01:00-02:00", 0.0),  # skipped whole
        ("Europe/London", date(2026, 3, 29), "01:30-03:00", 1.0),  # its begin is the instant of the jump
        ("Europe/London", date(2026, 10, 25), "01:00-02:00", 2.0),  # from the first 01:00 to the only 02:00
        ("Australia/Lord_Howe", date(2026, 4, 5), "00:00-24:00", 24.5),  # half an hour
        ("America/Santiago", date(2026, 9, 6), "00:00-24:00", 23.0),  # midnight itself is skipped
        ("Pacific/Apia", date(2011, 12, 29), "00:00-24:00", 24.0),
        ("Pacific/Apia", date(2011, 12, 30), "00:00-24:00", 0.0),  # a day that never was
    ],
)
def test_a_day_has_the_open_time_that_passed_in_it(zone: str, day: date, hours: str, opened: float) -> None:
    compiled = compile_calendar(calendar(zone, hours))
    year = compiled.year(day.year)
    spans = [
        (from_us(start), from_us(end))
        for start, end in zip(year.starts, year.ends, strict=True)
        if from_us(start).astimezone(ZoneInfo(zone)).date() == day
    ]

    assert sum((end - start for start, end in spans), timedelta()) == timedelta(hours=opened)
    assert all(start.tzinfo is UTC for start, _ in spans)
