"""Finding out what happened, and the actions that follow."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, assert_never
from uuid import UUID

from engine.complaint.change import changed
from engine.complaint.given import Circumstances, Given
from schemas.complaint.base import Event
from schemas.complaint.investigation import (
    ActionAssigned,
    ActionCompleted,
    AssignAction,
    CauseEstablished,
    CauseMended,
    CompleteAction,
    EstablishCause,
    InvestigationStarted,
    ReportCauseMended,
    StartInvestigation,
)
from schemas.refusals import Refusal
from schemas.words import ActionKind, Cause, Informed, Responsibility

if TYPE_CHECKING:
    from engine.complaint.case import Case

Events = InvestigationStarted | CauseEstablished | ActionAssigned | ActionCompleted | CauseMended
Commands = StartInvestigation | EstablishCause | AssignAction | CompleteAction | ReportCauseMended


@dataclass(frozen=True, slots=True)
class Finding:
    """Why it happened, as last established; the findings in words stay sealed."""

    cause: Cause
    code: str | None
    responsibility: Responsibility
    informed: Informed | None
    departments: tuple[str, ...]
    related: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class Action:
    """Something to be done."""

    action_id: UUID
    kind: ActionKind
    due: datetime | None
    done: bool = False


@dataclass(frozen=True, slots=True)
class Inquiry:
    """What was found out, and what is being done about it."""

    investigator: str | None = None
    finding: Finding | None = None
    actions: tuple[Action, ...] = ()
    mended: tuple[UUID, ...] = ()
    """Problems that it belonged to, and that were mended."""


# ------------------------------------------------------------------------------------------------ decide


def decide(command: Commands, case: Case, given: Given) -> tuple[Event, ...]:
    """Return what follows from a command of this concern."""
    match command:
        case StartInvestigation():
            return _start(command, case, given)
        case EstablishCause():
            return _establish(command, case, given)
        case AssignAction():
            return _assign(command, case, given)
        case CompleteAction():
            return _complete(command, case, given)
        case ReportCauseMended(problem=problem):
            told = problem in case.investigation.mended
            return () if told else (CauseMended(subject_id=case.subject(given), problem=problem),)
    assert_never(command)


def _start(command: StartInvestigation, case: Case, given: Given) -> tuple[Event, ...]:
    same_person = command.investigator in (None, case.investigation.investigator)
    if case.stage.name == "investigation" and same_person:
        return ()
    case.lifecycle.require_open("an investigation starts")
    return (InvestigationStarted(subject_id=case.subject(given), investigator=command.investigator),)


def _establish(command: EstablishCause, case: Case, given: Given) -> tuple[Event, ...]:
    """The same finding again says something new only where it ends an investigation that goes on."""
    event = CauseEstablished(
        subject_id=case.subject(given),
        cause=command.cause,
        code=command.code,
        responsibility=command.responsibility,
        informed=command.informed,
        departments=command.departments,
        related=command.related,
        findings=command.findings,
    )
    holds = _finding(event) == case.investigation.finding and case.stage.name not in ("registration", "investigation")
    return () if command.findings is None and holds else (event,)


def _assign(command: AssignAction, case: Case, given: Given) -> tuple[Event, ...]:
    action_id = command.action_id or given.derive("action")
    if any(action.action_id == action_id for action in case.investigation.actions):
        return ()
    return (
        ActionAssigned(
            subject_id=case.subject(given),
            action_id=action_id,
            kind=command.kind,
            team=command.team,
            owner=command.owner,
            due=command.due,
            what=command.what,
        ),
    )


def _complete(command: CompleteAction, case: Case, given: Given) -> tuple[Event, ...]:
    for action in case.investigation.actions:
        if action.action_id == command.action_id:
            event = ActionCompleted(subject_id=case.subject(given), action_id=command.action_id, result=command.result)
            return () if action.done else (event,)
    raise Refusal("unknown_action", "no such action was assigned", action=str(command.action_id))


# ------------------------------------------------------------------------------------------------ evolve


def evolve(part: Inquiry, event: Events, _: Circumstances) -> Inquiry:
    """Apply one stored fact."""
    match event:
        case InvestigationStarted():
            return changed(part, investigator=event.investigator or part.investigator)
        case CauseEstablished():
            return changed(part, finding=_finding(event))
        case ActionAssigned():
            others = tuple(action for action in part.actions if action.action_id != event.action_id)
            return changed(part, actions=(*others, Action(event.action_id, event.kind, event.due)))
        case ActionCompleted():
            return changed(part, actions=tuple(_done(action, event) for action in part.actions))
        case CauseMended(problem=problem):
            return changed(part, mended=(*part.mended, problem))
    assert_never(event)


def _finding(event: CauseEstablished) -> Finding:
    return Finding(event.cause, event.code, event.responsibility, event.informed, event.departments, event.related)


def _done(action: Action, event: ActionCompleted) -> Action:
    return changed(action, done=True) if action.action_id == event.action_id else action
