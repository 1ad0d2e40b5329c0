"""One row per event of the log: who did what, when, under which rule, from which source. Never a personal text.

Rows are only ever added, so the view holds no state; personal texts stay sealed in the log and are
opened from there for who may see them.
"""

from collections.abc import Sequence
from typing import Any, ClassVar
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import BigInteger, Boolean, Column, DateTime, Index, Integer, MetaData, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from engine.configuration.in_force import Book
from engine.store.batch import Recorded
from projections import sql
from projections.runtime import versions
from projections.runtime.projection import Projection, Work
from projections.sql import Link
from projections.views.audit_trail.facts import as_json, subjects_of

VIEW, VERSION = "audit_trail", 2

_metadata = MetaData(schema=versions.SCHEMA)

ENTRIES = versions.table(
    _metadata, VIEW, VERSION, "entries",
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    Column("occurred_at", DateTime(timezone=True), nullable=False),
    Column("occurred_precision", Text, nullable=False),
    Column("zone", Text),
    Column("received_at", DateTime(timezone=True)),
    Column("claimed_at", DateTime(timezone=True)),
    Column("claim_differs", Boolean, nullable=False),
    Column("stream", Uuid, nullable=False),
    Column("version", Integer, nullable=False),
    Column("name", Text, nullable=False, comment="Stored name with its version, as it stands in the log."),
    Column("event_id", Uuid, nullable=False),
    Column("subject_id", Uuid, comment="Whose words the event holds; an opaque id."),
    Column("actor", Text, nullable=False),
    Column("on_behalf_of", Text),
    Column("identity", Text, nullable=False),
    Column("has_why", Boolean, nullable=False, comment="A written reason stands in the log."),
    Column("decided_by", JSONB),
    Column("source", JSONB, nullable=False),
    Column("command_id", Uuid, nullable=False),
    Column("correlation_id", Uuid, nullable=False),
    Column("causation_id", Uuid),
    Column("traceparent", Text),
    Column("origin", Text, nullable=False),
    Column("business_unit", Text, nullable=False),
    Column("facts", JSONB, nullable=False, comment="The event's own fields without personal text."),
    Index(f"{VIEW}_stream_v{VERSION}", "stream", "version"),
    Index(f"{VIEW}_actor_v{VERSION}", "actor", "position"),
    Index(f"{VIEW}_name_v{VERSION}", "name", "position"),
)  # fmt: skip
SUBJECTS = versions.table(
    _metadata, VIEW, VERSION, "subjects",
    Column("subject", Uuid, primary_key=True, comment="Whose words an event holds, or whom it names; an opaque id."),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
)  # fmt: skip


class AuditTrail(Projection):
    """Everything that ever happened, in order."""

    name: ClassVar[str] = VIEW
    version: ClassVar[int] = VERSION
    tables = (ENTRIES, SUBJECTS)

    def begin(self, _connection: Link, _streams: Sequence[UUID]) -> Work:
        return _Added(self.on(ENTRIES), self.on(SUBJECTS))


class _Added(Work):
    def __init__(self, entries: Table, subjects: Table) -> None:
        self._entries, self._subjects = entries, subjects
        self._rows: list[tuple[Any, ...]] = []
        self._named: list[tuple[UUID, int]] = []

    def step(self, recorded: Recorded) -> None:
        row = _row(recorded)
        self._named.extend((subject, recorded.position) for subject in subjects_of(recorded.event))
        self._rows.append(row)

    def write(self, connection: Link, _: Book) -> None:
        sql.copy_in(connection, self._entries, self._rows)
        sql.copy_in(connection, self._subjects, self._named)


def _row(recorded: Recorded) -> tuple[Any, ...]:
    envelope, event = recorded.envelope, recorded.event
    return (
        recorded.position, recorded.recorded_at, envelope.occurred_at, envelope.occurred_precision, envelope.zone,
        envelope.received_at, envelope.claimed_at, envelope.claim_differs, recorded.stream, recorded.version,
        recorded.name, envelope.event_id, event.subject_id, envelope.actor, envelope.on_behalf_of, envelope.identity,
        envelope.why is not None, _json(envelope.decided_by), _json(envelope.source), envelope.command_id,
        envelope.correlation_id, envelope.causation_id, envelope.traceparent, envelope.origin, envelope.business_unit,
        as_json(event),
    )  # fmt: skip


def _json(model: BaseModel | None) -> bytes | None:
    return None if model is None else model.__pydantic_serializer__.to_json(model, exclude_none=True)
