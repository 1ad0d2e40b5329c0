"""What was written and said: messages, replies, their delivery, notes and files."""

from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from schemas.complaint.base import Command, Event, Right
from schemas.words import (
    ActorId,
    Attachment,
    Automatic,
    Channel,
    Code,
    Counterparty,
    DeliveryStatus,
    Direction,
    Frozen,
    Instant,
    Language,
    MessageId,
    Party,
    Personal,
    Purpose,
    RuleRef,
    Sense,
    Visibility,
)  # fmt: skip


class QualityPart(Frozen):
    """One part of the score, such as ``structure``."""

    part: Code
    score: Annotated[int, Field(ge=0, le=100)]


class QualityPlace(Frozen):
    """Where in the body a finding stands: characters from ``start`` up to before ``end``."""

    check: Code
    start: Annotated[int, Field(ge=0)]
    end: Annotated[int, Field(ge=0)]


class QualityVerdict(Frozen):
    """What the reply check said; its text parts are never kept, only codes, numbers and the score."""

    score: Annotated[int, Field(ge=0, le=100)] | None = None
    findings: tuple[Code, ...] = ()
    passed: bool = True
    """False: it went out all the same, with a person's written reason."""
    parts: tuple[QualityPart, ...] | None = None
    places: tuple[QualityPlace, ...] | None = None
    judged_by: RuleRef | None = None
    """The rules that it was judged by; absent where whoever replied brought the verdict along."""


class ReviewScore(Frozen):
    """One criterion of a person's review of a reply."""

    criterion: Code
    score: Annotated[int, Field(ge=0, le=10)]


class Queued(Frozen):
    """Plaint sends the message itself: whoever follows the log for it finds here when and to whom.

    What became of it is a ``complaint.delivery_reported`` of the message.
    """

    not_before: Instant | None = None
    """Nobody is to be told before: outside of delivery hours, or to wait for others of the same bundle."""
    bundled: bool = False
    """May leave in one mail with others to the same mailbox."""
    staff: ActorId | None = None
    """Whom of ours it is for, and of which team; neither where it is for somebody else."""
    team: Code | None = None


class Rendered(Frozen):
    """The template that a text was written from."""

    template: Code
    version: Annotated[int, Field(ge=1)]
    language: Language


class MessageRecorded(Event):
    """One message of the correspondence, in or out, or an internal one."""

    NAME: ClassVar[str] = "complaint.message_recorded.v1"
    direction: Direction
    counterparty: Counterparty | None = None
    """With whom; absent means the complainant."""
    visibility: Visibility = "private"
    automated: bool = False
    automatic_kind: Automatic | None = None
    purpose: Purpose | None = None
    message: MessageId
    author: ActorId | None = None
    """Of an outbound or internal message; an inbound one is its subject's."""
    to: Personal[str] | None = None
    channel: Channel
    conversation: UUID | None = None
    in_reply_to: MessageId | None = None
    foreign_id: Personal[str] | None = None
    raw: UUID | None = None
    subject: Personal[str] | None = None
    body: Personal[str] | None = None
    attachments: tuple[Attachment, ...] = ()
    delivery: DeliveryStatus | None = None
    sense: Sense | None = None
    queued: Queued | None = None
    """Absent: whoever recorded it has sent it, or does."""
    rendered: Rendered | None = None


class DeliveryReported(Event):
    """A bounce or a delivery of an outbound message."""

    NAME: ClassVar[str] = "complaint.delivery_reported.v1"
    message: MessageId
    status: DeliveryStatus


class ComplaintReplied(Event):
    """The answer, interim or final, that the named outbound message carries."""

    NAME: ClassVar[str] = "complaint.replied.v1"
    message: MessageId
    final: bool
    signed_by: ActorId | None = None
    signed_for: Code | None = None
    """A team in whose name it is signed."""
    apology: bool = False
    checks: QualityVerdict | None = None
    articles: tuple[Code, ...] | None = None
    """Of the knowledge base, that it was written by; absent: none."""


class ReplyReviewed(Event):
    """A person other than the author scored a reply."""

    NAME: ClassVar[str] = "complaint.reply_reviewed.v1"
    message: MessageId
    scores: tuple[ReviewScore, ...]
    comment: Personal[str] | None = None


class NoteAdded(Event):
    """A note for colleagues."""

    NAME: ClassVar[str] = "complaint.note_added.v1"
    note: Personal[str]


class AttachmentAdded(Event):
    """A file was added outside of a message."""

    NAME: ClassVar[str] = "complaint.attachment_added.v1"
    attachment: Attachment


class PartyAdded(Event):
    """One more person or body in this complaint."""

    NAME: ClassVar[str] = "complaint.party_added.v1"
    party: Party


class RecordMessage(Command):
    """Record a message of ours: outbound or internal. Inbound ones arrive by ``complaint.receive``."""

    NAME: ClassVar[str] = "complaint.record_message"
    RIGHT: ClassVar[Right] = "handle"
    message: MessageId | None = None
    direction: Direction = "outbound"
    counterparty: Counterparty | None = None
    visibility: Visibility = "private"
    automated: bool = False
    purpose: Purpose | None = None
    to: str | None = None
    channel: Channel
    in_reply_to: MessageId | None = None
    subject: str | None = None
    body: str | None = None
    attachments: tuple[Attachment, ...] = ()
    delivery: DeliveryStatus | None = None
    queued: Queued | None = None
    rendered: Rendered | None = None


class ReportDelivery(Command):
    """Say what became of an outbound message."""

    NAME: ClassVar[str] = "complaint.report_delivery"
    RIGHT: ClassVar[Right] = "system"
    message: MessageId
    status: DeliveryStatus
    sent_as: Annotated[str, Field(pattern=r"^<[^<>\s]{1,500}>$")] | None = None
    """Message-ID of the mail that carried it: by this, answers and bounces find the complaint."""


class Reply(Command):
    """Answer the complainant: records the outbound message and the reply in one."""

    NAME: ClassVar[str] = "complaint.reply"
    RIGHT: ClassVar[Right] = "handle"
    message: MessageId | None = None
    final: bool
    channel: Channel
    counterparty: Counterparty | None = None
    visibility: Visibility = "private"
    to: str | None = None
    subject: str | None = None
    body: str
    attachments: tuple[Attachment, ...] = ()
    signed_by: ActorId | None = None
    signed_for: Code | None = None
    """A team in whose name it is signed, such as ``management``; a verified person says so."""
    apology: bool = False
    checks: QualityVerdict | None = None
    """Counts only where no rule set of concern ``replies`` is in force: else Plaint judges itself."""
    articles: tuple[Code, ...] = ()
    """Articles of the knowledge base that it was written by; their use is counted."""
    queued: Queued | None = None
    """Plaint sends it by e-mail, where it is set up to; absent: the sender of the command does."""


class ReviewReply(Command):
    """Score a colleague's reply."""

    NAME: ClassVar[str] = "complaint.review_reply"
    RIGHT: ClassVar[Right] = "handle"
    message: MessageId
    scores: tuple[ReviewScore, ...]
    comment: str | None = None


class AddNote(Command):
    """Leave a note for colleagues."""

    NAME: ClassVar[str] = "complaint.add_note"
    RIGHT: ClassVar[Right] = "handle"
    note: Annotated[str, Field(min_length=1)]


class AddAttachment(Command):
    """Add a file that the content store already holds."""

    NAME: ClassVar[str] = "complaint.add_attachment"
    RIGHT: ClassVar[Right] = "handle"
    attachment: Attachment


class AddParty(Command):
    """Add a person or body."""

    NAME: ClassVar[str] = "complaint.add_party"
    RIGHT: ClassVar[Right] = "handle"
    party: Party
