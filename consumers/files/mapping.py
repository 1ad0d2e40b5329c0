"""A record of a history file becomes the past facts of one complaint, as a mapping says. No I/O."""

import hashlib
from collections import defaultdict
from collections.abc import Callable
from collections.abc import Mapping as Table
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any, Final, assert_never, get_args
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ValidationError

from consumers.files.record import Record, Row
from consumers.files.rejected import Rejection
from engine.complaint.number import case_number
from engine.past import PastCase, PastFact
from schemas.complaint.base import Event
from schemas.configuration.mapping import (
    ActorOf,
    FixedId,
    FromColumn,
    Gap,
    LatestId,
    Mapping,
    NewId,
    ObjectOf,
    OfCase,
    OldestId,
    Rule,
    SubjectOf,
    Test,
    Time,
    Value,
    When,
)  # fmt: skip
from schemas.configuration.mapping_checks import newest
from schemas.words import Money, PersonalMark

Identify = Callable[[str], UUID]
"""An opaque id for a name in a source: always the same one, and nobody without the key can tell the name from it."""

_EARLIEST: Final = 1900
_CODE_LENGTH: Final = 120
_BOOLS: Final = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


class Refused(Exception):
    """The record does not become a complaint; the rest of the file is not touched by it."""

    def __init__(self, line: int, field: str | None, reason: str) -> None:
        self.rejection = Rejection(line, field, reason)
        super().__init__(f"line {line}: {field or 'record'}: {reason}")


def past_case(mapping: Mapping, record: Record, identify: Identify) -> PastCase:
    """Return the past of the complaint that a record tells of.

    Its rows are taken in the order of their ``default`` time, equal times as they stand.

    Raises:
        Refused: a value is missing, unknown, or not what the mapping reads it as.
    """
    if record.flaw is not None:
        raise Refused(record.flaw.line, record.flaw.field, record.flaw.reason)
    name = record.rows[0][mapping.source.id].strip()
    if not name:
        raise Refused(record.line, mapping.source.id, "is empty; it identifies the complaint")
    _values_are_known(mapping, record)
    key = f"{mapping.source.key}:{name}"
    story = _Story(mapping, identify(key), identify)
    for row in _in_order(mapping, record):
        story.take(row)
    if not story.facts:
        raise Refused(record.line, None, "no rule of the mapping holds for it")
    external = tuple(e.prefix + record.rows[0][e.column] for e in mapping.external if record.rows[0][e.column])
    return PastCase(key=key, facts=tuple(story.facts), line=record.line, external=external)


def _values_are_known(mapping: Mapping, record: Record) -> None:
    for column, values in mapping.source.known.items():
        for row in record.rows:
            if row[column] not in values:
                raise Refused(row.line, column, "has a value that the mapping does not know; add it to source.known")


def _in_order(mapping: Mapping, record: Record) -> list[Row]:
    default = mapping.times.get("default")
    if default is None or len(record.rows) == 1:
        return list(record.rows)
    return sorted(record.rows, key=lambda row: moment(default, row))


def moment(when: Time, row: Row) -> datetime:
    """Return the aware world time in a row; a day is 00:00 of it in its zone.

    Raises:
        Refused: it is empty, of another form, without a zone, or before 1900.
    """
    text = row[when.column].strip()
    if not text:
        raise Refused(row.line, when.column, "is empty; a time is needed")
    try:
        read = datetime.strptime(text, when.format) if when.format else datetime.fromisoformat(text)  # noqa: DTZ007 -- its zone follows
    except ValueError:
        form = when.format or "ISO 8601, as 2023-07-18 or 2023-07-18T09:30:00+02:00"
        raise Refused(row.line, when.column, f"is no time of the form {form}") from None
    if read.year < _EARLIEST:
        raise Refused(row.line, when.column, f"is before {_EARLIEST}")
    if when.precision == "day":
        return datetime.combine(read.date(), time(), _zone(when.zone))
    if read.tzinfo is None and when.zone is None:
        raise Refused(row.line, when.column, "names no offset; give the mapping's time a 'zone'")
    return read if read.tzinfo is not None else read.replace(tzinfo=_zone(when.zone))


@cache
def _zone(name: str | None) -> ZoneInfo:
    return ZoneInfo(name or "UTC")


class _Story:
    """What was made of a record's rows so far: facts, ids, and what this cycle has seen."""

    def __init__(self, mapping: Mapping, case: UUID, identify: Identify) -> None:
        self._mapping, self._case, self._identify = mapping, case, identify
        self.facts: list[PastFact] = []
        self._cycle = 1
        self._seen: dict[str, datetime] = {}
        self._made: dict[str, int] = defaultdict(int)
        self._open: dict[str, list[UUID]] = defaultdict(list)
        self._before: Row | None = None

    def take(self, row: Row) -> None:
        """Go through the rules for one row."""
        for rule in self._mapping.events:
            if self._holds(rule.when, row, rule.at):
                self._add(rule, row)
        self._before = row

    # --- conditions -------------------------------------------------------------------------

    def _holds(self, when: When, row: Row, at: str) -> bool:
        before = self._before
        return (
            all(_passes(test, row[column]) for column, test in when.columns.items())
            and (when.first is None or when.first == (before is None))
            and (not when.changed or before is None or any(row[column] != before[column] for column in when.changed))
            and (not when.seen or any(name in self._seen for name in when.seen))
            and not any(name in self._seen for name in when.unseen)
            and (when.open is None or bool(self._open[when.open]))
            and (when.at_least is None or self._days_since(when.at_least, row, at) >= when.at_least.days)
            and (when.less_than is None or 0 <= self._days_since(when.less_than, row, at) < when.less_than.days)
        )

    def _days_since(self, gap: Gap, row: Row, at: str) -> float:
        """Return the days since the latest event of that name; -1 if there was none in this cycle."""
        if gap.event not in self._seen:
            return -1.0
        return (moment(self._mapping.times[at], row) - self._seen[gap.event]) / timedelta(days=1)

    # --- facts ------------------------------------------------------------------------------

    def _add(self, rule: Rule, row: Row) -> None:
        when = self._mapping.times[rule.at]
        at = moment(when, row)
        if rule.event == "complaint.reopened":
            self._cycle += 1
            self._seen.clear()
        event = self._event(rule, row)
        self._seen[rule.event] = at
        if rule.settles is not None:
            self._open[rule.settles].clear()
        zone = when.zone if when.precision == "day" else None
        actor = "service:import" if rule.actor is None else self._actor(rule.actor, row) or "service:import"
        self.facts.append(PastFact(event, at, when.precision, zone, actor, rule.why, row.line))

    def _event(self, rule: Rule, row: Row) -> Event:
        cls = newest(rule.event)
        if cls is None:
            raise LookupError(f"{rule.event} left the catalogue after the mapping was checked")
        fields = self._fields(rule.fields, row)
        if rule.why is not None or holds_text(cls):
            fields["subject_id"] = self._subject(self._mapping.subject, row)
        try:
            return cls(**fields)
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            field = ".".join(str(part) for part in first["loc"])
            raise Refused(row.line, f"{rule.event} {field}", first["msg"]) from None

    def _fields(self, fields: Table[str, Value], row: Row) -> dict[str, Any]:
        found = {name: self._value(value, row) for name, value in fields.items()}
        return {name: value for name, value in found.items() if value is not None}

    def _value(self, value: Value, row: Row) -> Any:
        match value:
            case FromColumn():
                return _converted(value, row, self._mapping)
            case tuple():
                parts = (self._value(part, row) for part in value)
                return tuple(part for part in parts if part is not None)
            case ObjectOf():
                left_out = value.unless_empty is not None and not row[value.unless_empty].strip()
                return None if left_out else self._fields(value.object, row)
            case FixedId():
                return uuid5(self._case, value.id)
            case NewId():
                return self._new(value.new)
            case OldestId():
                return self._open[value.oldest].pop(0) if self._open[value.oldest] else None
            case LatestId():
                return self._id(value.latest, self._made[value.latest]) if self._made[value.latest] else None
            case SubjectOf():
                return self._subject(value.person, row)
            case ActorOf():
                return self._actor(value, row)
            case OfCase():
                return case_number(self._case) if value.case == "number" else self._cycle
            case str() | int():
                return value
        assert_never(value)

    def _new(self, label: str) -> UUID:
        self._made[label] += 1
        made = self._id(label, self._made[label])
        self._open[label].append(made)
        return made

    def _id(self, label: str, number: int) -> UUID:
        return uuid5(self._case, f"{label}/{number}")

    def _subject(self, label: str, row: Row) -> UUID:
        by = self._mapping.people[label].by
        name = row[by].strip() if by is not None else ""
        if not name:
            return uuid5(self._case, f"person/{label}")
        return self._identify(f"{self._mapping.source.key}:person:{name}")

    def _actor(self, actor: ActorOf, row: Row) -> str | None:
        name = row[actor.actor].strip()
        if not name:
            return None
        if actor.opaque:
            return "person:" + code(f"{self._mapping.source.key}-{name}")[:80]
        return "person:" + self._identify(f"{self._mapping.source.key}:actor:{name}").hex


def _passes(test: Test, value: str) -> bool:
    return (
        (test.equals is None or value == test.equals)
        and (test.in_ is None or value in test.in_)
        and (test.not_in is None or value not in test.not_in)
        and (test.empty is None or test.empty == (not value.strip()))
    )


def _converted(value: FromColumn, row: Row, mapping: Mapping) -> Any:
    text = row[value.column]
    if not text.strip():
        if value.required:
            raise Refused(row.line, value.column, "is empty; the mapping requires it")
        return None
    if value.table is not None:
        table = mapping.tables[value.table]
        if text not in table and value.otherwise is None:
            raise Refused(row.line, value.column, f"has a value that the table '{value.table}' lacks; add it there")
        return table.get(text, value.otherwise)
    try:
        return _read(value, text)
    except (ValueError, InvalidOperation):
        raise Refused(row.line, value.column, f"is no {value.as_}") from None


def _read(value: FromColumn, text: str) -> Any:
    match value.as_:
        case "text" | None:
            return text
        case "code":
            return code(text, value.prefix)
        case "bool":
            if (known := _BOOLS.get(text.strip().casefold())) is None:
                raise ValueError
            return known
        case "date":
            return date.fromisoformat(text.strip())
        case "integer":
            return int(text)
        case "money":
            return Money(amount=Decimal(text.strip()), currency=value.currency or "")
    assert_never(value.as_)


@cache
def code(text: str, prefix: str = "") -> str:
    """Return the code of a text: lower case, ASCII letters and digits, a dash for every run of others.

    Where letters were lost or it was too long, a digest of the text keeps different texts apart.
    """
    kept = "".join(letter if letter.isascii() and letter.isalnum() else " " for letter in text.lower())
    dashed = prefix + "-".join(kept.split())
    lost = any(letter.isalnum() and not letter.isascii() for letter in text)
    if not lost and "".join(kept.split()) and len(dashed) <= _CODE_LENGTH:
        return dashed
    mark = hashlib.sha256(text.encode()).hexdigest()[:8]
    return f"{dashed[: _CODE_LENGTH - 9].rstrip('-')}-{mark}".removeprefix("-")


@cache
def holds_text(model: type[BaseModel]) -> bool:
    """Tell whether a stored class has a field of personal text, in itself or in a part of it."""
    fields = model.model_fields.values()
    return any(_marked(field.metadata) or _holds_text(field.annotation) for field in fields)


def _holds_text(annotation: Any) -> bool:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return holds_text(annotation)
    return _marked(getattr(annotation, "__metadata__", ())) or any(_holds_text(part) for part in get_args(annotation))


def _marked(metadata: Any) -> bool:
    return any(isinstance(mark, PersonalMark) for mark in metadata)
