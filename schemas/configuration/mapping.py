"""Mapping: how the rows of a table or the traces of a process log become a complaint's past events.

A **record** (one row of a CSV file, one trace of an XES log) is one complaint. Its **rows** (the one
row itself, or the trace's events in order) go through ``events`` from top to bottom: a rule whose
``when`` holds for the row makes one event. What the rules of earlier rows and of the same row made
is visible to ``when``; the cycle begins anew with ``complaint.reopened``, before its fields are made.
"""

from difflib import get_close_matches
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator

from schemas.configuration import document
from schemas.words import Code, PartyRole, Precision

Constant = str | bool | int
Label = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
EventWord = Annotated[str, Field(pattern=r"^complaint\.[a-z_]+$")]
"""A stored name without its version: rules write the newest one."""
Form = Literal["text", "code", "bool", "date", "integer", "money"]


class Part(BaseModel):
    """A piece of the file. A key that it does not know is refused with the nearest one that it does."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_by_name=False, validate_by_alias=True)

    @model_validator(mode="before")
    @classmethod
    def _keys_are_known(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        known = [field.alias or name for name, field in cls.model_fields.items()]
        unknown = [str(key) for key in data if key not in known]
        if unknown:
            near = get_close_matches(unknown[0], known, n=1)
            hint = f"did you mean '{near[0]}'?" if near else f"it may have: {', '.join(known)}"
            raise ValueError(f"unknown key '{unknown[0]}'; {hint}")
        return data


class Csv(Part):
    """A table of UTF-8 text with a header; ``columns`` are those that the mapping reads."""

    kind: Literal["csv"]
    id: str
    """The column that identifies a complaint in its source, and for good."""
    key: Code
    """Stands before the id, so that two sources may use the same ids."""
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
    columns: tuple[str, ...]
    known: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Columns whose other values are refused: a value nobody thought of is reported, not dropped."""


class Xes(Part):
    """A process log. Attributes of the trace are columns with ``case:`` before their key."""

    kind: Literal["xes"]
    id: str
    key: Code
    columns: tuple[str, ...]
    known: dict[str, tuple[str, ...]] = Field(default_factory=dict)


class Time(Part):
    """Where a world time stands. A day counts as 00:00 in ``zone``; so does a time that names no offset."""

    column: str
    precision: Precision = "instant"
    zone: str | None = None
    format: str | None = None
    """As of ``strptime``; absent means ISO 8601."""

    @model_validator(mode="after")
    def _a_day_needs_a_zone(self) -> Self:
        if self.precision == "day" and self.zone is None:
            raise ValueError("precision 'day' needs the 'zone' in which that day begins and ends")
        return self


class Person(Part):
    """A party. Its data subject belongs to the one case, or is the same for every equal value of ``by``."""

    role: PartyRole
    by: str | None = None


class Test(Part):
    """What the value of a column must be. All that is given must hold."""

    equals: str | None = None
    in_: tuple[str, ...] | None = Field(default=None, alias="in")
    not_in: tuple[str, ...] | None = None
    empty: bool | None = None


class Gap(Part):
    """Days between the latest event of this name in this cycle and the row."""

    event: EventWord
    days: Annotated[int, Field(ge=0)]


class When(Part):
    """When a rule makes its event. All that is given must hold; nothing given holds for every row."""

    columns: dict[str, Test] = Field(default_factory=dict)
    first: bool | None = None
    """The row is the first of its record, or is not."""
    changed: tuple[str, ...] = ()
    """One of these columns differs from the row before; holds for the first row."""
    seen: tuple[EventWord, ...] = ()
    """One of these events was made in this cycle."""
    unseen: tuple[EventWord, ...] = ()
    """None of these events was made in this cycle."""
    open: Label | None = None
    """An id made as ``new`` under this label is not settled."""
    at_least: Gap | None = None
    less_than: Gap | None = None


class FromColumn(Part):
    """The value of a column: through a table, or read in a form. Empty leaves the field out."""

    column: str
    as_: Form | None = Field(default=None, alias="as")
    table: str | None = None
    otherwise: Constant | None = None
    """For values that the table lacks; without it such a row is rejected."""
    prefix: str = ""
    """Of a code."""
    currency: str | None = None
    required: bool = False
    """An empty column rejects the record."""

    @model_validator(mode="after")
    def _one_way_of_reading(self) -> Self:
        if (self.as_ is None) == (self.table is None):
            raise ValueError("give either 'as' (text, code, bool, date, integer, money) or 'table'")
        if self.otherwise is not None and self.table is None:
            raise ValueError("'otherwise' belongs to a 'table'")
        if (self.as_ == "money") != (self.currency is not None):
            raise ValueError("'as: money' and 'currency' (ISO 4217) go together")
        if self.prefix and self.as_ != "code":
            raise ValueError("'prefix' belongs to 'as: code'")
        return self


class FixedId(Part):
    """An id that the case always has for this label."""

    id: Label


class NewId(Part):
    """A new id under this label, open until it is settled."""

    new: Label


class OldestId(Part):
    """The oldest open id of this label, which is settled by it."""

    oldest: Label


class LatestId(Part):
    """The id made last under this label, open or not."""

    latest: Label


class SubjectOf(Part):
    """The data subject of a person in ``people``."""

    person: Label


class ActorOf(Part):
    """Who did it, by an opaque id derived from the column; ``opaque`` says that its values are opaque already."""

    actor: str
    opaque: bool = False


class OfCase(Part):
    """The case's number in our register, or the cycle it is in."""

    case: Literal["number", "cycle"]


class ObjectOf(Part):
    """Several fields in one, left out as a whole where the column in ``unless_empty`` is empty."""

    object: "dict[str, Value]"
    unless_empty: str | None = None


_VERBS = ("column", "id", "new", "oldest", "latest", "person", "actor", "case", "object")


def _verb(value: Any) -> str:
    if isinstance(value, dict):
        return next((verb for verb in _VERBS if verb in value), "column")
    return "constant"


One = Annotated[
    Annotated[FromColumn, Tag("column")]
    | Annotated[FixedId, Tag("id")]
    | Annotated[NewId, Tag("new")]
    | Annotated[OldestId, Tag("oldest")]
    | Annotated[LatestId, Tag("latest")]
    | Annotated[SubjectOf, Tag("person")]
    | Annotated[ActorOf, Tag("actor")]
    | Annotated[OfCase, Tag("case")]
    | Annotated[ObjectOf, Tag("object")]
    | Annotated[Constant, Tag("constant")],
    Discriminator(_verb),
]
"""One value; a plain scalar is a constant."""

Value = Annotated[
    Annotated[One, Tag("one")] | Annotated[tuple[One, ...], Tag("list")],
    Discriminator(lambda value: "list" if isinstance(value, list | tuple) else "one"),
]
"""What a field gets: one value or a list of them."""


class Rule(Part):
    """One event for every row for which ``when`` holds."""

    event: EventWord
    when: When = When()
    at: Label = "default"
    """Which of ``times``."""
    why: str | None = None
    """Kept with the event; says what the source does not."""
    actor: ActorOf | None = None
    """Absent: the import itself."""
    settles: Label | None = None
    """All open ids of this label are settled by this event."""
    fields: dict[str, Value] = Field(default_factory=dict)


class External(Part):
    """A reference by which later messages may find the case."""

    prefix: str = ""
    column: str


class Mapping(Part):
    """One mapping file. Change what it means only together with ``version``."""

    mapping: Code
    version: Annotated[int, Field(ge=1)]
    source: Annotated[Csv | Xes, Field(discriminator="kind")]
    times: dict[Label, Time]
    tables: dict[Label, dict[str, Constant]] = Field(default_factory=dict)
    people: dict[Label, Person] = Field(default_factory=dict)
    subject: Label
    """Of ``people``: whose words the personal texts are."""
    external: tuple[External, ...] = ()
    events: Annotated[tuple[Rule, ...], Field(min_length=1)]


ObjectOf.model_rebuild()
Rule.model_rebuild()
Mapping.model_rebuild()


def load_mapping(text: str, name: str) -> Mapping:
    """Return the mapping that a YAML text describes, checked against the catalogue of events.

    Raises:
        ConfigurationRefused: every error with line, field and fix; ``name`` is what the file is called.
    """
    from schemas.configuration.mapping_checks import problems_of  # noqa: PLC0415 -- the checks know this module's classes

    read = document.read(text, name)
    mapping = document.build(read, Mapping)
    problems = [f"line {read.line(path)}: {'.'.join(map(str, path))}: {text}" for path, text in problems_of(mapping)]
    if problems:
        raise document.ConfigurationRefused(name, problems)
    return mapping
