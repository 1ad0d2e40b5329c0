"""A person whom survey campaigns ask, as a decider: not too often, and not once he has declined, until he allows it.

Who he is and what he wrote stays sealed; the state holds which survey asked when, and what marks he gave. After an
erasure it still knows that he declined: the stream is found by a keyed hash of his contact alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, assert_never, get_args
from uuid import UUID

from engine.complaint.change import changed
from engine.complaint.given import Fact, Given
from schemas.complaint.base import Event
from schemas.complaint.lifecycle import Score
from schemas.refusals import Refusal
from schemas.streams.survey import (
    AllowSurveys,
    AnswerSurvey,
    DeclineSurveys,
    EnrolRespondent,
    FollowUpAnswer,
    InviteRespondent,
    RemindRespondent,
    ReportSurveyDelivery,
    RespondentAllowed,
    RespondentAnswered,
    RespondentDeclined,
    RespondentDelivery,
    RespondentEnrolled,
    RespondentFollowedUp,
    RespondentInvited,
    RespondentReminded,
)
from schemas.words import Contact, Party

SurveyEvent = (
    RespondentEnrolled
    | RespondentInvited
    | RespondentReminded
    | RespondentAnswered
    | RespondentFollowedUp
    | RespondentDeclined
    | RespondentAllowed
    | RespondentDelivery
)
SurveyCommand = (
    EnrolRespondent
    | InviteRespondent
    | RemindRespondent
    | AnswerSurvey
    | FollowUpAnswer
    | DeclineSurveys
    | AllowSurveys
    | ReportSurveyDelivery
)
EVENTS: Final[frozenset[type[Event]]] = frozenset(get_args(SurveyEvent))


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nothing is stored of him."""


@dataclass(frozen=True, slots=True)
class Enrolment:
    """That a survey may ask him, and what it was that chose him."""

    survey: str
    about: UUID | None = None
    handled_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Invitation:
    """One time that he was asked. ``at`` and ``until`` are aware."""

    survey: str
    version: int
    at: datetime
    until: datetime
    wave: date | None = None
    messages: tuple[UUID, ...] = ()
    reminders: int = 0
    scores: tuple[Score, ...] = ()
    complaint: UUID | None = None


@dataclass(frozen=True, slots=True)
class Respondent:
    """What is known of him. ``subject`` is whose text new events are."""

    subject: UUID | None = None
    enrolments: tuple[Enrolment, ...] = ()
    invitations: tuple[Invitation, ...] = ()
    language: str | None = None
    declined: bool = False
    allowed: int = 0
    """How often he took back that he had declined."""
    unreachable: bool = False
    """The last mail to him came back, or no server took it; enrolling him again tries again."""

    def invitation(self, number: int | None) -> Invitation | None:
        """Return the invitation of a number, or the latest."""
        last = len(self.invitations)
        return self.invitations[(number or last) - 1] if 1 <= (number or last) <= last else None

    def enrolment(self, survey: str) -> Enrolment | None:
        """Return by what a survey may ask him."""
        return next((one for one in self.enrolments if one.survey == survey), None)


State = Unknown | Respondent
UNKNOWN: Final = Unknown()


def decide(command: SurveyCommand, state: State, given: Given) -> tuple[Event, ...]:
    """Return the events that follow from ``command``; what already holds returns ``()``.

    Raises:
        Refusal: the command contradicts what is known.
    """
    if isinstance(command, EnrolRespondent):
        return _enrol(command, state if isinstance(state, Respondent) else Respondent(), given)
    if isinstance(state, Unknown):
        raise Refusal("unknown_complaint", "nobody was enrolled under this id", respondent=str(given.stream))
    match command:
        case InviteRespondent():
            return _invite(command, state, given)
        case RemindRespondent():
            return _remind(command, state, given)
        case AnswerSurvey():
            return _answer(command, state, given)
        case FollowUpAnswer():
            return _follow_up(command, state, given)
        case DeclineSurveys(number=number):
            return () if state.declined else (RespondentDeclined(subject_id=_owner(state, given), number=number),)
        case AllowSurveys():
            return _allow(state, given)
        case ReportSurveyDelivery():
            return _report(command, state, given)
    assert_never(command)


def _enrol(command: EnrolRespondent, state: Respondent, given: Given) -> tuple[Event, ...]:
    if state.declined:
        raise Refusal("opted_out", "this person wants to be asked no more", survey=command.survey)
    known = state.enrolment(command.survey)
    anew = command.subject_id is not None and command.subject_id != state.subject  # he was erased since
    lost = state.unreachable or anew
    if known is not None and not lost and (command.about is None or command.about == known.about):
        return ()
    subject = given.owner(command.subject_id or given.derive("respondent"))
    party = Party(
        role="customer",
        subject_id=subject,
        name=command.name,
        contacts=(Contact(kind=command.kind, value=command.contact),),
    )
    event = RespondentEnrolled(
        subject_id=subject,
        survey=command.survey,
        party=party,
        language=command.language,
        location=command.location,
        customer_segment=command.customer_segment,
        about=command.about,
        handled_by=command.handled_by,
    )
    return (event,)


def _invite(command: InviteRespondent, state: Respondent, given: Given) -> tuple[Event, ...]:
    if any((one.survey, one.wave) == (command.survey, command.wave) for one in state.invitations):
        return ()
    if state.declined:
        raise Refusal("opted_out", "this person wants to be asked no more", survey=command.survey)
    if state.enrolment(command.survey) is None or state.unreachable or state.subject in given.erased:
        raise Refusal("not_enrolled", "enrol him, by a contact that mail reaches", survey=command.survey)
    if state.invitations and given.at < state.invitations[-1].at + _quiet(command.survey, given):
        raise Refusal("not_due", "he was asked a short while ago", survey=command.survey)
    event = RespondentInvited(
        subject_id=_owner(state, given),
        survey=command.survey,
        survey_version=command.survey_version,
        number=len(state.invitations) + 1,
        wave=command.wave,
        until=command.until,
        mail=command.mail,
    )
    return (event,)


def _quiet(survey: str, given: Given) -> timedelta:
    known = given.book.surveys.get(survey)
    campaign = known.campaign if known is not None else None
    return timedelta(days=campaign.quiet_days if campaign is not None else 0)


def _remind(command: RemindRespondent, state: Respondent, given: Given) -> tuple[Event, ...]:
    known = _known(command.number, state)
    if known.scores or command.reminder <= known.reminders or state.declined or state.unreachable:
        return ()
    _require_open(known, given)
    event = RespondentReminded(
        subject_id=_owner(state, given), number=command.number, reminder=command.reminder, mail=command.mail
    )
    return (event,)


def _answer(command: AnswerSurvey, state: Respondent, given: Given) -> tuple[Event, ...]:
    number = command.number or len(state.invitations)
    known = _known(number, state)
    if known.scores == command.scores:
        return ()
    if known.scores:
        raise Refusal("already_rated", "an invitation is answered once", number=number)
    _require_open(known, given)
    if given.actor.startswith("person:") and not given.by_person:
        raise Refusal("person_required", "a verified person enters what he was told; a named one may be the handler")
    enrolment = state.enrolment(known.survey)
    if enrolment is not None and {given.actor, given.on_behalf_of} & set(enrolment.handled_by):
        raise Refusal("own_rating", "who worked on his complaint does not enter his answer", number=number)
    event = RespondentAnswered(
        subject_id=_owner(state, given),
        survey=known.survey,
        survey_version=known.version,
        number=number,
        scores=command.scores,
        comment=command.comment,
        channel=command.channel,
    )
    return (event,)


def _follow_up(command: FollowUpAnswer, state: Respondent, given: Given) -> tuple[Event, ...]:
    known = _known(command.number, state)
    if known.complaint is not None:
        return ()
    if not known.scores:
        raise Refusal("nothing_to_do", "there is no answer to follow up", number=command.number)
    subject = _owner(state, given)
    return (RespondentFollowedUp(subject_id=subject, number=command.number, complaint=command.complaint),)


def _allow(state: Respondent, given: Given) -> tuple[Event, ...]:
    if not state.declined:
        return ()
    if not given.by_person:
        raise Refusal("person_required", "a verified person records that somebody lets himself be asked again")
    return (RespondentAllowed(subject_id=_owner(state, given)),)


def _report(command: ReportSurveyDelivery, state: Respondent, given: Given) -> tuple[Event, ...]:
    if all(command.message not in one.messages for one in state.invitations):
        raise Refusal("unknown_message", "no such mail went to him", message=str(command.message))
    if state.unreachable and command.status == "failed":
        return ()
    subject = _owner(state, given)
    return (RespondentDelivery(subject_id=subject, message=command.message, status=command.status),)


def _known(number: int, state: Respondent) -> Invitation:
    known = state.invitation(number) if number else None
    if known is None:
        raise Refusal("unknown_invitation", "he has no such invitation", number=number)
    return known


def _require_open(known: Invitation, given: Given) -> None:
    if given.at >= known.until:
        raise Refusal("survey_over", "answers to this invitation are no longer taken")


def _owner(state: Respondent, given: Given) -> UUID:
    return given.owner(state.subject or given.derive("respondent"))


def evolve(state: State, fact: Fact) -> State:
    """Return the state after one stored fact. Never refuses."""
    known, event = state if isinstance(state, Respondent) else Respondent(), fact.event
    match event:
        case RespondentEnrolled():
            return _enrolled(known, event)
        case RespondentInvited():
            return changed(known, invitations=(*known.invitations, _invitation(event, fact)))
        case RespondentReminded(number=number, reminder=reminder, mail=mail):
            return _with(known, number, lambda one: _reminded(one, reminder, mail.message))
        case RespondentAnswered(number=number, scores=scores):
            return _with(known, number, lambda one: changed(one, scores=scores))
        case RespondentFollowedUp(number=number, complaint=complaint):
            return _with(known, number, lambda one: changed(one, complaint=complaint))
        case RespondentDeclined():
            return changed(known, declined=True)
        case RespondentAllowed():
            return changed(known, declined=False, allowed=known.allowed + 1)
        case RespondentDelivery(status=status):
            return changed(known, unreachable=status == "failed")
    raise TypeError(f"{event.NAME} is no event of a survey")


def _enrolled(known: Respondent, event: RespondentEnrolled) -> Respondent:
    others = tuple(one for one in known.enrolments if one.survey != event.survey)
    enrolment = Enrolment(event.survey, event.about, event.handled_by)
    language = event.language or known.language
    enrolments = (*others, enrolment)
    return changed(known, subject=event.subject_id, enrolments=enrolments, language=language, unreachable=False)


def _invitation(event: RespondentInvited, fact: Fact) -> Invitation:
    messages = () if event.mail is None else (event.mail.message,)
    at = fact.envelope.occurred_at
    return Invitation(event.survey, event.survey_version, at, event.until, event.wave, messages)


def _reminded(one: Invitation, reminder: int, message: UUID) -> Invitation:
    return changed(one, reminders=reminder, messages=(*one.messages, message))


def _with(known: Respondent, number: int, change: Callable[[Invitation], Invitation]) -> Respondent:
    """Return him with one invitation changed; one that he does not have changes nothing."""
    kept = known.invitations
    if not 1 <= number <= len(kept):
        return known
    return changed(known, invitations=(*kept[: number - 1], change(kept[number - 1]), *kept[number:]))


def fold(facts: Iterable[Fact]) -> State:
    """Return the state after these facts, in stored order."""
    state: State = UNKNOWN
    for fact in facts:
        state = evolve(state, fact)
    return state
