"""The end of a cycle, the exits, the start of the next one, and satisfaction."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from schemas.complaint.base import Command, Event, Right
from schemas.words import (
    CloseReason,
    Code,
    ComplaintId,
    ExitReason,
    Frozen,
    Instant,
    MessageId,
    Outcome,
    Personal,
    PointOutcome,
    ReopenReason,
    Stage,
)  # fmt: skip


class Score(Frozen):
    """One parameter of a survey; ``score`` out of ``out_of``."""

    parameter: Code
    score: Annotated[int, Field(ge=0)]
    out_of: Annotated[int, Field(ge=1)] = 5


class ComplaintResolved(Event):
    """The outcome after full investigation, overall and per point."""

    NAME: ClassVar[str] = "complaint.resolved.v1"
    outcome: Outcome
    points: tuple[PointOutcome, ...] = ()
    findings: Personal[str] | None = None


class OutcomeAccepted(Event):
    """The complainant is content with the outcome."""

    NAME: ClassVar[str] = "complaint.outcome_accepted.v1"
    message: MessageId | None = None


class OutcomeDisputed(Event):
    """The complainant is not."""

    NAME: ClassVar[str] = "complaint.outcome_disputed.v1"
    message: MessageId | None = None
    grounds: Personal[str] | None = None


class ComplaintDiscontinued(Event):
    """An exit: the investigation ends early, at this stage, for this reason."""

    NAME: ClassVar[str] = "complaint.discontinued.v1"
    stage: Stage
    reason: ExitReason
    of: ComplaintId | None = None
    """For a duplicate: of which complaint."""
    to: Code | None = None
    """For one that is not ours: to whom it was passed."""


class ComplaintClosed(Event):
    """The end of a cycle."""

    NAME: ClassVar[str] = "complaint.closed.v1"
    reason: CloseReason
    cycle: Annotated[int, Field(ge=1)]
    without_reply: Literal["duplicate", "spam_or_bot", "withdrawn", "written_reason"] | None = None
    """Why no final reply stands in this cycle; the reason itself is the envelope's ``why``."""


class ComplaintReopened(Event):
    """The next cycle begins, in the stage investigation."""

    NAME: ClassVar[str] = "complaint.reopened.v1"
    reason: ReopenReason
    cycle: Annotated[int, Field(ge=2)]
    """The cycle that begins."""
    message: MessageId | None = None


class SurveyInvited(Event):
    """The complainant was asked how satisfied he is."""

    NAME: ClassVar[str] = "complaint.survey_invited.v1"
    survey: Code
    survey_version: Annotated[int, Field(ge=1)]
    cycle: Annotated[int, Field(ge=1)]
    message: MessageId | None = None
    until: Instant | None = None
    """How long the link of the invitation is taken."""
    reminder: Annotated[int, Field(ge=1)] | None = None
    """Counts the reminders; absent: the first invitation."""


class ComplaintRated(Event):
    """How satisfied the complainant is with one cycle; once per cycle."""

    NAME: ClassVar[str] = "complaint.rated.v1"
    survey: Code
    survey_version: Annotated[int, Field(ge=1)] = 1
    cycle: Annotated[int, Field(ge=1)]
    scores: tuple[Score, ...]
    comment: Personal[str] | None = None


class Resolve(Command):
    """State the outcome."""

    NAME: ClassVar[str] = "complaint.resolve"
    RIGHT: ClassVar[Right] = "handle"
    outcome: Outcome
    points: tuple[PointOutcome, ...] = ()
    findings: str | None = None


class AcceptOutcome(Command):
    """Record that the complainant is content."""

    NAME: ClassVar[str] = "complaint.accept_outcome"
    RIGHT: ClassVar[Right] = "handle"
    message: MessageId | None = None


class DisputeOutcome(Command):
    """Record that the complainant is not."""

    NAME: ClassVar[str] = "complaint.dispute_outcome"
    RIGHT: ClassVar[Right] = "handle"
    message: MessageId | None = None
    grounds: str | None = None


class Discontinue(Command):
    """Leave the funnel by an exit."""

    NAME: ClassVar[str] = "complaint.discontinue"
    RIGHT: ClassVar[Right] = "handle"
    OTHERS: ClassVar[tuple[str, ...]] = ("of",)
    reason: ExitReason
    of: ComplaintId | None = None
    to: Code | None = None


class Close(Command):
    """End the cycle. Without a final reply in it a person's written reason is needed."""

    NAME: ClassVar[str] = "complaint.close"
    RIGHT: ClassVar[Right] = "handle"
    reason: CloseReason = "decision"


class Reopen(Command):
    """Begin the next cycle."""

    NAME: ClassVar[str] = "complaint.reopen"
    RIGHT: ClassVar[Right] = "handle"
    reason: ReopenReason = "decision"
    message: MessageId | None = None


class InviteSurvey(Command):
    """Ask how satisfied the complainant is, or remind him that he was asked."""

    NAME: ClassVar[str] = "complaint.invite_survey"
    RIGHT: ClassVar[Right] = "system"
    survey: Code
    survey_version: Annotated[int, Field(ge=1)] = 1
    cycle: Annotated[int, Field(ge=1)] | None = None
    """Absent: the latest that ended."""
    message: MessageId | None = None
    until: Instant | None = None
    reminder: Annotated[int, Field(ge=1)] | None = None


class Rate(Command):
    """Record the complainant's rating of a cycle (absent: the latest that ended)."""

    NAME: ClassVar[str] = "complaint.rate"
    RIGHT: ClassVar[Right] = "rate"
    survey: Code = "direct"
    survey_version: Annotated[int, Field(ge=1)] = 1
    cycle: Annotated[int, Field(ge=1)] | None = None
    scores: tuple[Score, ...]
    comment: str | None = None
    message: MessageId | None = None
