"""What comes into force holds dates: no library and no file is asked again."""

from datetime import date
from typing import Any

import holidays
import pytest

from consumers.wiring import presets
from engine.configuration.activation import NoSuchHolidays, activation, expanded
from schemas.configuration import Calendar
from schemas.configuration.activated import ConfigurationActivated
from schemas.configuration.calendar import Interval

CALENDARS = {one.item.id: one.item for one in presets.all_shipped() if isinstance(one.item, Calendar)}
DAY = (Interval(540, 1080),)
EVE = (Interval(540, 1020),)


def calendar(**more: Any) -> Calendar:
    week = {day: ["09:00-18:00"] for day in ("mon", "tue", "wed", "thu", "fri")}
    return Calendar.model_validate({"id": "c", "version": 1, "timezone": "Europe/Moscow", "week": week, **more})


def test_holidays_of_a_country_become_dates_beside_those_by_hand() -> None:
    given = calendar(holidays=["2026-07-01"], public_holidays={"country": "GB", "subdivision": "ENG", "years": [2026]})

    found = expanded(given)

    assert [str(day) for day in found.holidays] == [
        "2026-01-01", "2026-04-03", "2026-04-06", "2026-05-04", "2026-05-25", "2026-07-01", "2026-08-31", "2026-12-25",
        "2026-12-26", "2026-12-28",
    ]  # fmt: skip
    assert (found.public_holidays, found.covered_until, found.exceptions) == (None, date(2026, 12, 31), {})


def test_days_moved_by_decree_are_worked_and_what_stands_by_hand_comes_first() -> None:
    given = calendar(
        exceptions={"2024-11-02": ["09:00-17:00"]},
        public_holidays={"country": "RU", "years": [2024], "moved_workdays": ["09:00-18:00"]},
    )

    assert dict(expanded(given).exceptions) == {
        date(2024, 4, 27): DAY, date(2024, 11, 2): EVE, date(2024, 12, 28): DAY,
    }  # fmt: skip


def test_the_stored_event_holds_dates_only_and_opens_as_the_calendar_that_was_meant() -> None:
    given = calendar(
        public_holidays={"country": "RU", "years": [2025], "moved_workdays": ["09:00-18:00"]}, applies_to_open=True
    )

    event = activation(given)

    assert isinstance(event, ConfigurationActivated)
    assert event.content["public_holidays"] is None
    assert event.content["holidays"][-2:] == ["2025-11-04", "2025-12-31"]
    assert event.content["exceptions"] == {"2025-11-01": ["09:00-18:00"]}
    assert Calendar.model_validate(event.content) == expanded(given)
    assert event.applies_to_open


@pytest.mark.parametrize(
    ("wanted", "field", "fix"),
    [
        ({"country": "XX", "years": [2026]}, "public_holidays.country", "use ISO 3166-1"),
        ({"country": "GB", "subdivision": "Q", "years": [2026]}, "public_holidays.subdivision", "one of: ENG, NIR"),
        ({"country": "RU", "years": [1980]}, "public_holidays.years", "no holidays of 1980; leave it out"),
        ({"country": "RU", "years": [2024]}, "public_holidays.moved_workdays", "2024-04-27, 2024-11-02, 2024-12-28"),
    ],
)
def test_holidays_that_the_library_cannot_say_are_refused_with_field_and_fix(
    wanted: dict[str, Any], field: str, fix: str
) -> None:
    with pytest.raises(NoSuchHolidays) as refused:
        expanded(calendar(public_holidays=wanted))

    assert refused.value.field == field
    assert fix in refused.value.fix


def moved(year: int) -> set[date]:
    """Days off that the library has beside article 112 itself: moved by decree, or for a holiday on a weekend."""
    found = holidays.country_holidays("RU", years=year, language="en_US")
    return {day for day, name in found.items() if "substituted" in name or "observed" in name}


def test_the_desks_holidays_are_the_librarys_without_the_days_that_are_moved_each_year() -> None:
    years = range(2024, 2028)
    known = {day for year in years for day in holidays.country_holidays("RU", years=year)}

    assert set(CALENDARS["desk"].holidays) == known - set().union(*(moved(year) for year in years))


def test_the_short_days_of_russian_offices_are_those_of_article_95() -> None:
    """The day right before a holiday, if it is worked; and the Saturday that is worked in place of such a day."""
    held = set(CALENDARS["desk"].holidays)
    found = expanded(CALENDARS["russia-hours"])
    for_an_eve = {
        date(2024, 11, 2),
        date(2025, 11, 1),
        date(2027, 2, 20),
    }  # worked for 30 April, 3 November, 22 February

    eves = {
        day
        for day in (date.fromordinal(one.toordinal() - 1) for one in held)
        if day not in found.holidays and (day.weekday() < 5 or day in found.exceptions)
    }

    assert {day for day, hours in found.exceptions.items() if hours == EVE} == eves | for_an_eve
    assert {day for day, hours in found.exceptions.items() if hours == DAY} == {date(2024, 4, 27), date(2024, 12, 28)}
