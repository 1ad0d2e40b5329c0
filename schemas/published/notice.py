"""Notices: what another system should act upon now, each made of one stored event.

``complaints.events`` tells everything that happened; ``complaints.notices`` only what somebody must
do something about, so that whoever acts (a mail sender, a duty roster, a chat bot) reads no more
than that. A notice names the complaint and holds no text: who acts asks the case.
Nothing is noticed of imported history.
"""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Final, get_args
from uuid import UUID

from pydantic import BaseModel, Field

from schemas.complaint.assignment import ComplaintEscalated
from schemas.complaint.base import Event
from schemas.complaint.clocks import ClockKind
from schemas.complaint.correspondence import MessageRecorded
from schemas.envelope import Envelope
from schemas.published.integration_parts import ComplaintFact, Fact
from schemas.streams.survey import RespondentInvited, RespondentReminded
from schemas.words import (
    ActorId,
    Channel,
    Code,
    ComplaintId,
    Counterparty,
    Instant,
    Language,
    MessageId,
    Purpose,
    Visibility,
)


class AcknowledgementDue(ComplaintFact):
    """A complaint was registered: the complainant has to be told its number and when to expect an answer."""

    NAME: ClassVar[str] = "plaint.notice.acknowledgement_due.v1"
    OF: ClassVar[str] = "complaint.registered.v1"


class DeadlineMissed(ComplaintFact):
    """A promise of time was broken."""

    NAME: ClassVar[str] = "plaint.notice.deadline_missed.v1"
    OF: ClassVar[str] = "complaint.deadline_missed.v1"
    clock: ClockKind
    cycle: Annotated[int, Field(ge=1)]
    due_at: Instant
    detected_at: Instant


class Escalated(ComplaintFact):
    """A higher level was called in and has to be told."""

    NAME: ClassVar[str] = "plaint.notice.escalated.v1"
    OF: ClassVar[str] = "complaint.escalated.v1"
    level: Annotated[int, Field(ge=1)]
    reason: Code
    to: ActorId | None = None
    team: Code | None = None
    clock: ClockKind | None = None
    """Which clock brought it about; absent where somebody decided it."""
    due_at: Instant | None = None
    notify_from: Instant | None = None
    """Outside of the desk's hours nobody is to be told before."""


class DueSoon(ComplaintFact):
    """A promise of time is about to be broken: who answers for the complaint has to be told."""

    NAME: ClassVar[str] = "plaint.notice.due_soon.v1"
    OF: ClassVar[str] = "complaint.escalated.v1"
    clock: ClockKind
    cycle: Annotated[int, Field(ge=1)]
    due_at: Instant
    percent: Annotated[int, Field(ge=1, le=100)] | None = None
    to: ActorId | None = None
    team: Code | None = None
    notify_from: Instant | None = None
    """Outside of the desk's hours nobody is to be told before."""


class MessageQueued(ComplaintFact):
    """A message was written that Plaint means to be sent: to the complainant, in public, or to the desk.

    Its text stands in the case under ``message``. Plaint's own mail sender takes those of the channel
    ``email``; whoever sends others reports what became of them by ``complaint.report_delivery``.
    """

    NAME: ClassVar[str] = "plaint.notice.message_queued.v1"
    OF: ClassVar[str] = "complaint.message_recorded.v1"
    message: MessageId
    channel: Channel
    counterparty: Counterparty | None = None
    """Absent: the complainant."""
    visibility: Visibility
    automated: bool
    """Nobody wrote it: mail says so, and is never answered by a machine."""
    purpose: Purpose | None = None
    in_reply_to: MessageId | None = None
    not_before: Instant | None = None
    """Nobody is to be told before."""
    bundled: bool = False
    """May leave together with others to the same mailbox."""
    staff: ActorId | None = None
    team: Code | None = None
    template: Code | None = None
    language: Language | None = None


class ProblemSuspected(Fact):
    """Several complaints say the same, and somebody has to look whether they have one cause; told once.

    ``about`` is the problem, to be confirmed or closed.
    """

    NAME: ClassVar[str] = "plaint.notice.problem_suspected.v1"
    OF: ClassVar[str] = "problem.suspected.v1"
    complaints: tuple[ComplaintId, ...]
    within_days: Annotated[int, Field(ge=1)]


class SurveyInvited(Fact):
    """A campaign asks somebody; ``about`` is his id, and his stream holds the words under ``message``.

    Plaint's own mail sender takes those of the channel ``email``. Without a message no program reaches him:
    somebody calls, and enters what he says by ``survey.answer``.
    """

    NAME: ClassVar[str] = "plaint.notice.survey_invited.v1"
    OF: ClassVar[str] = "survey.invited.v1"
    survey: Code
    number: Annotated[int, Field(ge=1)]
    until: Instant
    message: MessageId | None = None
    channel: Channel | None = None
    not_before: Instant | None = None
    """Nobody is to be asked before."""
    template: Code | None = None
    language: Language | None = None


class SurveyReminded(Fact):
    """A campaign asks somebody again."""

    NAME: ClassVar[str] = "plaint.notice.survey_reminded.v1"
    OF: ClassVar[str] = "survey.reminded.v1"
    number: Annotated[int, Field(ge=1)]
    reminder: Annotated[int, Field(ge=1)]
    message: MessageId
    channel: Channel
    not_before: Instant | None = None
    """Nobody is to be asked before."""
    template: Code | None = None
    language: Language | None = None


Notice = (
    AcknowledgementDue
    | DeadlineMissed
    | Escalated
    | DueSoon
    | MessageQueued
    | ProblemSuspected
    | SurveyInvited
    | SurveyReminded
)
NOTICES: Final[Mapping[str, type[Notice]]] = {notice.NAME: notice for notice in get_args(Notice)}
"""Published name -> its fields."""
_OF_STORED: Final[Mapping[str, type[Notice]]] = {
    notice.OF: notice for notice in NOTICES.values() if notice is not DueSoon
}
STORED: Final = frozenset(_OF_STORED)
"""The stored events that a notice is made of."""


def notice_of(stream: UUID, number: str, envelope: Envelope, event: Event) -> Notice | None:
    """Return the notice of one stored event, if there is one. The same arguments always give the same."""
    warning = isinstance(event, ComplaintEscalated) and event.level == 0
    kind = DueSoon if warning else _OF_STORED.get(event.NAME)
    if kind is None or envelope.origin == "import":
        return None
    parts: list[BaseModel] = [event]
    if isinstance(event, MessageRecorded):
        if event.queued is None:
            return None
        parts += [part for part in (event.queued, event.rendered) if part is not None]
    if isinstance(event, RespondentInvited | RespondentReminded) and event.mail is not None:
        parts += [event.mail, event.mail.queued, event.mail.rendered]
    around = {"business_unit": envelope.business_unit, "actor": envelope.actor, "origin": envelope.origin}
    own = {
        name: value for part in parts for name in kind.model_fields if (value := getattr(part, name, None)) is not None
    }
    named = {"number": number} if issubclass(kind, ComplaintFact) else {}
    return kind.model_validate({**around, **own, **named, "about": stream})
