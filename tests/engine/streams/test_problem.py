from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from pydantic import ValidationError

from engine.complaint.state_bytes import to_bytes
from engine.streams.problem import EVENTS, UNKNOWN, Problem, ProblemCommand, decide, fold
from schemas.catalogue import COMMANDS
from schemas.catalogue import EVENTS as STORED
from schemas.complaint.base import Event
from schemas.complaint.registration import Register
from schemas.refusals import Refusal
from schemas.streams.problem import (
    AssignProblemAction,
    CloseProblem,
    CompleteProblemAction,
    LinkToProblem,
    MeasureEffect,
    OpenProblem,
    ProblemActionAssigned,
    ProblemActionCompleted,
    ProblemClosed,
    ProblemEffectMeasured,
    ProblemLessonRecorded,
    ProblemLinked,
    ProblemOpened,
    ProblemSuspected,
    ProblemUnlinked,
    RecordLesson,
    SuspectProblem,
    UnlinkFromProblem,
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


def test_a_rule_suspects_and_a_person_confirms_by_naming_the_cause() -> None:
    suspect = SuspectProblem(complaints=(uid("a"), uid("b"), uid("a")), within_days=7, least=0.5)
    suspected = ProblemSuspected(complaints=(uid("a"), uid("b")), within_days=7, least=0.5)

    assert asked(suspect) == (suspected,)
    assert asked(SuspectProblem(complaints=(uid("c"),), within_days=30, least=0.4), suspected) == ()
    assert refused(AssignProblemAction(), suspected) == "not_open"
    assert asked(OPEN, suspected) == (OPENED,)
    assert refused(OPEN, suspected, ProblemClosed(mended=False)) == "closed_problem"
    assert asked(suspect, OPENED) == ()


def test_a_rule_does_not_put_back_what_a_person_took_out() -> None:
    linked, out = ProblemLinked(complaint=uid("a")), ProblemUnlinked(complaint=uid("a"))
    past = (OPENED, linked, out)

    assert asked(UnlinkFromProblem(complaint=uid("a")), OPENED, linked) == (out,)
    assert asked(UnlinkFromProblem(complaint=uid("b")), OPENED, linked) == ()
    assert asked(LinkToProblem(complaint=uid("a")), *past) == (linked,)
    by_rule = replace(ASKED, actor="rule:problems")
    assert decide(LinkToProblem(complaint=uid("a")), fold([happened(one) for one in past]), by_rule) == ()
    assert decide(LinkToProblem(complaint=uid("b")), fold([happened(one) for one in past]), by_rule) != ()


def test_what_was_assigned_is_completed_once() -> None:
    assigned, done = ProblemActionAssigned(action_id=uid("a1")), ProblemActionCompleted(action_id=uid("a1"))

    assert asked(CompleteProblemAction(action_id=uid("a1")), OPENED, assigned) == (done,)
    assert refused(CompleteProblemAction(action_id=uid("a2")), OPENED, assigned) == "unknown_action"
    state = fold([happened(one) for one in (OPENED, assigned, ProblemActionAssigned(action_id=uid("a2")), done)])
    assert isinstance(state, Problem)
    assert state.to_do == (uid("a2"),)


@pytest.mark.parametrize("changed", ["Write to anna at 8 (903) 123-45-67.", "Card 4111 1111 1111 1111 was charged."])
def test_a_lesson_names_nobody(changed: str) -> None:
    learned = ProblemLessonRecorded(happened="A part broke in 2026.", changed="It is bought elsewhere: 3 of 10 left.")

    assert asked(RecordLesson(happened=learned.happened, changed=learned.changed), OPENED) == (learned,)
    assert refused(RecordLesson(happened="A part broke.", changed=changed), OPENED) == "names_somebody"
    with pytest.raises(ValidationError, match="happened"):
        RecordLesson(happened="anna@example.org wrote", changed="Nothing.")


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
    assert len([name for name in COMMANDS if name.startswith("problem.")]) == 9


def test_the_same_history_gives_the_same_bytes() -> None:
    past = [happened(event) for event in (OPENED, MEASURED, CLOSED)]
    assert to_bytes(fold(past)) == to_bytes(fold(list(past)))
    assert b'"before_per_day":"4.5"' in to_bytes(fold(past))
    with pytest.raises(TypeError, match="no event of a problem"):
        fold([happened(opened().past[0].event)])
