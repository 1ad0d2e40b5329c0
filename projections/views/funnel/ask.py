"""How many complaints went into each stage, how many came out, and how."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from pydantic import Field
from sqlalchemy import ColumnElement, func, select

from projections import sql
from projections.answers import Answer, OfView, Question, Snapshot
from projections.runtime import copies
from projections.views.funnel import rows as written
from projections.views.funnel.rows import VERSION, VIEW
from projections.views.funnel.stages import ORDER
from schemas.words import Channel, ComplaintType, ExitReason, Origin, Sense, Stage

NAME = (VIEW, VERSION)
CASES, PASSAGES = copies.live(written.CASES), copies.live(written.PASSAGES)


class FunnelFilter(Question):
    """Which complaints to count; every condition that is given must hold."""

    from_: date | None = Field(default=None, alias="from")
    """Received on this day or later."""
    to: date | None = None
    """Received on this day or earlier."""
    channel: Channel | None = None
    type: ComplaintType | None = None
    origin: Origin | None = None
    business_unit: str | None = None


class StageCounts(Answer):
    """One stage, counted over all cycles. ``entered`` = ``passed`` + ``exited`` + ``there_now``.

    A stage of a cycle counts once however often it was entered; ``skipped`` of the passed ones
    were passed in no time.
    """

    stage: Stage
    entered: int
    passed: int
    skipped: int
    exited: int
    exits: Mapping[ExitReason, int]
    there_now: int
    conversion: float | None
    """Passed as a share of entered; null where none entered, and for ``closed``, which only a reopening leaves."""


class FeedbackCounts(Answer):
    """Messages that are not complaints, apart from the funnel."""

    received: int
    by_sense: Mapping[Sense, int]
    became_complaint: int


class Funnel(OfView):
    """The funnel of the complaints that were asked for."""

    received: int
    registered: int
    stages: tuple[StageCounts, ...]
    exits: Mapping[ExitReason, int]
    """Exits of all cycles by reason."""
    converted: int
    """Complaints that went through to ``closed`` in some cycle, not by an exit."""
    reopened: int
    """Complaints with a second cycle."""
    reopenings: int
    waits: int
    """How often information was requested from a complainant."""
    waited: int
    """Complaints with such a wait."""
    satisfied: int
    """By the complainant's last word in the running cycle: outcome accepted, or marks of at least 4 out of 5."""
    dissatisfied: int
    feedback: FeedbackCounts


def counts(snapshot: Snapshot, wanted: FunnelFilter) -> Funnel:
    """Count complaints by stage, for those received in the given days and of the given kind."""
    conditions = _conditions(wanted)
    passages = sql.fetch(snapshot.connection, _passages(conditions))
    totals = sql.fetch(snapshot.connection, _totals(conditions))[0]
    stages = tuple(_stage(stage, [row for row in passages if row["stage"] == stage]) for stage in ORDER)
    return Funnel(
        **snapshot.stamp(),
        **totals,
        stages=stages,
        exits=_by(row for row in passages if row["ended"] == "exited"),
        feedback=_feedback(snapshot, conditions),
    )


def _conditions(wanted: FunnelFilter) -> list[ColumnElement[bool]]:
    plain = wanted.model_dump(exclude={"from_", "to", "at_least"}, exclude_none=True)
    conditions: list[ColumnElement[bool]] = [CASES.c[name] == value for name, value in plain.items()]
    if wanted.from_ is not None:
        conditions.append(CASES.c.received_on >= wanted.from_)
    if wanted.to is not None:
        conditions.append(CASES.c.received_on <= wanted.to)
    return conditions


def _passages(conditions: Sequence[ColumnElement[bool]]) -> Any:
    kinds = (PASSAGES.c.stage, PASSAGES.c.ended, PASSAGES.c.exit_reason.label("key"))
    return (
        select(*kinds, func.count().label("n"), func.count().filter(PASSAGES.c.entries == 0).label("skipped"))
        .join_from(PASSAGES, CASES, PASSAGES.c.stream == CASES.c.stream)
        .where(*conditions)
        .group_by(*kinds)
        .order_by(*kinds)
    )


def _totals(conditions: Sequence[ColumnElement[bool]]) -> Any:
    def complaints(*more: ColumnElement[bool]) -> Any:
        return func.count().filter(*more)

    closed = select(PASSAGES.c.stream).where(
        PASSAGES.c.stream == CASES.c.stream, PASSAGES.c.stage == "closed", PASSAGES.c.entries > 0
    )
    return select(
        func.count().label("received"),
        complaints(CASES.c.registered).label("registered"),
        complaints(closed.exists()).label("converted"),
        complaints(CASES.c.reopenings > 0).label("reopened"),
        func.coalesce(func.sum(CASES.c.reopenings), 0).label("reopenings"),
        func.coalesce(func.sum(CASES.c.waits), 0).label("waits"),
        complaints(CASES.c.waits > 0).label("waited"),
        complaints(CASES.c.satisfied.is_(True)).label("satisfied"),
        complaints(CASES.c.satisfied.is_(False)).label("dissatisfied"),
    ).where(CASES.c.kind == "complaint", *conditions)


def _stage(stage: Stage, rows: Sequence[Mapping[str, Any]]) -> StageCounts:
    entered = sum(row["n"] for row in rows)
    passed = sum(row["n"] for row in rows if row["ended"] == "passed")
    exits = [row for row in rows if row["ended"] == "exited"]
    return StageCounts(
        stage=stage,
        entered=entered,
        passed=passed,
        skipped=sum(row["skipped"] for row in rows),
        exited=sum(row["n"] for row in exits),
        exits=_by(exits),
        there_now=sum(row["n"] for row in rows if row["ended"] is None),
        conversion=round(passed / entered, 4) if entered and stage != "closed" else None,
    )


def _by(rows: Iterable[Mapping[str, Any]]) -> dict[Any, int]:
    found: dict[Any, int] = {}
    for row in rows:
        found[row["key"]] = found.get(row["key"], 0) + row["n"]
    return dict(sorted(found.items()))


def _feedback(snapshot: Snapshot, conditions: Sequence[ColumnElement[bool]]) -> FeedbackCounts:
    rows = sql.fetch(
        snapshot.connection,
        select(
            CASES.c.sense.label("key"), func.count().label("n"),
            func.count().filter(CASES.c.became.is_not(None)).label("became"),
        ).where(CASES.c.kind == "feedback", *conditions).group_by(CASES.c.sense),
    )  # fmt: skip
    return FeedbackCounts(
        received=sum(row["n"] for row in rows),
        by_sense=_by(rows),
        became_complaint=sum(row["became"] for row in rows),
    )
