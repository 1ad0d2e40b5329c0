"""A problem as a decider: the systemic cause behind several complaints, its mending and the effect.

A rule suspects one where complaints are alike; a person confirms it by naming the cause, or closes it.
Persons are kept out of it, so its events have no data subject.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from hashlib import sha256
from typing import Final, assert_never, get_args
from uuid import UUID

from engine.complaint.change import changed
from engine.complaint.given import Fact, Given
from schemas.complaint.base import Event
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
from schemas.words import Cause

ProblemEvent = (
    ProblemSuspected
    | ProblemOpened
    | ProblemLinked
    | ProblemUnlinked
    | ProblemActionAssigned
    | ProblemActionCompleted
    | ProblemLessonRecorded
    | ProblemEffectMeasured
    | ProblemClosed
)
ProblemCommand = (
    SuspectProblem
    | OpenProblem
    | LinkToProblem
    | UnlinkFromProblem
    | AssignProblemAction
    | CompleteProblemAction
    | RecordLesson
    | MeasureEffect
    | CloseProblem
)
_WAYS_TO_REACH: Final = re.compile(r"\+?\d(?:[\s()./-]{0,3}\d){6,}")
"""Seven digits and more, however they are set apart: a telephone number, a card, an order."""
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
    """What is known of it. ``cause`` is None while it is only suspected, ``mended`` while it is open."""

    cause: Cause | None = None
    code: str | None = None
    owner: str | None = None
    complaints: tuple[UUID, ...] = ()
    unlinked: tuple[UUID, ...] = ()
    """Those that a person took out."""
    actions: tuple[UUID, ...] = ()
    completed: tuple[UUID, ...] = ()
    lesson: str | None = None
    """SHA-256 of what the board of lessons has of it: a state holds no text."""
    effects: tuple[Effect, ...] = ()
    mended: bool | None = None

    @property
    def to_do(self) -> tuple[UUID, ...]:
        return tuple(action for action in self.actions if action not in self.completed)


State = Unknown | Problem
UNKNOWN: Final = Unknown()


def decide(command: ProblemCommand, state: State, given: Given) -> tuple[Event, ...]:
    """Return the events that follow from ``command``; what already holds returns ``()``.

    Raises:
        Refusal: the command contradicts what is known.
    """
    match command:
        case SuspectProblem():
            return _suspect(command, state)
        case OpenProblem():
            return _open(command, state)
        case _ if isinstance(state, Unknown):
            raise Refusal("unknown_complaint", "no such problem", problem=str(given.stream))
        case LinkToProblem(complaint=complaint):
            return _link(complaint, state, given)
        case UnlinkFromProblem(complaint=complaint):
            return (ProblemUnlinked(complaint=complaint),) if complaint in state.complaints else ()
        case AssignProblemAction():
            return _assign(command, state, given)
        case CompleteProblemAction():
            return _complete(command.action_id, state)
        case RecordLesson():
            return _learn(command, state)
        case MeasureEffect():
            return _measure(command, state)
        case CloseProblem(mended=mended):
            return () if mended == state.mended else _unless_closed(state, ProblemClosed(mended=mended))
    assert_never(command)


def _suspect(command: SuspectProblem, state: State) -> tuple[Event, ...]:
    """What is suspected already stays so, whoever else is alike by now: those are linked."""
    if isinstance(state, Problem):
        return ()
    found = tuple(dict.fromkeys(command.complaints))
    return (ProblemSuspected(complaints=found, within_days=command.within_days, least=command.least),)


def _open(command: OpenProblem, state: State) -> tuple[Event, ...]:
    event = ProblemOpened(cause=command.cause, code=command.code, owner=command.owner)
    match state:
        case Unknown():
            return (event,)
        case Problem(cause=None):
            return _unless_closed(state, event)
        case Problem():
            if (state.cause, state.code, state.owner) == (command.cause, command.code, command.owner):
                return ()
            raise Refusal("already_exists", "this problem is open with another cause or owner", cause=state.cause)
    assert_never(state)


def _link(complaint: UUID, state: Problem, given: Given) -> tuple[Event, ...]:
    """A rule does not put back what a person took out; a person may."""
    if complaint in state.complaints or (complaint in state.unlinked and not given.by_person):
        return ()
    return _unless_closed(state, ProblemLinked(complaint=complaint))


def _assign(command: AssignProblemAction, state: Problem, given: Given) -> tuple[Event, ...]:
    action_id = command.action_id or given.derive("action")
    if action_id in state.actions:
        return ()
    if state.cause is None:
        raise Refusal("not_open", "open the problem first, by naming its cause")
    event = ProblemActionAssigned(action_id=action_id, team=command.team, owner=command.owner, due=command.due)
    return _unless_closed(state, event)


def _complete(action_id: UUID, state: Problem) -> tuple[Event, ...]:
    if action_id not in state.actions:
        raise Refusal("unknown_action", "no such action was assigned", action=str(action_id))
    return () if action_id in state.completed else (ProblemActionCompleted(action_id=action_id),)


def _learn(command: RecordLesson, state: Problem) -> tuple[Event, ...]:
    """Lessons outlive the people whose complaints they came from, so they hold no way to reach anybody."""
    for field, said in (("happened", command.happened), ("changed", command.changed)):
        if "@" in said or _WAYS_TO_REACH.search(said):
            raise Refusal("names_somebody", "take out the address or number: everybody reads this", field=field)
    event = ProblemLessonRecorded(happened=command.happened, changed=command.changed)
    return () if state.lesson == _digest(event) else (event,)


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
        case ProblemSuspected():
            return changed(known, complaints=event.complaints)
        case ProblemOpened():
            return changed(known, cause=event.cause, code=event.code, owner=event.owner)
        case ProblemLinked(complaint=complaint) | ProblemUnlinked(complaint=complaint):
            return _moved(known, complaint, inside=isinstance(event, ProblemLinked))
        case ProblemActionAssigned():
            return changed(known, actions=(*known.actions, event.action_id))
        case ProblemActionCompleted():
            return changed(known, completed=(*known.completed, event.action_id))
        case ProblemLessonRecorded():
            return changed(known, lesson=_digest(event))
        case ProblemEffectMeasured():
            return changed(known, effects=(*known.effects, _effect(event)))
        case ProblemClosed():
            return changed(known, mended=event.mended)
    raise TypeError(f"{event.NAME} is no event of a problem")


def _moved(known: Problem, complaint: UUID, *, inside: bool) -> Problem:
    inner = tuple(one for one in known.complaints if one != complaint)
    outer = tuple(one for one in known.unlinked if one != complaint)
    if inside:
        return changed(known, complaints=(*inner, complaint), unlinked=outer)
    return changed(known, complaints=inner, unlinked=(*outer, complaint))


def _digest(event: ProblemLessonRecorded) -> str:
    return sha256(f"{event.happened}\0{event.changed}".encode()).hexdigest()


def _effect(event: ProblemEffectMeasured) -> Effect:
    return Effect(event.measured_on, event.before_per_day, event.after_per_day)


def fold(facts: Iterable[Fact]) -> State:
    """Return the state after these facts, in stored order."""
    state: State = UNKNOWN
    for fact in facts:
        state = evolve(state, fact)
    return state
