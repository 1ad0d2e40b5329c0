"""Feedback: a message that is not a complaint, a small stream of its own."""

from typing import ClassVar
from uuid import UUID

from schemas.complaint.base import Command, Event, Right
from schemas.complaint.registration import MessageContent
from schemas.words import Attachment, Automatic, Channel, Code, ComplaintId, Language, MessageId, Party, Personal, Sense


class FeedbackReceived(Event):
    """Thanks, a question, a suggestion, a neutral review or spam arrived."""

    NAME: ClassVar[str] = "feedback.received.v1"
    channel: Channel
    message: MessageId
    parties: tuple[Party, ...] = ()
    language: Language | None = None
    subject: Personal[str] | None = None
    body: Personal[str] | None = None
    foreign_id: Personal[str] | None = None
    raw: UUID | None = None
    attachments: tuple[Attachment, ...] = ()
    automated: bool = False
    automatic_kind: Automatic | None = None
    location: Code | None = None
    customer_segment: Code | None = None
    public: bool = False
    sense: Sense = "unknown"


class FeedbackClassified(Event):
    """What it is, as a rule or a person sees it."""

    NAME: ClassVar[str] = "feedback.classified.v1"
    sense: Sense


class FeedbackBecameComplaint(Event):
    """It turned out to be dissatisfaction."""

    NAME: ClassVar[str] = "feedback.became_complaint.v1"
    complaint: ComplaintId


class ReceiveFeedback(Command):
    """A channel message that is no complaint: the first of its stream, or one more."""

    NAME: ClassVar[str] = "feedback.receive"
    RIGHT: ClassVar[Right] = "receive"
    content: MessageContent
    location: Code | None = None
    customer_segment: Code | None = None


class ClassifyFeedback(Command):
    """Say what it is."""

    NAME: ClassVar[str] = "feedback.classify"
    RIGHT: ClassVar[Right] = "handle"
    sense: Sense


class TurnIntoComplaint(Command):
    """Say that it is a complaint: its conversations go on there, and within seconds rules open it with its words."""

    NAME: ClassVar[str] = "feedback.become_complaint"
    RIGHT: ClassVar[Right] = "handle"
    OTHERS: ClassVar[tuple[str, ...]] = ("complaint",)
    complaint: ComplaintId | None = None
    """Under which id; absent: a new one."""
