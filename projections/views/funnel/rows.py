"""Events to the funnel's rows: where each complaint stands, and how it came through the stages."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from typing import ClassVar, Final
from uuid import UUID

from engine.store.batch import Recorded
from projections import sql
from projections.answers import day_of
from projections.runtime.projection import Changes, PerStream
from projections.sql import Link
from projections.views import pins
from projections.views.funnel import cells, dating, people, tally, times
from projections.views.funnel.stages import BEGINNING, ORDER, Place, move
from projections.views.funnel.tables import (
    CASES,
    CELLS,
    PASSAGES,
    PEOPLE,
    TIMES,
    VERSION,
    VIEW,
    CaseRow,
    Passage,
)  # fmt: skip
from projections.views.sla_timers.calendars import Compiled
from schemas.complaint.assignment import ComplaintAssigned
from schemas.complaint.base import Event
from schemas.complaint.classification import ComplaintClassified
from schemas.complaint.clocks import SlaApplied
from schemas.complaint.investigation import ActionAssigned, CauseEstablished, InvestigationStarted
from schemas.complaint.lifecycle import (
    ComplaintClosed,
    ComplaintDiscontinued,
    ComplaintRated,
    ComplaintReopened,
    ComplaintResolved,
    OutcomeAccepted,
    OutcomeDisputed,
    Score,
)  # fmt: skip
from schemas.complaint.registration import ComplaintReceived, ComplaintRegistered
from schemas.complaint.remedies import RemedyApproved
from schemas.complaint.waiting import InformationRequested
from schemas.envelope import Envelope
from schemas.streams.feedback import FeedbackBecameComplaint, FeedbackClassified, FeedbackReceived
from schemas.words import Point, Stage

SATISFIED_FROM: Final = Fraction(4, 5)
"""A rating counts as satisfied from this share of the best mark on: 4 of 5."""


@dataclass(frozen=True, slots=True)
class Standing:
    """All rows of one stream."""

    row: CaseRow
    passages: tuple[Passage, ...] = ()
    counted: tally.Counted | None = None
    """What is counted of the stream as its rows were read; None for a new one."""

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
    FeedbackBecameComplaint, ComplaintAssigned, SlaApplied,
)  # fmt: skip


class Funnel(PerStream[Standing]):
    """Which stages complaints went through, and how they left them."""

    name: ClassVar[str] = VIEW
    version: ClassVar[int] = VERSION
    tables = (CASES, PASSAGES, CELLS, PEOPLE, TIMES)
    concerns = frozenset(event.NAME for event in _LOOKED_AT)

    def __init__(self) -> None:
        self._calendars = Compiled()

    def load(self, connection: Link, streams: Sequence[UUID]) -> Mapping[UUID, Standing]:
        passages: defaultdict[UUID, list[Passage]] = defaultdict(list)
        for values in sql.rows_of(connection, self.on(PASSAGES), streams):
            passages[values[0]].append(Passage(*values))
        rows = [CaseRow(*values) for values in sql.rows_of(connection, self.on(CASES), streams)]
        return {row.stream: _read(row, passages[row.stream]) for row in rows}

    def step(self, state: Standing | None, recorded: Recorded) -> Standing:
        state = state or _opened(recorded)
        row = _marked(state.row, recorded)
        if row is not state.row:
            state = replace(state, row=row)
        if row.kind == "feedback":
            return state
        before = state.place()
        after = move(before, recorded.event)
        return state if after is before else _moved(state, before, after, recorded.envelope)

    def save(self, changes: Changes[Standing]) -> None:
        calendars = self._calendars.of(changes.book)
        dated = [dating.dated(state.row, state.passages, calendars) for state in changes.states.values()]
        sql.replace(changes.connection, self.on(CASES), changes.old, (row for row, _ in dated))
        passages = (passage for _, passages in dated for passage in passages)
        sql.replace(changes.connection, self.on(PASSAGES), changes.old, passages)
        before = (state.counted for state in changes.states.values() if state.counted is not None)
        self.count(changes.connection, tally.moved(before, (tally.of(row, own) for row, own in dated)))

    def count(self, connection: Link, moved: tally.Moved) -> None:
        """Move what is kept so that questions need not look at every case."""
        changes = cells.spread(moved)
        for cell, counted in people.move(connection, self.on(PEOPLE), moved.people).items():
            changes.setdefault(cell, Counter()).update(counted)
        cells.move(connection, self.on(CELLS), changes)
        times.move(connection, self.on(TIMES), moved.times)


def _read(row: CaseRow, passages: Sequence[Passage]) -> Standing:
    return Standing(row, tuple(sorted(passages, key=_order)), tally.of(row, passages))


def _order(passage: Passage) -> tuple[int, int]:
    return passage.cycle, ORDER.index(passage.stage)


def _opened(recorded: Recorded) -> Standing:
    """The first event opens the rows, even if the receipt itself is stored later."""
    envelope = recorded.envelope
    kind = recorded.event.NAME.partition(".")[0]
    at, day = envelope.occurred_at, _day(envelope)
    row = CaseRow(
        stream=recorded.stream, kind=kind, number=None, complainant=None, channel=None, type=None, product=None,
        location=None, team=None, origin=envelope.origin, business_unit=envelope.business_unit, received_at=at,
        received_day=day, received_zone=envelope.zone, received_on=day_of(at, envelope.zone),
    )  # fmt: skip
    if kind == "feedback":
        return Standing(row._replace(sense="unknown"))
    row = row._replace(cycle=BEGINNING.cycle, stage=BEGINNING.stage)
    return Standing(row, (Passage(recorded.stream, BEGINNING.cycle, BEGINNING.stage, at, at, entered_day=day),))


def _day(envelope: Envelope) -> date | None:
    """Return the day of an event of which only the day is known."""
    return day_of(envelope.occurred_at, envelope.zone) if envelope.occurred_precision == "day" else None


def _marked(row: CaseRow, recorded: Recorded) -> CaseRow:
    """Return the row with what the event says beside moving through the stages."""
    event = recorded.event
    match event:
        case ComplaintReceived() | FeedbackReceived() if row.channel is None:
            return _received(row, event, recorded.envelope)
        case ComplaintRegistered():
            return _with_points(row._replace(registered=True, number=event.number), event.points)
        case ComplaintClassified():
            return _with_points(row._replace(type=event.type or row.type), event.points)
        case ComplaintAssigned():
            return row._replace(team=event.team)
        case SlaApplied() if event.clocks:
            return _pinned(row, event)
        case InformationRequested(from_="complainant"):
            return row._replace(waits=row.waits + 1)
        case ComplaintReopened():
            return row._replace(reopenings=row.reopenings + 1, satisfied=None)
        case OutcomeAccepted() | OutcomeDisputed():
            return row._replace(satisfied=isinstance(event, OutcomeAccepted))
        case ComplaintRated() if event.scores:
            said = mean_share(event.scores) >= SATISFIED_FROM if event.cycle == row.cycle else row.satisfied
            return row._replace(rated=True, satisfied=said)
        case FeedbackClassified():
            return row._replace(sense=event.sense)
        case FeedbackBecameComplaint():
            return row._replace(became=event.complaint)
        case _:
            return row


def _received(row: CaseRow, event: ComplaintReceived | FeedbackReceived, envelope: Envelope) -> CaseRow:
    sense = event.sense if isinstance(event, FeedbackReceived) and row.sense == "unknown" else row.sense
    named = next((party.subject_id for party in event.parties if party.role == "complainant"), None)
    return row._replace(
        channel=event.channel, location=event.location, complainant=named or event.subject_id, sense=sense,
        received_at=envelope.occurred_at, received_day=_day(envelope), received_zone=envelope.zone,
    )  # fmt: skip


def _pinned(row: CaseRow, event: SlaApplied) -> CaseRow:
    name, version = pins.of(event)
    row = row._replace(calendar=name, calendar_version=version)
    return row if row.zone_calendar else row._replace(zone_calendar=name, zone_calendar_version=version)


def mean_share(scores: Sequence[Score]) -> Fraction:
    """Return the mean of the marks, each as a share of its best one; satisfied is from ``SATISFIED_FROM`` on."""
    return sum((Fraction(one.score, one.out_of) for one in scores), Fraction()) / len(scores)


def _with_points(row: CaseRow, points: Sequence[Point]) -> CaseRow:
    """The first point stands for the complaint where nothing else was said."""
    first = next((point for point in points if point.point == 1), None)
    if first is None:
        return row
    return row._replace(type=row.type or first.type, product=first.product or row.product)


def _moved(state: Standing, before: Place, after: Place, envelope: Envelope) -> Standing:
    at, day = envelope.occurred_at, _day(envelope)
    passages = {(one.cycle, one.stage): one for one in state.passages}
    here = before.cycle, before.stage
    ended = "exited" if after.exit else "passed"
    if before.exit is None:
        passages[here] = passages[here].left(at, day, ended, after.exit)
    elif after.cycle == before.cycle:
        passages[here] = passages[here]._replace(ended=ended, exit_reason=after.exit)
    if after.exit is None:
        for stage in _skipped(before, after):
            skipped = Passage(
                state.row.stream,
                after.cycle,
                stage,
                at,
                at,
                at,
                entries=0,
                ended="passed",
                entered_day=day,
                left_day=day,
            )
            passages.setdefault((after.cycle, stage), skipped)
        there = after.cycle, after.stage
        known = passages.get(there)
        first = Passage(state.row.stream, *there, at, at, entered_day=day)
        passages[there] = known.entered_again(at) if known else first
    row = state.row._replace(
        cycle=after.cycle, stage=None if after.exit else after.stage, exit_reason=after.exit,
        closed=after.ended or after.stage == "closed",
    )  # fmt: skip
    return replace(state, row=row, passages=tuple(sorted(passages.values(), key=_order)))


def _skipped(before: Place, after: Place) -> Sequence[Stage]:
    if before.cycle != after.cycle:
        return ()
    return ORDER[ORDER.index(before.stage) + 1 : ORDER.index(after.stage)]
