"""The funnel's tables: one row per complaint or feedback, one per stage of each of a complaint's cycles.

A stage of a cycle has one row, however often it was entered in that cycle: ``seconds`` adds up the
time spent in it in the world's time. A stage that was skipped on the way to a later one has a row
too, passed in no time. How a row ended is exactly one of: ``passed``, ``exited``, not yet (null).
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import ClassVar, Final, NamedTuple
from uuid import UUID

from sqlalchemy import Boolean, Column, Date, DateTime, Double, Index, Integer, MetaData, Text, Uuid

from engine.store.batch import Recorded
from projections import sql
from projections.answers import day_of
from projections.runtime import versions
from projections.runtime.projection import Changes, PerStream
from projections.sql import Link
from projections.views.funnel.stages import BEGINNING, ORDER, Place, move
from schemas.complaint.base import Event
from schemas.complaint.classification import ComplaintClassified
from schemas.complaint.investigation import ActionAssigned, CauseEstablished, InvestigationStarted
from schemas.complaint.lifecycle import (
    ComplaintClosed,
    ComplaintDiscontinued,
    ComplaintRated,
    ComplaintReopened,
    ComplaintResolved,
    OutcomeAccepted,
    OutcomeDisputed,
)  # fmt: skip
from schemas.complaint.registration import ComplaintReceived, ComplaintRegistered
from schemas.complaint.remedies import RemedyApproved
from schemas.complaint.waiting import InformationRequested
from schemas.streams.feedback import FeedbackBecameComplaint, FeedbackClassified, FeedbackReceived
from schemas.words import ExitReason, Point, Stage

VIEW, VERSION = "funnel", 1
SATISFIED_FROM = 0.8
"""A rating counts as satisfied from this share of the best mark on: 4 of 5."""

_metadata = MetaData(schema=versions.SCHEMA)


def _instant(name: str, *, nullable: bool = True) -> Column[datetime]:
    return Column(name, DateTime(timezone=True), nullable=nullable)


CASES = versions.table(
    _metadata, VIEW, VERSION, "cases",
    Column("stream", Uuid, primary_key=True),
    Column("kind", Text, nullable=False, comment="complaint or feedback"),
    Column("channel", Text, comment="Of the first message; null until its receipt is stored."),
    Column("type", Text, comment="As last classified."),
    Column("product", Text),
    Column("origin", Text, nullable=False),
    Column("business_unit", Text, nullable=False),
    Column("received_on", Date, nullable=False, comment="Day of receipt in the zone of its event, else in UTC."),
    Column("registered", Boolean, nullable=False),
    Column("cycle", Integer, nullable=False, comment="The running cycle; 0 for feedback."),
    Column("stage", Text, comment="Where it stands; null after an exit and for feedback."),
    Column("exit_reason", Text, comment="Of the running cycle."),
    Column("closed", Boolean, nullable=False, comment="The running cycle has ended, after an exit or without."),
    Column("reopenings", Integer, nullable=False),
    Column("waits", Integer, nullable=False, comment="How often information was requested from the complainant."),
    Column("satisfied", Boolean, comment="The complainant's last word in the running cycle; null: none."),
    Column("sense", Text, comment="Of feedback."),
    Column("became", Uuid, comment="The complaint that feedback turned into."),
    Index(f"{VIEW}_cases_received_v{VERSION}", "received_on"),
)  # fmt: skip
PASSAGES = versions.table(
    _metadata, VIEW, VERSION, "passages",
    Column("stream", Uuid, primary_key=True),
    Column("cycle", Integer, primary_key=True),
    Column("stage", Text, primary_key=True),
    _instant("entered_at", nullable=False),
    _instant("since", nullable=False),
    _instant("left_at"),
    Column("seconds", Double, nullable=False, comment="Time in the stage until it was last left, wall clock."),
    Column("entries", Integer, nullable=False, comment="0: skipped."),
    Column("ended", Text, comment="passed, exited, or null while it stands there."),
    Column("exit_reason", Text),
)  # fmt: skip


class CaseRow(NamedTuple):
    """One complaint or feedback, in the order of the table's columns."""

    stream: UUID
    kind: str
    channel: str | None
    type: str | None
    product: str | None
    origin: str
    business_unit: str
    received_on: date
    registered: bool = False
    cycle: int = 0
    stage: Stage | None = None
    exit_reason: ExitReason | None = None
    closed: bool = False
    reopenings: int = 0
    waits: int = 0
    satisfied: bool | None = None
    sense: str | None = None
    became: UUID | None = None


class Passage(NamedTuple):
    """One stage of one cycle, in the order of the table's columns."""

    stream: UUID
    cycle: int
    stage: Stage
    entered_at: datetime
    """First entered."""
    since: datetime
    """Last entered."""
    left_at: datetime | None = None
    seconds: float = 0.0
    entries: int = 1
    ended: str | None = None
    exit_reason: ExitReason | None = None

    def left(self, at: datetime, ended: str, reason: ExitReason | None = None) -> "Passage":
        """Leave the stage. Time that would be negative counts as none."""
        spent = max(0.0, (at - self.since).total_seconds())
        return self._replace(left_at=at, seconds=self.seconds + spent, ended=ended, exit_reason=reason)

    def entered_again(self, at: datetime) -> "Passage":
        """Come back to the stage in the same cycle; its time goes on."""
        return self._replace(since=at, left_at=None, ended=None, entries=self.entries + 1)


@dataclass(frozen=True, slots=True)
class Standing:
    """All rows of one stream."""

    row: CaseRow
    passages: tuple[Passage, ...] = ()

    def place(self) -> Place:
        """Where the complaint stands; after an exit the stage is that of the exit."""
        row = self.row
        if row.stage is not None:
            return Place(row.cycle, row.stage)
        exited = next(one.stage for one in self.passages if one.cycle == row.cycle and one.ended == "exited")
        return Place(row.cycle, exited, row.exit_reason, row.closed)


_LOOKED_AT: Final[tuple[type[Event], ...]] = (
    ComplaintReceived, ComplaintRegistered, ComplaintClassified, InvestigationStarted, CauseEstablished,
    ActionAssigned, RemedyApproved, ComplaintResolved, ComplaintClosed, ComplaintDiscontinued, ComplaintReopened,
    OutcomeAccepted, OutcomeDisputed, ComplaintRated, InformationRequested, FeedbackReceived, FeedbackClassified,
    FeedbackBecameComplaint,
)  # fmt: skip


class Funnel(PerStream[Standing]):
    """Which stages complaints went through, and how they left them."""

    name: ClassVar[str] = VIEW
    version: ClassVar[int] = VERSION
    tables = (CASES, PASSAGES)
    concerns = frozenset(event.NAME for event in _LOOKED_AT)

    def load(self, connection: Link, streams: Sequence[UUID]) -> Mapping[UUID, Standing]:
        passages: defaultdict[UUID, list[Passage]] = defaultdict(list)
        for values in sql.rows_of(connection, self.on(PASSAGES), streams):
            passages[values[0]].append(Passage(*values))
        rows = [CaseRow(*values) for values in sql.rows_of(connection, self.on(CASES), streams)]
        return {row.stream: Standing(row, tuple(sorted(passages[row.stream], key=_order))) for row in rows}

    def step(self, state: Standing | None, recorded: Recorded) -> Standing:
        state = state or _opened(recorded)
        row = _marked(state.row, recorded)
        if row is not state.row:
            state = replace(state, row=row)
        if row.kind == "feedback":
            return state
        before = state.place()
        after = move(before, recorded.event)
        return state if after is before else _moved(state, before, after, recorded.envelope.occurred_at)

    def save(self, changes: Changes[Standing]) -> None:
        cases = (state.row for state in changes.states.values())
        sql.replace(changes.connection, self.on(CASES), changes.old, cases)
        sql.replace(changes.connection, self.on(PASSAGES), changes.old, _all_passages(changes.states))


def _order(passage: Passage) -> tuple[int, int]:
    return passage.cycle, ORDER.index(passage.stage)


def _all_passages(states: Mapping[UUID, Standing]) -> Iterator[Passage]:
    for state in states.values():
        yield from state.passages


def _opened(recorded: Recorded) -> Standing:
    """The first event opens the rows, even if the receipt itself is stored later."""
    envelope = recorded.envelope
    kind = recorded.event.NAME.partition(".")[0]
    row = CaseRow(
        stream=recorded.stream, kind=kind, channel=None, type=None, product=None, origin=envelope.origin,
        business_unit=envelope.business_unit, received_on=day_of(envelope.occurred_at, envelope.zone),
    )  # fmt: skip
    if kind == "feedback":
        return Standing(row._replace(sense="unknown"))
    at = envelope.occurred_at
    row = row._replace(cycle=BEGINNING.cycle, stage=BEGINNING.stage)
    return Standing(row, (Passage(recorded.stream, BEGINNING.cycle, BEGINNING.stage, at, at),))


def _marked(row: CaseRow, recorded: Recorded) -> CaseRow:
    """Return the row with what the event says beside moving through the stages."""
    event, envelope = recorded.event, recorded.envelope
    match event:
        case ComplaintReceived() | FeedbackReceived() if row.channel is None:
            sense = event.sense if isinstance(event, FeedbackReceived) and row.sense == "unknown" else row.sense
            day = day_of(envelope.occurred_at, envelope.zone)
            return row._replace(channel=event.channel, received_on=day, sense=sense)
        case ComplaintRegistered():
            return _with_points(row._replace(registered=True), event.points)
        case ComplaintClassified():
            return _with_points(row._replace(type=event.type or row.type), event.points)
        case InformationRequested(from_="complainant"):
            return row._replace(waits=row.waits + 1)
        case ComplaintReopened():
            return row._replace(reopenings=row.reopenings + 1, satisfied=None)
        case OutcomeAccepted() | OutcomeDisputed():
            return row._replace(satisfied=isinstance(event, OutcomeAccepted))
        case ComplaintRated() if event.cycle == row.cycle and event.scores:
            return row._replace(satisfied=is_satisfied(event))
        case FeedbackClassified():
            return row._replace(sense=event.sense)
        case FeedbackBecameComplaint():
            return row._replace(became=event.complaint)
        case _:
            return row


def is_satisfied(event: ComplaintRated) -> bool:
    """Whether the mean of the marks, each as a share of its best one, says satisfied."""
    return sum(score.score / score.out_of for score in event.scores) / len(event.scores) >= SATISFIED_FROM


def _with_points(row: CaseRow, points: Sequence[Point]) -> CaseRow:
    """The first point stands for the complaint where nothing else was said."""
    first = next((point for point in points if point.point == 1), None)
    if first is None:
        return row
    return row._replace(type=row.type or first.type, product=first.product or row.product)


def _moved(state: Standing, before: Place, after: Place, at: datetime) -> Standing:
    passages = {(one.cycle, one.stage): one for one in state.passages}
    here = before.cycle, before.stage
    ended = "exited" if after.exit else "passed"
    if before.exit is None:
        passages[here] = passages[here].left(at, ended, after.exit)
    elif after.cycle == before.cycle:
        passages[here] = passages[here]._replace(ended=ended, exit_reason=after.exit)
    if after.exit is None:
        for stage in _skipped(before, after):
            skipped = Passage(state.row.stream, after.cycle, stage, at, at, at, entries=0, ended="passed")
            passages.setdefault((after.cycle, stage), skipped)
        there = after.cycle, after.stage
        known = passages.get(there)
        passages[there] = known.entered_again(at) if known else Passage(state.row.stream, *there, at, at)
    row = state.row._replace(
        cycle=after.cycle, stage=None if after.exit else after.stage, exit_reason=after.exit,
        closed=after.ended or after.stage == "closed",
    )  # fmt: skip
    return Standing(row, tuple(sorted(passages.values(), key=_order)))


def _skipped(before: Place, after: Place) -> Sequence[Stage]:
    if before.cycle != after.cycle:
        return ()
    return ORDER[ORDER.index(before.stage) + 1 : ORDER.index(after.stage)]
