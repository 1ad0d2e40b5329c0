"""One remedy and how far it got; all remedies of a complaint, folded from what was said of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final, Literal, assert_never
from uuid import UUID

from engine.complaint.change import changed
from engine.complaint.given import Circumstances, Given
from schemas.complaint.remedies import (
    ComplaintCompensated,
    RemediesQuestioned,
    RemedyAccepted,
    RemedyApproved,
    RemedyOffered,
    RemedyProposed,
    RemedyRefused,
    RemedyRejected,
    RemedyReversed,
)
from schemas.refusals import Refusal
from schemas.words import Money, RemedyForm, RemedyGround

Events = (
    RemedyProposed
    | RemedyApproved
    | RemedyRejected
    | RemedyOffered
    | RemedyAccepted
    | RemedyRefused
    | ComplaintCompensated
    | RemedyReversed
    | RemediesQuestioned
)
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
    questioned: bool = False
    """The complainant was given unusually much: to go on with what nobody owes him needs a reason."""

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
        case RemediesQuestioned():
            return changed(part, questioned=True)
    assert_never(event)


def _change(part: Remedies, remedy_ids: Iterable[UUID], change: Callable[[Remedy], Remedy]) -> Remedies:
    """Change the named remedies. One that an imported history never proposed becomes known by its first mention."""
    known = {remedy.remedy_id: remedy for remedy in part.known}
    for remedy_id in remedy_ids:
        known[remedy_id] = change(known.get(remedy_id) or Remedy(remedy_id))
    return changed(part, known=tuple(known.values()))


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
