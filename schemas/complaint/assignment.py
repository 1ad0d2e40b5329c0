"""Who answers for the complaint, and when a higher level must."""

from typing import Annotated, ClassVar

from pydantic import Field

from schemas.complaint.base import Command, Event, Right
from schemas.words import ActorId, AssignReason, Code


class ComplaintAssigned(Event):
    """A team, and perhaps a person in it, answers for the complaint."""

    NAME: ClassVar[str] = "complaint.assigned.v1"
    team: Code | None = None
    assignee: ActorId | None = None
    business_unit: Code | None = None
    previous_team: Code | None = None
    previous_assignee: ActorId | None = None
    reason: AssignReason


class ComplaintEscalated(Event):
    """A higher level was called in."""

    NAME: ClassVar[str] = "complaint.escalated.v1"
    level: Annotated[int, Field(ge=1)]
    reason: Code
    to: ActorId | None = None
    team: Code | None = None


class Assign(Command):
    """Hand the complaint to a team or a person."""

    NAME: ClassVar[str] = "complaint.assign"
    RIGHT: ClassVar[Right] = "handle"
    team: Code | None = None
    assignee: ActorId | None = None
    business_unit: Code | None = None
    reason: AssignReason = "handover"


class Escalate(Command):
    """Call in a higher level."""

    NAME: ClassVar[str] = "complaint.escalate"
    RIGHT: ClassVar[Right] = "handle"
    level: Annotated[int, Field(ge=1)]
    reason: Code
    to: ActorId | None = None
    team: Code | None = None
