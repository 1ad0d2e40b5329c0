"""Dissatisfaction arrives and is entered in the register (ISO 10002:2018, 8.2 to 8.4)."""

from datetime import date
from typing import ClassVar
from uuid import UUID

from schemas.complaint.base import Command, Event, Right
from schemas.words import (
    Attachment,
    Automatic,
    CaseNumber,
    Channel,
    Code,
    Direction,
    Frozen,
    Instant,
    Language,
    Level,
    MessageId,
    Party,
    PartyRole,
    Personal,
    Point,
    Reference,
    Sense,
    SubjectId,
)  # fmt: skip


class Assessment(Frozen):
    """The first look of ISO 10002: how bad, how urgent."""

    severity: Level
    safety: bool = False
    complexity: Level = "medium"
    impact: Level = "medium"
    immediate_action: bool = False


class ComplaintReceived(Event):
    """Dissatisfaction arrived. First event of every complaint."""

    NAME: ClassVar[str] = "complaint.received.v1"
    channel: Channel
    message: MessageId
    parties: tuple[Party, ...] = ()
    addressed_to: Personal[str] | None = None
    language: Language | None = None
    subject: Personal[str] | None = None
    body: Personal[str] | None = None
    foreign_id: Personal[str] | None = None
    """How the sending system calls the message."""
    raw: UUID | None = None
    """The message as it came, in the content store: an e-mail, or one that says what no field here takes."""
    attachments: tuple[Attachment, ...] = ()
    location: Code | None = None
    customer_segment: Code | None = None
    vulnerable: bool | None = None
    public: bool = False
    sense: Sense = "complaint"


class ComplaintRegistered(Event):
    """Entered in the register under a number."""

    NAME: ClassVar[str] = "complaint.registered.v1"
    number: CaseNumber
    points: tuple[Point, ...] = ()
    incident_on: date | None = None
    purchased_on: date | None = None
    external_refs: tuple[Reference, ...] = ()
    assessment: Assessment | None = None
    starts_investigation: bool = False
    """The policy lets registration enter the investigation at once."""


class ComplaintAcknowledged(Event):
    """The complainant was told that his complaint arrived, what it is called and when to expect an answer."""

    NAME: ClassVar[str] = "complaint.acknowledged.v1"
    number: CaseNumber
    topic: Code | None = None
    expected_by: Instant | None = None
    link_id: UUID | None = None
    channel: Channel


class MessageContent(Frozen):
    """A channel message as the complaint takes it: ids and subjects are settled, files are stored."""

    message: MessageId
    channel: Channel
    subject_id: SubjectId
    """Whose words these are."""
    role: PartyRole = "complainant"
    parties: tuple[Party, ...] = ()
    direction: Direction = "inbound"
    addressed_to: str | None = None
    language: Language | None = None
    subject: str | None = None
    body: str | None = None
    foreign_id: str | None = None
    raw: UUID | None = None
    attachments: tuple[Attachment, ...] = ()
    automated: Automatic | None = None
    sense: Sense = "unknown"
    public: bool = False
    conversation: UUID | None = None
    in_reply_to: MessageId | None = None


class Receive(Command):
    """A channel message belongs to this complaint: its first one, or one more.

    The first opens the complaint. A later one is recorded; from the complainant it ends the
    waiting for him, and after the end it reopens only if ``content.sense`` is dissatisfaction.
    """

    NAME: ClassVar[str] = "complaint.receive"
    RIGHT: ClassVar[Right] = "receive"
    content: MessageContent
    points: tuple[Point, ...] = ()
    incident_on: date | None = None
    purchased_on: date | None = None
    external_refs: tuple[Reference, ...] = ()
    location: Code | None = None
    customer_segment: Code | None = None
    vulnerable: bool | None = None


class Register(Command):
    """Enter in the register, or complete what the register says."""

    NAME: ClassVar[str] = "complaint.register"
    RIGHT: ClassVar[Right] = "handle"
    points: tuple[Point, ...] = ()
    incident_on: date | None = None
    purchased_on: date | None = None
    external_refs: tuple[Reference, ...] = ()
    assessment: Assessment | None = None


class Acknowledge(Command):
    """Record that the complainant was told."""

    NAME: ClassVar[str] = "complaint.acknowledge"
    RIGHT: ClassVar[Right] = "handle"
    channel: Channel
    topic: Code | None = None
    expected_by: Instant | None = None
    link_id: UUID | None = None
