"""Survey campaigns: one stream for each person who is asked, whatever campaigns ask him, complaint or not.

So that he is not asked too often, nor again once he has declined, is decided where all of it is known.
Answers about a complaint's cycle are ``complaint.rated`` instead.
"""

from datetime import date
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from schemas.complaint.base import Command, Event, Right
from schemas.complaint.correspondence import Queued, Rendered
from schemas.complaint.lifecycle import Score
from schemas.words import (
    ActorId,
    Channel,
    Code,
    ComplaintId,
    ContactKind,
    DeliveryStatus,
    Frozen,
    Instant,
    Language,
    MessageId,
    Party,
    Personal,
    SubjectId,
)

Number = Annotated[int, Field(ge=1)]
"""Counts the invitations of one person."""


class Mail(Frozen):
    """The words of an invitation or a reminder, and when they may leave."""

    message: MessageId
    channel: Channel
    to: Personal[str]
    subject: Personal[str] | None = None
    body: Personal[str]
    queued: Queued
    rendered: Rendered


class RespondentEnrolled(Event):
    """A person may be asked by this survey: he stands on a list, or a case of his was chosen."""

    NAME: ClassVar[str] = "survey.enrolled.v1"
    survey: Code
    party: Party
    language: Language | None = None
    location: Code | None = None
    customer_segment: Code | None = None
    about: UUID | None = None
    """The complaint or feedback that he was chosen by; absent: a list."""
    handled_by: tuple[ActorId, ...] = ()
    """Who worked on it: none of them enters his answer."""


class RespondentInvited(Event):
    """He was asked."""

    NAME: ClassVar[str] = "survey.invited.v1"
    survey: Code
    survey_version: Annotated[int, Field(ge=1)]
    number: Number
    wave: date | None = None
    """Of which day of the schedule; absent: at once."""
    until: Instant
    """How long an answer is taken."""
    mail: Mail | None = None
    """Absent: no program reaches him, somebody calls."""


class RespondentReminded(Event):
    """He was asked again, since he had not answered."""

    NAME: ClassVar[str] = "survey.reminded.v1"
    number: Number
    reminder: Annotated[int, Field(ge=1)]
    mail: Mail


class RespondentAnswered(Event):
    """What he said; once per invitation."""

    NAME: ClassVar[str] = "survey.answered.v1"
    survey: Code
    survey_version: Annotated[int, Field(ge=1)]
    number: Number
    scores: Annotated[tuple[Score, ...], Field(min_length=1)]
    comment: Personal[str] | None = None
    channel: Channel
    """``web_form``: by himself, on the page that his link led to."""


class RespondentFollowedUp(Event):
    """A mark was so bad that a complaint was opened of his answer."""

    NAME: ClassVar[str] = "survey.followed_up.v1"
    number: Number
    complaint: ComplaintId


class RespondentDeclined(Event):
    """He wants to be asked no more, by no survey."""

    NAME: ClassVar[str] = "survey.declined.v1"
    number: Number | None = None
    """Which invitation he said it to."""


class RespondentAllowed(Event):
    """He lets himself be asked again, after he had declined."""

    NAME: ClassVar[str] = "survey.allowed.v1"


class RespondentDelivery(Event):
    """What became of a mail to him."""

    NAME: ClassVar[str] = "survey.delivery_reported.v1"
    message: MessageId
    status: DeliveryStatus


class EnrolRespondent(Command):
    """Have a person asked by a survey. For doors that know him by his contact, which the stream's id derives from."""

    NAME: ClassVar[str] = "survey.enrol"
    RIGHT: ClassVar[Right] = "receive"
    survey: Code
    kind: ContactKind = "email"
    contact: Annotated[str, Field(min_length=1, max_length=320)]
    name: Annotated[str, Field(max_length=200)] | None = None
    language: Language | None = None
    location: Code | None = None
    customer_segment: Code | None = None
    business_unit: Code | None = None
    about: UUID | None = None
    handled_by: tuple[ActorId, ...] = ()
    subject_id: SubjectId | None = None
    """Settled by the service: whom the contact is known to reach, or somebody new."""


class InviteRespondent(Command):
    """Ask him, unless he was asked a short while ago or has declined."""

    NAME: ClassVar[str] = "survey.invite"
    RIGHT: ClassVar[Right] = "system"
    survey: Code
    survey_version: Annotated[int, Field(ge=1)]
    wave: date | None = None
    until: Instant
    mail: Mail | None = None


class RemindRespondent(Command):
    """Ask him again, where he has not answered."""

    NAME: ClassVar[str] = "survey.remind"
    RIGHT: ClassVar[Right] = "system"
    number: Number
    reminder: Annotated[int, Field(ge=1)]
    mail: Mail


class AnswerSurvey(Command):
    """Record what he answered: by himself on the page, or to somebody who did not handle his case."""

    NAME: ClassVar[str] = "survey.answer"
    RIGHT: ClassVar[Right] = "rate"
    number: Number | None = None
    """Absent: his latest invitation."""
    scores: Annotated[tuple[Score, ...], Field(min_length=1)]
    comment: Annotated[str, Field(max_length=4_000)] | None = None
    channel: Channel = "call"


class FollowUpAnswer(Command):
    """Record the complaint that was opened of a bad mark."""

    NAME: ClassVar[str] = "survey.follow_up"
    RIGHT: ClassVar[Right] = "system"
    OTHERS: ClassVar[tuple[str, ...]] = ("complaint",)
    number: Number
    complaint: ComplaintId


class DeclineSurveys(Command):
    """Record that he wants to be asked no more."""

    NAME: ClassVar[str] = "survey.decline"
    RIGHT: ClassVar[Right] = "rate"
    number: Number | None = None


class AllowSurveys(Command):
    """Record that he lets himself be asked again; a person says so for him."""

    NAME: ClassVar[str] = "survey.allow"
    RIGHT: ClassVar[Right] = "rate"


class ReportSurveyDelivery(Command):
    """Say what became of a mail to him."""

    NAME: ClassVar[str] = "survey.report_delivery"
    RIGHT: ClassVar[Right] = "system"
    message: MessageId
    status: DeliveryStatus
    sent_as: Annotated[str, Field(pattern=r"^<[^<>\s]{1,500}>$")] | None = None
    """Message-ID of the mail that carried it: by this, bounces find him."""
