"""What a complaint is besides what figures are narrowed by: finer words, tags, and the fields a company declares.

For analysts, who join it to the other views of the contract; no question of this program asks it. A field
that holds a personal text has no value here, nor has one whose value such a text has replaced.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, ClassVar, NamedTuple
from uuid import UUID

import orjson
from pydantic import BaseModel
from sqlalchemy import ARRAY, Column, Date, DateTime, MetaData, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from engine.store.batch import Recorded
from projections import sql
from projections.answers import day_of
from projections.runtime import versions
from projections.runtime.projection import Changes, PerStream
from projections.sql import Link
from schemas.complaint.assignment import ComplaintAssigned
from schemas.complaint.classification import ComplaintClassified, FieldSet, FieldValue
from schemas.complaint.registration import ComplaintReceived, ComplaintRegistered
from schemas.envelope import Envelope
from schemas.words import Point

VIEW, VERSION = "details", 1

_metadata = MetaData(schema=versions.SCHEMA)

COMPLAINTS = versions.table(
    _metadata, VIEW, VERSION, "complaints",
    Column("stream", Uuid, primary_key=True),
    Column("subtype", Text, comment="As last classified, else of the first point."),
    Column("segment", Text, comment="Of the customer, named by the first message."),
    Column("tags", ARRAY(Text), nullable=False, comment="As last classified."),
    Column("fields", JSONB, nullable=False, comment="Name -> value of impersonal custom fields, as last set."),
    Column("sent_at", DateTime(timezone=True), comment="When it was first given to a team."),
    Column("sent_day", Date, comment="Where only the day is known."),
)  # fmt: skip


class Detail(NamedTuple):
    """One complaint, in the order of the table's columns."""

    stream: UUID
    subtype: str | None = None
    segment: str | None = None
    tags: Sequence[str] = ()
    fields: Mapping[str, Any] = {}
    sent_at: datetime | None = None
    sent_day: date | None = None


class Details(PerStream[Detail]):
    """What else is known of a complaint."""

    name: ClassVar[str] = VIEW
    version: ClassVar[int] = VERSION
    tables = (COMPLAINTS,)
    concerns = frozenset(
        event.NAME
        for event in (ComplaintReceived, ComplaintRegistered, ComplaintClassified, ComplaintAssigned, FieldSet)
    )

    def load(self, connection: Link, streams: Sequence[UUID]) -> Mapping[UUID, Detail]:
        return {values[0]: Detail(*values) for values in sql.rows_of(connection, self.on(COMPLAINTS), streams)}

    def step(self, state: Detail | None, recorded: Recorded) -> Detail:
        state, event = state or Detail(recorded.stream), recorded.event
        match event:
            case ComplaintReceived():
                return state._replace(segment=state.segment or event.customer_segment)
            case ComplaintRegistered():
                return _with_points(state, event.points)
            case ComplaintClassified():
                tags = state.tags if event.tags is None else tuple(event.tags)
                return _with_points(state._replace(subtype=event.subtype or state.subtype, tags=tags), event.points)
            case ComplaintAssigned() if state.sent_at is None:
                return _sent(state, recorded.envelope)
            case FieldSet():
                return state._replace(fields=_with_field(state.fields, event))
            case _:
                return state

    def save(self, changes: Changes[Detail]) -> None:
        rows = (
            state._replace(tags=list(state.tags), fields=orjson.dumps(state.fields).decode())  # type: ignore[arg-type] # as COPY takes it
            for state in changes.states.values()
        )
        sql.replace(changes.connection, self.on(COMPLAINTS), changes.old, rows)


def _with_points(state: Detail, points: Sequence[Point]) -> Detail:
    """The first point stands for the complaint where nothing else was said."""
    first = next((point for point in points if point.point == 1), None)
    return state if first is None else state._replace(subtype=state.subtype or first.subtype)


def _sent(state: Detail, envelope: Envelope) -> Detail:
    by_day = envelope.occurred_precision == "day"
    day = day_of(envelope.occurred_at, envelope.zone) if by_day else None
    return state._replace(sent_at=envelope.occurred_at, sent_day=day)


def _with_field(fields: Mapping[str, Any], event: FieldSet) -> dict[str, Any]:
    others = {name: value for name, value in fields.items() if name != event.field}
    return others if event.value is None else {**others, event.field: _plain(event.value)}


def _plain(value: FieldValue) -> Any:
    return value.model_dump(mode="json") if isinstance(value, BaseModel) else value
