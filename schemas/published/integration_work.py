"""Integration events on the work on a complaint: correspondence, waiting, causes, actions, promises, remedies."""

from datetime import date
from typing import ClassVar
from uuid import UUID

from pydantic import Field

from schemas.published.integration_parts import ComplaintFact, Text
from schemas.words import (
    ActionKind,
    ActorId,
    Cause,
    Channel,
    Code,
    ComplaintId,
    Counterparty,
    Direction,
    Informed,
    Instant,
    MessageId,
    Money,
    Purpose,
    RemedyForm,
    RemedyGround,
    RemedyHead,
    Responsibility,
    Visibility,
    WaitFor,
)  # fmt: skip


class MessageRecorded(ComplaintFact):
    """One more message with somebody outside; internal ones are not published."""

    NAME: ClassVar[str] = "plaint.complaint.message_recorded.v1"
    OF: ClassVar[str] = "complaint.message_recorded.v1"
    message: MessageId
    direction: Direction
    counterparty: Counterparty | None = None
    visibility: Visibility = "private"
    automated: bool = False
    purpose: Purpose | None = None
    channel: Channel
    in_reply_to: MessageId | None = None
    subject: Text = None
    body: Text = None


class Replied(ComplaintFact):
    """The complainant was answered, by the message named."""

    NAME: ClassVar[str] = "plaint.complaint.replied.v1"
    OF: ClassVar[str] = "complaint.replied.v1"
    message: MessageId
    final: bool
    signed_by: ActorId | None = None
    apology: bool = False


class InformationRequested(ComplaintFact):
    """Somebody was asked for what is missing."""

    NAME: ClassVar[str] = "plaint.complaint.information_requested.v1"
    OF: ClassVar[str] = "complaint.information_requested.v1"
    request_id: UUID
    from_: WaitFor = Field(default="complainant", alias="from")
    answer_by: Instant | date | None = None
    what: Text = None


class InformationProvided(ComplaintFact):
    """A request was answered; without ``request_id`` all requests to ``from`` were."""

    NAME: ClassVar[str] = "plaint.complaint.information_provided.v1"
    OF: ClassVar[str] = "complaint.information_provided.v1"
    request_id: UUID | None = None
    from_: WaitFor = Field(default="complainant", alias="from")


class InvestigationStarted(ComplaintFact):
    """Somebody began to look into it."""

    NAME: ClassVar[str] = "plaint.complaint.investigation_started.v1"
    OF: ClassVar[str] = "complaint.investigation_started.v1"
    investigator: ActorId | None = None


class CauseEstablished(ComplaintFact):
    """Why it happened and who answers for it."""

    NAME: ClassVar[str] = "plaint.complaint.cause_established.v1"
    OF: ClassVar[str] = "complaint.cause_established.v1"
    cause: Cause
    code: Code | None = None
    responsibility: Responsibility
    informed: Informed | None = None
    departments: tuple[Code, ...] = ()
    related: tuple[ComplaintId, ...] = ()
    findings: Text = None


class ActionAssigned(ComplaintFact):
    """Something must be done, by whom and when."""

    NAME: ClassVar[str] = "plaint.complaint.action_assigned.v1"
    OF: ClassVar[str] = "complaint.action_assigned.v1"
    action_id: UUID
    kind: ActionKind = "corrective"
    team: Code | None = None
    owner: ActorId | None = None
    due: Instant | None = None
    what: Text = None


class ActionCompleted(ComplaintFact):
    """It was done."""

    NAME: ClassVar[str] = "plaint.complaint.action_completed.v1"
    OF: ClassVar[str] = "complaint.action_completed.v1"
    action_id: UUID
    result: Text = None


class CauseMended(ComplaintFact):
    """What brought it about was mended: the actions on its problem are done."""

    NAME: ClassVar[str] = "plaint.complaint.cause_mended.v1"
    OF: ClassVar[str] = "complaint.cause_mended.v1"
    problem: UUID


class Promised(ComplaintFact):
    """The complainant was promised something by a date."""

    NAME: ClassVar[str] = "plaint.complaint.promised.v1"
    OF: ClassVar[str] = "complaint.promised.v1"
    promise_id: UUID
    due: Instant
    what: Text = None


class PromiseKept(ComplaintFact):
    """A promise was kept."""

    NAME: ClassVar[str] = "plaint.complaint.promise_kept.v1"
    OF: ClassVar[str] = "complaint.promise_kept.v1"
    promise_id: UUID


class RemedyProposed(ComplaintFact):
    """A remedy was proposed; nothing is owed before it is approved."""

    NAME: ClassVar[str] = "plaint.complaint.remedy_proposed.v1"
    OF: ClassVar[str] = "complaint.remedy_proposed.v1"
    remedy_id: UUID
    form: RemedyForm
    ground: RemedyGround
    head: RemedyHead | None = None
    amount: Money | None = None
    customer_pays: Money | None = None
    point: int | None = None


class RemedyApproved(ComplaintFact):
    """A remedy may be given: who pays or delivers acts on this, once for each ``remedy_id``."""

    NAME: ClassVar[str] = "plaint.complaint.remedy_approved.v1"
    OF: ClassVar[str] = "complaint.remedy_approved.v1"
    remedy_id: UUID
    amount: Money | None = None


class RemedyRejected(ComplaintFact):
    """A remedy was not allowed."""

    NAME: ClassVar[str] = "plaint.complaint.remedy_rejected.v1"
    OF: ClassVar[str] = "complaint.remedy_rejected.v1"
    remedy_id: UUID
    reason: Text = None


class RemedyOffered(ComplaintFact):
    """Alternatives were put to the complainant."""

    NAME: ClassVar[str] = "plaint.complaint.remedy_offered.v1"
    OF: ClassVar[str] = "complaint.remedy_offered.v1"
    remedy_ids: tuple[UUID, ...]
    until: Instant | None = None


class RemedyAccepted(ComplaintFact):
    """The complainant said yes."""

    NAME: ClassVar[str] = "plaint.complaint.remedy_accepted.v1"
    OF: ClassVar[str] = "complaint.remedy_accepted.v1"
    remedy_ids: tuple[UUID, ...]


class RemedyRefused(ComplaintFact):
    """The complainant said no."""

    NAME: ClassVar[str] = "plaint.complaint.remedy_refused.v1"
    OF: ClassVar[str] = "complaint.remedy_refused.v1"
    remedy_ids: tuple[UUID, ...]
    reason: Text = None


class Compensated(ComplaintFact):
    """An approved remedy was given, for money perhaps in part."""

    NAME: ClassVar[str] = "plaint.complaint.compensated.v1"
    OF: ClassVar[str] = "complaint.compensated.v1"
    remedy_id: UUID
    amount: Money | None = None
    reference: Text = None


class RemedyReversed(ComplaintFact):
    """Something given was taken back."""

    NAME: ClassVar[str] = "plaint.complaint.remedy_reversed.v1"
    OF: ClassVar[str] = "complaint.remedy_reversed.v1"
    remedy_id: UUID
    amount: Money | None = None
    reference: Text = None
