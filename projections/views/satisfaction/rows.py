"""Events to ratings: one row per cycle that was asked or rated, one per mark of it.

Business unit, location and the other words to group by stand in the funnel's row of the case.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import ClassVar, NamedTuple
from uuid import UUID

from sqlalchemy import Boolean, Column, Date, DateTime, Double, Integer, MetaData, Text, Uuid

from engine.store.batch import Recorded
from projections import sql
from projections.answers import day_of
from projections.runtime import versions
from projections.runtime.projection import Changes, PerStream
from projections.sql import Link
from projections.views.funnel.rows import SATISFIED_FROM, mean_share
from schemas.complaint.lifecycle import ComplaintRated, SurveyInvited
from schemas.envelope import Envelope

VIEW, VERSION = "satisfaction", 1

_metadata = MetaData(schema=versions.SCHEMA)

CYCLES = versions.table(
    _metadata, VIEW, VERSION, "cycles",
    Column("stream", Uuid, primary_key=True),
    Column("cycle", Integer, primary_key=True),
    Column("invited", Boolean, nullable=False, comment="The complainant was asked how satisfied he is."),
    Column("rated_at", DateTime(timezone=True), comment="In world time; null: not rated."),
    Column("rated_day", Date, comment="Where only the day is known."),
    Column("survey", Text),
    Column("survey_version", Integer),
    Column("mean_share", Double, comment="Mean of the marks, each as a share of its best one."),
    Column("satisfied", Boolean, comment="That mean is at least 4 of 5."),
)  # fmt: skip
MARKS = versions.table(
    _metadata, VIEW, VERSION, "marks",
    Column("stream", Uuid, primary_key=True),
    Column("cycle", Integer, primary_key=True),
    Column("parameter", Text, primary_key=True),
    Column("score", Integer, nullable=False),
    Column("out_of", Integer, nullable=False),
)  # fmt: skip


class Cycle(NamedTuple):
    """One cycle, in the order of the table's columns."""

    stream: UUID
    cycle: int
    invited: bool = False
    rated_at: datetime | None = None
    rated_day: date | None = None
    survey: str | None = None
    survey_version: int | None = None
    mean_share: float | None = None
    satisfied: bool | None = None


class Mark(NamedTuple):
    """One mark, in the order of the table's columns."""

    stream: UUID
    cycle: int
    parameter: str
    score: int
    out_of: int


@dataclass(frozen=True, slots=True)
class Rated:
    """All rows of one complaint."""

    cycles: Mapping[int, Cycle] = field(default_factory=dict)
    marks: tuple[Mark, ...] = ()


class Satisfaction(PerStream[Rated]):
    """Who was asked how satisfied he is, and what he said. The last rating of a cycle holds."""

    name: ClassVar[str] = VIEW
    version: ClassVar[int] = VERSION
    tables = (CYCLES, MARKS)
    concerns = frozenset({SurveyInvited.NAME, ComplaintRated.NAME})

    def load(self, connection: Link, streams: Sequence[UUID]) -> Mapping[UUID, Rated]:
        cycles: dict[UUID, dict[int, Cycle]] = {}
        for values in sql.rows_of(connection, self.on(CYCLES), streams):
            cycles.setdefault(values[0], {})[values[1]] = Cycle(*values)
        marks: dict[UUID, list[Mark]] = {}
        for values in sql.rows_of(connection, self.on(MARKS), streams):
            marks.setdefault(values[0], []).append(Mark(*values))
        return {stream: Rated(found, tuple(marks.get(stream, ()))) for stream, found in cycles.items()}

    def step(self, state: Rated | None, recorded: Recorded) -> Rated:
        state, event = state or Rated(), recorded.event
        match event:
            case SurveyInvited():
                known = state.cycles.get(event.cycle, Cycle(recorded.stream, event.cycle))
                return Rated({**state.cycles, event.cycle: known._replace(invited=True)}, state.marks)
            case ComplaintRated() if event.scores:
                return _rated(state, recorded.stream, event, recorded.envelope)
            case _:
                return state

    def save(self, changes: Changes[Rated]) -> None:
        cycles = (cycle for state in changes.states.values() for cycle in state.cycles.values())
        sql.replace(changes.connection, self.on(CYCLES), changes.old, cycles)
        marks = (mark for state in changes.states.values() for mark in state.marks)
        sql.replace(changes.connection, self.on(MARKS), changes.old, marks)


def _rated(state: Rated, stream: UUID, event: ComplaintRated, envelope: Envelope) -> Rated:
    at = envelope.occurred_at
    known = state.cycles.get(event.cycle, Cycle(stream, event.cycle))
    mean = mean_share(event.scores)
    cycle = known._replace(
        rated_at=at,
        rated_day=day_of(at, envelope.zone) if envelope.occurred_precision == "day" else None,
        survey=event.survey,
        survey_version=event.survey_version,
        mean_share=float(mean),
        satisfied=mean >= SATISFIED_FROM,
    )
    others = tuple(mark for mark in state.marks if mark.cycle != event.cycle)
    named = {one.parameter: Mark(stream, event.cycle, one.parameter, one.score, one.out_of) for one in event.scores}
    return Rated({**state.cycles, event.cycle: cycle}, (*others, *named.values()))
