"""A record of a history file becomes the past facts of one complaint, as a mapping says. No I/O."""

from collections import defaultdict
from collections.abc import Callable
from collections.abc import Mapping as Table
from datetime import datetime, timedelta
from typing import Any, assert_never
from uuid import UUID, uuid5

from pydantic import ValidationError

from consumers.files.record import Record, Row
from consumers.files.values import Refused, code, converted, moment
from engine.complaint.number import case_number
from engine.past import PastCase, PastFact
from schemas.complaint.base import Event
from schemas.configuration.mapping import Gap, Mapping, Rule, Test, When
from schemas.configuration.mapping_checks import newest
from schemas.configuration.mapping_values import (
    ActorOf,
    FixedId,
    FromColumn,
    LatestId,
    NewId,
    ObjectOf,
    OfCase,
    OldestId,
    SubjectOf,
    Value,
)  # fmt: skip

Identify = Callable[[str], UUID]
"""An opaque id for a name in a source: always the same one, and nobody without the key can tell the name from it."""


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
    return PastCase(
        key=key,
        facts=tuple(story.facts),
        line=record.line,
        external=external,
        policy=mapping.policy,
        business_unit=mapping.business_unit,
    )


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
            and (when.none_open is None or not self._open[when.none_open])
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
        fields = {**self._fields(rule.fields, row), "subject_id": self._subject(self._mapping.subject, row)}
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
                return converted(value, row, self._mapping)
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
