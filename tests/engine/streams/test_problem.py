from datetime import date
from decimal import Decimal

import pytest

from engine.complaint.state_bytes import to_bytes
from engine.streams.problem import EVENTS, UNKNOWN, ProblemCommand, decide, fold
from schemas.catalogue import COMMANDS
from schemas.catalogue import EVENTS as STORED
from schemas.complaint.base import Event
from schemas.complaint.registration import Register
from schemas.refusals import Refusal
from schemas.streams.problem import (
    AssignProblemAction,
    CloseProblem,
    LinkToProblem,
    MeasureEffect,
    OpenProblem,
    ProblemActionAssigned,
    ProblemClosed,
    ProblemEffectMeasured,
    ProblemLinked,
    ProblemOpened,
)
from support.scenario import ANNA, MONDAY, happened, opened, uid

ASKED = opened().when(Register()).asked
OPENED = ProblemOpened(cause="supplier", code="late-parts", owner=ANNA)
OPEN = OpenProblem(cause="supplier", code="late-parts", owner=ANNA)
MEASURE = MeasureEffect(measured_on=date(2026, 4, 1), before_per_day=Decimal("4.5"), after_per_day=Decimal("0.5"))
MEASURED = ProblemEffectMeasured(
    measured_on=date(2026, 4, 1), before_per_day=Decimal("4.5"), after_per_day=Decimal("0.5")
)
CLOSED = ProblemClosed(mended=True)


def asked(command: ProblemCommand, *past: Event) -> tuple[Event, ...]:
    """Return what follows, having asked twice."""
    events = decide(command, fold([happened(event) for event in past]), ASKED)
    assert decide(command, fold([happened(event) for event in (*past, *events)]), ASKED) == ()
    return events


def refused(command: ProblemCommand, *past: Event) -> str:
    with pytest.raises(Refusal) as refusal:
        asked(command, *past)
    return refusal.value.code


def test_a_problem_is_opened_once() -> None:
    assert asked(OPEN) == (OPENED,)
    assert asked(OPEN, OPENED) == ()
    assert refused(OpenProblem(cause="people"), OPENED) == "already_exists"


def test_complaints_actions_and_effects_are_counted_once() -> None:
    assert asked(LinkToProblem(complaint=uid("case")), OPENED) == (ProblemLinked(complaint=uid("case")),)
    action = AssignProblemAction(action_id=uid("a1"), team="purchasing", owner=ANNA, due=MONDAY)
    assert asked(action, OPENED) == (
        ProblemActionAssigned(action_id=uid("a1"), team="purchasing", owner=ANNA, due=MONDAY),
    )
    assert asked(MEASURE, OPENED) == (MEASURED,)


def test_a_closed_problem_takes_nothing_more_but_its_effect() -> None:
    assert asked(CloseProblem(mended=True), OPENED) == (CLOSED,)
    assert refused(CloseProblem(mended=False), OPENED, CLOSED) == "closed_problem"
    assert refused(LinkToProblem(complaint=uid("case")), OPENED, CLOSED) == "closed_problem"
    assert refused(AssignProblemAction(), OPENED, CLOSED) == "closed_problem"
    assert asked(MEASURE, OPENED, CLOSED) == (MEASURED,)


@pytest.mark.parametrize("command", [LinkToProblem(complaint=uid("case")), CloseProblem(mended=True), MEASURE])
def test_what_was_never_opened_is_unknown(command: ProblemCommand) -> None:
    with pytest.raises(Refusal) as refusal:
        decide(command, UNKNOWN, ASKED)
    assert refusal.value.code == "unknown_complaint"


def test_every_stored_event_and_command_of_a_problem_is_known() -> None:
    assert {event.NAME for event in EVENTS} == {name for name in STORED if name.startswith("problem.")}
    assert len([name for name in COMMANDS if name.startswith("problem.")]) == 5


def test_the_same_history_gives_the_same_bytes() -> None:
    past = [happened(event) for event in (OPENED, MEASURED, CLOSED)]
    assert to_bytes(fold(past)) == to_bytes(fold(list(past)))
    assert b'"before_per_day":"4.5"' in to_bytes(fold(past))
    with pytest.raises(TypeError, match="no event of a problem"):
        fold([happened(opened().past[0].event)])
