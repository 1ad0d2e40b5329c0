"""What the complainant gets, who allowed it, and what he said to it.

A limit compares the sum of a complaint's approved and unreversed money remedies over all cycles, per
currency. An approval binds remedy, amount and currency; what is given for it never exceeds it in sum.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Final, Literal, assert_never
from uuid import UUID

from engine.complaint.change import changed
from engine.complaint.given import Circumstances, Given
from schemas.complaint.base import Event
from schemas.complaint.remedies import (
    AcceptRemedies,
    ApproveRemedy,
    Compensate,
    ComplaintCompensated,
    OfferRemedies,
    ProposeRemedy,
    RefuseRemedies,
    RejectRemedy,
    RemedyAccepted,
    RemedyApproved,
    RemedyOffered,
    RemedyProposed,
    RemedyRefused,
    RemedyRejected,
    RemedyReversed,
    ReverseRemedy,
)
from schemas.refusals import Refusal
from schemas.words import Money, RemedyForm, RemedyGround

if TYPE_CHECKING:
    from engine.complaint.case import Case

Events = (
    RemedyProposed
    | RemedyApproved
    | RemedyRejected
    | RemedyOffered
    | RemedyAccepted
    | RemedyRefused
    | ComplaintCompensated
    | RemedyReversed
)
Commands = (
    ProposeRemedy
    | ApproveRemedy
    | RejectRemedy
    | OfferRemedies
    | AcceptRemedies
    | RefuseRemedies
    | Compensate
    | ReverseRemedy
)

MONEY_FORMS: Final[frozenset[RemedyForm]] = frozenset({"refund", "price_reduction", "reimbursement", "payment"})
"""Forms that are a sum of money, so that a proposal without one says nothing."""
NOTHING: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class Remedy:
    """One remedy and how far it got."""

    remedy_id: UUID
    form: RemedyForm | None = None
    ground: RemedyGround | None = None
    proposed: Money | None = None
    proposer: str | None = None
    proposer_for: str | None = None
    """On whose behalf it was proposed."""
    named_only: bool = False
    """The proposer is a person whom a program named without proof."""
    status: Literal["proposed", "approved", "rejected"] = "proposed"
    approved: Money | None = None
    currency: str | None = None
    handed_over: bool = False
    """Given, at least in part; for a remedy without money there are no parts."""
    given: Decimal = NOTHING
    """Sum of what was given, also of what was taken back later."""
    reversed: Decimal = NOTHING
    taken_back: bool = False
    offered: bool = False
    until: datetime | None = None
    answer: Literal["accepted", "refused"] | None = None

    @property
    def committed(self) -> Decimal:
        return max(self.approved.amount if self.approved else NOTHING, self.given) - self.reversed

    @property
    def given_money(self) -> Money | None:
        return None if self.currency is None else Money(amount=self.given, currency=self.currency)

    def proposed_by(self, given: Given) -> bool:
        """Whether who acts now, or for whom he acts, proposed it or had it proposed."""
        return not {given.actor, given.on_behalf_of}.isdisjoint({self.proposer, self.proposer_for} - {None})


@dataclass(frozen=True, slots=True)
class Remedies:
    """All remedies of all cycles, in the order of their proposals."""

    known: tuple[Remedy, ...] = ()

    def require(self, remedy_id: UUID) -> Remedy:
        """Return the remedy.

        Raises:
            Refusal: ``unknown_remedy``.
        """
        for remedy in self.known:
            if remedy.remedy_id == remedy_id:
                return remedy
        raise Refusal("unknown_remedy", "no such remedy was proposed", remedy=str(remedy_id))

    def committed(self, currency: str) -> Decimal:
        """Return the sum of money approved (or given without, in imports) and not taken back, over all cycles."""
        return sum((remedy.committed for remedy in self.known if remedy.currency == currency), NOTHING)


# ------------------------------------------------------------------------------------------------ decide


def decide(command: Commands, case: Case, given: Given) -> tuple[Event, ...]:
    """Return what follows from a command of this concern."""
    match command:
        case ProposeRemedy():
            return _propose(command, case, given)
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
    assert_never(command)


def _propose(command: ProposeRemedy, case: Case, given: Given) -> tuple[Event, ...]:
    remedy_id = command.remedy_id or given.derive("remedy")
    if any(remedy.remedy_id == remedy_id for remedy in case.remedies.known):
        return ()
    if case.stage.name == "closed":
        raise Refusal("already_closed", "the cycle has ended; reopen the complaint first", cycle=case.cycle)
    if command.form in MONEY_FORMS and (command.amount is None or command.amount.amount == NOTHING):
        raise Refusal("amount_required", "a remedy of this form is a sum of money", form=command.form)
    case.require_point(command.point)
    subject = case.subject(given)
    proposed = RemedyProposed(
        subject_id=subject,
        remedy_id=remedy_id,
        form=command.form,
        ground=command.ground,
        head=command.head,
        amount=command.amount,
        customer_pays=command.customer_pays,
        point=command.point,
    )
    limit = _limit_that_allows(command.amount, case.remedies, given)
    if limit is None:
        return (proposed,)
    approved = RemedyApproved(subject_id=subject, remedy_id=remedy_id, amount=command.amount, limits=(limit,))
    return (proposed, approved)


def _limit_that_allows(amount: Money | None, part: Remedies, given: Given) -> str | None:
    """Return the name of the limit within which the rule approves, or None where a person must."""
    desk = given.book.desk
    if amount is None:
        return "without-money" if desk.approve_without_money else None
    limit = desk.remedy_limits.get(amount.currency)
    if limit is None or part.committed(amount.currency) + amount.amount > limit:
        return None
    return f"{amount.currency}:{limit:f}"


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
        return _compensated(command, None, case, given)
    if command.amount is None and (amount is None or amount.amount == NOTHING):
        return _given_in_full(remedy)
    _require_within(amount, remedy.approved, "amount_exceeds_approval", remedy.given)
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


# ------------------------------------------------------------------------------------------------ evolve


def evolve(part: Remedies, event: Events, around: Circumstances) -> Remedies:
    """Apply one stored fact."""
    match event:
        case RemedyProposed():
            return _change(part, (event.remedy_id,), lambda remedy: _proposed(remedy, event, around))
        case RemedyApproved():
            return _change(part, (event.remedy_id,), lambda r: _approved(r, event.amount))
        case RemedyRejected():
            return _change(part, (event.remedy_id,), lambda remedy: changed(remedy, status="rejected"))
        case RemedyOffered():
            return _change(part, event.remedy_ids, lambda remedy: changed(remedy, offered=True, until=event.until))
        case RemedyAccepted():
            return _change(part, event.remedy_ids, lambda remedy: changed(remedy, answer="accepted"))
        case RemedyRefused():
            return _change(part, event.remedy_ids, lambda remedy: changed(remedy, answer="refused"))
        case ComplaintCompensated():
            return _change(part, (event.remedy_id,), lambda remedy: _given(remedy, event.amount))
        case RemedyReversed():
            return _change(part, (event.remedy_id,), lambda remedy: _reversed(remedy, event.amount))
    assert_never(event)


def _change(part: Remedies, remedy_ids: Iterable[UUID], change: Callable[[Remedy], Remedy]) -> Remedies:
    """Change the named remedies. One that an imported history never proposed becomes known by its first mention."""
    known = {remedy.remedy_id: remedy for remedy in part.known}
    for remedy_id in remedy_ids:
        known[remedy_id] = change(known.get(remedy_id) or Remedy(remedy_id))
    return Remedies(tuple(known.values()))


def _proposed(remedy: Remedy, event: RemedyProposed, around: Circumstances) -> Remedy:
    return changed(
        remedy,
        form=event.form,
        ground=event.ground,
        proposed=event.amount,
        proposer=around.actor,
        proposer_for=around.on_behalf_of,
        named_only=around.identity == "claimed" and around.actor.startswith("person:"),
        currency=_currency(remedy, event.amount),
    )


def _approved(remedy: Remedy, amount: Money | None) -> Remedy:
    return changed(remedy, status="approved", approved=amount, currency=_currency(remedy, amount))


def _given(remedy: Remedy, amount: Money | None) -> Remedy:
    given = remedy.given + (amount.amount if amount else NOTHING)
    return changed(remedy, handed_over=True, given=given, currency=_currency(remedy, amount))


def _reversed(remedy: Remedy, amount: Money | None) -> Remedy:
    taken = remedy.reversed + (amount.amount if amount else NOTHING)
    return changed(remedy, taken_back=True, reversed=taken, currency=_currency(remedy, amount))


def _currency(remedy: Remedy, amount: Money | None) -> str | None:
    return amount.currency if amount else remedy.currency
