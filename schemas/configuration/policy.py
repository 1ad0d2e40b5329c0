"""Policy: which clocks a complaint gets, and for which complaints it holds."""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Literal, NamedTuple, Self, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
    model_validator,
)  # fmt: skip

from schemas.configuration.calendar import DAY_MINUTES
from schemas.configuration.letter import Letter
from schemas.words import CODE, Code, Priority, Stage

Unit = Literal[
    "minutes", "hours", "working minutes", "working hours", "working days", "calendar days", "weeks", "months"
]  # fmt: skip
UNITS: tuple[Unit, ...] = get_args(Unit)
DAY_UNITS = frozenset({"working days", "calendar days", "weeks", "months"})
LONGEST: Mapping[Unit, int] = {
    "minutes": 5_000_000, "hours": 90_000, "working minutes": 5_000_000, "working hours": 90_000,
    "working days": 3_660, "calendar days": 3_660, "weeks": 520, "months": 120,
}  # fmt: skip
"""About ten years of each unit: more is a slip, and would run beyond every calendar."""

_TARGET = re.compile(r"(\d{1,9}) (minute|hour|working minute|working hour|working day|calendar day|week|month)s?")
_RELATIVE = re.compile(r"(same|next|\d{1,9}) working days? by (\d\d):(\d\d)")
_NAMED: Mapping[str, int] = {"same": 0, "next": 1}


class Target(NamedTuple):
    """How much time a clock has, such as 8 working hours; or by what time of which working day."""

    amount: int
    """0 only for ``same working day by``."""
    unit: Unit
    by: int | None = None
    """Of a relative target: its time of day, in minutes of the local day."""

    @property
    def in_days(self) -> bool:
        """Ends with a day rather than after so much time."""
        return self.unit in DAY_UNITS

    def __str__(self) -> str:
        if self.by is not None:
            which = {number: f"{name} working day" for name, number in _NAMED.items()}
            return f"{which.get(self.amount, f'{self.amount} working days')} by {self.by // 60:02d}:{self.by % 60:02d}"
        return f"{self.amount} {self.unit if self.amount != 1 else self.unit[:-1]}"


def parse_target(value: object) -> Target:
    """Return the target that a text such as ``3 working days`` or ``next working day by 16:00`` names.

    Raises:
        ValueError: it names none, zero, or more than about ten years.
    """
    if isinstance(value, Target):
        return value
    text = " ".join(value.lower().split()) if isinstance(value, str) else ""
    if relative := _RELATIVE.fullmatch(text):
        return _relative(relative[1], int(relative[2]), int(relative[3]))
    found = _TARGET.fullmatch(text)
    if found is None:
        raise ValueError(_no_target(text))
    unit = next(unit for unit in UNITS if unit == found[2] + "s")
    return Target(_bounded(int(found[1]), unit), unit)


def _relative(which: str, hour: int, minute: int) -> Target:
    by = hour * 60 + minute
    if minute > 59 or not 0 < by <= DAY_MINUTES:
        raise ValueError("there is no such time of day; write one from 00:01 to 24:00")
    amount = _NAMED[which] if which in _NAMED else _bounded(int(which), "working days")
    return Target(amount, "working days", by)


def _bounded(amount: int, unit: Unit) -> int:
    if not 1 <= amount <= LONGEST[unit]:
        raise ValueError(f"the number of {unit} must be from 1 to {LONGEST[unit]}")
    return amount


def _no_target(text: str) -> str:
    if re.fullmatch(r"\d+ days?", text):
        return "say which days: 'working days' or 'calendar days'"
    if " by " in text:
        return "write for example 'next working day by 16:00', with 'same', 'next' or a number of working days"
    return f"write a whole number and one of: {', '.join(UNITS)}; or for example 'next working day by 16:00'"


TargetField = Annotated[
    Target,
    BeforeValidator(parse_target),
    PlainSerializer(str),
    WithJsonSchema({"type": "string", "pattern": f"^({_TARGET.pattern}|{_RELATIVE.pattern})$"}),
]

AT_ONCE = "0 minutes"


def parse_after(value: object) -> Target | None:
    """Return how long after a due something happens; None where it is at once.

    Raises:
        ValueError: it is neither ``0 minutes`` nor a target, see ``parse_target``.
    """
    if value is None or (isinstance(value, str) and re.fullmatch(r"0 (\w+ )?\w+", " ".join(value.split()))):
        return None
    return parse_target(value)


AfterField = Annotated[
    Target | None,
    BeforeValidator(parse_after),
    PlainSerializer(lambda after: AT_ONCE if after is None else str(after)),
    WithJsonSchema({"type": "string", "pattern": rf"{AT_ONCE}|{_TARGET.pattern}"}),
]

PLAIN_KINDS = (
    "registration", "acknowledgement", "first_reply", "next_reply", "update", "pausable_update", "requester_wait",
    "agent_work", "remedy", "promise", "action", "public_closing", "resolution", "total_resolution",
)  # fmt: skip
CARRY_DUE = frozenset({"promise", "action"})
"""Kinds whose starting event may carry the due, so that they need no target."""
OWN_CYCLES = frozenset(
    {"registration", "next_reply", "update", "pausable_update", "requester_wait", "promise", "action"}
)
"""Kinds whose life over a reopening follows from what they are."""
UNJUDGED_EVENTS = frozenset({"complaint.deadline_missed", "complaint.note_added", "complaint.reply_reviewed"})
"""Events that no clock may depend on: a miss is derived from times, never from who looked when."""
UNJUDGED_FIELDS = frozenset(
    {
        "attachments", "author", "body", "conversation", "in_reply_to", "investigator", "owner", "parties", "raw",
        "signed_by", "subject", "subject_id", "to",
    }
)  # fmt: skip
"""Fields that no condition may name: who, and free text."""
_STAGES: tuple[str, ...] = get_args(Stage)


def is_kind(name: str) -> bool:
    """Whether ``name`` is a kind of clock: of the list, ``stage:<stage>`` or ``statutory:<preset>``."""
    head, colon, tail = name.partition(":")
    if not colon:
        return name in PLAIN_KINDS
    if head == "stage":
        return tail in _STAGES
    return head == "statutory" and re.fullmatch(r"[a-z0-9][a-z0-9_.-]{0,59}", tail) is not None


def _known_kind(name: str) -> str:
    if not is_kind(name):
        known = ", ".join((*PLAIN_KINDS, *(f"stage:{stage}" for stage in _STAGES), "statutory:<preset>"))
        raise ValueError(f"there is no such kind of clock; one of: {known}")
    return name


def _known_event(name: str) -> str:
    if re.fullmatch(r"[a-z_]+\.[a-z_]+\.v\d+", name):
        raise ValueError("leave the version out: conditions hold for every version of an event")
    if name in UNJUDGED_EVENTS:
        raise ValueError("no clock may depend on this event; name what happened itself")
    if not re.fullmatch(r"[a-z_]+\.[a-z_]+", name) and not is_kind(name):
        raise ValueError("write a stored name such as 'complaint.resolved', or the name of a kind of clock")
    return name


_NO_CODE = "write letters, digits and any of . _ : / + - (no spaces, at most 120)"
_NO_SCALAR = "write a text, a whole number, or true or false; put dates into quotes"


def _comparable(value: object) -> object:
    """Refuse once, in words, what none of the three types takes."""
    code = isinstance(value, str) and re.fullmatch(CODE, value) is not None
    if code or isinstance(value, bool | int):
        return value
    raise ValueError(_NO_CODE if isinstance(value, str) else _NO_SCALAR)


Scalar = Annotated[bool | int | Code, BeforeValidator(_comparable)]


def _as_list(value: object) -> object:
    return value if isinstance(value, list | tuple) else (value,)


Values = Annotated[
    tuple[Scalar, ...],
    Field(min_length=1),
    BeforeValidator(_as_list, json_schema_input_type=Annotated[tuple[Scalar, ...], Field(min_length=1)] | Scalar),
]


class Condition(BaseModel):
    """An event whose fields have these values; or, as ``event``, a kind of clock (= its default conditions)."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    event: Annotated[str, AfterValidator(_known_event)]
    where: Mapping[Code, Values] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _a_kind_stands_alone(self) -> Self:
        if self.where and "." not in self.event:
            raise ValueError("where: the name of a kind stands for its own conditions; name an event to add some")
        for name in self.where:
            if name in UNJUDGED_FIELDS:
                raise ValueError(f"where.{name}: no condition may name persons or free text; compare a code")
        return self


def _as_condition(value: object) -> object:
    return {"event": value} if isinstance(value, str) else value


_Written = Condition | str
Conditions = Annotated[
    tuple[Annotated[Condition, BeforeValidator(_as_condition, json_schema_input_type=_Written)], ...],
    BeforeValidator(_as_list, json_schema_input_type=tuple[_Written, ...] | _Written),
]
Percentage = Annotated[int, Field(ge=1, le=100)]


class Escalation(BaseModel):
    """One step of a chain: who is called in how long after a due that passed."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    after: AfterField = None
    """In the clock's calendar; ``0 minutes`` is at the due."""
    level: Annotated[int, Field(ge=1, le=9)]
    to: Code
    """A team or a role."""


def _rising(steps: tuple[Escalation, ...]) -> tuple[Escalation, ...]:
    if [one.level for one in steps] != sorted({one.level for one in steps}):
        raise ValueError("write the steps in order, each with a higher level than the one before")
    return steps


Escalations = Annotated[tuple[Escalation, ...], AfterValidator(_rising)]


class ClockRule(BaseModel):
    """One promise of a policy. What is left out is as ``engine.sla.kinds`` says for the kind."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    kind: Annotated[str, AfterValidator(_known_kind)]
    target: TargetField | None = None
    calendar: Code | None = None
    start: Conditions | None = None
    fulfil: Conditions | None = None
    pause: Conditions | None = None
    resume: Conditions | None = None
    cancel: Conditions = ()
    reopen: Literal["reset", "continue"] | None = None
    priority_change: Literal["forward", "retroactive", "reset"] = "forward"
    roll: Literal["none", "next", "previous"] = "none"
    warn: tuple[Percentage, ...] = ()
    escalations: Escalations | None = None
    """Left out: as the policy says for all of its clocks."""

    @model_validator(mode="after")
    def _has_what_it_needs(self) -> Self:
        if self.target is None and self.kind not in CARRY_DUE:
            raise ValueError("target: is missing; say how much time there is, for example '8 working hours'")
        if self.kind == "remedy" and not self.start:
            raise ValueError("start: is missing; name the demand, or for example 'complaint.remedy_approved'")
        for name in ("start", "fulfil"):
            if getattr(self, name) == ():
                raise ValueError(f"{name}: is empty; name an event, or leave it out for the default")
        return self

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if self.kind.startswith("statutory:") and self.pause:
            raise ValueError("pause: a statutory clock is never paused; leave it out")
        if self.reopen and (self.kind in OWN_CYCLES or self.kind.startswith("stage:")):
            raise ValueError("reopen: cannot be chosen for this kind; leave it out")
        if self.roll != "none" and (self.target is None or self.target.unit in ("minutes", "hours")):
            raise ValueError("roll: moves a day that a term ends on; this target ends on none")
        requests = all(one.event == "complaint.information_requested" or is_kind(one.event) for one in self.pause or ())
        if not requests and not self.resume:
            raise ValueError("resume: is missing; say what ends this pause")
        return self


Codes = Annotated[tuple[Code, ...], BeforeValidator(_as_list, json_schema_input_type=tuple[Code, ...] | Code)]
Priorities = Annotated[
    tuple[Priority, ...], BeforeValidator(_as_list, json_schema_input_type=tuple[Priority, ...] | Priority)
]


class Selection(BaseModel):
    """Complaints that a policy holds for: every named field has one of its values; unnamed fields do not matter."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    channel: Codes = ()
    type: Codes = ()
    subtype: Codes = ()
    segment: Codes = ()
    priority: Priorities = ()
    regulation: Codes = ()
    business_unit: Codes = ()


class Policy(BaseModel):
    """The clocks of a complaint, one of each kind. Unknown keys are refused.

    Of the policies in force the one with the lowest ``order`` whose ``when`` holds applies.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    id: Code
    version: Annotated[int, Field(ge=1)]
    order: int = 1000
    when: Selection | None = None
    calendar: Code | None = None
    """Of clocks that name none."""
    escalations: Escalations = ()
    """Of clocks that name none."""
    clocks: Annotated[tuple[ClockRule, ...], Field(min_length=1)]
    source: str | None = None
    """Where its rules come from, for people."""
    letters: tuple[Letter, ...] = ()
    """What its rules demand to be written, as checklists for people."""

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if problems := list(self._problems()):
            raise ValueError("\n".join(problems))
        return self

    def _problems(self) -> Iterator[str]:
        kinds: set[str] = set()
        for index, clock in enumerate(self.clocks):
            if clock.kind in kinds:
                yield f"clocks.{index}.kind: '{clock.kind}' stands twice; a policy has one clock of a kind"
            kinds.add(clock.kind)
        letters: set[str] = set()
        for index, letter in enumerate(self.letters):
            if letter.clock is not None and letter.clock not in kinds:
                known = ", ".join(one.kind for one in self.clocks)
                yield f"letters.{index}.clock: this policy has no clock '{letter.clock}'; one of: {known}"
            if letter.id in letters:
                yield f"letters.{index}.id: '{letter.id}' stands twice; give each letter a name of its own"
            letters.add(letter.id)
