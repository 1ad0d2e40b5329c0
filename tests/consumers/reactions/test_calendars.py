"""Which cases are asked to take up a newer calendar: those with an open clock that is pinned to an outdated version."""

from datetime import UTC, datetime
from uuid import UUID

from consumers.reactions.calendars import Pin, commands, outdated
from engine.configuration.in_force import Book
from schemas.complaint.clocks import ReapplySla
from schemas.configuration.calendar import Calendar

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
ONE, TWO = UUID(int=1), UUID(int=2)


def calendar(id: str, version: int, *, applies_to_open: bool) -> Calendar:
    week = {"mon": ["09:00-18:00"]}
    return Calendar.model_validate(
        {"id": id, "version": version, "timezone": "UTC", "week": week, "applies_to_open": applies_to_open}
    )


def book(*calendars: Calendar) -> Book:
    return Book(calendars={(one.id, one.version): one for one in calendars})


MOVED = book(
    calendar("desk", 1, applies_to_open=False),
    calendar("desk", 2, applies_to_open=True),
    calendar("desk", 3, applies_to_open=False),
    calendar("law", 1, applies_to_open=True),
)


def test_a_version_is_outdated_by_a_newer_one_that_applies_to_open_complaints() -> None:
    assert outdated(MOVED) == {("desk", 1): 2}


def test_where_no_version_applies_to_open_complaints_nothing_is_outdated() -> None:
    assert outdated(book(calendar("desk", 1, applies_to_open=False), calendar("desk", 2, applies_to_open=False))) == {}


def test_each_case_with_an_outdated_pin_is_asked_once() -> None:
    pins = [Pin(ONE, 1, "desk", 1), Pin(ONE, 1, "desk", 1), Pin(ONE, 1, "law", 1), Pin(TWO, 2, "desk", 1)]

    found = list(commands(pins, MOVED, NOW))

    assert [(one.stream, one.command, one.id) for one in found] == [
        (ONE, ReapplySla(), f"{ONE}/1/desk@2"),
        (TWO, ReapplySla(), f"{TWO}/2/desk@2"),
    ]
    assert {one.around.sender.actor for one in found} == {"rule:calendars"}


def test_a_case_that_is_up_to_date_is_left_alone() -> None:
    assert list(commands([Pin(ONE, 1, "desk", 2), Pin(TWO, 1, "desk", 3)], MOVED, NOW)) == []
