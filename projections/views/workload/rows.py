"""Events to workload: one row per complaint, with who answers for it and when he first did."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import ClassVar, NamedTuple
from uuid import UUID

from sqlalchemy import Boolean, Column, DateTime, Double, Integer, MetaData, Text, Uuid

from engine.sla.calendar import OpenTime
from engine.store.batch import Recorded
from projections import sql
from projections.runtime import versions
from projections.runtime.projection import Changes, PerStream
from projections.sql import Link
from projections.views import pins
from projections.views.sla_timers.calendars import Compiled
from schemas.complaint.assignment import ComplaintAssigned
from schemas.complaint.clocks import SlaApplied
from schemas.complaint.correspondence import ComplaintReplied
from schemas.complaint.lifecycle import ComplaintClosed, ComplaintDiscontinued, ComplaintResolved
from schemas.complaint.registration import ComplaintReceived

VIEW, VERSION = "workload", 1

_metadata = MetaData(schema=versions.SCHEMA)

COMPLAINTS = versions.table(
    _metadata, VIEW, VERSION, "complaints",
    Column("stream", Uuid, primary_key=True),
    Column("assignee", Text, comment="Opaque id of who answers for it, as last assigned."),
    Column("concluded", Boolean, nullable=False, comment="It was resolved, discontinued or closed at least once."),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Column("arrived", Boolean, nullable=False, comment="received_at is that of its receipt."),
    Column("calendar", Text, comment="Pinned last."),
    Column("calendar_version", Integer),
    Column("replied_at", DateTime(timezone=True), comment="First reply, interim or final; no acknowledgement."),
    Column("replied_by", Text, comment="Opaque id of who signed or gave it."),
    Column("reply_team", Text, comment="The team that answered for the complaint then."),
    Column("team", Text, comment="As last assigned."),
    Column("reply_seconds", Double, comment="From receipt to first reply, wall clock."),
    Column("reply_worked_seconds", Double, comment="The same by the pinned calendar; null where none is."),
)  # fmt: skip


class Load(NamedTuple):
    """One complaint, in the order of the table's columns. The last two are computed when written."""

    stream: UUID
    assignee: str | None
    concluded: bool
    received_at: datetime
    arrived: bool = False
    calendar: str | None = None
    calendar_version: int | None = None
    replied_at: datetime | None = None
    replied_by: str | None = None
    reply_team: str | None = None
    team: str | None = None
    reply_seconds: float | None = None
    reply_worked_seconds: float | None = None


class Workload(PerStream[Load]):
    """Who has how much to do, and how soon he answers."""

    name: ClassVar[str] = VIEW
    version: ClassVar[int] = VERSION
    tables = (COMPLAINTS,)
    concerns = frozenset(
        event.NAME
        for event in (
            ComplaintReceived, SlaApplied, ComplaintAssigned, ComplaintReplied, ComplaintResolved,
            ComplaintDiscontinued, ComplaintClosed,
        )
    )  # fmt: skip

    def __init__(self) -> None:
        self._calendars = Compiled()

    def load(self, connection: Link, streams: Sequence[UUID]) -> Mapping[UUID, Load]:
        return {values[0]: Load(*values) for values in sql.rows_of(connection, self.on(COMPLAINTS), streams)}

    def step(self, state: Load | None, recorded: Recorded) -> Load:
        event, envelope = recorded.event, recorded.envelope
        state = state or Load(recorded.stream, None, concluded=False, received_at=envelope.occurred_at)
        match event:
            case ComplaintReceived() if not state.arrived:
                return state._replace(received_at=envelope.occurred_at, arrived=True)
            case SlaApplied() if event.clocks:
                calendar, version = pins.of(event)
                return state._replace(calendar=calendar, calendar_version=version)
            case ComplaintAssigned():
                return state._replace(team=event.team, assignee=event.assignee)
            case ComplaintReplied() if state.replied_at is None:
                by = event.signed_by or envelope.actor
                return state._replace(replied_at=envelope.occurred_at, replied_by=by, reply_team=state.team)
            case ComplaintResolved() | ComplaintDiscontinued() | ComplaintClosed():
                return state._replace(concluded=True)
            case _:
                return state

    def save(self, changes: Changes[Load]) -> None:
        calendars = self._calendars.of(changes.book)
        rows = (_timed(state, calendars) for state in changes.states.values())
        sql.replace(changes.connection, self.on(COMPLAINTS), changes.old, rows)


def _timed(state: Load, calendars: Mapping[pins.Pin, OpenTime]) -> Load:
    """Return the row with the time to the first reply; one that would be negative counts as none."""
    if state.replied_at is None:
        return state
    open_time = pins.calendar(calendars, state.calendar, state.calendar_version)
    return state._replace(
        reply_seconds=max(0.0, (state.replied_at - state.received_at).total_seconds()),
        reply_worked_seconds=pins.worked(open_time, [(state.received_at, state.replied_at)]),
    )
