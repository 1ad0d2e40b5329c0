"""Events to the values of a company's own fields, and the views for analysts of the sets that it declares.

A view is made in the transaction that passes its declaration; where that may not be, the next start makes it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar, NamedTuple
from uuid import UUID

import orjson
from psycopg import sql as text
from sqlalchemy import Boolean, Column, Date, DateTime, Integer, MetaData, Numeric, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from engine.configuration.in_force import Book
from engine.store.batch import Recorded
from projections import sql
from projections.analytics import install, wide
from projections.runtime import copies, versions
from projections.runtime.projection import Changes, PerStream, Work
from projections.sql import Link
from projections.views.cases.rows import Cases
from schemas.complaint.classification import Day, FieldSet, FieldValue, Number
from schemas.configuration.activated import ConfigurationActivated
from schemas.words import Money

VIEW, VERSION = "case_fields", 1

_metadata = MetaData(schema=versions.SCHEMA)

VALUES = versions.table(
    _metadata, VIEW, VERSION, "values",
    Column("stream", Uuid, primary_key=True),
    Column("field", Text, primary_key=True),
    Column("kind", Text, nullable=False, comment="code, number, date, boolean, money or text."),
    Column("code", Text),
    Column("number", Numeric),
    Column("day", Date),
    Column("flag", Boolean),
    Column("currency", Text, comment="Of money, whose amount is the number."),
    Column("set_at", DateTime(timezone=True), nullable=False),
)  # fmt: skip
SETS = versions.table(
    _metadata, VIEW, VERSION, wide.SETS,
    Column("id", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("content", JSONB, nullable=False, comment="The declaration as it came into force; it names no person."),
)  # fmt: skip


class Value(NamedTuple):
    """One field of one case, in the order of the table's columns."""

    stream: UUID
    field: str
    kind: str
    code: str | None = None
    number: Decimal | None = None
    day: date | None = None
    flag: bool | None = None
    currency: str | None = None
    set_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """The fields of one case."""

    values: Mapping[str, Value]


class CaseFields(PerStream[Held]):
    """What a company's own fields hold, as last set."""

    name: ClassVar[str] = VIEW
    version: ClassVar[int] = VERSION
    tables = (VALUES, SETS)
    concerns = frozenset({FieldSet.NAME, ConfigurationActivated.NAME})

    def begin(self, connection: Link, streams: Sequence[UUID]) -> Work:
        return _Declaring(self, super().begin(connection, streams))

    def load(self, connection: Link, streams: Sequence[UUID]) -> Mapping[UUID, Held]:
        found: dict[UUID, dict[str, Value]] = {}
        for row in sql.rows_of(connection, self.on(VALUES), streams):
            found.setdefault(row[0], {})[row[1]] = Value(*row)
        return {stream: Held(values) for stream, values in found.items()}

    def step(self, state: Held | None, recorded: Recorded) -> Held:
        event, values = recorded.event, state.values if state else {}
        if not isinstance(event, FieldSet):
            return Held(values)
        made = _value(recorded.stream, event.field, event.value)._replace(set_at=recorded.envelope.occurred_at)
        return Held({**values, event.field: made})

    def save(self, changes: Changes[Held]) -> None:
        rows = (value for state in changes.states.values() for value in state.values.values())
        sql.replace(changes.connection, self.on(VALUES), changes.old, rows)


class _Declaring(Work):
    """Beside the values: declarations, whose views stand with them."""

    def __init__(self, view: CaseFields, values: Work) -> None:
        self._view, self._values = view, values
        self._declared: list[ConfigurationActivated] = []

    def step(self, recorded: Recorded) -> None:
        event = recorded.event
        if not isinstance(event, ConfigurationActivated):
            self._values.step(recorded)
        elif event.kind == "fields":
            self._declared.append(event)

    def write(self, connection: Link, book: Book) -> None:
        self._values.write(connection, book)
        if not self._declared:
            return
        statement = text.SQL("INSERT INTO {} VALUES (%s, %s, %s) ON CONFLICT DO NOTHING").format(
            copies.place(self._view.on(SETS))
        )
        for one in self._declared:
            connection.execute(statement, (one.id, one.version, orjson.dumps(one.content).decode()))
        made = wide.published([one.content for one in self._declared], (Cases(), self._view))
        install.add(connection, made)


def _value(stream: UUID, field: str, value: FieldValue | None) -> Value:
    match value:
        case None:
            return Value(stream, field, "text")
        case bool():
            return Value(stream, field, "boolean", flag=value)
        case int():
            return Value(stream, field, "number", number=Decimal(value))
        case Number():
            return Value(stream, field, "number", number=value.number)
        case Day():
            return Value(stream, field, "date", day=value.day)
        case Money():
            return Value(stream, field, "money", number=value.amount, currency=value.currency)
        case _:
            return Value(stream, field, "code", code=value)
