from datetime import UTC, datetime, timedelta

import pytest

from engine.configuration.in_force import Book
from schemas.complaint.assignment import Assign, ComplaintEscalated, EscalateByClock
from schemas.complaint.clocks import ExtendDeadline
from schemas.complaint.correspondence import Reply
from schemas.complaint.registration import Receive
from schemas.configuration.calendar import Calendar
from schemas.configuration.desk import Desk
from schemas.configuration.policy import Policy
from support.scenario import ANNA, COMPLAINANT, OPENING, TIMER, History, content, given, uid

OFFICE = {day: ["09:00-18:00"] for day in ("mon", "tue", "wed", "thu", "fri")}
START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
DUE = START + timedelta(hours=4)
HOUR = timedelta(hours=1)


def calendar(id: str, **more: object) -> Calendar:
    return Calendar.model_validate({"id": id, "version": 1, "timezone": "UTC", "week": OFFICE, **more})


def book(*, quiet: bool = False) -> Book:
    policy = Policy.model_validate(
        {
            "id": "usual",
            "version": 1,
            "calendar": "office",
            "escalations": [
                {"after": "0 minutes", "level": 1, "to": "leads"},
                {"after": "6 working hours", "level": 2, "to": "heads"},
                {"after": "2 working days", "level": 4, "to": "board"},
            ],
            "clocks": [
                {"kind": "first_reply", "target": "4 hours", "warn": [50, 75]},
                {"kind": "resolution", "target": "2 hours", "escalations": []},
            ],
        }
    )
    return Book(
        desk=Desk(id="default", version=1, notify_calendar="office" if quiet else None),
        policies={"usual": policy},
        calendars={("office", 1): calendar("office")},
        latest_calendar={"office": 1},
    )


def running(*, quiet: bool = False) -> History:
    first = Receive(content=content(message=OPENING, sense="complaint"))
    return given().under(book(quiet=quiet)).when(first, at=START, command_id=uid("first")).after()


def asks(level: int, clock: str = "first_reply") -> EscalateByClock:
    return EscalateByClock(clock=clock, cycle=1, instance=1, due_at=DUE, level=level)


def told(at: datetime, level: int, **more: object) -> ComplaintEscalated:
    fields = {"reason": "warning" if level == 0 else "deadline_missed", "due_at": DUE, "detected_at": at, **more}
    whole = {"subject_id": COMPLAINANT, "level": level, "clock": "first_reply", "cycle": 1, "instance": 1, **fields}
    return ComplaintEscalated.model_validate(whole)


def test_who_has_the_case_is_warned_of_the_largest_share_that_was_used_up() -> None:
    held = running().when(Assign(team="claims", assignee=ANNA), at=START, command_id=uid("a")).after()
    at = START + 3 * HOUR
    once = held.when(asks(0), by=TIMER, at=at, command_id=uid("w"))
    once.then(told(at, 0, percent=75, to=ANNA, team="claims"))


@pytest.mark.parametrize("passed", [timedelta(hours=1, minutes=59), timedelta(hours=4, microseconds=1)])
def test_a_warning_too_early_or_after_the_due_is_refused(passed: timedelta) -> None:
    running().when(asks(0), by=TIMER, at=START + passed, command_id=uid("w")).then_refused("not_due")


def test_a_share_is_warned_of_once_and_the_next_one_again() -> None:
    after = running().when(asks(0), by=TIMER, at=START + 2 * HOUR, command_id=uid("w")).after()
    after.when(asks(0), by=TIMER, at=START + 2.5 * HOUR, command_id=uid("v")).then_nothing()
    at = START + 3 * HOUR
    after.when(asks(0), by=TIMER, at=at, command_id=uid("u")).then(told(at, 0, percent=75))


def test_where_the_due_was_moved_away_the_warning_is_due_again() -> None:
    warned = running().when(asks(0), by=TIMER, at=START + 3 * HOUR, command_id=uid("w")).after()
    due = START + 8 * HOUR
    moved = warned.when(
        ExtendDeadline(clock="first_reply", due_at=due), by=ANNA, at=START + 3 * HOUR, command_id=uid("e")
    ).after()
    moved.when(asks(0), by=TIMER, at=START + 3.5 * HOUR, command_id=uid("v")).then_refused("not_due")
    at = START + 5 * HOUR
    moved.when(asks(0), by=TIMER, at=at, command_id=uid("u")).then(told(at, 0, percent=50, due_at=due))


def test_each_level_is_called_in_at_its_time_in_the_clocks_calendar() -> None:
    at = DUE + timedelta(microseconds=1)
    first = running().when(asks(1), by=TIMER, at=at, command_id=uid("1"))
    first.then(told(at, 1, team="leads"))
    after = first.after()
    early = datetime(2026, 3, 3, 9, 59, tzinfo=UTC)  # due at 13:00: five hours that day, one the next
    after.when(asks(2), by=TIMER, at=early, command_id=uid("2")).then_refused("not_due")
    at = datetime(2026, 3, 3, 10, 0, tzinfo=UTC)
    after.when(asks(2), by=TIMER, at=at, command_id=uid("2")).then(told(at, 2, team="heads"))
    at = datetime(2026, 3, 4, 18, 0, tzinfo=UTC)
    after.when(asks(4), by=TIMER, at=at, command_id=uid("4")).then(told(at, 4, team="board"))


def test_a_level_is_called_in_once_and_one_that_the_chain_has_not_never() -> None:
    after = running().when(asks(1), by=TIMER, at=DUE + HOUR, command_id=uid("1")).after()
    after.when(asks(1), by=TIMER, at=DUE + 2 * HOUR, command_id=uid("x")).then_nothing()
    after.when(asks(3), by=TIMER, at=DUE + 90 * HOUR, command_id=uid("3")).then_refused("not_due")


def test_a_clock_without_a_chain_calls_nobody_in() -> None:
    running().when(asks(1, "resolution"), by=TIMER, at=DUE + HOUR, command_id=uid("1")).then_refused("not_due")


def test_nobody_is_called_in_once_it_was_answered_however_late() -> None:
    late = DUE + HOUR
    reply = Reply(channel="email", final=False, body="Sorry.")
    answered = running().when(reply, by=ANNA, at=late, command_id=uid("reply")).after()
    answered.when(asks(1), by=TIMER, at=late + HOUR, command_id=uid("1")).then_refused("not_due")


def test_outside_of_the_desks_hours_it_is_said_from_when_on_somebody_is_to_be_told() -> None:
    at, opens = datetime(2026, 3, 6, 22, 0, tzinfo=UTC), datetime(2026, 3, 9, 9, 0, tzinfo=UTC)
    running(quiet=True).when(asks(1), by=TIMER, at=at, command_id=uid("1")).then(
        told(at, 1, team="leads", notify_from=opens)
    )
    at = DUE + HOUR
    running(quiet=True).when(asks(1), by=TIMER, at=at, command_id=uid("1")).then(told(at, 1, team="leads"))
