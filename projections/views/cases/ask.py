"""Which cases are there, and which one is meant."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field
from sqlalchemy import ColumnElement, select, tuple_

from projections import sql
from projections.answers import Answer, Moment, OfView, Question, Snapshot, day_of
from projections.api import paging
from projections.runtime import copies
from projections.views.cases import rows as written
from projections.views.cases.rows import VERSION, VIEW, Standing
from projections.views.sla_timers import ask as timers
from projections.views.sla_timers.ask import NextDue
from schemas.words import Channel, ComplaintType, ExitReason, Origin, Outcome, Priority, Sense, Stage

NAME = (VIEW, VERSION)
CASES = copies.live(written.CASES)
MOST = 500
"""Rows of one page at most."""


class CaseFilter(Question):
    """Which cases to list; every condition that is given must hold."""

    kind: Literal["complaint", "feedback"] | None = None
    number: str | None = None
    stage: Standing | None = None
    channel: Channel | None = None
    type: ComplaintType | None = None
    team: str | None = None
    assignee: str | None = None
    business_unit: str | None = None
    origin: Origin | None = None
    limit: Annotated[int, Field(ge=1, le=MOST)] = 50
    cursor: str | None = None
    """``next`` of the page before."""


class CaseItem(Answer):
    """One case of a list. ``opened_on`` stands instead of ``opened_at`` where only the day is known."""

    id: UUID
    kind: Literal["complaint", "feedback"]
    number: str | None
    channel: Channel | None
    stage: Standing | None
    cycle: int
    exit_stage: Stage | None
    exit_reason: ExitReason | None
    outcome: Outcome | None
    type: ComplaintType | None
    product: str | None
    priority: Priority | None
    team: str | None
    assignee: str | None
    business_unit: str
    origin: Origin
    opened_at: Moment | None
    opened_on: date | None
    received_at: Moment | None
    last_event_at: Moment
    resolved_at: Moment | None
    closed_at: Moment | None
    sense: Sense | None
    became: UUID | None
    version: int
    next_due: NextDue | None
    """The open clock that is due first, as of the view's position; null also while the timers are being rebuilt."""


class CaseList(OfView):
    """A page of cases, the latest opened first."""

    cases: tuple[CaseItem, ...]
    next: str | None
    """Cursor of the next page; null on the last."""


def listing(snapshot: Snapshot, wanted: CaseFilter) -> CaseList:
    """List cases, the latest opened first.

    Raises:
        projections.api.paging.BadCursor: the cursor is not one of ours.
    """
    query = select(CASES).where(*_conditions(wanted)).order_by(CASES.c.opened_at.desc(), CASES.c.stream.desc())
    rows = sql.fetch(snapshot.connection, query.limit(wanted.limit + 1))
    shown = rows[: wanted.limit]
    more = paging.cursor(shown[-1]["opened_at"], shown[-1]["stream"]) if len(rows) > len(shown) else None
    due = timers.next_due(snapshot, [row["stream"] for row in shown])
    return CaseList(**snapshot.stamp(), cases=tuple(_item(row, due) for row in shown), next=more)


def find(snapshot: Snapshot, reference: str) -> UUID | None:
    """Return the case that a number (``PL-...``) or an id names, or None."""
    try:
        condition = CASES.c.stream == UUID(reference)
    except ValueError:
        condition = CASES.c.number == reference.strip().upper()
    found = sql.fetch(snapshot.connection, select(CASES.c.stream).where(condition).limit(1))
    return found[0]["stream"] if found else None


def _conditions(wanted: CaseFilter) -> list[ColumnElement[bool]]:
    plain = wanted.model_dump(exclude={"limit", "cursor", "at_least"}, exclude_none=True)
    conditions: list[ColumnElement[bool]] = [CASES.c[name] == value for name, value in plain.items()]
    if wanted.cursor is not None:
        conditions.append(tuple_(CASES.c.opened_at, CASES.c.stream) < paging.after(wanted.cursor, (datetime, UUID)))
    return conditions


def _item(row: Mapping[str, Any], due: Mapping[UUID, NextDue]) -> CaseItem:
    by_day = row["opened_precision"] == "day"
    shared = CaseItem.model_fields.keys() & row.keys() - {"opened_at"}
    return CaseItem(
        id=row["stream"],
        exit_stage=row["stage_before_exit"],
        version=row["event_count"],
        opened_at=None if by_day else row["opened_at"],
        opened_on=day_of(row["opened_at"], row["opened_zone"]) if by_day else None,
        next_due=due.get(row["stream"]),
        **{name: row[name] for name in shared},
    )
