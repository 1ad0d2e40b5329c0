"""Integration events on what is no complaint: feedback, problems, and the erasure of a person."""

from datetime import date
from typing import ClassVar
from uuid import UUID

from schemas.complaint.lifecycle import Score
from schemas.published.integration_parts import Fact, Text
from schemas.streams.subject import ErasureReason
from schemas.words import (
    ActorId,
    Cause,
    Channel,
    Code,
    ComplaintId,
    Instant,
    Language,
    Lesson,
    MessageId,
    PlainDecimal,
    Sense,
    SubjectId,
)  # fmt: skip


class FeedbackReceived(Fact):
    """Thanks, a question, a suggestion, a neutral review or spam arrived."""

    NAME: ClassVar[str] = "plaint.feedback.received.v1"
    OF: ClassVar[str] = "feedback.received.v1"
    channel: Channel
    message: MessageId
    language: Language | None = None
    location: Code | None = None
    customer_segment: Code | None = None
    public: bool = False
    automated: bool = False
    sense: Sense = "unknown"
    subject: Text = None
    body: Text = None


class FeedbackClassified(Fact):
    """What it is, as a rule or a person sees it."""

    NAME: ClassVar[str] = "plaint.feedback.classified.v1"
    OF: ClassVar[str] = "feedback.classified.v1"
    sense: Sense


class FeedbackBecameComplaint(Fact):
    """It turned out to be dissatisfaction, and goes on as ``complaint``."""

    NAME: ClassVar[str] = "plaint.feedback.became_complaint.v1"
    OF: ClassVar[str] = "feedback.became_complaint.v1"
    complaint: ComplaintId


class SurveyInvited(Fact):
    """A campaign asked a person how satisfied he is; ``about`` is his id, the same for all his answers."""

    NAME: ClassVar[str] = "plaint.survey.invited.v1"
    OF: ClassVar[str] = "survey.invited.v1"
    survey: Code
    survey_version: int
    number: int
    wave: date | None = None
    until: Instant


class SurveyReminded(Fact):
    """It asked him again, since he had not answered."""

    NAME: ClassVar[str] = "plaint.survey.reminded.v1"
    OF: ClassVar[str] = "survey.reminded.v1"
    number: int
    reminder: int


class SurveyAnswered(Fact):
    """A person whom a campaign asked said how satisfied he is; ``about`` is his id, the same for all his answers."""

    NAME: ClassVar[str] = "plaint.survey.answered.v1"
    OF: ClassVar[str] = "survey.answered.v1"
    survey: Code
    survey_version: int
    number: int
    scores: tuple[Score, ...]
    channel: Channel
    comment: Text = None


class SurveyFollowedUp(Fact):
    """A mark was so bad that a complaint was opened."""

    NAME: ClassVar[str] = "plaint.survey.followed_up.v1"
    OF: ClassVar[str] = "survey.followed_up.v1"
    number: int
    complaint: ComplaintId


class SurveysDeclined(Fact):
    """A person wants to be asked no more, by no survey: whoever asks him by other means knows it here."""

    NAME: ClassVar[str] = "plaint.survey.declined.v1"
    OF: ClassVar[str] = "survey.declined.v1"
    number: int | None = None


class SurveysAllowed(Fact):
    """A person who had declined lets himself be asked again."""

    NAME: ClassVar[str] = "plaint.survey.allowed.v1"
    OF: ClassVar[str] = "survey.allowed.v1"


class ProblemSuspected(Fact):
    """Several complaints are alike, and nobody has looked at it yet."""

    NAME: ClassVar[str] = "plaint.problem.suspected.v1"
    OF: ClassVar[str] = "problem.suspected.v1"
    complaints: tuple[ComplaintId, ...]
    within_days: int


class ProblemOpened(Fact):
    """Somebody answers for a systemic cause."""

    NAME: ClassVar[str] = "plaint.problem.opened.v1"
    OF: ClassVar[str] = "problem.opened.v1"
    cause: Cause
    code: Code | None = None
    owner: ActorId | None = None


class ProblemLinked(Fact):
    """A complaint belongs to this problem."""

    NAME: ClassVar[str] = "plaint.problem.linked.v1"
    OF: ClassVar[str] = "problem.linked.v1"
    complaint: ComplaintId


class ProblemUnlinked(Fact):
    """A complaint does not belong to this problem after all."""

    NAME: ClassVar[str] = "plaint.problem.unlinked.v1"
    OF: ClassVar[str] = "problem.unlinked.v1"
    complaint: ComplaintId


class ProblemActionAssigned(Fact):
    """Somebody must mend it by a date."""

    NAME: ClassVar[str] = "plaint.problem.action_assigned.v1"
    OF: ClassVar[str] = "problem.action_assigned.v1"
    action_id: UUID
    team: Code | None = None
    owner: ActorId | None = None
    due: Instant | None = None


class ProblemActionCompleted(Fact):
    """What was to be done is done."""

    NAME: ClassVar[str] = "plaint.problem.action_completed.v1"
    OF: ClassVar[str] = "problem.action_completed.v1"
    action_id: UUID


class ProblemLessonRecorded(Fact):
    """What others can learn of it; nobody is named."""

    NAME: ClassVar[str] = "plaint.problem.lesson_recorded.v1"
    OF: ClassVar[str] = "problem.lesson_recorded.v1"
    happened: Lesson
    changed: Lesson


class ProblemEffectMeasured(Fact):
    """Complaints of this cause a day, before and after."""

    NAME: ClassVar[str] = "plaint.problem.effect_measured.v1"
    OF: ClassVar[str] = "problem.effect_measured.v1"
    measured_on: date
    before_per_day: PlainDecimal
    after_per_day: PlainDecimal


class ProblemClosed(Fact):
    """Mended, or found to be none."""

    NAME: ClassVar[str] = "plaint.problem.closed.v1"
    OF: ClassVar[str] = "problem.closed.v1"
    mended: bool


class SubjectErased(Fact):
    """A person was erased from this complaint or feedback: whoever holds texts of his must delete them.

    One erasure is as many of these as it concerns complaints, so that each arrives in the order of its own.
    """

    NAME: ClassVar[str] = "plaint.subject.erased.v1"
    OF: ClassVar[str] = "subject.erased.v1"
    subject: SubjectId
    request_id: UUID
    reason: ErasureReason
