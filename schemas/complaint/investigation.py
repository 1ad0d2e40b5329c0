"""Finding out what happened, and the actions that follow."""

from typing import ClassVar
from uuid import UUID

from schemas.complaint.base import Command, Event, Right
from schemas.words import ActionKind, ActorId, Cause, Code, ComplaintId, Informed, Instant, Personal, Responsibility


class InvestigationStarted(Event):
    """Somebody began to look into it."""

    NAME: ClassVar[str] = "complaint.investigation_started.v1"
    investigator: ActorId | None = None


class CauseEstablished(Event):
    """Why it happened and who answers for it."""

    NAME: ClassVar[str] = "complaint.cause_established.v1"
    cause: Cause
    code: Code | None = None
    responsibility: Responsibility
    informed: Informed | None = None
    departments: tuple[Code, ...] = ()
    related: tuple[ComplaintId, ...] = ()
    findings: Personal[str] | None = None


class ActionAssigned(Event):
    """Something must be done, by whom and when."""

    NAME: ClassVar[str] = "complaint.action_assigned.v1"
    action_id: UUID
    kind: ActionKind = "corrective"
    team: Code | None = None
    owner: ActorId | None = None
    due: Instant | None = None
    what: Personal[str] | None = None


class ActionCompleted(Event):
    """It was done."""

    NAME: ClassVar[str] = "complaint.action_completed.v1"
    action_id: UUID
    result: Personal[str] | None = None


class CauseMended(Event):
    """What brought the complaint about was mended: the actions on its problem are done."""

    NAME: ClassVar[str] = "complaint.cause_mended.v1"
    problem: UUID


class StartInvestigation(Command):
    """Begin to look into it."""

    NAME: ClassVar[str] = "complaint.start_investigation"
    RIGHT: ClassVar[Right] = "handle"
    investigator: ActorId | None = None


class EstablishCause(Command):
    """State why it happened."""

    NAME: ClassVar[str] = "complaint.establish_cause"
    RIGHT: ClassVar[Right] = "handle"
    OTHERS: ClassVar[tuple[str, ...]] = ("related",)
    cause: Cause
    code: Code | None = None
    responsibility: Responsibility
    informed: Informed | None = None
    departments: tuple[Code, ...] = ()
    related: tuple[ComplaintId, ...] = ()
    findings: str | None = None


class AssignAction(Command):
    """Have something done."""

    NAME: ClassVar[str] = "complaint.assign_action"
    RIGHT: ClassVar[Right] = "handle"
    action_id: UUID | None = None
    kind: ActionKind = "corrective"
    team: Code | None = None
    owner: ActorId | None = None
    due: Instant | None = None
    what: str | None = None


class CompleteAction(Command):
    """Say that it was done."""

    NAME: ClassVar[str] = "complaint.complete_action"
    RIGHT: ClassVar[Right] = "handle"
    action_id: UUID
    result: str | None = None


class ReportCauseMended(Command):
    """Report that the actions on a problem of this complaint are done, so that the complainant is told."""

    NAME: ClassVar[str] = "complaint.report_cause_mended"
    RIGHT: ClassVar[Right] = "system"
    problem: UUID
