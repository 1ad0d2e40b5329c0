"""The stages of the funnel, the exits, the end of a cycle and the start of the next one, and satisfaction.

The only concern that touches other parts: an end ends their waiting, a reopening begins their next cycle.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal, assert_never
from uuid import UUID

from engine.complaint import correspondence, registration, waiting
from engine.complaint.given import Circumstances, Given
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
from schemas.words import CloseReason, ExitReason, Outcome, ReopenReason
from schemas.words import Stage as StageName

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


@dataclass(frozen=True, slots=True)
class Registration:
    """It arrived; nobody has begun."""

    name: Literal["registration"] = "registration"


@dataclass(frozen=True, slots=True)
class Investigation:
    """Somebody looks into it."""

    name: Literal["investigation"] = "investigation"


@dataclass(frozen=True, slots=True)
class CorrectiveAction:
    """It is being put right."""

    name: Literal["corrective_action"] = "corrective_action"


@dataclass(frozen=True, slots=True)
class SatisfactionCheck:
    """The outcome stands; the complainant's word is awaited."""

    name: Literal["satisfaction_check"] = "satisfaction_check"


@dataclass(frozen=True, slots=True)
class Exited:
    """It left the funnel early, at this stage."""

    at: StageName
    reason: ExitReason
    name: Literal["exited"] = "exited"


@dataclass(frozen=True, slots=True)
class Closed:
    """The cycle has ended."""

    after_exit: Exited | None
    name: Literal["closed"] = "closed"


Stage = Registration | Investigation | CorrectiveAction | SatisfactionCheck | Exited | Closed


@dataclass(frozen=True, slots=True)
class Rating:
    """How satisfied the complainant is with one cycle; his comment stays sealed."""

    cycle: int
    survey: str
    survey_version: int
    scores: tuple[tuple[str, int, int], ...]
    """Parameter, score, out of."""


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """Where the complaint stands."""

    stage: Stage = field(default_factory=Registration)
    cycle: int = 1
    outcome: Outcome | None = None
    """Of this cycle, as are ``points`` and ``accepted``."""
    points: tuple[tuple[int, Outcome], ...] = ()
    accepted: bool | None = None
    """The complainant's last word on the outcome."""
    ended_at: datetime | None = None
    """World time of the last resolution, exit or closing."""
    invited: tuple[tuple[int, str, int], ...] = ()
    """Cycle, survey, its version."""
    ratings: tuple[Rating, ...] = ()

    @property
    def is_open(self) -> bool:
        """Neither resolved nor discontinued nor closed."""
        return isinstance(self.stage, Registration | Investigation | CorrectiveAction)

    def require_open(self, what: str) -> None:
        """Refuse what needs a complaint that is being worked on.

        Raises:
            Refusal: ``already_resolved``, ``exited`` or ``already_closed``.
        """
        match self.stage:
            case Registration() | Investigation() | CorrectiveAction():
                return
            case SatisfactionCheck():
                raise Refusal("already_resolved", f"the outcome stands; reopen before {what}", cycle=self.cycle)
            case Exited(reason=reason):
                raise Refusal("exited", f"the complaint left the funnel; reopen before {what}", exit=reason)
            case Closed():
                raise Refusal("already_closed", f"the cycle has ended; reopen before {what}", cycle=self.cycle)
        assert_never(self.stage)


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
            return _close(command, case, given)
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


def _close(command: Close, case: Case, given: Given) -> tuple[Event, ...]:
    match case.stage:
        case Closed():
            return ()
        case Registration() | Investigation() | CorrectiveAction():
            raise Refusal("not_resolved", "resolve or discontinue before closing", stage=case.stage.name)
        case SatisfactionCheck():
            _require_reason(command.reason, case, given)
            reason = command.reason
        case Exited():
            reason = "exit"
        case _:
            assert_never(case.stage)
    written = given.by_person and given.why
    without_reply = _without_reply(case, written=written)
    _require_public_closing(case, written=written)
    return (
        ComplaintClosed(subject_id=case.subject(given), reason=reason, cycle=case.cycle, without_reply=without_reply),
    )


def _require_reason(reason: CloseReason, case: Case, given: Given) -> None:
    """Refuse a reason that the case does not show."""
    part = case.lifecycle
    match reason:
        case "decision":
            return
        case "outcome_accepted":
            shown = part.accepted is True
        case "rated":
            shown = _rating_of(case, case.cycle) is not None
        case "term_elapsed":
            term = timedelta(days=given.book.desk.satisfaction_term_days)
            if part.ended_at is not None and given.now < part.ended_at + term:
                raise Refusal("not_due", "the term for the complainant's word runs", days=term.days)
            shown = part.accepted is None
        case "exit":
            shown = False
        case _:
            assert_never(reason)
    if not shown:
        raise Refusal("reason_differs", "the complaint does not show this reason", close=reason)


def _without_reply(
    case: Case, *, written: bool
) -> Literal["duplicate", "spam_or_bot", "withdrawn", "written_reason"] | None:
    """Return why the cycle may end without a final reply; None if the complainant was answered.

    Raises:
        Refusal: ``no_final_reply``.
    """
    letters, moved = case.correspondence, case.records.moved
    if letters.final_reply(moved):
        return None
    exit_reason = case.stage.reason if isinstance(case.stage, Exited) else None
    if exit_reason == "customer_unresponsive" and letters.told("notice", moved):
        return None
    if exit_reason in ("duplicate", "spam_or_bot", "withdrawn"):
        return exit_reason
    if written:
        return "written_reason"
    raise Refusal("no_final_reply", "send the final reply, or let a person write why there is none", cycle=case.cycle)


def _require_public_closing(case: Case, *, written: bool) -> None:
    """A complaint that everybody could read ends where everybody can read it."""
    if not case.registration.public or written:
        return
    if isinstance(case.stage, Exited) and case.stage.reason in ("duplicate", "spam_or_bot", "withdrawn"):
        return
    if not case.correspondence.told("public_closing", case.records.moved):
        raise Refusal("public_reply_missing", "answer in public before closing", cycle=case.cycle)


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
    if case.lifecycle.is_open:
        raise Refusal("not_resolved", "a survey asks about what has ended", stage=case.stage.name)
    if any(cycle == case.cycle and survey == command.survey for cycle, survey, _ in case.lifecycle.invited):
        return ()
    return (
        SurveyInvited(
            subject_id=case.subject(given),
            survey=command.survey,
            survey_version=command.survey_version,
            cycle=case.cycle,
            message=command.message,
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
    known = _rating_of(case, cycle)
    if known == _rating(event):
        return ()
    if known is not None:
        raise Refusal("already_rated", "a cycle is rated once", cycle=cycle)
    if given.actor in case.handlers:
        raise Refusal("own_rating", "who worked on the complaint does not rate it", cycle=cycle)
    return (event,)


def _rating_of(case: Case, cycle: int) -> Rating | None:
    return next((rating for rating in case.lifecycle.ratings if rating.cycle == cycle), None)


def closing(case: Case, event: Event, given: Given) -> tuple[Event, ...]:
    """Return the end of the cycle that the complainant's word brings, if he has been answered.

    ``case`` knows ``event`` already.
    """
    part = case.lifecycle
    if not isinstance(part.stage, SatisfactionCheck) or part.accepted is False:
        return ()
    reason: CloseReason
    if isinstance(event, OutcomeAccepted):
        reason = "outcome_accepted"
    elif isinstance(event, ComplaintRated) and event.cycle == part.cycle:
        reason = "rated"
    else:
        return ()
    letters, moved = case.correspondence, case.records.moved
    if not letters.final_reply(moved) or (case.registration.public and not letters.told("public_closing", moved)):
        return ()
    return (ComplaintClosed(subject_id=case.subject(given), reason=reason, cycle=part.cycle),)


# ------------------------------------------------------------------------------------------------ evolve


def evolve(part: Lifecycle, event: Events, around: Circumstances) -> Lifecycle:
    """Apply one stored fact."""
    match event:
        case ComplaintResolved():
            found = tuple((point.point, point.outcome) for point in event.points)
            stage: Stage = part.stage if isinstance(part.stage, Closed) else SatisfactionCheck()
            return replace(part, stage=stage, outcome=event.outcome, points=found, ended_at=around.occurred_at)
        case OutcomeAccepted():
            return replace(part, accepted=True)
        case OutcomeDisputed():
            return replace(part, accepted=False)
        case ComplaintDiscontinued():
            left = Exited(event.stage, event.reason)
            stage = Closed(left) if isinstance(part.stage, Closed) else left
            return replace(part, stage=stage, ended_at=around.occurred_at)
        case ComplaintClosed():
            after_exit = part.stage if isinstance(part.stage, Exited) else None
            return replace(part, stage=Closed(after_exit), ended_at=around.occurred_at)
        case ComplaintReopened():
            return replace(part, stage=Investigation(), cycle=event.cycle, outcome=None, points=(), accepted=None)
        case SurveyInvited():
            return replace(part, invited=(*part.invited, (event.cycle, event.survey, event.survey_version)))
        case ComplaintRated():
            return replace(part, ratings=(*(r for r in part.ratings if r.cycle != event.cycle), _rating(event)))
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
    return replace(case, lifecycle=replace(case.lifecycle, stage=stage))


def _ended(case: Case, _: ComplaintResolved | ComplaintDiscontinued | ComplaintClosed) -> Case:
    return replace(case, waiting=waiting.ended(case.waiting))


def _begun_again(case: Case, event: ComplaintReopened) -> Case:
    return replace(
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
