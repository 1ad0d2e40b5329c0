"""The clocks of every complaint: what their events say, and one row per clock, cycle and instance.

``marks`` are what the events of a case say about its clocks; they know no calendar and no present.
The rows are the verdicts as of the case's latest event, so that they need no job to look: a clock
that runs and whose ``due_at`` has passed is missed, which whoever asks can tell. ``ask`` judges anew.

``action`` is what the clock will ask for next if nothing happens, and ``action_at`` when: the clock door
finds by it what is due, see ``queue``.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

import orjson
from sqlalchemy import BigInteger, Boolean, Column, DateTime, Index, Integer, MetaData, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from engine.complaint.escalating import pending_warning, told_to
from engine.sla import fact, marks
from engine.sla.calendar import from_us
from engine.sla.judge import judge
from engine.sla.marks import Marks
from engine.store.batch import Recorded
from projections import sql
from projections.runtime import versions
from projections.runtime.projection import Changes, PerStream
from projections.sql import Link
from projections.views.sla_timers import reported
from projections.views.sla_timers.calendars import Compiled
from projections.views.sla_timers.reported import NOTHING, Reported, action_of
from schemas.catalogue import EVENTS
from schemas.complaint.assignment import ComplaintAssigned
from schemas.complaint.base import Event
from schemas.complaint.clocks import SlaApplied
from schemas.complaint.registration import ComplaintRegistered

VIEW, VERSION = "sla_timers", 2

_metadata = MetaData(schema=versions.SCHEMA)

CASES = versions.table(
    _metadata, VIEW, VERSION, "cases",
    Column("stream", Uuid, primary_key=True),
    Column("number", Text),
    Column("team", Text),
    Column("business_unit", Text, nullable=False),
    Column("origin", Text, nullable=False, comment="Clocks of imported history never act until told to go live."),
    Column("policy", Text),
    Column("policy_version", Integer),
    Column("imported_at", BigInteger, comment="Position of the first event, where that is imported history."),
    Column("reported", JSONB, nullable=False, comment="What clocks have brought about already."),
    Column("marks", JSONB, nullable=False, comment="What the events say about the clocks, see engine/sla/marks."),
)  # fmt: skip
CLOCKS = versions.table(
    _metadata, VIEW, VERSION, "clocks",
    Column("stream", Uuid, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("cycle", Integer, primary_key=True),
    Column("instance", Integer, primary_key=True),
    Column("number", Text),
    Column("team", Text),
    Column("business_unit", Text, nullable=False),
    Column("origin", Text, nullable=False),
    Column("policy", Text),
    Column("policy_version", Integer),
    Column("calendar", Text, nullable=False),
    Column("calendar_version", Integer, nullable=False),
    Column("target", Text),
    Column("reference", Text, comment="Of a wait, promise or action: its id."),
    Column("started_at", DateTime(timezone=True), nullable=False),
    Column("due_at", DateTime(timezone=True), nullable=False, comment="While paused: as if resumed at judged_at."),
    Column("open", Boolean, nullable=False, comment="Neither fulfilled nor cancelled."),
    Column("state", Text, nullable=False, comment="As of judged_at; a running clock is missed once due_at has passed."),
    Column("fulfilled_at", DateTime(timezone=True)),
    Column("missed_at", DateTime(timezone=True)),
    Column("late_evidence", Boolean, nullable=False),
    Column("provisional", Boolean, nullable=False, comment="The due lies beyond what the calendar covers."),
    Column("extended", Boolean, nullable=False),
    Column("warned", Integer, comment="The largest share, in percent, that a warning was given of."),
    Column("warn_at", DateTime(timezone=True), comment="When the next warning of a running clock is due."),
    Column("action", Text, comment="What is due next: warning, miss, term or escalation."),
    Column("action_at", DateTime(timezone=True), comment="When that is."),
    Column("level", Integer, comment="Of an escalation."),
    Column("stepped", Integer, nullable=False, comment="How many events of the case were seen."),
    Column("imported_at", BigInteger, comment="Position of the case's first event, where that is imported history."),
    Column("judged_at", DateTime(timezone=True), nullable=False, comment="World time of the case's latest event."),
    Index(f"{VIEW}_due_v{VERSION}", text("(state = 'paused')"), "due_at", postgresql_where=text("open")),
    Index(
        f"{VIEW}_pins_v{VERSION}", "calendar", "calendar_version", "stream",
        postgresql_where=text("state IN ('running', 'paused')"),
    ),
    Index(
        f"{VIEW}_action_v{VERSION}", "action_at", "stream", "kind", "cycle", "instance",
        postgresql_where=text("action_at IS NOT NULL AND imported_at IS NULL"),
    ),
    Index(
        f"{VIEW}_imported_v{VERSION}", "action_at", "stream", "kind", "cycle", "instance", "imported_at",
        postgresql_where=text("action_at IS NOT NULL AND imported_at IS NOT NULL"),
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Timed:
    """What is kept of one complaint."""

    business_unit: str
    origin: str
    marks: Marks
    number: str | None = None
    team: str | None = None
    policy: str | None = None
    policy_version: int | None = None
    imported_at: int | None = None
    reported: Reported = NOTHING


class SlaTimers(PerStream[Timed]):
    """Every clock of every complaint."""

    name: ClassVar[str] = VIEW
    version: ClassVar[int] = VERSION
    tables = (CASES, CLOCKS)
    concerns = frozenset(name for name in EVENTS if name.startswith("complaint."))

    def __init__(self) -> None:
        self._calendars = Compiled()

    def load(self, connection: Link, streams: Sequence[UUID]) -> Mapping[UUID, Timed]:
        rows = sql.rows_of(connection, self.on(CASES), streams)
        return {
            stream: Timed(
                unit, origin, marks.from_json(kept), number, team, policy, version, imported, reported.from_json(told)
            )
            for stream, number, team, unit, origin, policy, version, imported, told, kept in rows
        }

    def step(self, state: Timed | None, recorded: Recorded) -> Timed:
        return self.fold(state, (recorded,))

    def fold(self, state: Timed | None, events: Sequence[Recorded]) -> Timed:
        known = state or _begun(events[0])
        facts = [fact.from_stored(one.event, one.envelope, one.recorded_at) for one in events]
        told, said = known.reported, dict[str, Any]()
        for one in events:
            told = reported.step(told, one.event)
            said.update(_said(one.event))
        return replace(known, marks=marks.stepped(known.marks, facts), reported=told, **said)

    def save(self, changes: Changes[Timed]) -> None:
        calendars = self._calendars.of(changes.book)
        clocks = [row for stream, state in changes.states.items() for row in _clocks(stream, state, calendars)]
        cases = (_case(stream, state) for stream, state in changes.states.items())
        sql.replace(changes.connection, self.on(CASES), changes.old, cases)
        sql.replace(changes.connection, self.on(CLOCKS), changes.old, clocks)


def _begun(first: Recorded) -> Timed:
    envelope = first.envelope
    imported = first.position if envelope.origin == "import" else None
    return Timed(envelope.business_unit, envelope.origin, marks.initial(), imported_at=imported)


def _said(event: Event) -> Mapping[str, Any]:
    """Return what an event says of the case beside its clocks."""
    match event:
        case SlaApplied():
            return {"policy": event.policy, "policy_version": event.policy_version}
        case ComplaintRegistered():
            return {"number": event.number}
        case ComplaintAssigned():
            unit = {"business_unit": event.business_unit} if event.business_unit else {}
            return {"team": event.team, **unit}
        case _:
            return _NOTHING_SAID


_NOTHING_SAID: Mapping[str, Any] = {}


def _case(stream: UUID, state: Timed) -> tuple[Any, ...]:
    return (
        stream, state.number, state.team, state.business_unit, state.origin, state.policy, state.policy_version,
        state.imported_at, orjson.dumps(reported.to_json(state.reported)),
        marks.to_text(state.marks),
    )  # fmt: skip


def _clocks(stream: UUID, state: Timed, calendars: Any) -> Iterator[tuple[Any, ...]]:
    if state.policy is None:
        return
    at = latest(state.marks)
    at = at if state.reported.at is None else max(at, state.reported.at)
    for one in judge(state.marks, calendars, at):
        told = told_to(state.reported.told, one)
        warning = pending_warning(one, told) if one.state == "running" and state.imported_at is None else None
        action = action_of(one, state.reported, warning)
        yield (
            stream, one.kind, one.cycle, one.instance, state.number, state.team, state.business_unit, state.origin,
            state.policy, state.policy_version, one.calendar, one.calendar_version, one.target, one.reference,
            one.started_at, one.due_at, one.open, one.state, one.fulfilled_at, one.missed_at, one.late_evidence,
            one.provisional, one.extended, max((given.percent for given in told if given.percent), default=None),
            warning.at if warning else None, *action, state.marks.stepped, state.imported_at, at,
        )  # fmt: skip


def latest(known: Marks) -> datetime:
    """Return the world time of the latest event that clocks look at."""
    return from_us(max(entry.at for entry in known.entries))
