"""Problem: the systemic cause behind several complaints, with action and effect."""

from datetime import date
from decimal import Decimal
from typing import ClassVar
from uuid import UUID

from schemas.complaint.base import Command, Event, Right
from schemas.words import ActorId, Cause, Code, ComplaintId, Instant


class ProblemOpened(Event):
    """A systemic cause is suspected."""

    NAME: ClassVar[str] = "problem.opened.v1"
    cause: Cause
    code: Code | None = None
    owner: ActorId | None = None


class ProblemLinked(Event):
    """A complaint belongs to this problem."""

    NAME: ClassVar[str] = "problem.linked.v1"
    complaint: ComplaintId


class ProblemActionAssigned(Event):
    """Somebody must mend it by a date."""

    NAME: ClassVar[str] = "problem.action_assigned.v1"
    action_id: UUID
    team: Code | None = None
    owner: ActorId | None = None
    due: Instant | None = None


class ProblemEffectMeasured(Event):
    """Did the complaints of this cause fall? Counts per day before and after."""

    NAME: ClassVar[str] = "problem.effect_measured.v1"
    measured_on: date
    before_per_day: Decimal
    after_per_day: Decimal


class ProblemClosed(Event):
    """Mended, or found to be none."""

    NAME: ClassVar[str] = "problem.closed.v1"
    mended: bool


class OpenProblem(Command):
    """Open a problem."""

    NAME: ClassVar[str] = "problem.open"
    RIGHT: ClassVar[Right] = "handle"
    cause: Cause
    code: Code | None = None
    owner: ActorId | None = None


class LinkToProblem(Command):
    """Count a complaint to this problem."""

    NAME: ClassVar[str] = "problem.link"
    RIGHT: ClassVar[Right] = "handle"
    complaint: ComplaintId


class AssignProblemAction(Command):
    """Have it mended."""

    NAME: ClassVar[str] = "problem.assign_action"
    RIGHT: ClassVar[Right] = "handle"
    action_id: UUID | None = None
    team: Code | None = None
    owner: ActorId | None = None
    due: Instant | None = None


class MeasureEffect(Command):
    """Record the effect."""

    NAME: ClassVar[str] = "problem.measure_effect"
    RIGHT: ClassVar[Right] = "handle"
    measured_on: date
    before_per_day: Decimal
    after_per_day: Decimal


class CloseProblem(Command):
    """Close the problem."""

    NAME: ClassVar[str] = "problem.close"
    RIGHT: ClassVar[Right] = "handle"
    mended: bool
