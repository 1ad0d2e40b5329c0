"""What came into force holds for those who came after it, to the version; what is wrong changes nothing."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from consumers.wiring import presets
from engine.configuration.admissible import NotAdmissible
from engine.incoming import Done
from engine.sla.calendar import compile_calendar
from engine.sla.fact import from_stored
from engine.sla.judge import judge
from engine.sla.marks import steps
from schemas.complaint.classification import Classify
from schemas.complaint.clocks import SlaApplied
from schemas.configuration import Calendar, Policy
from schemas.configuration.activated import ConfigurationActivated
from support.installation import Desk

POLICY = next(one for one in presets.shipped() if isinstance(one, Policy) and one.id == "default")
CALENDAR = next(one for one in presets.shipped() if isinstance(one, Calendar) and one.id == "desk")


def promised(desk: Desk, stream: UUID) -> list[tuple[str, int, str, int]]:
    """Policy and calendar of the first reply in every ``sla_applied``, each with its version."""
    return [
        (past.event.policy, past.event.policy_version, clock.calendar, clock.calendar_version)
        for past in desk.history(stream, open=False)
        if isinstance(past.event, SlaApplied)
        for clock in past.event.clocks
        if clock.kind == "first_reply"
    ]


def dues(desk: Desk, stream: UUID) -> dict[str, tuple[str, datetime]]:
    """State and due of every clock of a stream, judged by its history and the calendars that the log holds."""
    calendars = {pin: compile_calendar(one) for pin, one in desk.service.book().calendars.items()}
    facts = [from_stored(past.event, past.envelope, past.recorded_at) for past in desk.history(stream, open=False)]
    return {clock.kind: (clock.state, clock.due_at) for clock in judge(steps(facts), calendars, desk.at)}


def complain(desk: Desk, id: str) -> UUID:
    return desk.opened(channel="web_form", id=id, text="My kettle arrived broken. I want a refund.")


def activate(desk: Desk, *items: Calendar | Policy) -> int:
    return desk.service.activate(items, desk.around(), desk.at)


def activations(desk: Desk) -> int:
    return sum(isinstance(one.event, ConfigurationActivated) for one in desk.store.read.log(0, 1000))


def test_old_complaints_keep_the_versions_that_they_were_promised_by_and_new_ones_get_the_new(desk: Desk) -> None:
    """Monday 2 March 2026, 12:00 in Moscow. Version 2 promises two hours, its calendar opens at ten."""
    first = complain(desk, "1")
    later = CALENDAR.model_copy(
        update={"version": 2, "week": CALENDAR.week.model_copy(update={"mon": (), "tue": CALENDAR.week.tue})}
    )
    clocks = tuple(
        Policy.model_validate(
            {"id": "x", "version": 1, "clocks": [{"kind": "first_reply", "target": "2 working hours"}]}
        ).clocks
    )
    newer = POLICY.model_copy(update={"version": 2, "clocks": clocks})

    assert activate(desk, later, newer) == 2
    second = complain(desk, "2")

    assert promised(desk, first) == [("default", 1, "desk", 1)]
    assert promised(desk, second) == [("default", 2, "desk", 2)]
    assert dues(desk, first)["first_reply"] == ("running", datetime(2026, 3, 2, 10, tzinfo=UTC))
    assert dues(desk, second)["first_reply"] == ("running", datetime(2026, 3, 3, 8, tzinfo=UTC))  # closed on Mondays
    assert activate(desk, POLICY, CALENDAR) == 0  # an older version comes not back


def test_a_complaint_that_a_law_claims_keeps_its_receipt_as_the_start_of_the_laws_clock(desk: Desk) -> None:
    laws = [one for one in presets.in_force(None, ["uk-fca-psd"]) if isinstance(one, Calendar | Policy)]
    assert activate(desk, *laws) == 2  # the policy and its calendar
    stream = complain(desk, "1")
    desk.later(days=2)

    assert isinstance(desk.give(stream, Classify(regulation="uk-fca-psd")), Done)

    assert promised(desk, stream) == [("default", 1, "desk", 1), ("uk-fca-psd", 1, "desk", 1)]
    found = dues(desk, stream)
    assert found["statutory:uk-fca-psd-final"] == ("running", datetime(2026, 3, 24, tzinfo=UTC))  # from Monday the 2nd
    assert found["first_reply"] == ("missed", datetime(2026, 3, 2, 10, tzinfo=UTC))  # what was promised first
    pins = [
        (clock.calendar, clock.calendar_version)
        for past in desk.history(stream, open=False)
        if isinstance(past.event, SlaApplied)
        for clock in past.event.clocks
        if clock.kind == "statutory:uk-fca-psd-final"
    ]
    assert pins == [("england", 1)]
    stored = desk.service.book().calendars["england", 1]
    assert (stored.public_holidays, len(stored.holidays)) == (None, 8 + 8 + 9 + 10)


def test_a_policy_whose_calendar_is_nowhere_is_refused_whole_and_the_old_one_stays(desk: Desk) -> None:
    before = activations(desk)
    wrong = POLICY.model_copy(update={"version": 2, "calendar": "nowhere"})
    fine = CALENDAR.model_copy(update={"version": 2})

    with pytest.raises(NotAdmissible, match=r"policy 'default': calendar: calendar 'nowhere' is not in force"):
        activate(desk, fine, wrong)

    assert activations(desk) == before
    assert promised(desk, complain(desk, "1")) == [("default", 1, "desk", 1)]


def test_a_policy_may_name_a_calendar_that_is_in_force_already(desk: Desk) -> None:
    assert activate(desk, POLICY.model_copy(update={"version": 2})) == 1
