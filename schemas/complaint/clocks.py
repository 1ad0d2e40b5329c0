"""Promises of time: which hold, which were missed, moved or kept. The rules are in ``engine/sla``."""

from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from schemas.complaint.base import Command, Event, Right
from schemas.words import IMPERSONAL, Code, Frozen, Instant, Personal, SlaReason

ClockKind = Annotated[str, StringConstraints(pattern=r"^[a-z_]+(:[a-z0-9_.-]+)?$"), IMPERSONAL]
TargetText = Annotated[str, StringConstraints(pattern=r"^[a-z0-9 :]{3,60}$"), IMPERSONAL]
EventName = Annotated[str, StringConstraints(pattern=r"^[a-z_]+(\.[a-z_]+)?(:[a-z0-9_.-]+)?$"), IMPERSONAL]
"""A stored name without its version, or the name of a clock kind (= its default condition)."""


class Where(Frozen):
    """One field of an event must have one of these values."""

    field: Code
    values: tuple[Code | bool | int, ...]


class Condition(Frozen):
    """An event that starts, fulfils, pauses, resumes or cancels a clock."""

    event: EventName
    where: tuple[Where, ...] = ()


class EscalationStep(Frozen):
    """Who is called in how long after a due that passed, in the clock's calendar."""

    after: TargetText
    """``0 minutes`` is at the due."""
    level: Annotated[int, Field(ge=1)]
    to: Code
    """A team or a role."""


class AppliedClock(Frozen):
    """One promise as it holds for this complaint: target, calendar and conditions in full."""

    kind: ClockKind
    target: TargetText | None = None
    """Absent where the event that starts the clock carries its due (promise, action)."""
    calendar: Code
    calendar_version: Annotated[int, Field(ge=1)]
    start: tuple[Condition, ...]
    fulfil: tuple[Condition, ...]
    pause: tuple[Condition, ...] = ()
    resume: tuple[Condition, ...] = ()
    cancel: tuple[Condition, ...] = ()
    reopen: Literal["reset", "continue", "none"] = "reset"
    priority_change: Literal["forward", "retroactive", "reset"] = "forward"
    roll: Literal["none", "next", "previous"] = "none"
    warn: tuple[Annotated[int, Field(ge=1, le=100)], ...] = ()
    """Percentages of the target at which to warn."""
    escalations: tuple[EscalationStep, ...] | None = None


class SlaApplied(Event):
    """Which promises hold, in full, so that judging needs the events alone."""

    NAME: ClassVar[str] = "complaint.sla_applied.v1"
    reason: SlaReason
    policy: Code
    policy_version: Annotated[int, Field(ge=1)]
    clocks: tuple[AppliedClock, ...]


class DeadlineMissed(Event):
    """A clock ran out; ``detected_at`` is when somebody looked. Judging never depends on this."""

    NAME: ClassVar[str] = "complaint.deadline_missed.v1"
    clock: ClockKind
    cycle: Annotated[int, Field(ge=1)]
    instance: Annotated[int, Field(ge=1)]
    due_at: Instant
    detected_at: Instant


class DeadlineExtended(Event):
    """A due was moved, with notice to the complainant."""

    NAME: ClassVar[str] = "complaint.deadline_extended.v1"
    clock: ClockKind
    cycle: Annotated[int, Field(ge=1)]
    instance: Annotated[int, Field(ge=1)]
    due_at: Instant
    notice: UUID | None = None
    """The message that told the complainant."""


class ComplaintPromised(Event):
    """A promise with a date is a clock."""

    NAME: ClassVar[str] = "complaint.promised.v1"
    promise_id: UUID
    what: Personal[str] | None = None
    due: Instant


class PromiseKept(Event):
    """A promise was kept."""

    NAME: ClassVar[str] = "complaint.promise_kept.v1"
    promise_id: UUID


class ReportMiss(Command):
    """Propose that a clock ran out; only the case's own events decide whether it did."""

    NAME: ClassVar[str] = "complaint.report_miss"
    RIGHT: ClassVar[Right] = "system"
    clock: ClockKind
    cycle: Annotated[int, Field(ge=1)]
    instance: Annotated[int, Field(ge=1)]
    due_at: Instant


class ReapplySla(Command):
    """Re-date an open complaint where a newer version of a calendar holds for open ones too."""

    NAME: ClassVar[str] = "complaint.reapply_sla"
    RIGHT: ClassVar[Right] = "system"


class ExtendDeadline(Command):
    """Move a due that has not passed, having told the complainant."""

    NAME: ClassVar[str] = "complaint.extend_deadline"
    RIGHT: ClassVar[Right] = "handle"
    clock: ClockKind
    cycle: Annotated[int, Field(ge=1)] | None = None
    instance: Annotated[int, Field(ge=1)] | None = None
    due_at: Instant
    notice: UUID | None = None


class MakePromise(Command):
    """Promise the complainant something by a date."""

    NAME: ClassVar[str] = "complaint.promise"
    RIGHT: ClassVar[Right] = "handle"
    promise_id: UUID | None = None
    what: str | None = None
    due: Instant


class KeepPromise(Command):
    """Say that a promise was kept."""

    NAME: ClassVar[str] = "complaint.keep_promise"
    RIGHT: ClassVar[Right] = "handle"
    promise_id: UUID
