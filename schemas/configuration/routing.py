"""Routing: what a new complaint is taken for, how urgent it is, and who answers for it. Concern ``routing``.

Rules are asked from top to bottom. Every field of ``then`` is given by the first rule that holds and names
it; tags add up. Nothing that a person has settled already is touched. ``cases`` say what the rules mean:
``plaint rules test`` runs them.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from schemas.configuration.policy import TargetField
from schemas.words import (
    IMPERSONAL,
    Channel,
    Code,
    ComplaintType,
    Currency,
    Language,
    Money,
    PartyRole,
    PlainDecimal,
    Priority,
    Tone,
)  # fmt: skip


def _as_list(value: object) -> object:
    return value if isinstance(value, list | tuple) else (value,)


_LISTED = BeforeValidator(_as_list)
Phrase = Annotated[str, StringConstraints(min_length=2, max_length=120, pattern=r"^\w[\w ~'-]*$")]
"""Words as they begin a word of the text; ``~`` stands for any ending."""
Phrases = Annotated[tuple[Phrase, ...], _LISTED]
Codes = Annotated[tuple[Code, ...], _LISTED]
Channels = Annotated[tuple[Channel, ...], _LISTED]
Types = Annotated[tuple[ComplaintType, ...], _LISTED]
Tones = Annotated[tuple[Tone, ...], _LISTED]
Languages = Annotated[tuple[Language, ...], _LISTED]
Roles = Annotated[tuple[PartyRole, ...], _LISTED]
PersonId = Annotated[str, StringConstraints(pattern=r"^person:[a-z0-9][a-z0-9._-]{0,79}$"), IMPERSONAL]
"""As events call a person; ``plaint rules person NAME`` tells it. A name has no place in configuration."""
Share = Literal["least_loaded", "round_robin"]


class Closed(BaseModel):
    """Part of a rule set: unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_by_name=True, serialize_by_alias=True)


class Claim(Closed):
    """A sum that is claimed on some point."""

    at_least: Annotated[PlainDecimal, Field(gt=0)]
    currency: Currency


class Count(Closed):
    """How many there are, received in so many days before this one."""

    at_least: Annotated[int, Field(ge=1)]
    within_days: Annotated[int, Field(ge=1, le=3_660)]


class When(Closed):
    """Which complaints a rule holds for: every field that is named must hold, with one of its values."""

    channel: Channels = ()
    type: Types = ()
    subtype: Codes = ()
    product: Codes = ()
    location: Codes = ()
    segment: Codes = ()
    language: Languages = ()
    business_unit: Codes = ()
    regulation: Codes = ()
    tone: Tones = ()
    party: Roles = ()
    """Somebody in this role takes part, such as an authority."""
    public: bool | None = None
    vulnerable: bool | None = None
    reopened: bool | None = None
    """It had ended, and goes on: it is asked about again then."""
    words: Phrases = ()
    """In the subject or the text."""
    addressed_to: Phrases = ()
    """In the address, the subject or the first 200 characters of the text."""
    claimed: Claim | None = None
    earlier: Count | None = None
    """Other complaints of the same person."""
    same_product: Count | None = None
    """Other complaints about the same product."""
    any: tuple["When", ...] = ()
    """One of these must hold, too."""
    none: tuple["When", ...] = ()
    """None of these may hold."""

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("is empty; name a field, or leave `when` out for a rule that always holds")
        return self


class CallBack(Closed):
    """The complainant is promised a call: within so much time, at the end of it in a slot of so many minutes."""

    within: TargetField
    slot_minutes: Annotated[int, Field(ge=15, le=480)] = 60

    @model_validator(mode="after")
    def _in_hours(self) -> Self:
        if self.within.in_days:
            raise ValueError("within: ends with a day; write hours or minutes, such as '4 working hours'")
        return self


class Then(Closed):
    """What a rule gives; what it leaves out it leaves to the rules after it."""

    type: ComplaintType | None = None
    subtype: Code | None = None
    regulation: Code | None = None
    tags: Codes = ()
    priority: Priority | None = None
    business_unit: Code | None = None
    """To which it belongs from now on: rights, figures and policies follow."""
    team: Code | None = None
    person: Share | PersonId | None = None
    """Who of the team: whom the staff list has with the least open complaints, or whose turn it is; or this one."""
    skills: Codes = ()
    """Which of them the person must have."""
    speaks: bool = False
    """The person must speak the complaint's language."""
    reply_channel: Channel | None = None
    call_back: CallBack | None = None
    """Only where a telephone number is known."""
    final_reply_by: Code | None = None
    """The team by or for whom the final reply must be signed."""
    attach_earlier: bool = False
    """Link the person's latest other complaints, so that whoever answers has them before his eyes."""
    advice: Codes = ()
    """Stable words for who takes the case up, such as ``call-first``; kept as tags ``advice:...``."""

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("gives nothing; name what the rule decides")
        if self.person is not None and self.team is None:
            raise ValueError("team: is missing; a person is chosen within a team")
        if self.person is None and (self.skills or self.speaks):
            raise ValueError("person: is missing; write least_loaded or round_robin to choose by skill")
        return self


class RoutingRule(Closed):
    """One rule; without ``when`` it always holds."""

    rule: Code
    about: Annotated[str, Field(max_length=300)] | None = None
    """What it is for, for people."""
    when: When | None = None
    then: Then


class Away(Closed):
    """Days on which somebody is given nothing, both inclusive."""

    first: Annotated[date, Field(alias="from")]
    last: Annotated[date, Field(alias="to")]

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.last < self.first:
            raise ValueError("to: is before from; exchange them")
        return self


class Member(Closed):
    """One of the staff."""

    person: PersonId
    teams: Annotated[tuple[Code, ...], _LISTED, Field(min_length=1)]
    skills: Codes = ()
    languages: Languages = ()
    most: Annotated[int, Field(ge=1)] | None = None
    """Open complaints from which on no more are given."""
    away: tuple[Away, ...] = ()


class Given(Closed):
    """A complaint as a case of the rule set has it. Days count back from its receipt."""

    channel: Channel = "email"
    type: ComplaintType | None = None
    subtype: Code | None = None
    product: Code | None = None
    location: Code | None = None
    segment: Code | None = None
    language: Language | None = None
    business_unit: Code = "main"
    regulation: Code | None = None
    tone: Tone | None = None
    party: Roles = ("complainant",)
    public: bool = False
    vulnerable: bool = False
    addressed_to: str | None = None
    subject: str | None = None
    text: str = ""
    claimed: Money | None = None
    has_phone: bool = False
    earlier_days: tuple[Annotated[int, Field(ge=0)], ...] = ()
    same_product_days: tuple[Annotated[int, Field(ge=0)], ...] = ()
    reopened: bool = False


class Expected(Closed):
    """What must come of it; what is left out is not looked at, ``null`` means that nothing was given."""

    type: ComplaintType | None = None
    subtype: Code | None = None
    regulation: Code | None = None
    tags: Codes = ()
    """Exactly these, in any order."""
    priority: Priority | None = None
    business_unit: Code | None = None
    team: Code | None = None
    reply_channel: Channel | None = None
    final_reply_by: Code | None = None
    advice: Codes = ()
    """Exactly these, in any order."""
    call_back: bool = False
    rules: Codes = ()
    """Exactly these gave something, in their order."""


class RoutingCase(Closed):
    """Given this complaint, then that comes of it."""

    case: Annotated[str, Field(min_length=1, max_length=200)]
    given: Given
    then: Expected


class RoutingRules(Closed):
    """Who gets what. One is in force; a higher version replaces it whole."""

    id: Code
    version: Annotated[int, Field(ge=1)]
    concern: Literal["routing"]
    calendar: Code | None = None
    """By which call-backs are counted."""
    rules: Annotated[tuple[RoutingRule, ...], Field(min_length=1)]
    staff: tuple[Member, ...] = ()
    cases: tuple[RoutingCase, ...] = ()

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if problems := list(self._problems()):
            raise ValueError("\n".join(problems))
        return self

    def _problems(self) -> Iterator[str]:
        rules = [one.rule for one in self.rules]
        yield from _twice("rules", "rule", rules, "give each rule a name of its own")
        yield from _twice("staff", "person", [one.person for one in self.staff], "write all teams into one entry")
        yield from _twice("cases", "case", [one.case for one in self.cases], "give each case a name of its own")
        for index, rule in enumerate(self.rules):
            if rule.then.call_back is not None and self.calendar is None:
                yield f"rules.{index}.then.call_back: no calendar counts it; name one as `calendar` of the rule set"
        for index, one in enumerate(self.cases):
            for name in one.then.rules:
                if name not in rules:
                    yield f"cases.{index}.then: there is no rule '{name}'; one of: {', '.join(rules)}"


def _twice(place: str, field: str, names: list[str], fix: str) -> Iterator[str]:
    seen: Counter[str] = Counter()
    for index, name in enumerate(names):
        seen[name] += 1
        if seen[name] == 2:
            yield f"{place}.{index}.{field}: '{name}' stands twice; {fix}"
