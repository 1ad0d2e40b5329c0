"""Events to problems: one row per problem, one per complaint that belongs or belonged to it, one per action."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar, NamedTuple
from uuid import UUID

from sqlalchemy import Boolean, Column, Date, DateTime, Index, MetaData, Numeric, Text, Uuid

from engine.store.batch import Recorded
from engine.streams.problem import EVENTS
from projections import sql
from projections.runtime import versions
from projections.runtime.projection import Changes, PerStream
from projections.sql import Link
from schemas.streams.problem import (
    ProblemActionAssigned,
    ProblemActionCompleted,
    ProblemClosed,
    ProblemEffectMeasured,
    ProblemLessonRecorded,
    ProblemLinked,
    ProblemOpened,
    ProblemSuspected,
    ProblemUnlinked,
)

VIEW, VERSION = "problems", 1

_metadata = MetaData(schema=versions.SCHEMA)

PROBLEMS = versions.table(
    _metadata, VIEW, VERSION, "problems",
    Column("stream", Uuid, primary_key=True),
    Column("business_unit", Text, nullable=False),
    Column("begun_at", DateTime(timezone=True), nullable=False, comment="When it was suspected or opened, the first."),
    Column("suspected_at", DateTime(timezone=True), comment="When a rule saw complaints alike; null: a person began."),
    Column("opened_at", DateTime(timezone=True), comment="When a person named the cause; null: only suspected."),
    Column("cause", Text),
    Column("code", Text, comment="The company's own code of the cause."),
    Column("owner", Text, comment="Opaque id of who answers for it."),
    Column("closed_at", DateTime(timezone=True)),
    Column("mended", Boolean, comment="Null while it is open; false: found to be none."),
    Column("happened", Text, comment="The lesson: what happened. Nobody is named in it."),
    Column("changed", Text, comment="The lesson: what was changed."),
    Column("measured_on", Date, comment="Day of the last measurement of its effect."),
    Column("before_per_day", Numeric, comment="Complaints of this cause a day before the action."),
    Column("after_per_day", Numeric, comment="The same after it."),
)  # fmt: skip
LINKS = versions.table(
    _metadata, VIEW, VERSION, "links",
    Column("stream", Uuid, primary_key=True),
    Column("complaint", Uuid, primary_key=True),
    Column("linked_at", DateTime(timezone=True), nullable=False),
    Column("by_rule", Boolean, nullable=False, comment="Alike by wording; no person has said so."),
    Column("inside", Boolean, nullable=False, comment="False: a person took it out again."),
    Index(f"{VIEW}_complaint_v{VERSION}", "complaint"),
)  # fmt: skip
ACTIONS = versions.table(
    _metadata, VIEW, VERSION, "actions",
    Column("stream", Uuid, primary_key=True),
    Column("action_id", Uuid, primary_key=True),
    Column("assigned_at", DateTime(timezone=True), nullable=False),
    Column("team", Text),
    Column("owner", Text, comment="Opaque id."),
    Column("due", DateTime(timezone=True)),
    Column("completed_at", DateTime(timezone=True), comment="Null: still to do."),
)  # fmt: skip


class Head(NamedTuple):
    """One problem, in the order of the table's columns."""

    stream: UUID
    business_unit: str
    begun_at: datetime
    suspected_at: datetime | None = None
    opened_at: datetime | None = None
    cause: str | None = None
    code: str | None = None
    owner: str | None = None
    closed_at: datetime | None = None
    mended: bool | None = None
    happened: str | None = None
    changed: str | None = None
    measured_on: date | None = None
    before_per_day: Decimal | None = None
    after_per_day: Decimal | None = None


class Linked(NamedTuple):
    """One complaint of a problem, in the order of the table's columns."""

    stream: UUID
    complaint: UUID
    linked_at: datetime
    by_rule: bool
    inside: bool = True


class Action(NamedTuple):
    """One action of a problem, in the order of the table's columns."""

    stream: UUID
    action_id: UUID
    assigned_at: datetime
    team: str | None = None
    owner: str | None = None
    due: datetime | None = None
    completed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Whole:
    """All rows of one problem."""

    head: Head
    links: Mapping[UUID, Linked] = field(default_factory=dict)
    actions: Mapping[UUID, Action] = field(default_factory=dict)


class Problems(PerStream[Whole]):
    """Systemic causes, their complaints, what is done about them and what it brought."""

    name: ClassVar[str] = VIEW
    version: ClassVar[int] = VERSION
    tables = (PROBLEMS, LINKS, ACTIONS)
    concerns = frozenset(event.NAME for event in EVENTS)

    def load(self, connection: Link, streams: Sequence[UUID]) -> Mapping[UUID, Whole]:
        links: dict[UUID, dict[UUID, Linked]] = {}
        for values in sql.rows_of(connection, self.on(LINKS), streams):
            links.setdefault(values[0], {})[values[1]] = Linked(*values)
        actions: dict[UUID, dict[UUID, Action]] = {}
        for values in sql.rows_of(connection, self.on(ACTIONS), streams):
            actions.setdefault(values[0], {})[values[1]] = Action(*values)
        heads = (Head(*values) for values in sql.rows_of(connection, self.on(PROBLEMS), streams))
        return {
            head.stream: Whole(head, links.get(head.stream, {}), actions.get(head.stream, {})) for head in heads
        }  # fmt: skip

    def step(self, state: Whole | None, recorded: Recorded) -> Whole:
        at = recorded.envelope.occurred_at
        known = state or Whole(Head(recorded.stream, recorded.envelope.business_unit, at))
        match recorded.event:
            case ProblemSuspected() | ProblemLinked() | ProblemUnlinked():
                return _of_links(known, recorded, at)
            case ProblemActionAssigned() | ProblemActionCompleted():
                return _of_actions(known, recorded, at)
        return replace(known, head=_of_head(known.head, recorded, at))

    def save(self, changes: Changes[Whole]) -> None:
        states = changes.states.values()
        sql.replace(changes.connection, self.on(PROBLEMS), changes.old, (state.head for state in states))
        links = (link for state in states for link in state.links.values())
        sql.replace(changes.connection, self.on(LINKS), changes.old, links)
        actions = (action for state in states for action in state.actions.values())
        sql.replace(changes.connection, self.on(ACTIONS), changes.old, actions)


def _of_head(head: Head, recorded: Recorded, at: datetime) -> Head:
    match recorded.event:
        case ProblemOpened() as event:
            return head._replace(opened_at=at, cause=event.cause, code=event.code, owner=event.owner)
        case ProblemClosed(mended=mended):
            return head._replace(closed_at=at, mended=mended)
        case ProblemLessonRecorded() as event:
            return head._replace(happened=event.happened, changed=event.changed)
        case ProblemEffectMeasured() as event:
            return head._replace(
                measured_on=event.measured_on, before_per_day=event.before_per_day, after_per_day=event.after_per_day
            )
    return head


def _of_links(known: Whole, recorded: Recorded, at: datetime) -> Whole:
    stream, by_rule = recorded.stream, recorded.envelope.actor.startswith("rule:")
    match recorded.event:
        case ProblemSuspected(complaints=complaints):
            found = {one: Linked(stream, one, at, by_rule) for one in complaints}
            return replace(known, head=known.head._replace(suspected_at=at), links={**known.links, **found})
        case ProblemLinked(complaint=complaint):
            return replace(known, links={**known.links, complaint: Linked(stream, complaint, at, by_rule)})
        case ProblemUnlinked(complaint=complaint):
            before = known.links.get(complaint, Linked(stream, complaint, at, by_rule))
            return replace(known, links={**known.links, complaint: before._replace(inside=False)})
    return known


def _of_actions(known: Whole, recorded: Recorded, at: datetime) -> Whole:
    match recorded.event:
        case ProblemActionAssigned() as event:
            made = Action(recorded.stream, event.action_id, at, event.team, event.owner, event.due)
            return replace(known, actions={**known.actions, event.action_id: made})
        case ProblemActionCompleted(action_id=action_id) if action_id in known.actions:
            done = known.actions[action_id]._replace(completed_at=at)
            return replace(known, actions={**known.actions, action_id: done})
    return known
