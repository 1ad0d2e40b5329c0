"""May this cycle end? Closing needs a final reply in it; the exceptions are named."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final, Literal, assert_never

from engine.complaint import signing
from engine.complaint.given import Given
from engine.complaint.stage import Closed, CorrectiveAction, Exited, Investigation, Registration, SatisfactionCheck
from engine.rules.surveys import is_bad, survey_of
from schemas.complaint.base import Event
from schemas.complaint.lifecycle import Close, ComplaintClosed, ComplaintRated, OutcomeAccepted
from schemas.refusals import Refusal
from schemas.words import CloseReason

if TYPE_CHECKING:
    from engine.complaint.case import Case

WithoutReply = Literal["duplicate", "spam_or_bot", "withdrawn", "written_reason"]
UNANSWERED: Final = ("duplicate", "spam_or_bot", "withdrawn")
"""Exits after which nobody waits for an answer, in public either."""


def close(command: Close, case: Case, given: Given) -> tuple[Event, ...]:
    """Return the end of the cycle.

    Raises:
        Refusal: ``not_resolved``, ``no_final_reply``, ``signature_missing``, ``public_reply_missing``,
            ``reason_differs`` or ``not_due``.
    """
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
    if without_reply is None and not written:
        _require_signature(case, given)
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
            shown = part.rating(case.cycle) is not None
        case "term_elapsed":
            term = timedelta(days=given.book.desk.satisfaction_term_days)
            if part.resolved_at is not None and given.now < part.resolved_at + term:
                raise Refusal("not_due", "the term for the complainant's word runs", days=term.days)
            shown = part.accepted is None
        case "exit":
            shown = False
        case _:
            assert_never(reason)
    if not shown:
        raise Refusal("reason_differs", "the complaint does not show this reason", close=reason)


def _without_reply(case: Case, *, written: bool) -> WithoutReply | None:
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
    if exit_reason in UNANSWERED:
        return exit_reason
    if written:
        return "written_reason"
    raise Refusal("no_final_reply", "send the final reply, or let a person write why there is none", cycle=case.cycle)


def _require_signature(case: Case, given: Given) -> None:
    if not signing.signed(case, given):
        team = signing.team_of(case)
        raise Refusal("signature_missing", "have the final reply signed by or for this team", team=team)


def _require_public_closing(case: Case, *, written: bool) -> None:
    """A complaint that everybody could read ends where everybody can read it."""
    if not case.registration.public or written:
        return
    if isinstance(case.stage, Exited) and case.stage.reason in UNANSWERED:
        return
    if not case.correspondence.told("public_closing", case.records.moved):
        raise Refusal("public_reply_missing", "answer in public before closing", cycle=case.cycle)


def _bad(event: ComplaintRated, given: Given) -> bool:
    """After a bad mark somebody sees to it before the cycle ends."""
    return is_bad(event.scores, survey_of(event.survey, given.book.surveys))


def closed_by_word(case: Case, event: Event, given: Given) -> tuple[Event, ...]:
    """Return the end of the cycle that the complainant's word brings, if he has been answered.

    ``case`` knows ``event`` already.
    """
    part = case.lifecycle
    if not isinstance(part.stage, SatisfactionCheck) or part.accepted is False:
        return ()
    reason: CloseReason
    if isinstance(event, OutcomeAccepted):
        reason = "outcome_accepted"
    elif isinstance(event, ComplaintRated) and event.cycle == part.cycle and not _bad(event, given):
        reason = "rated"
    else:
        return ()
    letters, moved = case.correspondence, case.records.moved
    if not letters.final_reply(moved) or (case.registration.public and not letters.told("public_closing", moved)):
        return ()
    return (ComplaintClosed(subject_id=case.subject(given), reason=reason, cycle=part.cycle),)
