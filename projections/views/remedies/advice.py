"""What the table of remedies in force proposes for a case, why, and what else should be known before it is taken."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final, Literal
from uuid import UUID

from engine.complaint.case import Case
from engine.complaint.decider import fold
from engine.complaint.proposing import advice_of, facts_of, limits_of
from engine.configuration.in_force import Book
from engine.rules.remedies import WITH_SUM, Option, limit_that_allows
from engine.store.batch import Recorded
from projections.answers import Answer, OfView, Snapshot
from projections.replay.as_of import NoSuchCase
from projections.views.remedies.person import Watch
from schemas.complaint.remedies import Unusual
from schemas.configuration.remedies import FirstStep, PersonLimit
from schemas.words import (
    ComplaintType,
    Informed,
    Money,
    Nature,
    Outcome,
    RemedyForm,
    RemedyGround,
    RemedyHead,
    Responsibility,
    RuleRef,
)  # fmt: skip

_NONE: Final = Decimal(0)


class AskedFor(Answer):
    """What the complainant asks for on one point."""

    point: int
    form: RemedyForm | None
    claimed: Money | None
    distress: Money | None


class Inputs(Answer):
    """What the table looked at; null: nobody has said it yet."""

    nature: Nature | None
    informed: Informed | None
    responsibility: Responsibility | None
    type: ComplaintType | None
    outcome: Outcome | None
    demands: tuple[AskedFor, ...]


class ProposedOption(Answer):
    """One remedy to propose. ``amount`` null where the form has a sum: who proposes it names the sum."""

    option: int
    """Counts from 1."""
    form: RemedyForm
    ground: RemedyGround
    head: RemedyHead | None
    amount: Money | None
    point: int | None
    customer_pays: bool
    """The complainant may bear a difference."""
    alternative: bool
    """Stands beside what the rule proposes."""
    approved_by: Literal["rule", "person"] | None
    """Null: it hangs on the sum."""
    limit: str | None
    """The limit within which the rule approves."""


class CaseRemedies(OfView):
    """What is proposed for one case. ``rule`` null: no rule in force says anything of it."""

    case: UUID
    version: int
    """Of the case's stream."""
    rule: RuleRef | None
    ground: RemedyGround | None
    ground_by: Literal["responsibility", "rule", "outcome"] | None
    first: tuple[FirstStep, ...]
    """What comes before a remedy."""
    options: tuple[ProposedOption, ...]
    also: tuple[str, ...]
    """Rules further down that would have held, too."""
    inputs: Inputs
    warnings: tuple[Unusual, ...]
    """The complainant was given unusually much; going on with what nobody owes needs a reason."""


def case_remedies(snapshot: Snapshot, stream: UUID, history: Sequence[Recorded], now: datetime) -> CaseRemedies:
    """Return what is proposed for the complaint of this history, under what is in force at the snapshot's position.

    Raises:
        NoSuchCase: nothing is stored under this id, or no complaint.
    """
    case = fold(history) if history and history[0].name.startswith("complaint.") else None
    if not isinstance(case, Case):
        raise NoSuchCase(stream)
    book = snapshot.book()
    advice = advice_of(case, book)
    options = () if advice is None else advice.options
    return CaseRemedies(
        **snapshot.stamp(),
        case=stream,
        version=history[-1].version,
        rule=None if advice is None else advice.rule,
        ground=advice.ground if advice and advice.rule else None,
        ground_by=advice.ground_by if advice and advice.rule else None,
        first=() if advice is None else advice.first,
        options=tuple(_option(number, one, case, book) for number, one in enumerate(options, 1)),
        also=() if advice is None else advice.also,
        inputs=_inputs(case),
        warnings=_warnings(snapshot, case, book, now),
    )


def _inputs(case: Case) -> Inputs:
    facts = facts_of(case)
    plain = {name: getattr(facts, name) for name in ("nature", "informed", "responsibility", "type", "outcome")}
    return Inputs(**plain, demands=tuple(AskedFor(**one._asdict()) for one in facts.demands))


def _option(number: int, option: Option, case: Case, book: Book) -> ProposedOption:
    within = limits_of(option.ground, book)
    open_sum = option.amount is None and option.form in WITH_SUM
    spent = case.remedies.committed(option.amount.currency) if option.amount else _NONE
    limit = None if open_sum else limit_that_allows(option.amount, spent, within)
    return ProposedOption(
        option=number,
        **option._asdict(),
        approved_by=None if open_sum else ("rule" if limit else "person"),
        limit=limit,
    )


def _warnings(snapshot: Snapshot, case: Case, book: Book, now: datetime) -> tuple[Unusual, ...]:
    if case.complainant is None:
        return ()
    limit = book.remedy_rules.person_limit if book.remedy_rules else PersonLimit()
    return Watch(snapshot, limit, now).unusual(case.complainant)
