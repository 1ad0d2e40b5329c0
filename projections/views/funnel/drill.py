"""Exactly which cases stand behind a number of the funnel, and how far each month's complaints have come."""

from datetime import date
from typing import Annotated, Any, Final, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator
from sqlalchemy import ColumnElement, Select, func, null, select, tuple_

from projections import sql
from projections.answers import Answer, Moment, OfView, Snapshot
from projections.api import paging
from projections.views.funnel import narrow, quick
from projections.views.funnel.ask import FunnelFilter, Rows, total
from projections.views.funnel.narrow import Narrowed
from projections.views.funnel.stages import ORDER
from projections.views.funnel.tables import VIEW
from schemas.words import ExitReason, Stage

Ended = Literal["entered", "left", "passed", "skipped", "exited", "there_now"]
Total = Literal["received", "registered", "converted", "reopened", "waited", "rated", "satisfied", "dissatisfied"]


_OF_PASSAGE: Final = (
    "cycle", "stage", "entered_at", "left_at", "ended", "exit_reason", "seconds", "worked_seconds",
)  # fmt: skip


class BehindFilter(FunnelFilter):
    """Which number: ``total``, or of a ``stage`` (left out: of all) how it ``ended`` and by which exit.

    The other conditions are those with which the number was asked for; for one of a group, its period
    by ``from`` and ``to`` and its value by the dimension, or ``unknown``.
    """

    total: Total | None = None
    stage: Stage | None = None
    ended: Ended | None = None
    reason: ExitReason | None = None
    limit: Annotated[int, Field(ge=1, le=500)] = 50
    cursor: str | None = None
    """``next`` of the page before."""

    @model_validator(mode="after")
    def _is_one_number(self) -> Self:
        if self.total is not None and (self.stage or self.ended or self.reason):
            raise ValueError("'total' names a number by itself; leave stage, ended and reason out")
        return self


class Behind(Answer):
    """One case that a number counts; once per cycle and stage where the number counts these."""

    case: UUID
    number: str | None
    received_on: date
    cycle: int
    """For a total: the running one."""
    stage: Stage | None
    entered_at: Moment | None
    left_at: Moment | None
    ended: str | None
    exit_reason: ExitReason | None
    seconds: float | None
    worked_seconds: float | None


class BehindList(OfView):
    """A page of them by id; ``count`` is the number itself."""

    count: int
    cases: tuple[Behind, ...]
    next: str | None


class Cohort(Answer):
    """The complaints received in one month: how many of them came to each stage in any cycle.

    A stage passed over counts as reached, as it counts as passed.
    """

    month: date
    received: int
    complainants: int
    reached: dict[Stage, int]
    shares: dict[Stage, float]
    """Of those received."""
    converted: int
    """Closed in some cycle, not by an exit."""


class Cohorts(OfView):
    """By month of receipt, the first one first."""

    cohorts: tuple[Cohort, ...]


def behind(snapshot: Snapshot, wanted: BehindFilter) -> BehindList:
    """List the cases behind a number.

    Raises:
        projections.api.paging.BadCursor: the cursor is not one of ours.
    """
    rows = Rows.of(snapshot)
    query, order = _of_total(rows, wanted, wanted.total) if wanted.total else _of_stage(rows, wanted)
    page = query.order_by(*order).limit(wanted.limit + 1)
    if wanted.cursor is not None:
        last = paging.after(VIEW, wanted.cursor, (UUID, int, str))
        page = page.where(tuple_(*order) > last[: len(order)])
    count = _kept_number(snapshot, wanted) if _is_kept(wanted) else _counted(snapshot, query)
    found = sql.fetch(snapshot.connection, page) if count else []
    shown = found[: wanted.limit]
    end = shown[-1] if len(found) > len(shown) else None
    return BehindList(
        **snapshot.stamp(),
        count=count,
        cases=tuple(Behind(**{name: row[name] for name in Behind.model_fields}) for row in shown),
        next=paging.cursor(VIEW, end["case"], end["cycle"], end["stage"] or "") if end else None,
    )


def _is_kept(wanted: BehindFilter) -> bool:
    """Whether the number is told by what is kept: of exits by reason that is the number of exits."""
    return quick.fits(_asked(wanted)) and (wanted.reason is None or wanted.ended in (None, "entered", "left", "exited"))


def _asked(wanted: BehindFilter) -> FunnelFilter:
    """Return the question whose number is listed."""
    given = {name: getattr(wanted, name) for name in FunnelFilter.model_fields}
    return FunnelFilter.model_construct(**{**given, "by": None, "per": None, "detail": False})


def _kept_number(snapshot: Snapshot, wanted: BehindFilter) -> int:
    found = quick.read(snapshot, _asked(wanted))
    if wanted.total:
        return found.totals.get(wanted.total, 0)
    stages = (wanted.stage,) if wanted.stage else ORDER
    if wanted.reason is not None:
        return sum(found.whole.get(f"{stage}/exited/{wanted.reason}", 0) for stage in stages)
    counted = quick.of_stages(found.whole)
    return sum(counted[stage][0].get(wanted.ended or "entered", 0) for stage in stages if stage in counted)


def _counted(snapshot: Snapshot, query: Select[Any]) -> int:
    counted = select(func.count().label("n")).select_from(query.subquery())
    return int(sql.fetch(snapshot.connection, counted)[0]["n"])


def _of_stage(rows: Rows, wanted: BehindFilter) -> tuple[Select[Any], tuple[ColumnElement[Any], ...]]:
    passages = rows.passages.c
    columns = (getattr(passages, name) for name in _OF_PASSAGE)
    query = select(*_of_case(rows), *columns).select_from(rows.joined()).where(*rows.conditions(wanted))
    meaning = rows.ended(wanted.ended or "entered")
    if meaning is not None:
        query = query.where(meaning)
    if wanted.stage is not None:
        query = query.where(passages.stage == wanted.stage)
    if wanted.reason is not None:
        query = query.where(passages.exit_reason == wanted.reason)
    return query, (passages.stream, passages.cycle, passages.stage)


def _of_total(rows: Rows, wanted: BehindFilter, name: Total) -> tuple[Select[Any], tuple[ColumnElement[Any], ...]]:
    cases = rows.cases.c
    nothing = (null().label(one) for one in _OF_PASSAGE if one not in {"cycle", "stage", "exit_reason"})
    query = select(*_of_case(rows), cases.cycle, cases.stage, cases.exit_reason, *nothing)
    meant = total(name, rows.cases, rows.passages)
    return query.where(meant, *narrow.conditions(wanted, rows.cases)), (cases.stream,)


def _of_case(rows: Rows) -> tuple[ColumnElement[Any], ...]:
    return rows.cases.c.stream.label("case"), rows.cases.c.number, rows.cases.c.received_on


def cohorts(snapshot: Snapshot, wanted: Narrowed) -> Cohorts:
    """Return how far the complaints of each month of receipt have come by now."""
    kept = quick.by_month(snapshot, wanted)
    months = months_of_cases(snapshot, wanted) if kept is None else kept
    made = (cohort(month, numbers) for month, numbers in sorted(months.items()) if numbers.get("received"))
    return Cohorts(**snapshot.stamp(), cohorts=tuple(made))


def cohort(month: date, numbers: quick.Numbers) -> Cohort:
    """Return a cohort by the numbers of its month."""
    received = numbers["received"]
    reached = {stage: numbers.get(f"reached/{stage}", 0) for stage in ORDER}
    return Cohort(
        month=month,
        received=received,
        complainants=numbers.get("people/received", 0),
        reached=reached,
        shares={stage: round(number / received, 4) for stage, number in reached.items()},
        converted=numbers.get("converted", 0),
    )


def months_of_cases(snapshot: Snapshot, wanted: Narrowed) -> dict[date, dict[str, int]]:
    """Return the same numbers by looking at every case, under the names by which they are kept."""
    rows = Rows.of(snapshot)
    month = narrow.bucket("month", rows.cases.c.received_on).label("month")
    conditions = narrow.conditions(wanted, rows.cases)
    people = func.count(rows.cases.c.complainant.distinct()).label("people/received")
    closed = func.count().filter(total("converted", rows.cases, rows.passages)).label("converted")
    whole = (
        select(month, func.count().label("received"), people, closed)
        .where(rows.cases.c.kind == "complaint", *conditions)
        .group_by(month)
    )
    came = (
        select(month, rows.passages.c.stage, func.count(rows.passages.c.stream.distinct()).label("n"))
        .select_from(rows.joined())
        .where(*conditions)
        .group_by(month, rows.passages.c.stage)
    )
    found = {row.pop("month"): row for row in sql.fetch(snapshot.connection, whole)}
    for row in sql.fetch(snapshot.connection, came):
        found.setdefault(row["month"], {})[f"reached/{row['stage']}"] = row["n"]
    return found
