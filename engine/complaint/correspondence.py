"""What was written and said: messages, replies, what became of them, notes and files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, assert_never, get_args
from uuid import UUID

from engine.complaint import replies
from engine.complaint.change import changed
from engine.complaint.given import Circumstances, Given
from engine.complaint.registration import PartyRef, with_author
from schemas.complaint.base import Event
from schemas.complaint.correspondence import (
    AddAttachment,
    AddNote,
    AddParty,
    AttachmentAdded,
    ComplaintReplied,
    DeliveryReported,
    MessageRecorded,
    NoteAdded,
    PartyAdded,
    RecordMessage,
    Reply,
    ReplyReviewed,
    ReportDelivery,
    ReviewReply,
    ReviewScore,
)
from schemas.complaint.registration import MessageContent
from schemas.refusals import Refusal
from schemas.words import Counterparty, DeliveryStatus, Direction, PartyRole, Purpose

if TYPE_CHECKING:
    from engine.complaint.case import Case

Events = (
    MessageRecorded | DeliveryReported | ComplaintReplied | ReplyReviewed | NoteAdded | AttachmentAdded | PartyAdded
)
Commands = RecordMessage | ReportDelivery | Reply | ReviewReply | AddNote | AddAttachment | AddParty

COUNTERPARTY: Final[dict[PartyRole, Counterparty]] = {
    "complainant": "complainant",
    "customer": "complainant",
    "joint_complainant": "complainant",
    "representative": "representative",
    "respondent": "third_party",
    "authority": "authority",
}
"""With whom we speak, by role; whoever complains or whose matter it is counts as the complainant."""


@dataclass(frozen=True, slots=True)
class Message:
    """What counts of a message; its words stay sealed."""

    message: UUID
    direction: Direction
    counterparty: Counterparty
    purpose: Purpose | None
    public: bool
    automated: bool
    author: str | None
    cycle: int

    @property
    def to_complainant(self) -> bool:
        return self.direction == "outbound" and self.counterparty in ("complainant", "representative")


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply that the named message carries."""

    message: UUID
    final: bool
    author: str
    cycle: int
    signed_for: str | None = None


@dataclass(frozen=True, slots=True)
class Review:
    """What a colleague gave a reply."""

    message: UUID
    reviewer: str
    scores: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Correspondence:
    """All messages of all cycles, in stored order."""

    cycle: int = 1
    messages: tuple[Message, ...] = ()
    answers: tuple[Answer, ...] = ()
    deliveries: frozenset[tuple[UUID, DeliveryStatus]] = frozenset()
    """The last word on an outbound message."""
    reviews: tuple[Review, ...] = ()
    files: tuple[UUID, ...] = ()
    parties: tuple[PartyRef, ...] = ()
    """Those that joined after the complaint was received."""

    def message(self, message: UUID) -> Message | None:
        return next((known for known in self.messages if known.message == message), None)

    def failed(self, message: UUID) -> bool:
        """A message whose delivery failed never was one."""
        return (message, "failed") in self.deliveries

    def final_reply(self, moved: tuple[UUID, ...]) -> bool:
        """A final reply stands in this cycle, not failed and not moved to another case."""
        return any(
            answer.final
            and answer.cycle == self.cycle
            and not self.failed(answer.message)
            and answer.message not in moved
            for answer in self.answers
        )

    def told(self, purpose: Purpose, moved: tuple[UUID, ...]) -> bool:
        """The complainant got a message of this purpose in this cycle (a public one where the purpose is)."""
        return any(
            message.purpose == purpose
            and message.cycle == self.cycle
            and (
                message.direction == "outbound" and message.public
                if purpose == "public_closing"
                else message.to_complainant
            )
            and not self.failed(message.message)
            and message.message not in moved
            for message in self.messages
        )


# ------------------------------------------------------------------------------------------------ decide


def decide(command: Commands, case: Case, given: Given) -> tuple[Event, ...]:
    """Return what follows from a command of this concern."""
    match command:
        case RecordMessage():
            return _record(command, case, given)
        case ReportDelivery():
            return _deliver(command, case, given)
        case Reply():
            return replies.reply(command, case, given)
        case ReviewReply():
            return _review(command, case, given)
        case AddNote():
            return (NoteAdded(subject_id=case.subject(given), note=command.note),)
        case AddAttachment(attachment=file):
            known = file.content_id in case.correspondence.files
            return () if known else (AttachmentAdded(subject_id=case.subject(given), attachment=file),)
        case AddParty(party=party):
            known = PartyRef(party.role, party.subject_id) in case.parties
            brings_text = party.name is not None or bool(party.contacts)
            return () if known and not brings_text else (PartyAdded(subject_id=party.subject_id, party=party),)
    assert_never(command)


def received(content: MessageContent) -> MessageRecorded:
    """Return the record of one more message from outside (or of ours, seen from outside)."""
    return MessageRecorded(
        subject_id=content.subject_id,
        direction=content.direction,
        counterparty=COUNTERPARTY[content.role],
        visibility="public" if content.public else "private",
        automated=content.automated is not None,
        automatic_kind=content.automated,
        message=content.message,
        to=content.addressed_to,
        channel=content.channel,
        conversation=content.conversation,
        in_reply_to=content.in_reply_to,
        foreign_id=content.foreign_id,
        raw=content.raw,
        subject=content.subject,
        body=content.body,
        attachments=content.attachments,
        sense=content.sense,
    )


def joined(content: MessageContent, case: Case) -> tuple[Event, ...]:
    """Return the parties that a message brings and the complaint does not know; automatic mail brings none."""
    if content.automated is not None or content.direction != "inbound":
        return ()
    return tuple(
        PartyAdded(subject_id=party.subject_id, party=party)
        for party in with_author(content)
        if PartyRef(party.role, party.subject_id) not in case.parties
    )


def _record(command: RecordMessage, case: Case, given: Given) -> tuple[Event, ...]:
    message = command.message or given.derive("message")
    if knows(case, message):
        return ()
    if command.direction == "inbound":
        raise Refusal("invalid", "an inbound message arrives by complaint.receive", field="direction")
    if command.queued is not None:
        replies.require_files(command.attachments, case)
    return (
        MessageRecorded(
            subject_id=case.subject(given),
            direction=command.direction,
            counterparty=command.counterparty,
            visibility=command.visibility,
            automated=command.automated,
            purpose=command.purpose,
            message=message,
            author=given.actor,
            to=command.to,
            channel=command.channel,
            in_reply_to=command.in_reply_to,
            subject=command.subject,
            body=command.body,
            attachments=command.attachments,
            delivery=command.delivery,
            queued=command.queued,
            rendered=command.rendered,
        ),
    )


def _deliver(command: ReportDelivery, case: Case, given: Given) -> tuple[Event, ...]:
    if case.correspondence.message(command.message) is None:
        raise Refusal("unknown_message", "no such message was recorded", message=str(command.message))
    if (command.message, command.status) in case.correspondence.deliveries:
        return ()
    return (DeliveryReported(subject_id=case.subject(given), message=command.message, status=command.status),)


def _review(command: ReviewReply, case: Case, given: Given) -> tuple[Event, ...]:
    if not knows(case, command.message):
        raise Refusal("unknown_message", "no such message was recorded", message=str(command.message))
    authors = {answer.author for answer in case.correspondence.answers if answer.message == command.message}
    if not authors:
        raise Refusal("not_a_reply", "only a reply is reviewed", message=str(command.message))
    if not given.by_person:
        raise Refusal("person_required", "a verified person reviews a reply", message=str(command.message))
    written = case.correspondence.message(command.message)
    if given.actor in authors or (written and written.author == given.actor):
        raise Refusal("own_reply", "nobody reviews his own reply", message=str(command.message))
    review = Review(command.message, given.actor, _scores(command.scores))
    if command.comment is None and review in case.correspondence.reviews:
        return ()
    return (
        ReplyReviewed(
            subject_id=case.subject(given), message=command.message, scores=command.scores, comment=command.comment
        ),
    )


def knows(case: Case, message: UUID) -> bool:
    """Tell whether this complaint has the message already, as its opening one or in the correspondence."""
    return message == case.registration.message or case.correspondence.message(message) is not None


def _scores(scores: tuple[ReviewScore, ...]) -> tuple[tuple[str, int], ...]:
    return tuple((score.criterion, score.score) for score in scores)


# ------------------------------------------------------------------------------------------------ evolve


def evolve(part: Correspondence, event: Events, around: Circumstances) -> Correspondence:
    """Apply one stored fact."""
    match event:
        case MessageRecorded():
            return _recorded(part, event)
        case DeliveryReported():
            return changed(part, deliveries=_with_delivery(part, event.message, event.status))
        case ComplaintReplied():
            answer = Answer(event.message, event.final, event.signed_by or around.actor, part.cycle, event.signed_for)
            return changed(part, answers=(*part.answers, answer))
        case ReplyReviewed():
            others = tuple(r for r in part.reviews if (r.message, r.reviewer) != (event.message, around.actor))
            return changed(part, reviews=(*others, Review(event.message, around.actor, _scores(event.scores))))
        case NoteAdded():
            return part
        case AttachmentAdded():
            return changed(part, files=(*part.files, event.attachment.content_id))
        case PartyAdded():
            joining = PartyRef(event.party.role, event.party.subject_id)
            return part if joining in part.parties else changed(part, parties=(*part.parties, joining))
    assert_never(event)


def _recorded(part: Correspondence, event: MessageRecorded) -> Correspondence:
    message = Message(
        message=event.message,
        direction=event.direction,
        counterparty=event.counterparty or "complainant",
        purpose=event.purpose,
        public=event.visibility == "public",
        automated=event.automated,
        author=event.author,
        cycle=part.cycle,
    )
    deliveries = _with_delivery(part, event.message, event.delivery) if event.delivery else part.deliveries
    return changed(part, messages=(*part.messages, message), deliveries=deliveries)


def _with_delivery(
    part: Correspondence, message: UUID, status: DeliveryStatus
) -> frozenset[tuple[UUID, DeliveryStatus]]:
    """A case may hold thousands of messages, so nothing here looks at all of them one by one."""
    before = {(message, other) for other in get_args(DeliveryStatus)} & part.deliveries
    return (part.deliveries - before if before else part.deliveries) | {(message, status)}


def next_cycle(part: Correspondence, cycle: int) -> Correspondence:
    """From here on messages and replies count for the next cycle."""
    return changed(part, cycle=cycle)
