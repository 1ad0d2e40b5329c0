"""What is proposed for a complaint, on which ground, and who may allow it: the table of remedies, applied.

Pure: facts of a case and a table in, advice out. The rule proposes; a person takes one of its options or
overrules it with a reason. Nothing here knows who the complainant is, so what is owed is proposed to everybody.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal, NamedTuple

from schemas.configuration.remedies import FirstStep, Offer, RemedyRule, RemedyRules, RemedyWhen
from schemas.words import (
    Advised,
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

MONEY_FORMS: Final[frozenset[RemedyForm]] = frozenset({"refund", "price_reduction", "reimbursement", "payment"})
"""Forms that are a sum of money, so that a proposal without one says nothing."""
WITH_SUM: Final[frozenset[RemedyForm]] = MONEY_FORMS | {"discount"}
_GROUNDS: Final[tuple[RemedyGround, ...]] = ("fault", "no_fault", "exception")
"""In the order in which they are proposed: an exception comes last."""


class Demand(NamedTuple):
    """What the complainant asks for on one point."""

    point: int
    form: RemedyForm | None = None
    claimed: Money | None = None
    distress: Money | None = None
    """Claimed for moral damages, beside ``claimed``."""


@dataclass(frozen=True, slots=True)
class RemedyFacts:
    """What the table is applied to."""

    nature: Nature | None = None
    informed: Informed | None = None
    responsibility: Responsibility | None = None
    type: ComplaintType | None = None
    outcome: Outcome | None = None
    """Found in this cycle."""
    demands: tuple[Demand, ...] = ()


class Option(NamedTuple):
    """One remedy to propose. Without ``amount`` a form that has a sum leaves the sum to who proposes it."""

    form: RemedyForm
    ground: RemedyGround
    head: RemedyHead | None = None
    amount: Money | None = None
    point: int | None = None
    customer_pays: bool = False
    alternative: bool = False
    """Stands beside what the rule proposes."""


@dataclass(frozen=True, slots=True)
class Advice:
    """What the table says of a case, and why."""

    rule: RuleRef | None
    """None: no rule holds."""
    ground: RemedyGround
    ground_by: Literal["responsibility", "rule", "outcome"]
    first: tuple[FirstStep, ...]
    options: tuple[Option, ...]
    also: tuple[str, ...]
    """Rules further down that would have held, too."""


def advise(facts: RemedyFacts, table: RemedyRules) -> Advice:
    """Return what the first rule that holds proposes; no option where no rule holds or it has none."""
    holding = [rule for rule in table.rules if holds(rule.when, facts)]
    if not holding:
        return Advice(None, "no_fault", "rule", (), (), ())
    rule = holding[0]
    ground, ground_by = _ground(facts, rule, table.grounds)
    options = _distinct(_options(rule.propose, facts, ground))
    first = rule.first
    if not facts.demands and any(offer.demand == "in_full" for offer in rule.propose):
        first = (*first, "ask_demand")
    ref = RuleRef(rule_set=table.id, version=table.version, rule=rule.rule)
    return Advice(ref, ground, ground_by, first, options, tuple(one.rule for one in holding[1:]))


def holds(when: RemedyWhen, facts: RemedyFacts) -> bool:
    """Tell whether every field that ``when`` names is known and one of its values."""
    return wanting(when, facts) is None


def wanting(when: RemedyWhen, facts: RemedyFacts) -> tuple[str, tuple[str, ...], str | None] | None:
    """Return the first field that does not fit, what it should be and what it is; None where all fit."""
    pairs: tuple[tuple[str, tuple[str, ...], str | None], ...] = (
        ("nature", when.nature, facts.nature),
        ("informed", when.informed, facts.informed),
        ("responsibility", when.responsibility, facts.responsibility),
        ("type", when.type, facts.type),
    )
    return next((pair for pair in pairs if pair[1] and pair[2] not in pair[1]), None)


def _ground(
    facts: RemedyFacts, rule: RemedyRule, grounds: Mapping[Responsibility, RemedyGround]
) -> tuple[RemedyGround, Literal["responsibility", "rule", "outcome"]]:
    """What was found not upheld is owed by nobody: what is given all the same is a gesture or an exception."""
    named = grounds.get(facts.responsibility) if facts.responsibility else None
    ground = named or rule.ground
    if facts.outcome == "not_upheld" and ground == "fault":
        return "no_fault", "outcome"
    return ground, "responsibility" if named else "rule"


def _options(offers: Sequence[Offer], facts: RemedyFacts, ground: RemedyGround) -> Iterator[Option]:
    met = False
    for offer in offers:
        if offer.demand == "in_full":
            for option in _in_full(facts.demands, ground):
                met = True
                yield option
        elif offer.demand == "distress":
            yield from _distress(facts.demands, ground)
        elif offer.form is not None:
            yield _of_form(offer, offer.form, facts.demands, ground)._replace(alternative=met)
            met = True


def _in_full(demands: Sequence[Demand], ground: RemedyGround) -> Iterator[Option]:
    for demand in demands:
        form = demand.form or ("refund" if demand.claimed else None)
        if form is not None:
            amount = demand.claimed if form in WITH_SUM else None
            head: RemedyHead | None = "price" if form in MONEY_FORMS and ground == "fault" else None
            yield Option(form, ground, head, amount, demand.point)


def _distress(demands: Sequence[Demand], ground: RemedyGround) -> Iterator[Option]:
    """Moral damages are owed by fault or not at all."""
    if ground == "fault":
        for demand in demands:
            if demand.distress is not None:
                yield Option("payment", ground, "distress", demand.distress, demand.point)


def _of_form(offer: Offer, form: RemedyForm, demands: Sequence[Demand], ground: RemedyGround) -> Option:
    amount = _share(demands, offer.percent) if offer.percent and form in WITH_SUM else None
    return Option(form, ground, offer.head, amount, customer_pays=offer.customer_pays)


def _share(demands: Sequence[Demand], percent: int) -> Money | None:
    """Return this share of all that is claimed, to the hundredth; None where nothing is, or in several currencies."""
    claimed = [demand.claimed for demand in demands if demand.claimed is not None]
    if len({money.currency for money in claimed}) != 1:
        return None
    whole = sum((money.amount for money in claimed), Decimal(0))
    return Money(amount=(whole * percent / 100).quantize(Decimal("0.01")), currency=claimed[0].currency)


def _distinct(options: Iterator[Option]) -> tuple[Option, ...]:
    """Return the options, no alternative being what is demanded anyway; by ground, otherwise as the rule has them."""
    kept: list[Option] = []
    for option in options:
        same = any(one.form == option.form and one.head in (option.head, "price") for one in kept)
        if not (option.alternative and same):
            kept.append(option)
    return tuple(sorted(kept, key=lambda one: _GROUNDS.index(one.ground)))


# ------------------------------------------------------------------------------------- a proposal beside the advice


def relation(proposed: Option, advice: Advice) -> Advised | None:
    """Return how a proposal stands to the advice; None where the table has nothing to say of the case."""
    if advice.rule is None:
        return None
    if not advice.options:
        return "unstudied"
    fitting = [option for option in advice.options if fits(proposed, option)]
    if not fitting:
        return "overruled"
    return "alternative" if all(option.alternative for option in fitting) else "followed"


def fits(proposed: Option, option: Option) -> bool:
    """Tell whether what is proposed is this option. What an option leaves open, a proposal may fill in."""
    return (
        proposed.form == option.form
        and proposed.ground == option.ground
        and proposed.head in ((None, option.head) if option.head != "distress" else ("distress",))
        and (option.point is None or proposed.point in (None, option.point))
        and (option.amount is None or proposed.amount == option.amount)
        and (option.customer_pays or not proposed.customer_pays)
    )


# ---------------------------------------------------------------------------------------------------- who may allow


class Limits(NamedTuple):
    """Up to which sums the rule approves itself, of one ground."""

    sums: Mapping[str, Decimal]
    """By currency."""
    without_money: bool
    """A remedy without a sum is approved, too."""
    by_table: bool = False
    """Said by the table of remedies; else by the desk."""


def limits(
    ground: RemedyGround, table: RemedyRules | None, sums: Mapping[str, Decimal], *, without_money: bool
) -> Limits:
    """Return the limits of a ground: the table's where it names the ground, else the desk's ``sums``."""
    named = None if table is None else table.limits.get(ground)
    if named is None:
        return Limits(sums, without_money)
    return Limits(named, without_money and bool(named), by_table=True)


def limit_that_allows(amount: Money | None, committed: Decimal, within: Limits) -> str | None:
    """Return the name of the limit within which the rule approves, or None where a person must.

    ``committed`` is what the complaint has cost already in the currency of ``amount``.
    """
    if amount is None:
        return "without-money" if within.without_money else None
    limit = within.sums.get(amount.currency)
    if limit is None or committed + amount.amount > limit:
        return None
    return f"{amount.currency}:{limit:f}"
