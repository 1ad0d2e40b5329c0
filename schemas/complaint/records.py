"""Keeping the record straight: links, moved messages, corrections, legal holds."""

from typing import ClassVar
from uuid import UUID

from schemas.complaint.base import Command, Event, Right
from schemas.words import Code, ComplaintId, Instant, LinkKind, MessageId, Personal


class ComplaintLinked(Event):
    """The complaint has to do with another one."""

    NAME: ClassVar[str] = "complaint.linked.v1"
    other: ComplaintId
    kind: LinkKind
    confirmed: bool = False
    """A person said so; otherwise it is a suggestion."""
    other_received_at: Instant | None = None
    """For a merge: the other's first receipt."""
    other_replied_at: Instant | None = None
    """For a merge: the other's first reply."""


class MessageMoved(Event):
    """A message belongs to another case; it was sealed again there, as a copy."""

    NAME: ClassVar[str] = "complaint.message_moved.v1"
    message: MessageId
    other: ComplaintId


class EntryCorrected(Event):
    """An earlier entry was wrong; what it said stays readable. Clocks pass over it, but receipt and promises stand."""

    NAME: ClassVar[str] = "complaint.corrected.v1"
    event_id: UUID
    note: Personal[str] | None = None


class LegalHoldPlaced(Event):
    """Nothing of this complaint may be erased while the hold stands."""

    NAME: ClassVar[str] = "complaint.legal_hold_placed.v1"
    hold_id: UUID
    holder: Code
    reason: Code


class LegalHoldReleased(Event):
    """A hold ended."""

    NAME: ClassVar[str] = "complaint.legal_hold_released.v1"
    hold_id: UUID
    holder: Code
    reason: Code


class LinkComplaint(Command):
    """Say what this complaint has to do with another one."""

    NAME: ClassVar[str] = "complaint.link"
    RIGHT: ClassVar[Right] = "handle"
    OTHERS: ClassVar[tuple[str, ...]] = ("other",)
    other: ComplaintId
    kind: LinkKind
    confirmed: bool = False
    other_received_at: Instant | None = None
    other_replied_at: Instant | None = None


class MoveMessage(Command):
    """Say that a message belongs to another case."""

    NAME: ClassVar[str] = "complaint.move_message"
    RIGHT: ClassVar[Right] = "handle"
    OTHERS: ClassVar[tuple[str, ...]] = ("other",)
    message: MessageId
    other: ComplaintId


class CorrectEntry(Command):
    """Say that an earlier entry was wrong."""

    NAME: ClassVar[str] = "complaint.correct"
    RIGHT: ClassVar[Right] = "overrule"
    event_id: UUID
    note: str | None = None


class PlaceLegalHold(Command):
    """Forbid erasure while the hold stands."""

    NAME: ClassVar[str] = "complaint.place_legal_hold"
    RIGHT: ClassVar[Right] = "hold"
    hold_id: UUID | None = None
    holder: Code
    reason: Code


class ReleaseLegalHold(Command):
    """End a hold; its releaser is another person than who placed it."""

    NAME: ClassVar[str] = "complaint.release_legal_hold"
    RIGHT: ClassVar[Right] = "hold"
    hold_id: UUID
    reason: Code
