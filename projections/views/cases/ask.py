"""Which cases are there, and which one is meant."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import Field
from sqlalchemy import ColumnElement, Table, and_, or_, select

from engine.complaint.number import meant
from projections import sql
from projections.answers import Answer, Moment, OfView, Question, Snapshot, day_of
from projections.runtime import copies
from projections.runtime.progress import Name
from projections.views.cases import order
from projections.views.cases import rows as written
from projections.views.cases.rows import VERSION, VIEW, Standing
from projections.views.search import ask as search
from projections.views.sla_timers import ask as timers
from projections.views.sla_timers.ask import NextDue
from schemas.words import Channel, ComplaintType, ExitReason, Origin, Outcome, Priority, Sense, Stage

NAME = (VIEW, VERSION)
CASES = copies.live(written.CASES)
MOST = 500
"""Rows of one page at most."""


class ListFilter(Question):
    """Which cases to list; every condition that is given must hold. None of them is a text of a person."""

    kind: Literal["complaint", "feedback"] | None = None
    number: str | None = None
    open: bool | None = None
    """Neither closed nor left by an exit."""
    stage: Standing | None = None
    channel: Channel | None = None
    type: ComplaintType | None = None
    product: str | None = None
    priority: Priority | None = None
    outcome: Outcome | None = None
    team: str | None = None
    assignee: str | None = None
    business_unit: str | None = None
    """The unit that the case belongs to now."""
    origin: Origin | None = None
    sort: Literal["opened", "due"] = "opened"
    """The latest opened first; or what is due next first, and only cases of which anything is due."""
    limit: Annotated[int, Field(ge=1, le=MOST)] = 50
    cursor: str | None = None
    """``next`` of the page before."""


class CaseFilter(ListFilter):
    """The same, and words to search for. They may be personal: send them in a body, never in an address."""

    search: Annotated[str, Field(min_length=1, max_length=500)] | None = None
    """Words that were said in the case, in Russian or English, all of them; ``"..."`` is a phrase. Also its number,
    or a serial number, order, reference or contact."""
    reference: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    """Exactly this number of the case, serial number, order, reference of another system or contact."""


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
    """A page of cases, in the order that was asked for."""

    cases: tuple[CaseItem, ...]
    next: str | None
    """Cursor of the next page; null on the last."""


def names(wanted: CaseFilter) -> list[Name]:
    """Return the views that a question of cases needs, to be asked as of one position."""
    searches = wanted.search is not None or wanted.reference is not None
    return [NAME, *([search.NAME] if searches else []), *([timers.NAME] if wanted.sort == "due" else [])]


def listing(snapshot: Snapshot, wanted: CaseFilter) -> CaseList:
    """List cases. The snapshot is of the views that ``names`` gives.

    Raises:
        projections.api.paging.BadCursor: the cursor is not one of ours.
    """
    chosen = order.by_due(snapshot) if wanted.sort == "due" else order.by_opening(snapshot)
    query = chosen.query.where(*_conditions(snapshot, chosen.cases, wanted)).limit(wanted.limit + 1)
    if wanted.cursor is not None:
        query = query.where(chosen.behind(wanted.cursor))
    rows = sql.fetch(snapshot.connection, query)
    shown = rows[: wanted.limit]
    more = chosen.cursor(shown[-1]) if len(rows) > len(shown) else None
    due = timers.next_due(snapshot, [row["stream"] for row in shown])
    return CaseList(**snapshot.stamp(), cases=tuple(_item(row, due) for row in shown), next=more)


def find(snapshot: Snapshot, reference: str) -> UUID | None:
    """Return the case that a number (``PL-...``) or an id names, or None."""
    try:
        condition = CASES.c.stream == UUID(reference)
    except ValueError:
        condition = CASES.c.number == meant(reference)
    found = sql.fetch(snapshot.connection, select(CASES.c.stream).where(condition).limit(1))
    return found[0]["stream"] if found else None


_OWN_WAY: Final = {"search", "reference", "open", "sort", "limit", "cursor", "at_least"}


def _conditions(snapshot: Snapshot, table: Table, wanted: CaseFilter) -> list[ColumnElement[bool]]:
    """The unit is a condition like any other, never a policy of rows: that would keep the index of words from use."""
    plain = wanted.model_dump(exclude=_OWN_WAY, exclude_none=True)
    if wanted.number is not None:
        plain["number"] = meant(wanted.number)
    conditions: list[ColumnElement[bool]] = [table.c[name] == value for name, value in plain.items()]
    if wanted.open is not None:
        ended = table.c.stage.in_(["closed", "exited"])
        conditions.append(~ended if wanted.open else ended)
    if wanted.reference is not None:
        conditions.append(table.c.stream.in_(_named(snapshot, table, wanted.reference)))
    if wanted.search is not None:
        conditions.append(_found(snapshot, table, wanted.search))
    return conditions


def _found(snapshot: Snapshot, table: Table, wanted: str) -> ColumnElement[bool]:
    """What a search finds by its words, and what it names as a whole."""
    named = _named(snapshot, table, wanted)
    words = search.said(snapshot, wanted, table.c.stream)
    if not words:
        return table.c.stream.in_(named)
    return or_(and_(*words), table.c.stream.in_(named)) if named else and_(*words)


def _named(snapshot: Snapshot, table: Table, reference: str) -> list[UUID]:
    """The cases whose number this is, or in which this code was given."""
    numbered = sql.fetch(snapshot.connection, select(table.c.stream).where(table.c.number == meant(reference)))
    return [*(row["stream"] for row in numbered), *search.coded(snapshot, reference)]


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
