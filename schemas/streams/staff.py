"""Staff: which person an actor id is, sealed under that person's own key."""

from typing import ClassVar

from schemas.complaint.base import Event
from schemas.words import ActorId, Personal


class StaffBound(Event):
    """An actor id belongs to this person of this issuer."""

    NAME: ClassVar[str] = "staff.bound.v1"
    actor: ActorId
    issuer: Personal[str]
    subject: Personal[str]
    name: Personal[str] | None = None
