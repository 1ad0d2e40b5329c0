"""A problem as a decider: the systemic cause behind several complaints, its mending and the effect.

Persons are kept out of it, so its events have no data subject.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final, assert_never, get_args
from uuid import UUID

from engine.complaint.change import changed
from engine.complaint.given import Fact, Given
from schemas.complaint.base import Event
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
from schemas.words import Cause

ProblemEvent = ProblemOpened | ProblemLinked | ProblemActionAssigned | ProblemEffectMeasured | ProblemClosed
ProblemCommand = OpenProblem | LinkToProblem | AssignProblemAction | MeasureEffect | CloseProblem
EVENTS: Final[frozenset[type[Event]]] = frozenset(get_args(ProblemEvent))


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nothing is stored of it."""


@dataclass(frozen=True, slots=True)
class Effect:
    """Complaints of this cause per day, before and after."""

    measured_on: date
    before_per_day: Decimal
    after_per_day: Decimal


@dataclass(frozen=True, slots=True)
class Problem:
    """What is known of it. ``mended`` is None while it is open."""

    cause: Cause | None = None
    code: str | None = None
    owner: str | None = None
    complaints: tuple[UUID, ...] = ()
    actions: tuple[UUID, ...] = ()
    effects: tuple[Effect, ...] = ()
    mended: bool | None = None


State = Unknown | Problem
UNKNOWN: Final = Unknown()


def decide(command: ProblemCommand, state: State, given: Given) -> tuple[Event, ...]:
    """Return the events that follow from ``command``; what already holds returns ``()``.

    Raises:
        Refusal: the command contradicts what is known.
    """
    if isinstance(command, OpenProblem):
        return _open(command, state)
    if isinstance(state, Unknown):
        raise Refusal("unknown_complaint", "no such problem", problem=str(given.stream))
    match command:
        case LinkToProblem(complaint=complaint):
            return () if complaint in state.complaints else _unless_closed(state, ProblemLinked(complaint=complaint))
        case AssignProblemAction():
            return _assign(command, state, given)
        case MeasureEffect():
            return _measure(command, state)
        case CloseProblem(mended=mended):
            return () if mended == state.mended else _unless_closed(state, ProblemClosed(mended=mended))
    assert_never(command)


def _open(command: OpenProblem, state: State) -> tuple[Event, ...]:
    event = ProblemOpened(cause=command.cause, code=command.code, owner=command.owner)
    match state:
        case Unknown():
            return (event,)
        case Problem():
            if (state.cause, state.code, state.owner) == (command.cause, command.code, command.owner):
                return ()
            raise Refusal("already_exists", "this problem is open with another cause or owner", cause=state.cause)
    assert_never(state)


def _assign(command: AssignProblemAction, state: Problem, given: Given) -> tuple[Event, ...]:
    action_id = command.action_id or given.derive("action")
    if action_id in state.actions:
        return ()
    event = ProblemActionAssigned(action_id=action_id, team=command.team, owner=command.owner, due=command.due)
    return _unless_closed(state, event)


def _measure(command: MeasureEffect, state: Problem) -> tuple[Event, ...]:
    """The effect may be measured after the end too: that is when it shows."""
    event = ProblemEffectMeasured(
        measured_on=command.measured_on,
        before_per_day=command.before_per_day,
        after_per_day=command.after_per_day,
    )
    return () if _effect(event) in state.effects else (event,)


def _unless_closed(state: Problem, event: Event) -> tuple[Event, ...]:
    if state.mended is not None:
        raise Refusal("closed_problem", "the problem is closed; open another one")
    return (event,)


def evolve(state: State, fact: Fact) -> State:
    """Return the state after one stored fact. Never refuses."""
    known, event = state if isinstance(state, Problem) else Problem(), fact.event
    match event:
        case ProblemOpened():
            return changed(known, cause=event.cause, code=event.code, owner=event.owner)
        case ProblemLinked():
            return changed(known, complaints=(*known.complaints, event.complaint))
        case ProblemActionAssigned():
            return changed(known, actions=(*known.actions, event.action_id))
        case ProblemEffectMeasured():
            return changed(known, effects=(*known.effects, _effect(event)))
        case ProblemClosed():
            return changed(known, mended=event.mended)
    raise TypeError(f"{event.NAME} is no event of a problem")


def _effect(event: ProblemEffectMeasured) -> Effect:
    return Effect(event.measured_on, event.before_per_day, event.after_per_day)


def fold(facts: Iterable[Fact]) -> State:
    """Return the state after these facts, in stored order."""
    state: State = UNKNOWN
    for fact in facts:
        state = evolve(state, fact)
    return state
