"""Integration events on the course of a complaint: how it came in, what it is, whose it is, how it ended."""

from datetime import date
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from schemas.complaint.clocks import ClockKind
from schemas.published.integration_parts import (
    ClockOut,
    ComplaintFact,
    PartyOut,
    PointOut,
    PointOutcomeOut,
    ReferenceOut,
    ScoreOut,
    Text,
)
from schemas.words import (
    ActorId,
    AssignReason,
    Channel,
    CloseReason,
    Code,
    ComplaintId,
    ComplaintType,
    ExitReason,
    Informed,
    Instant,
    Language,
    LinkKind,
    MessageId,
    Nature,
    Outcome,
    Priority,
    ReopenReason,
    SlaReason,
    Stage,
    Tone,
)  # fmt: skip

Cycle = Annotated[int, Field(ge=1)]


class Received(ComplaintFact):
    """Dissatisfaction arrived: the first event of every complaint."""

    NAME: ClassVar[str] = "plaint.complaint.received.v1"
    OF: ClassVar[str] = "complaint.received.v1"
    channel: Channel
    message: MessageId
    parties: tuple[PartyOut, ...] = ()
    language: Language | None = None
    location: Code | None = None
    customer_segment: Code | None = None
    vulnerable: bool | None = None
    public: bool = False
    subject: Text = None
    body: Text = None


class Registered(ComplaintFact):
    """It was entered in the register."""

    NAME: ClassVar[str] = "plaint.complaint.registered.v1"
    OF: ClassVar[str] = "complaint.registered.v1"
    points: tuple[PointOut, ...] = ()
    incident_on: date | None = None
    purchased_on: date | None = None
    external_refs: tuple[ReferenceOut, ...] = ()


class Acknowledged(ComplaintFact):
    """The complainant was told that it arrived."""

    NAME: ClassVar[str] = "plaint.complaint.acknowledged.v1"
    OF: ClassVar[str] = "complaint.acknowledged.v1"
    channel: Channel
    expected_by: Instant | None = None


class Classified(ComplaintFact):
    """What it is; an absent field leaves what was known, points replace the points they name."""

    NAME: ClassVar[str] = "plaint.complaint.classified.v1"
    OF: ClassVar[str] = "complaint.classified.v1"
    nature: Nature | None = None
    informed: Informed | None = None
    type: ComplaintType | None = None
    subtype: Code | None = None
    tone: Tone | None = None
    tags: tuple[Code, ...] | None = None
    regulation: Code | None = None
    points: tuple[PointOut, ...] = ()


class Prioritised(ComplaintFact):
    """How urgent it is."""

    NAME: ClassVar[str] = "plaint.complaint.prioritised.v1"
    OF: ClassVar[str] = "complaint.prioritised.v1"
    priority: Priority


class Assigned(ComplaintFact):
    """A team, and perhaps a person in it, answers for it."""

    NAME: ClassVar[str] = "plaint.complaint.assigned.v1"
    OF: ClassVar[str] = "complaint.assigned.v1"
    team: Code | None = None
    assignee: ActorId | None = None
    previous_team: Code | None = None
    previous_assignee: ActorId | None = None
    reason: AssignReason


class Escalated(ComplaintFact):
    """A higher level was called in."""

    NAME: ClassVar[str] = "plaint.complaint.escalated.v1"
    OF: ClassVar[str] = "complaint.escalated.v1"
    level: Annotated[int, Field(ge=1)]
    reason: Code
    to: ActorId | None = None
    team: Code | None = None


class SlaApplied(ComplaintFact):
    """Which promises of time hold from now on; they replace the earlier ones."""

    NAME: ClassVar[str] = "plaint.complaint.sla_applied.v1"
    OF: ClassVar[str] = "complaint.sla_applied.v1"
    reason: SlaReason
    policy: Code
    policy_version: Annotated[int, Field(ge=1)]
    clocks: tuple[ClockOut, ...]


class DeadlineMissed(ComplaintFact):
    """A clock ran out at ``due_at``; ``detected_at`` is when somebody looked."""

    NAME: ClassVar[str] = "plaint.complaint.deadline_missed.v1"
    OF: ClassVar[str] = "complaint.deadline_missed.v1"
    clock: ClockKind
    cycle: Cycle
    instance: Annotated[int, Field(ge=1)]
    due_at: Instant
    detected_at: Instant


class DeadlineExtended(ComplaintFact):
    """A due was moved, with notice to the complainant."""

    NAME: ClassVar[str] = "plaint.complaint.deadline_extended.v1"
    OF: ClassVar[str] = "complaint.deadline_extended.v1"
    clock: ClockKind
    cycle: Cycle
    instance: Annotated[int, Field(ge=1)]
    due_at: Instant


class Resolved(ComplaintFact):
    """The outcome after full investigation."""

    NAME: ClassVar[str] = "plaint.complaint.resolved.v1"
    OF: ClassVar[str] = "complaint.resolved.v1"
    outcome: Outcome
    points: tuple[PointOutcomeOut, ...] = ()
    findings: Text = None


class OutcomeAccepted(ComplaintFact):
    """The complainant is content with the outcome."""

    NAME: ClassVar[str] = "plaint.complaint.outcome_accepted.v1"
    OF: ClassVar[str] = "complaint.outcome_accepted.v1"


class OutcomeDisputed(ComplaintFact):
    """The complainant is not."""

    NAME: ClassVar[str] = "plaint.complaint.outcome_disputed.v1"
    OF: ClassVar[str] = "complaint.outcome_disputed.v1"
    grounds: Text = None


class Discontinued(ComplaintFact):
    """The investigation ended early, at this stage, for this reason."""

    NAME: ClassVar[str] = "plaint.complaint.discontinued.v1"
    OF: ClassVar[str] = "complaint.discontinued.v1"
    stage: Stage
    reason: ExitReason
    of: ComplaintId | None = None
    to: Code | None = None


class Closed(ComplaintFact):
    """A cycle ended."""

    NAME: ClassVar[str] = "plaint.complaint.closed.v1"
    OF: ClassVar[str] = "complaint.closed.v1"
    reason: CloseReason
    cycle: Cycle


class Reopened(ComplaintFact):
    """The next cycle began."""

    NAME: ClassVar[str] = "plaint.complaint.reopened.v1"
    OF: ClassVar[str] = "complaint.reopened.v1"
    reason: ReopenReason
    cycle: Annotated[int, Field(ge=2)]


class Rated(ComplaintFact):
    """The complainant rated a cycle."""

    NAME: ClassVar[str] = "plaint.complaint.rated.v1"
    OF: ClassVar[str] = "complaint.rated.v1"
    survey: Code
    survey_version: Annotated[int, Field(ge=1)]
    cycle: Cycle
    scores: tuple[ScoreOut, ...]
    comment: Text = None


class Linked(ComplaintFact):
    """It has to do with another complaint; unconfirmed it is a suggestion."""

    NAME: ClassVar[str] = "plaint.complaint.linked.v1"
    OF: ClassVar[str] = "complaint.linked.v1"
    other: ComplaintId
    kind: LinkKind
    confirmed: bool = False


class Corrected(ComplaintFact):
    """An earlier entry was wrong; ``event_id`` is the id of its CloudEvent, if it was published."""

    NAME: ClassVar[str] = "plaint.complaint.corrected.v1"
    OF: ClassVar[str] = "complaint.corrected.v1"
    event_id: UUID
    note: Text = None
