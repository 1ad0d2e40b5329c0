"""Problem: the systemic cause behind several complaints, with action and effect."""

from datetime import date
from decimal import Decimal
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from schemas.complaint.base import Command, Event, Right
from schemas.words import ActorId, Cause, Code, ComplaintId, Instant, Lesson


class ProblemSuspected(Event):
    """A rule saw several complaints of one kind within some days: the one alarm of their cluster."""

    NAME: ClassVar[str] = "problem.suspected.v1"
    complaints: Annotated[tuple[ComplaintId, ...], Field(min_length=1)]
    """Those that were alike then; later ones are linked one by one."""
    within_days: Annotated[int, Field(ge=1)]
    least: Annotated[float, Field(ge=0, le=1)]
    """From which share of common wording on two texts counted as alike."""


class ProblemOpened(Event):
    """Somebody answers for a systemic cause. One that was suspected is confirmed by it."""

    NAME: ClassVar[str] = "problem.opened.v1"
    cause: Cause
    code: Code | None = None
    owner: ActorId | None = None


class ProblemLinked(Event):
    """A complaint belongs to this problem."""

    NAME: ClassVar[str] = "problem.linked.v1"
    complaint: ComplaintId


class ProblemUnlinked(Event):
    """A person took a complaint out again: it has another cause. No rule links it any more."""

    NAME: ClassVar[str] = "problem.unlinked.v1"
    complaint: ComplaintId


class ProblemActionAssigned(Event):
    """Somebody must mend it by a date."""

    NAME: ClassVar[str] = "problem.action_assigned.v1"
    action_id: UUID
    team: Code | None = None
    owner: ActorId | None = None
    due: Instant | None = None


class ProblemActionCompleted(Event):
    """What was to be done is done."""

    NAME: ClassVar[str] = "problem.action_completed.v1"
    action_id: UUID


class ProblemLessonRecorded(Event):
    """What others can learn of it; the last one holds. Nobody is named in it."""

    NAME: ClassVar[str] = "problem.lesson_recorded.v1"
    happened: Lesson
    changed: Lesson


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


class SuspectProblem(Command):
    """Report that several complaints are alike."""

    NAME: ClassVar[str] = "problem.suspect"
    RIGHT: ClassVar[Right] = "system"
    OTHERS: ClassVar[tuple[str, ...]] = ("complaints",)
    complaints: Annotated[tuple[ComplaintId, ...], Field(min_length=1)]
    within_days: Annotated[int, Field(ge=1)]
    least: Annotated[float, Field(ge=0, le=1)]


class OpenProblem(Command):
    """Open a problem, or confirm a suspected one, by naming its cause."""

    NAME: ClassVar[str] = "problem.open"
    RIGHT: ClassVar[Right] = "handle"
    cause: Cause
    code: Code | None = None
    owner: ActorId | None = None


class LinkToProblem(Command):
    """Count a complaint to this problem."""

    NAME: ClassVar[str] = "problem.link"
    RIGHT: ClassVar[Right] = "handle"
    OTHERS: ClassVar[tuple[str, ...]] = ("complaint",)
    complaint: ComplaintId


class UnlinkFromProblem(Command):
    """Take a complaint out of this problem, for good."""

    NAME: ClassVar[str] = "problem.unlink"
    RIGHT: ClassVar[Right] = "handle"
    OTHERS: ClassVar[tuple[str, ...]] = ("complaint",)
    complaint: ComplaintId


class AssignProblemAction(Command):
    """Have it mended."""

    NAME: ClassVar[str] = "problem.assign_action"
    RIGHT: ClassVar[Right] = "handle"
    action_id: UUID | None = None
    team: Code | None = None
    owner: ActorId | None = None
    due: Instant | None = None


class CompleteProblemAction(Command):
    """Say that it is done. When nothing is left to do, the complainants of the problem are told."""

    NAME: ClassVar[str] = "problem.complete_action"
    RIGHT: ClassVar[Right] = "handle"
    action_id: UUID


class RecordLesson(Command):
    """Write on the board of lessons what happened and what was changed, and name nobody."""

    NAME: ClassVar[str] = "problem.record_lesson"
    RIGHT: ClassVar[Right] = "handle"
    happened: Lesson
    changed: Lesson


class MeasureEffect(Command):
    """Record the effect."""

    NAME: ClassVar[str] = "problem.measure_effect"
    RIGHT: ClassVar[Right] = "handle"
    measured_on: date
    before_per_day: Decimal
    after_per_day: Decimal


class CloseProblem(Command):
    """Close the problem: mended, or found to be none."""

    NAME: ClassVar[str] = "problem.close"
    RIGHT: ClassVar[Right] = "handle"
    mended: bool
