"""Exactly which cases stand behind a number of the funnel, and how far each month's complaints have come."""

from datetime import date
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator
from sqlalchemy import Text, cast, func, null, select, tuple_

from projections import sql
from projections.answers import Answer, Moment, OfView, Snapshot
from projections.api import paging
from projections.views.funnel import narrow
from projections.views.funnel.ask import ENTERED, PASSAGES, FunnelFilter, of_passages, total
from projections.views.funnel.narrow import CASES, Narrowed
from projections.views.funnel.stages import ORDER
from schemas.words import ExitReason, Stage

Ended = Literal["entered", "left", "passed", "skipped", "exited", "there_now"]
Total = Literal["received", "registered", "converted", "reopened", "waited", "rated", "satisfied", "dissatisfied"]


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
    query = _of_total(wanted.total, wanted) if wanted.total else _of_stage(wanted)
    found = query.subquery()
    number = sql.fetch(snapshot.connection, select(func.count().label("n")).select_from(found))[0]["n"]
    order = (found.c.case, found.c.cycle, found.c.sorted)
    page = select(found).order_by(*order).limit(wanted.limit + 1)
    if wanted.cursor is not None:
        page = page.where(tuple_(*order) > paging.after(wanted.cursor, (UUID, int, str)))
    rows = sql.fetch(snapshot.connection, page)
    shown = rows[: wanted.limit]
    last = shown[-1] if len(rows) > len(shown) else None
    return BehindList(
        **snapshot.stamp(),
        count=number,
        cases=tuple(Behind(**{name: row[name] for name in Behind.model_fields}) for row in shown),
        next=paging.cursor(last["case"], last["cycle"], last["sorted"]) if last else None,
    )


_SHARED = (CASES.c.stream.label("case"), CASES.c.number, CASES.c.received_on)


def _of_stage(wanted: BehindFilter):  # type: ignore[no-untyped-def] # a Select of eleven columns
    meaning = ENTERED[wanted.ended or "entered"]
    query = (
        select(
            *_SHARED, PASSAGES.c.cycle, PASSAGES.c.stage, PASSAGES.c.entered_at, PASSAGES.c.left_at,
            PASSAGES.c.ended, PASSAGES.c.exit_reason, PASSAGES.c.seconds, PASSAGES.c.worked_seconds,
            PASSAGES.c.stage.label("sorted"),
        )
        .join_from(PASSAGES, CASES, PASSAGES.c.stream == CASES.c.stream)
        .where(*of_passages(wanted))
    )  # fmt: skip
    if meaning is not None:
        query = query.where(meaning)
    if wanted.stage is not None:
        query = query.where(PASSAGES.c.stage == wanted.stage)
    return query if wanted.reason is None else query.where(PASSAGES.c.exit_reason == wanted.reason)


def _of_total(name: Total, wanted: BehindFilter):  # type: ignore[no-untyped-def] # a Select of eleven columns
    nothing = (null().label(one) for one in ("entered_at", "left_at", "ended", "seconds", "worked_seconds"))
    return select(
        *_SHARED, CASES.c.cycle, CASES.c.stage, CASES.c.exit_reason, *nothing, cast("", Text).label("sorted")
    ).where(total(name), *narrow.conditions(wanted))


def cohorts(snapshot: Snapshot, wanted: Narrowed) -> Cohorts:
    """Return how far the complaints of each month of receipt have come by now."""
    month = narrow.bucket("month", CASES.c.received_on).label("month")
    conditions = narrow.conditions(wanted)
    whole = (
        select(
            month, func.count().label("received"), func.count(CASES.c.complainant.distinct()).label("complainants"),
            func.count().filter(total("converted")).label("converted"),
        )
        .where(CASES.c.kind == "complaint", *conditions).group_by(month).order_by(month)
    )  # fmt: skip
    came = (
        select(month, PASSAGES.c.stage, func.count(PASSAGES.c.stream.distinct()).label("n"))
        .join_from(PASSAGES, CASES, PASSAGES.c.stream == CASES.c.stream)
        .where(*conditions)
        .group_by(month, PASSAGES.c.stage)
    )
    numbers = {(row["month"], row["stage"]): row["n"] for row in sql.fetch(snapshot.connection, came)}
    made = []
    for row in sql.fetch(snapshot.connection, whole):
        reached = {stage: numbers.get((row["month"], stage), 0) for stage in ORDER}
        shares = {stage: round(number / row["received"], 4) for stage, number in reached.items()}
        made.append(Cohort(**row, reached=reached, shares=shares))
    return Cohorts(**snapshot.stamp(), cohorts=tuple(made))
