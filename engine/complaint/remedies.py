"""What the complainant gets, who allowed it, and what he said to it.

A limit compares the sum of a complaint's approved and unreversed money remedies over all cycles, per
currency. An approval binds remedy, amount and currency; what is given for it never exceeds it in sum.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Literal, assert_never
from uuid import UUID

from engine.complaint.given import Given
from engine.complaint.proposing import propose, require_reason
from engine.complaint.remedy import NOTHING, Events, Remedies, Remedy, evolve
from schemas.complaint.base import Event
from schemas.complaint.remedies import (
    AcceptRemedies,
    ApproveRemedy,
    Compensate,
    ComplaintCompensated,
    OfferRemedies,
    ProposeRemedy,
    QuestionRemedies,
    RefuseRemedies,
    RejectRemedy,
    RemediesQuestioned,
    RemedyAccepted,
    RemedyApproved,
    RemedyOffered,
    RemedyRefused,
    RemedyRejected,
    RemedyReversed,
    ReverseRemedy,
)
from schemas.refusals import Refusal
from schemas.words import Money

if TYPE_CHECKING:
    from engine.complaint.case import Case

__all__ = ["Commands", "Events", "decide", "evolve"]

Commands = (
    ProposeRemedy
    | ApproveRemedy
    | RejectRemedy
    | OfferRemedies
    | AcceptRemedies
    | RefuseRemedies
    | Compensate
    | ReverseRemedy
    | QuestionRemedies
)


# ------------------------------------------------------------------------------------------------ decide


def decide(command: Commands, case: Case, given: Given) -> tuple[Event, ...]:
    """Return what follows from a command of this concern."""
    match command:
        case ProposeRemedy():
            return propose(command, case, given)
        case ApproveRemedy():
            return _approve(command, case, given)
        case RejectRemedy():
            return _reject(command, case, given)
        case OfferRemedies():
            return _offer(command, case, given)
        case AcceptRemedies():
            remedies = [_require_approved(case.remedies, remedy_id) for remedy_id in _named(command.remedy_ids)]
            yes = RemedyAccepted(subject_id=case.subject(given), remedy_ids=command.remedy_ids)
            return () if all(remedy.answer == "accepted" for remedy in remedies) else (yes,)
        case RefuseRemedies():
            remedies = [case.remedies.require(remedy_id) for remedy_id in _named(command.remedy_ids)]
            no = RemedyRefused(subject_id=case.subject(given), remedy_ids=command.remedy_ids, reason=command.reason)
            return () if all(remedy.answer == "refused" for remedy in remedies) else (no,)
        case Compensate():
            return _compensate(command, case, given)
        case ReverseRemedy():
            return _reverse(command, case, given)
        case QuestionRemedies():
            return _question(command, case, given)
    assert_never(command)


def _approve(command: ApproveRemedy, case: Case, given: Given) -> tuple[Event, ...]:
    remedy = case.remedies.require(command.remedy_id)
    amount = remedy.proposed if command.amount is None else command.amount
    if remedy.status == "approved" and (command.amount is None or amount == remedy.approved):
        return ()
    if remedy.status != "proposed":
        raise Refusal(
            "remedy_already_decided", "the remedy is decided", remedy=str(command.remedy_id), status=remedy.status
        )
    _require_second(remedy, given)
    require_reason(remedy.ground, case.remedies, given)
    _require_within(amount, remedy.proposed, "amount_exceeds_proposal", NOTHING)
    return (RemedyApproved(subject_id=case.subject(given), remedy_id=command.remedy_id, amount=amount),)


def _require_second(remedy: Remedy, given: Given) -> None:
    """Refuse an approval that is not a second person's. Only verified persons are known to be two.

    Raises:
        Refusal: ``person_required`` or ``self_approval``.
    """
    named = str(remedy.remedy_id)
    if not given.by_person:
        raise Refusal("person_required", "a verified person approves what is above the limit", remedy=named)
    if remedy.proposed_by(given):
        raise Refusal("self_approval", "who proposed a remedy does not approve it", remedy=named)
    if remedy.named_only:
        reason = "a program only named who proposed it, who may be anybody; a verified person proposes it anew"
        raise Refusal("person_required", reason, remedy=named)


def _reject(command: RejectRemedy, case: Case, given: Given) -> tuple[Event, ...]:
    remedy = case.remedies.require(command.remedy_id)
    match remedy.status:
        case "rejected":
            return ()
        case "approved":
            raise Refusal("remedy_already_decided", "the remedy is approved", remedy=str(command.remedy_id))
        case "proposed":
            return (RemedyRejected(subject_id=case.subject(given), remedy_id=command.remedy_id, reason=command.reason),)
    assert_never(remedy.status)


def _offer(command: OfferRemedies, case: Case, given: Given) -> tuple[Event, ...]:
    remedies = [_require_approved(case.remedies, remedy_id) for remedy_id in _named(command.remedy_ids)]
    if all(remedy.offered and remedy.until == command.until for remedy in remedies):
        return ()
    return (RemedyOffered(subject_id=case.subject(given), remedy_ids=command.remedy_ids, until=command.until),)


def _compensate(command: Compensate, case: Case, given: Given) -> tuple[Event, ...]:
    remedy = _require_approved(case.remedies, command.remedy_id)
    amount = _rest(remedy.approved, remedy.given) if command.amount is None else command.amount
    if amount is None and not remedy.handed_over:
        require_reason(remedy.ground, case.remedies, given)
        return _compensated(command, None, case, given)
    if command.amount is None and (amount is None or amount.amount == NOTHING):
        return _given_in_full(remedy)
    _require_within(amount, remedy.approved, "amount_exceeds_approval", remedy.given)
    require_reason(remedy.ground, case.remedies, given)
    return _compensated(command, amount, case, given)


def _compensated(command: Compensate, amount: Money | None, case: Case, given: Given) -> tuple[Event, ...]:
    subject = case.subject(given)
    return (
        ComplaintCompensated(
            subject_id=subject, remedy_id=command.remedy_id, amount=amount, reference=command.reference
        ),
    )


def _given_in_full(remedy: Remedy) -> tuple[Event, ...]:
    """What was taken back is not given again under the same approval."""
    if remedy.taken_back:
        raise Refusal(
            "amount_exceeds_approval", "it was given and taken back; propose another", remedy=str(remedy.remedy_id)
        )
    return ()


def _reverse(command: ReverseRemedy, case: Case, given: Given) -> tuple[Event, ...]:
    remedy = case.remedies.require(command.remedy_id)
    if not remedy.handed_over:
        raise Refusal("amount_exceeds_given", "nothing was given", remedy=str(command.remedy_id))
    amount = _rest(remedy.given_money, remedy.reversed) if command.amount is None else command.amount
    if remedy.taken_back and command.amount is None and (amount is None or amount.amount == NOTHING):
        return ()
    _require_within(amount, remedy.given_money, "amount_exceeds_given", remedy.reversed)
    subject = case.subject(given)
    return (
        RemedyReversed(subject_id=subject, remedy_id=command.remedy_id, amount=amount, reference=command.reference),
    )


def _question(command: QuestionRemedies, case: Case, given: Given) -> tuple[Event, ...]:
    """Once is enough for a case: whoever works on it knows from then on."""
    if case.remedies.questioned:
        return ()
    subject = case.subject(given)
    return (RemediesQuestioned(subject_id=subject, remedy_id=command.remedy_id, unusual=command.unusual),)


def _named(remedy_ids: tuple[UUID, ...]) -> tuple[UUID, ...]:
    if not remedy_ids:
        raise Refusal("nothing_to_do", "name at least one remedy")
    return remedy_ids


def _require_approved(part: Remedies, remedy_id: UUID) -> Remedy:
    remedy = part.require(remedy_id)
    if remedy.status != "approved":
        raise Refusal("remedy_not_approved", "the remedy is not approved", remedy=str(remedy_id), status=remedy.status)
    return remedy


def _rest(whole: Money | None, used: Decimal) -> Money | None:
    return None if whole is None else Money(amount=max(whole.amount - used, NOTHING), currency=whole.currency)


def _require_within(
    amount: Money | None,
    bound: Money | None,
    code: Literal["amount_exceeds_proposal", "amount_exceeds_approval", "amount_exceeds_given"],
    used: Decimal,
) -> None:
    if amount is None:
        return
    if amount.amount == NOTHING:
        raise Refusal("amount_required", "the amount must be above zero")
    if bound is None:
        raise Refusal(code, "this remedy has no amount", amount=str(amount.amount), bound=None)
    if amount.currency != bound.currency:
        raise Refusal(
            "currency_differs", "amounts of one remedy share a currency", expected=bound.currency, got=amount.currency
        )
    if used + amount.amount > bound.amount:
        raise Refusal(
            code, "the sum would pass its bound", amount=str(amount.amount), bound=str(bound.amount), used=str(used)
        )
