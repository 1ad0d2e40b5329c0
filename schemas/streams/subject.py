"""Subject: the record that a person's keys were destroyed. Nothing typed stands in it."""

from typing import ClassVar, Literal
from uuid import UUID

from schemas.complaint.base import Event
from schemas.words import SubjectId

ErasureReason = Literal["request", "retention", "hold_released"]


class SubjectErased(Event):
    """The keys of a data subject were destroyed in these streams, and left out in those under hold."""

    NAME: ClassVar[str] = "subject.erased.v1"
    subject: SubjectId
    streams: tuple[UUID, ...] = ()
    left_out: tuple[UUID, ...] = ()
    request_id: UUID
    reason: ErasureReason
