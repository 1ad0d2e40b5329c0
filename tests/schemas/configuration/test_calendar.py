"""A calendar that could not be counted by is refused, with the place and the fix."""

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from schemas.configuration.calendar import Calendar, Interval


def calendar(**more: Any) -> Calendar:
    return Calendar.model_validate(
        {"id": "desk", "version": 1, "timezone": "Europe/Moscow", "week": {"mon": ["09:00-18:00"]}, **more}
    )


def test_a_calendar_is_what_its_plain_form_says() -> None:
    given = {
        "id": "desk",
        "version": 2,
        "timezone": "America/New_York",
        "week": {
            "mon": ["09:00-13:00", "14:00-24:00"], "tue": [], "wed": [], "thu": [], "fri": [], "sat": [], "sun": [],
        },
        "holidays": ["2024-01-01"],
        "exceptions": {"2024-01-06": ["10:00-12:00"], "2024-01-08": []},
        "public_holidays": {
            "country": "GB", "subdivision": "ENG", "years": [2023, 2024], "moved_workdays": ["09:00-13:00"],
        },
        "covered_until": "2024-12-31",
        "applies_to_open": True,
        "source": "made up",
    }  # fmt: skip

    one = Calendar.model_validate(given)

    assert one.model_dump(mode="json") == given
    assert one.week.mon == (Interval(540, 780), Interval(840, 1440))
    assert one.holidays == (date(2024, 1, 1),)


def test_intervals_are_put_in_order_and_may_touch() -> None:
    assert calendar(week={"mon": ["13:00-18:00", "09:00-13:00"]}).week.mon == (Interval(540, 780), Interval(780, 1080))


@pytest.mark.parametrize(
    ("more", "path", "message"),
    [
        ({"week": {"mon": ["22:00-06:00"]}}, ("week", "mon", 0), "it runs over midnight; end it at 24:00"),
        ({"week": {"mon": ["09:00-09:00"]}}, ("week", "mon", 0), "it ends when it starts"),
        ({"week": {"mon": ["09:00-24:01"]}}, ("week", "mon", 0), "there is no such time of day"),
        ({"week": {"mon": ["24:00-24:00"]}}, ("week", "mon", 0), "there is no such time of day"),
        ({"week": {"mon": ["09:60-12:00"]}}, ("week", "mon", 0), "there is no such time of day"),
        ({"week": {"mon": ["9:00-18:00"]}}, ("week", "mon", 0), "write an interval as 'HH:MM-HH:MM'"),
        ({"week": {"mon": [900]}}, ("week", "mon", 0), "write an interval as 'HH:MM-HH:MM'"),
        ({"week": {"mon": ["09:00-13:00", "12:00-18:00"]}}, ("week", "mon"), "09:00-13:00 and 12:00-18:00 overlap"),
        ({"week": {"monday": ["09:00-18:00"]}}, ("week", "monday"), "Extra inputs are not permitted"),
        ({"week": {}}, (), "no weekday is open"),
        ({"week": {"mon": []}}, (), "no weekday is open"),
        ({"timezone": "Mars/Olympus"}, ("timezone",), "there is no such time zone"),
        ({"timezone": "../etc/passwd"}, ("timezone",), "there is no such time zone"),
        ({"version": 0}, ("version",), "greater than or equal to 1"),
        ({"holiday": []}, ("holiday",), "Extra inputs are not permitted"),
        ({"exceptions": {"2024-01-06": ["12:00-10:00"]}}, ("exceptions", "2024-01-06", 0), "it runs over midnight"),
        (
            {"holidays": ["2025-01-01"], "covered_until": "2024-12-31"},
            (),
            "covered_until: 2024-12-31 is before 2025-01-01",
        ),
        (
            {"public_holidays": {"country": "GB", "years": [2024]}, "covered_until": "2025-12-31"},
            (),
            "covered_until: the holidays end with 2024",
        ),
        ({"public_holidays": {"country": "gb", "years": [2024]}}, ("public_holidays", "country"), "match pattern"),
        ({"public_holidays": {"country": "GB", "years": []}}, ("public_holidays", "years"), "at least 1 item"),
    ],
)
def test_a_wrong_calendar_is_refused_with_place_and_fix(
    more: dict[str, Any], path: tuple[str | int, ...], message: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        calendar(**more)

    (error,) = refused.value.errors()
    assert (error["loc"], message in error["msg"]) == (path, True), error["msg"]


def test_a_holiday_that_stands_twice_is_closed_like_any_other() -> None:
    """What was once activated must be read for ever, and lists of holidays are often joined from several sources."""
    day = date(2025, 1, 1)

    assert calendar(holidays=[day, day]).holidays == (day, day)
