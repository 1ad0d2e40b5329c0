"""One row per complaint or feedback: what a list of cases shows. No column says who anybody is.

The row speaks of the running cycle: a reopening clears outcome, ends and exit.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import ClassVar, Literal, NamedTuple
from uuid import UUID

from sqlalchemy import BigInteger, Column, DateTime, Index, Integer, MetaData, Text, Uuid

from engine.store.batch import Recorded
from projections import sql
from projections.runtime import versions
from projections.runtime.projection import Changes, PerStream
from projections.sql import Link
from projections.views.funnel.stages import BEGINNING, Place, move
from schemas.catalogue import EVENTS
from schemas.complaint.assignment import ComplaintAssigned
from schemas.complaint.base import Event
from schemas.complaint.classification import ComplaintClassified, ComplaintPrioritised
from schemas.complaint.lifecycle import ComplaintClosed, ComplaintDiscontinued, ComplaintReopened, ComplaintResolved
from schemas.complaint.registration import ComplaintReceived, ComplaintRegistered
from schemas.envelope import Envelope
from schemas.streams.feedback import FeedbackBecameComplaint, FeedbackClassified, FeedbackReceived
from schemas.words import ExitReason, Outcome, Point, Stage

VIEW, VERSION = "cases", 1

Standing = Stage | Literal["exited"]
"""Where a complaint stands, or that it left by an exit."""

_metadata = MetaData(schema=versions.SCHEMA)

CASES = versions.table(
    _metadata, VIEW, VERSION, "list",
    Column("stream", Uuid, primary_key=True),
    Column("kind", Text, nullable=False, comment="complaint or feedback"),
    Column("number", Text, comment="What people call the complaint by."),
    Column("channel", Text, comment="Of the first message; null until its receipt is stored."),
    Column("stage", Text, comment="Of the funnel, or exited; null for feedback."),
    Column("stage_before_exit", Text),
    Column("cycle", Integer, nullable=False, comment="1, 2, ... counts reopenings; 0 for feedback."),
    Column("exit_reason", Text),
    Column("outcome", Text),
    Column("type", Text, comment="As last classified, else of the first point."),
    Column("product", Text, comment="Of the first point."),
    Column("priority", Text),
    Column("team", Text),
    Column("assignee", Text, comment="Opaque id of an actor."),
    Column("business_unit", Text, nullable=False),
    Column("origin", Text, nullable=False, comment="live or import"),
    Column("opened_at", DateTime(timezone=True), nullable=False, comment="When it was received, in world time."),
    Column("opened_precision", Text, nullable=False, comment="day: opened_at is 00:00 of that day in opened_zone."),
    Column("opened_zone", Text),
    Column("received_at", DateTime(timezone=True), comment="When it reached a clock that is trusted."),
    Column("last_event_at", DateTime(timezone=True), nullable=False, comment="Latest world time of its events."),
    Column("resolved_at", DateTime(timezone=True)),
    Column("closed_at", DateTime(timezone=True)),
    Column("sense", Text, comment="Of feedback."),
    Column("became", Uuid, comment="The complaint that feedback turned into."),
    Column("event_count", BigInteger, nullable=False, comment="Version of the stream."),
    Index(f"{VIEW}_opened_v{VERSION}", "opened_at", "stream"),
    Index(f"{VIEW}_number_v{VERSION}", "number"),
    Index(f"{VIEW}_stage_v{VERSION}", "stage", "opened_at", "stream"),
    Index(f"{VIEW}_team_v{VERSION}", "team", "opened_at", "stream"),
)  # fmt: skip


class CaseRow(NamedTuple):
    """One row, in the order of the table's columns."""

    stream: UUID
    kind: str
    number: str | None
    channel: str | None
    stage: Standing | None
    stage_before_exit: Stage | None
    cycle: int
    exit_reason: ExitReason | None
    outcome: Outcome | None
    type: str | None
    product: str | None
    priority: str | None
    team: str | None
    assignee: str | None
    business_unit: str
    origin: str
    opened_at: datetime
    opened_precision: str
    opened_zone: str | None
    received_at: datetime | None
    last_event_at: datetime
    resolved_at: datetime | None
    closed_at: datetime | None
    sense: str | None
    became: UUID | None
    event_count: int

    def place(self) -> Place:
        """Where a complaint stands in the funnel."""
        if self.stage_before_exit is not None:
            return Place(self.cycle, self.stage_before_exit, self.exit_reason, self.closed_at is not None)
        if self.stage is None or self.stage == "exited":
            raise ValueError("feedback stands nowhere in the funnel")
        return Place(self.cycle, self.stage)


class Cases(PerStream[CaseRow]):
    """Which cases there are."""

    name: ClassVar[str] = VIEW
    version: ClassVar[int] = VERSION
    tables = (CASES,)
    concerns = frozenset(name for name in EVENTS if name.startswith(("complaint.", "feedback.")))

    def load(self, connection: Link, streams: Sequence[UUID]) -> Mapping[UUID, CaseRow]:
        return {values[0]: CaseRow(*values) for values in sql.rows_of(connection, self.on(CASES), streams)}

    def step(self, state: CaseRow | None, recorded: Recorded) -> CaseRow:
        at = recorded.envelope.occurred_at
        row = _marked(state or _opened(recorded), recorded)
        if row.kind == "complaint":
            row = _placed(row, recorded.event)
        return row._replace(last_event_at=max(row.last_event_at, at), event_count=recorded.version)

    def save(self, changes: Changes[CaseRow]) -> None:
        sql.replace(changes.connection, self.on(CASES), changes.old, changes.states.values())


def _opened(recorded: Recorded) -> CaseRow:
    """The first event opens the row, even if the receipt itself is stored later."""
    envelope = recorded.envelope
    kind = recorded.event.NAME.partition(".")[0]
    empty: dict[str, None] = dict.fromkeys(
        ("number", "channel", "stage", "stage_before_exit", "exit_reason", "outcome", "type", "product", "priority",
         "team", "assignee", "resolved_at", "closed_at", "sense", "became")
    )  # fmt: skip
    row = CaseRow(
        stream=recorded.stream, kind=kind, cycle=0, business_unit=envelope.business_unit,
        origin=envelope.origin, opened_at=envelope.occurred_at, opened_precision=envelope.occurred_precision,
        opened_zone=envelope.zone, received_at=envelope.received_at, last_event_at=envelope.occurred_at,
        event_count=recorded.version, **empty,
    )  # fmt: skip
    if kind == "feedback":
        return row._replace(sense="unknown")
    return row._replace(cycle=BEGINNING.cycle, stage=BEGINNING.stage)


def _received(row: CaseRow, channel: str, envelope: Envelope) -> CaseRow:
    return row._replace(
        channel=channel, opened_at=envelope.occurred_at, opened_precision=envelope.occurred_precision,
        opened_zone=envelope.zone, received_at=envelope.received_at,
    )  # fmt: skip


def _marked(row: CaseRow, recorded: Recorded) -> CaseRow:
    event, at = recorded.event, recorded.envelope.occurred_at
    match event:
        case ComplaintReceived() if row.channel is None:
            return _received(row, event.channel, recorded.envelope)
        case FeedbackReceived() if row.channel is None:
            sense = event.sense if row.sense == "unknown" else row.sense
            return _received(row, event.channel, recorded.envelope)._replace(sense=sense)
        case ComplaintRegistered():
            return _with_points(row._replace(number=event.number), event.points)
        case ComplaintClassified():
            return _with_points(row._replace(type=event.type or row.type), event.points)
        case ComplaintPrioritised():
            return row._replace(priority=event.priority)
        case ComplaintAssigned():
            unit = event.business_unit or row.business_unit
            return row._replace(team=event.team, assignee=event.assignee, business_unit=unit)
        case ComplaintResolved():
            return row._replace(outcome=event.outcome, resolved_at=at)
        case ComplaintClosed():
            return row._replace(closed_at=row.closed_at or at)
        case FeedbackClassified():
            return row._replace(sense=event.sense)
        case FeedbackBecameComplaint():
            return row._replace(became=event.complaint)
        case _:
            return row


def _with_points(row: CaseRow, points: Sequence[Point]) -> CaseRow:
    """The first point stands for the complaint where nothing else was said."""
    first = next((point for point in points if point.point == 1), None)
    if first is None:
        return row
    return row._replace(type=row.type or first.type, product=first.product or row.product)


def _placed(row: CaseRow, event: Event) -> CaseRow:
    before = row.place()
    after = move(before, event)
    if after is before:
        return row
    if isinstance(event, ComplaintReopened):
        row = row._replace(outcome=None, resolved_at=None, closed_at=None)
    if isinstance(event, ComplaintDiscontinued):
        return row._replace(stage="exited", stage_before_exit=before.stage, exit_reason=event.reason)
    return row._replace(cycle=after.cycle, stage=after.stage, stage_before_exit=None, exit_reason=None)
