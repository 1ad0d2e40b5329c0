"""Mapping: how the rows of a table or the traces of a process log become a complaint's past events.

A **record** (one row of a CSV file, one trace of an XES log) is one complaint. Its **rows** (the one
row itself, or the trace's events in order) go through ``events`` from top to bottom: a rule whose
``when`` holds for the row makes one event. What the rules of earlier rows and of the same row made
is visible to ``when``; the cycle begins anew with ``complaint.reopened``, before its fields are made.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationError, model_validator

from schemas.configuration.document import ConfigurationRefused, Document, Path, read
from schemas.configuration.mapping_values import UNKNOWN_KEY, ActorOf, Constant, Label, Part, Value
from schemas.words import Code, PartyRole, Precision

EventWord = Annotated[str, Field(pattern=r"^complaint\.[a-z_]+$")]
"""A stored name without its version: rules write the newest one."""


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
    none_open: Label | None = None
    """All ids of this label are settled, or there are none."""
    at_least: Gap | None = None
    less_than: Gap | None = None


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
    policy: Code | None = None
    """Id of the policy whose promises the cases are judged by; none leaves them without clocks."""
    business_unit: Code | None = None
    """Of the cases; absent means the desk's."""
    events: tuple[Rule, ...]


def load_mapping(text: str, name: str) -> Mapping:
    """Return the mapping that a YAML text describes, checked against the catalogue of events.

    Raises:
        ConfigurationRefused: every error with line, field and fix; ``name`` is what the file is called.
    """
    from schemas.configuration.mapping_checks import problems_of  # noqa: PLC0415 -- the checks know this module's classes

    document = read(text, name)
    try:
        mapping = Mapping.model_validate(document.data)
    except ValidationError as error:
        found = [(_path(item, document), _said(item)) for item in error.errors()]
        raise _refused(document, found) from None
    problems = list(problems_of(mapping))
    if problems:
        raise _refused(document, problems)
    return mapping


def _path(item: Any, document: Document) -> Path:
    """Return where an error stands in the file: its location without the names of alternatives, and its key."""
    path: Path = ()
    for part in (*item["loc"], *([item["ctx"]["key"]] if item["type"] == UNKNOWN_KEY else [])):
        if (*path, part) in document.lines:
            path = (*path, part)
    return path


def _said(item: Any) -> str:
    if item["type"] == "missing":
        return f"the key '{item['loc'][-1]}' is missing; add it"
    if item["type"] == "string_type":
        return "is no text; put it in quotes (YAML takes Yes, No, On, Off, numbers and dates for something else)"
    return str(item["msg"]).removeprefix("Value error, ")


def _refused(document: Document, problems: list[tuple[Path, str]]) -> ConfigurationRefused:
    told = [f"line {document.line(path)}: {'.'.join(map(str, path)) or 'mapping'}: {text}" for path, text in problems]
    return ConfigurationRefused(document.name, told)
