"""Who answers for the complaint, and when a higher level must."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from schemas.complaint.base import Command, Event, Right
from schemas.complaint.clocks import ClockKind
from schemas.words import ActorId, AssignReason, Code, Frozen, Instant

LeftOut = Literal["away", "skill", "language", "full"]
"""Why somebody of the team was not given a complaint."""


class Candidate(Frozen):
    """What was seen of somebody when a rule chose who gets a complaint."""

    person: ActorId
    open: Annotated[int, Field(ge=0)]
    """Complaints that he had and that were not closed."""
    last: Instant | None = None
    """When the last one that he was given had been received."""
    left_out: LeftOut | None = None


class ComplaintAssigned(Event):
    """A team, and perhaps a person in it, answers for the complaint."""

    NAME: ClassVar[str] = "complaint.assigned.v1"
    team: Code | None = None
    assignee: ActorId | None = None
    business_unit: Code | None = None
    previous_team: Code | None = None
    previous_assignee: ActorId | None = None
    reason: AssignReason
    considered: tuple[Candidate, ...] | None = None
    """Of a choice by a rule: everybody of the team, with the figures that it was made by."""


class ComplaintEscalated(Event):
    """A higher level was called in; with level 0, who answers for it was warned that a due comes near.

    Where a clock brought it about, the event names the clock, its due, and when somebody looked.
    """

    NAME: ClassVar[str] = "complaint.escalated.v1"
    level: Annotated[int, Field(ge=0)]
    reason: Code
    to: ActorId | None = None
    team: Code | None = None
    """A team or a role."""
    clock: ClockKind | None = None
    cycle: Annotated[int, Field(ge=1)] | None = None
    instance: Annotated[int, Field(ge=1)] | None = None
    due_at: Instant | None = None
    detected_at: Instant | None = None
    percent: Annotated[int, Field(ge=1, le=100)] | None = None
    """Of a warning: how much of the clock's own time was used up."""
    notify_from: Instant | None = None
    """Nobody is told before: the desk was closed when it was noticed."""


class Assign(Command):
    """Hand the complaint to a team or a person."""

    NAME: ClassVar[str] = "complaint.assign"
    RIGHT: ClassVar[Right] = "handle"
    team: Code | None = None
    assignee: ActorId | None = None
    business_unit: Code | None = None
    reason: AssignReason = "handover"
    considered: tuple[Candidate, ...] = ()


class Escalate(Command):
    """Call in a higher level."""

    NAME: ClassVar[str] = "complaint.escalate"
    RIGHT: ClassVar[Right] = "handle"
    level: Annotated[int, Field(ge=1)]
    reason: Code
    to: ActorId | None = None
    team: Code | None = None


class EscalateByClock(Command):
    """Propose that a clock asks for a warning or a level; only the case's own events decide whether it does."""

    NAME: ClassVar[str] = "complaint.escalate_by_clock"
    RIGHT: ClassVar[Right] = "system"
    clock: ClockKind
    cycle: Annotated[int, Field(ge=1)]
    instance: Annotated[int, Field(ge=1)]
    due_at: Instant
    level: Annotated[int, Field(ge=0)]
    """0: the warning that is due."""
