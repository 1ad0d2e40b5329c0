"""What the complainant gets, who allowed it, and what he said to it."""

from typing import ClassVar
from uuid import UUID

from schemas.complaint.base import Command, Event, Right
from schemas.words import Code, Instant, Money, Personal, RemedyForm, RemedyGround, RemedyHead


class RemedyProposed(Event):
    """A remedy was proposed, by a rule or a person."""

    NAME: ClassVar[str] = "complaint.remedy_proposed.v1"
    remedy_id: UUID
    form: RemedyForm
    ground: RemedyGround
    head: RemedyHead | None = None
    amount: Money | None = None
    customer_pays: Money | None = None
    point: int | None = None


class RemedyApproved(Event):
    """Allowed: by a second person, or by the rule within its limit. Binds id, amount and currency."""

    NAME: ClassVar[str] = "complaint.remedy_approved.v1"
    remedy_id: UUID
    amount: Money | None = None
    limits: tuple[Code, ...] = ()
    """The limits that applied."""


class RemedyRejected(Event):
    """Not allowed."""

    NAME: ClassVar[str] = "complaint.remedy_rejected.v1"
    remedy_id: UUID
    reason: Personal[str] | None = None


class RemedyOffered(Event):
    """Alternatives put to the complainant."""

    NAME: ClassVar[str] = "complaint.remedy_offered.v1"
    remedy_ids: tuple[UUID, ...]
    until: Instant | None = None


class RemedyAccepted(Event):
    """The complainant's yes."""

    NAME: ClassVar[str] = "complaint.remedy_accepted.v1"
    remedy_ids: tuple[UUID, ...]


class RemedyRefused(Event):
    """The complainant's no."""

    NAME: ClassVar[str] = "complaint.remedy_refused.v1"
    remedy_ids: tuple[UUID, ...]
    reason: Personal[str] | None = None


class ComplaintCompensated(Event):
    """An approved remedy was given, for money perhaps in part."""

    NAME: ClassVar[str] = "complaint.compensated.v1"
    remedy_id: UUID
    amount: Money | None = None
    reference: Personal[str] | None = None


class RemedyReversed(Event):
    """Something given was taken back."""

    NAME: ClassVar[str] = "complaint.remedy_reversed.v1"
    remedy_id: UUID
    amount: Money | None = None
    reference: Personal[str] | None = None


class ProposeRemedy(Command):
    """Propose a remedy; within the rule's limit it is approved at once."""

    NAME: ClassVar[str] = "complaint.propose_remedy"
    RIGHT: ClassVar[Right] = "handle"
    remedy_id: UUID | None = None
    form: RemedyForm
    ground: RemedyGround
    head: RemedyHead | None = None
    amount: Money | None = None
    customer_pays: Money | None = None
    point: int | None = None


class ApproveRemedy(Command):
    """Allow a remedy that somebody else proposed."""

    NAME: ClassVar[str] = "complaint.approve_remedy"
    RIGHT: ClassVar[Right] = "approve"
    remedy_id: UUID
    amount: Money | None = None
    """What is allowed; absent means what was proposed."""


class RejectRemedy(Command):
    """Refuse to allow a remedy."""

    NAME: ClassVar[str] = "complaint.reject_remedy"
    RIGHT: ClassVar[Right] = "approve"
    remedy_id: UUID
    reason: str | None = None


class OfferRemedies(Command):
    """Put approved remedies to the complainant."""

    NAME: ClassVar[str] = "complaint.offer_remedies"
    RIGHT: ClassVar[Right] = "handle"
    remedy_ids: tuple[UUID, ...]
    until: Instant | None = None


class AcceptRemedies(Command):
    """Record the complainant's yes."""

    NAME: ClassVar[str] = "complaint.accept_remedies"
    RIGHT: ClassVar[Right] = "handle"
    remedy_ids: tuple[UUID, ...]


class RefuseRemedies(Command):
    """Record the complainant's no."""

    NAME: ClassVar[str] = "complaint.refuse_remedies"
    RIGHT: ClassVar[Right] = "handle"
    remedy_ids: tuple[UUID, ...]
    reason: str | None = None


class Compensate(Command):
    """Record that an approved remedy was given."""

    NAME: ClassVar[str] = "complaint.compensate"
    RIGHT: ClassVar[Right] = "handle"
    remedy_id: UUID
    amount: Money | None = None
    reference: str | None = None


class ReverseRemedy(Command):
    """Record that something given was taken back."""

    NAME: ClassVar[str] = "complaint.reverse_remedy"
    RIGHT: ClassVar[Right] = "approve"
    remedy_id: UUID
    amount: Money | None = None
    reference: str | None = None
