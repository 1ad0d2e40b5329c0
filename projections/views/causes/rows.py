"""Events to causes: one row per complaint whose cause was established or whose outcome was stated."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import ClassVar, NamedTuple
from uuid import UUID

from sqlalchemy import ARRAY, Column, Date, DateTime, MetaData, Text, Uuid

from engine.store.batch import Recorded
from projections import sql
from projections.answers import day_of
from projections.runtime import versions
from projections.runtime.projection import Changes, PerStream
from projections.sql import Link
from schemas.complaint.investigation import CauseEstablished
from schemas.complaint.lifecycle import ComplaintReopened, ComplaintResolved
from schemas.envelope import Envelope

VIEW, VERSION = "causes", 1

_metadata = MetaData(schema=versions.SCHEMA)

CAUSES = versions.table(
    _metadata, VIEW, VERSION, "complaints",
    Column("stream", Uuid, primary_key=True),
    Column("cause", Text, comment="Root cause, as last established in any cycle."),
    Column("code", Text, comment="The company's own code of it."),
    Column("responsibility", Text),
    Column("departments", ARRAY(Text), nullable=False, comment="Those named with the cause, each once."),
    Column("outcome", Text, comment="Of the running cycle."),
    Column("resolved_at", DateTime(timezone=True)),
    Column("resolved_day", Date, comment="Where only the day is known."),
)  # fmt: skip


class Found(NamedTuple):
    """One complaint, in the order of the table's columns."""

    stream: UUID
    cause: str | None = None
    code: str | None = None
    responsibility: str | None = None
    departments: Sequence[str] = ()
    outcome: str | None = None
    resolved_at: datetime | None = None
    resolved_day: date | None = None


class Causes(PerStream[Found]):
    """Why complaints came about, and what was decided."""

    name: ClassVar[str] = VIEW
    version: ClassVar[int] = VERSION
    tables = (CAUSES,)
    concerns = frozenset({CauseEstablished.NAME, ComplaintResolved.NAME, ComplaintReopened.NAME})

    def load(self, connection: Link, streams: Sequence[UUID]) -> Mapping[UUID, Found]:
        return {values[0]: Found(*values) for values in sql.rows_of(connection, self.on(CAUSES), streams)}

    def step(self, state: Found | None, recorded: Recorded) -> Found:
        state, event = state or Found(recorded.stream), recorded.event
        match event:
            case CauseEstablished():
                return state._replace(
                    cause=event.cause, code=event.code, responsibility=event.responsibility,
                    departments=tuple(dict.fromkeys(event.departments)),
                )  # fmt: skip
            case ComplaintResolved():
                return _resolved(state, event.outcome, recorded.envelope)
            case ComplaintReopened():
                return state._replace(outcome=None, resolved_at=None, resolved_day=None)
            case _:
                return state

    def save(self, changes: Changes[Found]) -> None:
        rows = (state._replace(departments=list(state.departments)) for state in changes.states.values())
        sql.replace(changes.connection, self.on(CAUSES), changes.old, rows)


def _resolved(state: Found, outcome: str, envelope: Envelope) -> Found:
    by_day = envelope.occurred_precision == "day"
    day = day_of(envelope.occurred_at, envelope.zone) if by_day else None
    return state._replace(outcome=outcome, resolved_at=envelope.occurred_at, resolved_day=day)
