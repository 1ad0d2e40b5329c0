"""The stages of the funnel, the exits, the end of a cycle and the start of the next one, and satisfaction.

The only concern that touches other parts: an end ends their waiting, a reopening begins their next cycle.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, assert_never
from uuid import UUID

from engine.complaint import closing, correspondence, registration, waiting
from engine.complaint.change import changed
from engine.complaint.given import Circumstances, Given
from engine.complaint.stage import (
    Closed,
    CorrectiveAction,
    Exited,
    Investigation,
    Lifecycle,
    Rating,
    Registration,
    SatisfactionCheck,
    Stage,
)
from engine.configuration.in_force import Book
from schemas.complaint.base import Event
from schemas.complaint.investigation import ActionAssigned, CauseEstablished, InvestigationStarted
from schemas.complaint.lifecycle import (
    AcceptOutcome,
    Close,
    ComplaintClosed,
    ComplaintDiscontinued,
    ComplaintRated,
    ComplaintReopened,
    ComplaintResolved,
    Discontinue,
    DisputeOutcome,
    InviteSurvey,
    OutcomeAccepted,
    OutcomeDisputed,
    Rate,
    Reopen,
    Resolve,
    SurveyInvited,
)
from schemas.complaint.registration import ComplaintRegistered
from schemas.complaint.remedies import RemedyApproved
from schemas.refusals import Refusal
from schemas.words import ReopenReason

if TYPE_CHECKING:
    from engine.complaint.case import Case

Events = (
    ComplaintResolved
    | OutcomeAccepted
    | OutcomeDisputed
    | ComplaintDiscontinued
    | ComplaintClosed
    | ComplaintReopened
    | SurveyInvited
    | ComplaintRated
)
Commands = Resolve | AcceptOutcome | DisputeOutcome | Discontinue | Close | Reopen | InviteSurvey | Rate


# ------------------------------------------------------------------------------------------------ decide


def decide(command: Commands, case: Case, given: Given) -> tuple[Event, ...]:
    """Return what follows from a command of this concern."""
    match command:
        case Resolve():
            return _resolve(command, case, given)
        case AcceptOutcome():
            accepted = OutcomeAccepted(subject_id=case.subject(given), message=command.message)
            return () if _word_on_outcome(case) is True else (accepted,)
        case DisputeOutcome():
            disputed = OutcomeDisputed(subject_id=case.subject(given), message=command.message, grounds=command.grounds)
            return () if _word_on_outcome(case) is False else (disputed,)
        case Discontinue():
            return _discontinue(command, case, given)
        case Close():
            return closing.close(command, case, given)
        case Reopen():
            return _reopen(command, case, given)
        case InviteSurvey():
            return _invite(command, case, given)
        case Rate():
            return _rate(command, case, given)
    assert_never(command)


def _resolve(command: Resolve, case: Case, given: Given) -> tuple[Event, ...]:
    part, found = case.lifecycle, tuple((point.point, point.outcome) for point in command.points)
    if not part.is_open and (part.outcome, part.points) == (command.outcome, found):
        return ()
    part.require_open("it is resolved again")
    for point in command.points:
        case.require_point(point.point)
    return (
        ComplaintResolved(
            subject_id=case.subject(given), outcome=command.outcome, points=command.points, findings=command.findings
        ),
    )


def _word_on_outcome(case: Case) -> bool | None:
    """Return the complainant's last word on the outcome of this cycle.

    Raises:
        Refusal: there is no outcome that he could have a word on.
    """
    match case.stage:
        case Registration() | Investigation() | CorrectiveAction():
            raise Refusal("not_resolved", "there is no outcome yet", stage=case.stage.name)
        case Exited(reason=reason) | Closed(after_exit=Exited(reason=reason)):
            raise Refusal("exited", "the complaint left the funnel without an outcome", exit=reason)
        case SatisfactionCheck() | Closed():
            return case.lifecycle.accepted
    assert_never(case.stage)


def _discontinue(command: Discontinue, case: Case, given: Given) -> tuple[Event, ...]:
    if command.of == given.stream:
        raise Refusal("self_link", "a complaint is no duplicate of itself", complaint=str(command.of))
    match case.stage:
        case Exited(reason=reason) | Closed(after_exit=Exited(reason=reason)) if reason == command.reason:
            return ()
        case Registration() | Investigation() | CorrectiveAction():
            return (
                ComplaintDiscontinued(
                    subject_id=case.subject(given),
                    stage=case.stage.name,
                    reason=command.reason,
                    of=command.of,
                    to=command.to,
                ),
            )
    case.lifecycle.require_open("it is discontinued")
    return ()


def _reopen(command: Reopen, case: Case, given: Given) -> tuple[Event, ...]:
    if not case.lifecycle.is_open:
        return (_reopened(command.reason, command.message, case.subject(given), case),)
    if case.cycle > 1:
        return ()
    raise Refusal("not_closed", "the complaint is open", stage=case.stage.name)


def _reopened(
    reason: ReopenReason,
    message: UUID | None,
    subject: UUID,
    case: Case,
) -> ComplaintReopened:
    return ComplaintReopened(subject_id=subject, reason=reason, cycle=case.cycle + 1, message=message)


def takes_back(case: Case, at: datetime, book: Book) -> bool:
    """Tell whether dissatisfaction voiced at ``at`` still belongs to this complaint.

    Beyond the desk's window after the end it is a complaint of its own, linked to this one.
    """
    part = case.lifecycle
    if part.is_open or isinstance(part.stage, SatisfactionCheck) or part.ended_at is None:
        return True
    return at <= part.ended_at + timedelta(days=book.desk.reopen_window_days)


def voiced_again(message: UUID, subject: UUID, case: Case, given: Given) -> tuple[Event, ...]:
    """Return what the complainant's dissatisfaction after the end leads to."""
    if case.lifecycle.is_open or not takes_back(case, given.at, given.book):
        return ()
    reopened = _reopened("new_message", message, subject, case)
    if isinstance(case.stage, SatisfactionCheck) and case.lifecycle.accepted is not False:
        return (OutcomeDisputed(subject_id=subject, message=message), reopened)
    return (reopened,)


def _invite(command: InviteSurvey, case: Case, given: Given) -> tuple[Event, ...]:
    """A cycle is asked about once, and reminded of as often as the survey says; never once it is rated."""
    part, cycle = case.lifecycle, command.cycle or case.cycle
    if part.is_open or cycle != case.cycle:
        raise Refusal("not_resolved", "a survey asks about what has ended", stage=case.stage.name)
    asked = any(one == cycle and survey == command.survey for one, survey, _ in part.invited)
    reminded = (cycle, command.survey, command.reminder or 0) in part.reminded
    if part.rating(cycle) is not None or reminded or asked == (command.reminder is None):
        return ()
    return (
        SurveyInvited(
            subject_id=case.subject(given),
            survey=command.survey,
            survey_version=command.survey_version,
            cycle=cycle,
            message=command.message,
            until=command.until,
            reminder=command.reminder,
        ),
    )


def _rate(command: Rate, case: Case, given: Given) -> tuple[Event, ...]:
    latest = case.cycle - 1 if case.lifecycle.is_open else case.cycle
    cycle = command.cycle or latest
    if not 1 <= cycle <= latest:
        raise Refusal("unknown_cycle", "only a cycle that has ended is rated", cycle=cycle, latest=latest)
    event = ComplaintRated(
        subject_id=case.subject(given),
        survey=command.survey,
        survey_version=command.survey_version,
        cycle=cycle,
        scores=command.scores,
        comment=command.comment,
    )
    known = case.lifecycle.rating(cycle)
    if known == _rating(event):
        return ()
    if known is not None:
        raise Refusal("already_rated", "a cycle is rated once", cycle=cycle)
    if given.actor.startswith("person:") and not given.by_person:
        raise Refusal("person_required", "a verified person enters what he was told; a named one may be the handler")
    if not {given.actor, given.on_behalf_of}.isdisjoint(case.handlers):
        raise Refusal("own_rating", "who worked on the complaint does not rate it", cycle=cycle)
    return (event,)


# ------------------------------------------------------------------------------------------------ evolve


def evolve(part: Lifecycle, event: Events, around: Circumstances) -> Lifecycle:
    """Apply one stored fact."""
    match event:
        case ComplaintResolved():
            found = tuple((point.point, point.outcome) for point in event.points)
            stage: Stage = part.stage if isinstance(part.stage, Closed) else SatisfactionCheck()
            return changed(part, stage=stage, outcome=event.outcome, points=found, resolved_at=around.occurred_at)
        case OutcomeAccepted():
            return changed(part, accepted=True)
        case OutcomeDisputed():
            return changed(part, accepted=False)
        case ComplaintDiscontinued():
            left = Exited(event.stage, event.reason)
            stage = Closed(left) if isinstance(part.stage, Closed) else left
            return changed(part, stage=stage, ended_at=around.occurred_at)
        case ComplaintClosed():
            if isinstance(part.stage, Closed):
                return part
            after_exit = part.stage if isinstance(part.stage, Exited) else None
            return changed(part, stage=Closed(after_exit), ended_at=around.occurred_at)
        case ComplaintReopened():
            fresh = Lifecycle(Investigation(), event.cycle, invited=part.invited, ratings=part.ratings)
            return changed(fresh, reminded=part.reminded)
        case SurveyInvited() if event.reminder is not None:
            return changed(part, reminded=(*part.reminded, (event.cycle, event.survey, event.reminder)))
        case SurveyInvited():
            return changed(part, invited=(*part.invited, (event.cycle, event.survey, event.survey_version)))
        case ComplaintRated():
            return changed(part, ratings=(*(r for r in part.ratings if r.cycle != event.cycle), _rating(event)))
    assert_never(event)


def _rating(event: ComplaintRated) -> Rating:
    scores = tuple((score.parameter, score.score, score.out_of) for score in event.scores)
    return Rating(event.cycle, event.survey, event.survey_version, scores)


# ------------------------------------------------------------------------------ what moves stages and other parts


def _registered(case: Case, event: ComplaintRegistered) -> Case:
    enters = event.starts_investigation and isinstance(case.stage, Registration)
    return _enter(case, Investigation()) if enters else case


def _investigated(case: Case, _: InvestigationStarted) -> Case:
    return _enter(case, Investigation()) if case.lifecycle.is_open else case


def _acted(case: Case, _: RemedyApproved | ActionAssigned | CauseEstablished) -> Case:
    return _enter(case, CorrectiveAction()) if isinstance(case.stage, Registration | Investigation) else case


def _enter(case: Case, stage: Stage) -> Case:
    return changed(case, lifecycle=changed(case.lifecycle, stage=stage))


def _ended(case: Case, _: ComplaintResolved | ComplaintDiscontinued | ComplaintClosed) -> Case:
    return changed(case, waiting=waiting.ended(case.waiting))


def _begun_again(case: Case, event: ComplaintReopened) -> Case:
    return changed(
        case,
        waiting=waiting.ended(case.waiting),
        registration=registration.next_cycle(case.registration),
        correspondence=correspondence.next_cycle(case.correspondence, event.cycle),
    )


_MOVES: Final[dict[type[Event], Callable[[Case, Any], Case]]] = {
    ComplaintRegistered: _registered,
    InvestigationStarted: _investigated,
    RemedyApproved: _acted,
    ActionAssigned: _acted,
    CauseEstablished: _acted,
    ComplaintResolved: _ended,
    ComplaintDiscontinued: _ended,
    ComplaintClosed: _ended,
    ComplaintReopened: _begun_again,
}


def move(case: Case, event: Event) -> Case:
    """Return the case in the stage that the event enters, its other parts reset where a cycle ends or begins."""
    change = _MOVES.get(type(event))
    return case if change is None else change(case, event)
