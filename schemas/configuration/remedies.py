"""The table of remedies: what is proposed for which nature of complaint, on which ground, within which limits.

A rule set of concern ``remedies``. Its rules are asked from top to bottom; the first whose ``when`` holds is
the one that fires. ``cases`` say what the rules mean: ``plaint rules test`` runs them.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from schemas.words import (
    Code,
    ComplaintType,
    Currency,
    Informed,
    Money,
    Nature,
    Outcome,
    RemedyForm,
    RemedyGround,
    RemedyHead,
    Responsibility,
)  # fmt: skip

FirstStep = Literal["study_history", "ask_demand", "explain", "apologise"]
"""What comes before a remedy. To explain and to apologise belong to a reply, and are no remedies themselves."""


def _as_list(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


Natures = Annotated[tuple[Nature, ...], BeforeValidator(_as_list)]
InformedOnes = Annotated[tuple[Informed, ...], BeforeValidator(_as_list)]
Responsibilities = Annotated[tuple[Responsibility, ...], BeforeValidator(_as_list)]
Types = Annotated[tuple[ComplaintType, ...], BeforeValidator(_as_list)]


class RemedyWhen(BaseModel):
    """For which complaints a rule holds: every field that is named must be known, and one of these."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    nature: Natures = ()
    informed: InformedOnes = ()
    responsibility: Responsibilities = ()
    type: Types = ()


class Offer(BaseModel):
    """One thing to propose: what the complainant demands, or a remedy of this form."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    demand: Literal["in_full", "distress"] | None = None
    """``in_full``: for every point what is sought, with the sum claimed; ``distress``: moral damages where claimed."""
    form: RemedyForm | None = None
    head: RemedyHead | None = None
    percent: Annotated[int, Field(ge=1, le=100)] | None = None
    """Of the sum claimed, for a form that has a sum. Left out: who decides names the sum."""
    customer_pays: bool = False
    """On suitable terms: the complainant may bear the difference."""

    @model_validator(mode="after")
    def _is_one_thing(self) -> Self:
        if (self.demand is None) == (self.form is None):
            raise ValueError("form: name either a form or a demand ('in_full' or 'distress')")
        if self.demand is not None and (self.percent or self.head or self.customer_pays):
            raise ValueError("demand: is met as it is; leave percent, head and customer_pays out")
        return self


class RemedyRule(BaseModel):
    """One row of the table; without ``when`` it always holds."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    rule: Code
    about: Annotated[str, Field(max_length=300)] | None = None
    """What it is for, for people."""
    when: RemedyWhen = RemedyWhen()
    ground: RemedyGround = "no_fault"
    """As long as nobody has said who answers for it, see ``grounds``."""
    first: tuple[FirstStep, ...] = ()
    propose: tuple[Offer, ...] = ()
    """The first is what the rule proposes, the others stand beside it."""


class PersonLimit(BaseModel):
    """How much one person may be given in a time before it is said; nothing is refused for it."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    days: Annotated[int, Field(ge=1, le=3660)] = 365
    remedies: Annotated[int, Field(ge=1)] | None = None
    """More than so many are worth a word."""
    sums: dict[Currency, Decimal] = Field(default_factory=dict)
    """More money than this, in each currency."""


class Demanded(BaseModel):
    """What the complainant of a case asks for on its only point."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    form: RemedyForm | None = None
    claimed: Money | None = None
    distress: Money | None = None


class RemedyGiven(BaseModel):
    """A complaint as a case of the table has it."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    nature: Nature | None = None
    informed: Informed | None = None
    responsibility: Responsibility | None = None
    type: ComplaintType | None = None
    outcome: Outcome | None = None
    demand: Demanded | None = None


class RemedyExpected(BaseModel):
    """What must come of it."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    rule: Code
    ground: RemedyGround
    first: tuple[FirstStep, ...] = ()
    propose: tuple[str, ...] = ()
    """Exactly these, in order, each as ``refund 100 EUR`` or ``replacement``; for the head ``distress``: ``payment
    50 EUR distress``."""


class RemedyCase(BaseModel):
    """Given this complaint, then that comes of it."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    case: Annotated[str, Field(min_length=1, max_length=200)]
    given: RemedyGiven
    then: RemedyExpected


class RemedyRules(BaseModel):
    """The table of remedies. Unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    id: Code
    version: Annotated[int, Field(ge=1)]
    concern: Literal["remedies"] = "remedies"
    grounds: dict[Responsibility, RemedyGround]
    """Who answers for it says on which ground it is given."""
    rules: Annotated[tuple[RemedyRule, ...], Field(min_length=1)]
    limits: dict[RemedyGround, dict[Currency, Decimal]] = Field(default_factory=dict)
    """By ground: up to this sum of money remedies of one complaint the rule approves itself; an empty mapping: a
    person approves all. A ground that is left out goes by the desk's ``remedy_limits``."""
    person_limit: PersonLimit = PersonLimit()
    cases: tuple[RemedyCase, ...] = ()

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if problems := list(self._problems()):
            raise ValueError("\n".join(problems))
        return self

    def _problems(self) -> Iterator[str]:
        names = [one.rule for one in self.rules]
        for index, rule in enumerate(self.rules):
            if rule.rule in names[:index]:
                yield f"rules.{index}.rule: '{rule.rule}' stands twice; give each rule a name of its own"
            if rule.when == RemedyWhen() and index < len(self.rules) - 1:
                yield f"rules.{index}.when: holds for every complaint, so no later rule is ever asked; put it last"
        for index, case in enumerate(self.cases):
            if case.then.rule not in names:
                yield f"cases.{index}.then.rule: there is no rule '{case.then.rule}'; one of: {', '.join(names)}"
