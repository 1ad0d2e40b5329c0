"""What the complainant gets, who allowed it, and what he said to it."""

from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import Field

from schemas.complaint.base import Command, Event, Right
from schemas.words import (
    Advised,
    Code,
    Currency,
    Frozen,
    Instant,
    Money,
    Personal,
    PlainDecimal,
    RemedyForm,
    RemedyGround,
    RemedyHead,
    RuleRef,
)  # fmt: skip


class Unusual(Frozen):
    """One figure of what the complainant was given in all his complaints, and the bound that it passes."""

    measure: Literal["number", "value"]
    """Of remedies, or of money in ``currency``, less what was taken back."""
    against: Literal["limit", "peers"]
    """The limit for one person, or what is usual among all who were given anything."""
    currency: Currency | None = None
    value: Annotated[PlainDecimal, Field(ge=0)]
    bound: Annotated[PlainDecimal, Field(ge=0)]
    cases: Annotated[int, Field(ge=0)]
    persons: Annotated[int, Field(ge=0)] | None = None
    """How many peers he was compared with."""
    days: Annotated[int, Field(ge=1)] | None = None
    """In how many days, for a limit."""


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
    advice: Advised | None = None
    """Absent where no rule said anything of the case; why a rule was overruled is the envelope's ``why``."""
    advised_by: RuleRef | None = None
    """The rule that was followed or overruled."""


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


class RemediesQuestioned(Event):
    """The complainant was given unusually much: a word with figures. To go on needs a reason, nothing is refused."""

    NAME: ClassVar[str] = "complaint.remedies_questioned.v1"
    remedy_id: UUID | None = None
    """Whose proposal gave rise to it."""
    unusual: tuple[Unusual, ...]


class ProposeRemedy(Command):
    """Propose a remedy; within the rule's limit it is approved at once. What overrules the rule needs a reason."""

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


class QuestionRemedies(Command):
    """Say with figures that the complainant was given unusually much."""

    NAME: ClassVar[str] = "complaint.question_remedies"
    RIGHT: ClassVar[Right] = "system"
    remedy_id: UUID | None = None
    unusual: Annotated[tuple[Unusual, ...], Field(min_length=1)]
