"""The clocks of every complaint: what their events say, and one row per clock, cycle and instance.

``marks`` are what the events of a case say about its clocks; they know no calendar and no present.
The rows are the verdicts as of the case's latest event, so that they need no job to look: a clock
that runs and whose ``due_at`` has passed is missed, which whoever asks can tell. ``ask`` judges anew.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

import orjson
from sqlalchemy import Boolean, Column, DateTime, Index, Integer, MetaData, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from engine.sla import fact, marks
from engine.sla.calendar import from_us, to_us
from engine.sla.judge import Verdict, judge
from engine.sla.marks import Marks
from engine.sla.runs.unfold import unfold
from engine.store.batch import Recorded
from projections import sql
from projections.runtime import versions
from projections.runtime.projection import Changes, PerStream
from projections.sql import Link
from projections.views.sla_timers.calendars import Compiled
from schemas.catalogue import EVENTS
from schemas.complaint.assignment import ComplaintAssigned
from schemas.complaint.clocks import SlaApplied
from schemas.complaint.registration import ComplaintRegistered

VIEW, VERSION = "sla_timers", 1

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
    Column("judged_at", DateTime(timezone=True), nullable=False, comment="World time of the case's latest event."),
    Index(f"{VIEW}_due_v{VERSION}", text("(state = 'paused')"), "due_at", postgresql_where=text("open")),
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
            stream: Timed(unit, origin, marks.from_json(kept), number, team, policy, version)
            for stream, number, team, unit, origin, policy, version, kept in rows
        }

    def step(self, state: Timed | None, recorded: Recorded) -> Timed:
        event, envelope = recorded.event, recorded.envelope
        state = state or Timed(envelope.business_unit, envelope.origin, marks.initial())
        after = marks.step(state.marks, fact.from_stored(event, envelope, recorded.recorded_at))
        match event:
            case SlaApplied():
                return replace(state, marks=after, policy=event.policy, policy_version=event.policy_version)
            case ComplaintRegistered():
                return replace(state, marks=after, number=event.number)
            case ComplaintAssigned():
                unit = event.business_unit or state.business_unit
                return replace(state, marks=after, team=event.team, business_unit=unit)
            case _:
                return replace(state, marks=after)

    def save(self, changes: Changes[Timed]) -> None:
        calendars = self._calendars.of(changes.book)
        clocks = [row for stream, state in changes.states.items() for row in _clocks(stream, state, calendars)]
        cases = (_case(stream, state) for stream, state in changes.states.items())
        sql.replace(changes.connection, self.on(CASES), changes.old, cases)
        sql.replace(changes.connection, self.on(CLOCKS), changes.old, clocks)


def _case(stream: UUID, state: Timed) -> tuple[Any, ...]:
    return (
        stream, state.number, state.team, state.business_unit, state.origin, state.policy, state.policy_version,
        orjson.dumps(marks.to_json(state.marks)).decode(),
    )  # fmt: skip


def _clocks(stream: UUID, state: Timed, calendars: Any) -> Iterator[tuple[Any, ...]]:
    if state.policy is None:
        return
    at = latest(state.marks)
    verdicts = judge(state.marks, calendars, at)
    still_open = open_clocks(state.marks, verdicts, at)
    for one in verdicts:
        yield (
            stream, one.kind, one.cycle, one.instance, state.number, state.team, state.business_unit, state.origin,
            state.policy, state.policy_version, one.calendar, one.calendar_version, one.target, one.reference,
            one.started_at, one.due_at, key_of(one) in still_open, one.state, one.fulfilled_at, one.missed_at,
            one.late_evidence, one.provisional, one.extended, at,
        )  # fmt: skip


Key = tuple[str, int, int]


def key_of(one: Verdict) -> Key:
    """Kind, cycle and instance: which clock of its complaint it is."""
    return one.kind, one.cycle, one.instance


def latest(known: Marks) -> datetime:
    """Return the world time of the latest event that clocks look at."""
    return from_us(max(entry.at for entry in known.entries))


def open_clocks(known: Marks, verdicts: Sequence[Verdict], at: datetime) -> frozenset[Key]:
    """Return the clocks that are neither fulfilled nor cancelled; a missed one may be either."""
    running = {key_of(one) for one in verdicts if one.state in ("running", "paused")}
    if any(one.state == "missed" and one.fulfilled_at is None for one in verdicts):
        running |= {(run.kind, run.cycle, run.instance) for run in unfold(known, to_us(at)) if run.open}
    return frozenset(running)
