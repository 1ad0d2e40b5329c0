from datetime import timedelta

import pytest

from engine.configuration.in_force import Book
from engine.sla.kinds import terms, to_stored
from engine.sla.promised import expected_by
from schemas.complaint.clocks import AppliedClock, SlaApplied
from schemas.complaint.lifecycle import ComplaintResolved
from schemas.configuration.calendar import Calendar
from schemas.configuration.policy import ClockRule
from support.scenario import MONDAY, History, happened, opened

ALWAYS = Calendar.model_validate({"id": "always", "version": 1, "timezone": "UTC", "week": {
    day: ["00:00-24:00"] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}})  # fmt: skip
BOOK = Book(calendars={("always", 1): ALWAYS}, latest_calendar={"always": 1})
DAY = timedelta(days=1)


def promised(*clocks: tuple[str, str]) -> History:
    applied: list[AppliedClock] = [
        to_stored(terms(ClockRule.model_validate({"kind": kind, "target": target}), "always", 1))
        for kind, target in clocks
    ]
    return opened(SlaApplied(reason="first", policy="p", policy_version=1, clocks=tuple(applied)))


@pytest.mark.parametrize(
    ("clocks", "days"),
    [
        ((("first_reply", "1 hours"), ("resolution", "240 hours")), 10),
        ((("first_reply", "24 hours"), ("statutory:a", "720 hours"), ("statutory:b", "360 hours")), 15),
        ((("first_reply", "24 hours"),), 1),
        ((("registration", "24 hours"),), None),
        ((), None),
    ],
)
def test_a_complainant_may_expect_the_resolution_that_was_promised(
    clocks: tuple[tuple[str, str], ...], days: int | None
) -> None:
    expected = None if days is None else MONDAY + days * DAY
    assert expected_by(promised(*clocks).past, BOOK.calendars, MONDAY) == expected


def test_a_due_that_has_passed_or_was_kept_is_no_promise_any_more() -> None:
    history = promised(("resolution", "240 hours"))
    assert expected_by(history.past, BOOK.calendars, MONDAY + 11 * DAY) is None
    resolved = (*history.past, happened(ComplaintResolved(outcome="upheld"), at=MONDAY + DAY))
    assert expected_by(resolved, BOOK.calendars, MONDAY + 2 * DAY) is None


def test_without_the_calendar_that_it_counts_by_nothing_is_promised() -> None:
    assert expected_by(promised(("resolution", "240 hours")).past, {}, MONDAY) is None
