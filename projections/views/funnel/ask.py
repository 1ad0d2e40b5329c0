"""How many complaints went into each stage, how many came out, how, and how long it took."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Literal

from sqlalchemy import ColumnElement, Label, and_, func, null, select

from projections import sql
from projections.answers import Answer, OfView, Snapshot
from projections.runtime import copies
from projections.views.funnel import narrow, quick, tables
from projections.views.funnel.narrow import CASES, Dimension, Narrowed, Period
from projections.views.funnel.stages import ORDER
from projections.views.funnel.tables import VERSION, VIEW
from schemas.words import ExitReason, Sense, Stage

NAME = (VIEW, VERSION)
PASSAGES = copies.live(tables.PASSAGES)
LEFT = PASSAGES.c.ended.is_not(None)
ENTERED: Mapping[str, ColumnElement[bool] | None] = {
    "entered": None,
    "left": LEFT,
    "passed": PASSAGES.c.ended == "passed",
    "skipped": PASSAGES.c.entries == 0,
    "exited": PASSAGES.c.ended == "exited",
    "there_now": PASSAGES.c.ended.is_(None),
}
"""What each number of a stage counts."""
_TOTALS = ("received", "registered", "converted", "reopened", "waited", "rated", "satisfied", "dissatisfied")


class FunnelFilter(Narrowed):
    """Which complaints to count, and by what to break the stages down."""

    of: Literal["receipt", "passage"] = "receipt"
    """What days mean for stages: of the complaint's receipt, or of entering the stage."""
    by: Period | None = None
    per: Dimension | None = None
    detail: bool = False
    """Also distinct complainants and times, for which every case is looked at."""


class Complainants(Answer):
    """The same numbers, of distinct complainants; one person may stand in several of them."""

    entered: int
    passed: int
    exited: int
    there_now: int


class Times(Answer):
    """How long the stage took those who left it, not counting who skipped it; seconds, null where nobody did.

    Working time is that of each case's pinned calendar; cases without one do not enter into it.
    """

    median_seconds: float | None
    p90_seconds: float | None
    median_worked_seconds: float | None
    p90_worked_seconds: float | None


class StageCounts(Answer):
    """One stage, counted over all cycles. ``entered`` = ``passed`` + ``exited`` + ``there_now``.

    A stage of a cycle counts once however often it was entered; ``skipped`` of the passed ones
    were passed in no time. ``left`` is the sum of passed and exited.
    """

    stage: Stage
    entered: int
    left: int
    passed: int
    skipped: int
    exited: int
    exits: Mapping[ExitReason, int]
    there_now: int
    conversion: float | None
    """Passed as a share of entered; null where none entered, and for ``closed``, which only a reopening leaves."""
    complainants: Complainants | None
    """Null unless ``detail`` was asked for; so are the times."""
    times: Times | None


class StageGroup(Answer):
    """The stages of one period, of one value, or of both; a null ``key`` stands for cases of which it is unknown."""

    begins: date | None
    """First day of the period; null without ``by``."""
    key: str | None
    stages: tuple[StageCounts, ...]


class FeedbackCounts(Answer):
    """Messages that are not complaints, apart from the funnel."""

    received: int
    by_sense: Mapping[Sense, int]
    became_complaint: int


class Funnel(OfView):
    """The funnel of the complaints that were asked for. Numbers outside of ``stages`` go by the day of receipt."""

    received: int
    complainants: int | None
    """Distinct ones; null unless ``detail`` was asked for."""
    registered: int
    stages: tuple[StageCounts, ...]
    groups: tuple[StageGroup, ...]
    """The same, broken down; none unless asked for. Each number of ``stages`` is the sum of theirs."""
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
    rated: int
    """Complaints of which some cycle was rated."""
    satisfied: int
    """By the complainant's last word in the running cycle: outcome accepted, or marks of at least 4 out of 5."""
    dissatisfied: int
    feedback: FeedbackCounts


def counts(snapshot: Snapshot, wanted: FunnelFilter) -> Funnel:
    """Count complaints by stage, for those of the given days and of the given kind."""
    if quick.fits(wanted):
        return _quickly(snapshot, wanted)
    grouped = _stages(snapshot, wanted, _parts(wanted))
    whole = _stages(snapshot, wanted, ()).get((), ()) if wanted.by or wanted.per else grouped.get((), ())
    stages = whole or tuple(_stage(stage, None, (), detail=wanted.detail) for stage in ORDER)
    return Funnel(
        **snapshot.stamp(),
        **sql.fetch(snapshot.connection, _totals(narrow.conditions(wanted), detail=wanted.detail))[0],
        stages=stages,
        groups=_groups(grouped, wanted) if wanted.by or wanted.per else (),
        exits=_together(stages),
        feedback=_feedback(snapshot, narrow.conditions(wanted)),
    )


def _quickly(snapshot: Snapshot, wanted: FunnelFilter) -> Funnel:
    """The same from the tally."""
    found = quick.read(snapshot, wanted)
    numbers = quick.together(found)
    stages = _of_numbers(numbers)
    grouped = {group: _of_numbers(own) for group, own in found.items() if any("/" in what for what in own)}
    grouped = {group: made for group, made in grouped.items() if any(one.entered for one in made)}
    senses: dict[Any, int] = {
        what.removeprefix("feedback/"): n for what, n in numbers.items() if what.startswith("feedback/")
    }
    totals: dict[str, Any] = {name: numbers.get(name, 0) for name in (*_TOTALS, "reopenings", "waits")}
    return Funnel(
        **snapshot.stamp(),
        **totals,
        complainants=None,
        stages=stages,
        groups=_groups(grouped, wanted) if wanted.by or wanted.per else (),
        exits=_together(stages),
        feedback=FeedbackCounts(
            received=sum(senses.values()),
            by_sense=dict(sorted(senses.items())),
            became_complaint=numbers.get("became", 0),
        ),
    )


def _of_numbers(numbers: quick.Numbers) -> tuple[StageCounts, ...]:
    return tuple(_stage(stage, *quick.stage_row(stage, numbers)) for stage in ORDER)


def _together(stages: Iterable[StageCounts]) -> dict[ExitReason, int]:
    exits: dict[ExitReason, int] = {}
    for stage in stages:
        for reason, number in stage.exits.items():
            exits[reason] = exits.get(reason, 0) + number
    return dict(sorted(exits.items()))


def of_passages(wanted: FunnelFilter) -> list[ColumnElement[bool]]:
    """Return the conditions that passages of a question meet; their cases must be joined."""
    day = CASES.c.received_on if wanted.of == "receipt" else PASSAGES.c.entered_on
    return narrow.of_dimensions(wanted) + narrow.of_days(wanted, day)


def total(name: str) -> ColumnElement[bool]:
    """Return what a case must meet to be counted by a number of ``Funnel`` other than its stages."""
    closed = select(PASSAGES.c.stream).where(
        PASSAGES.c.stream == CASES.c.stream, PASSAGES.c.stage == "closed", PASSAGES.c.entries > 0
    )
    complaint = CASES.c.kind == "complaint"
    meanings: Mapping[str, ColumnElement[bool]] = {
        "received": complaint,
        "registered": CASES.c.registered,
        "converted": closed.exists(),
        "reopened": CASES.c.reopenings > 0,
        "waited": CASES.c.waits > 0,
        "rated": CASES.c.rated,
        "satisfied": CASES.c.satisfied.is_(True),
        "dissatisfied": CASES.c.satisfied.is_(False),
    }
    return and_(complaint, meanings[name])


def _parts(wanted: FunnelFilter) -> tuple[Label[Any], ...]:
    day = CASES.c.received_on if wanted.of == "receipt" else PASSAGES.c.entered_on
    return narrow.parts(wanted.by, CASES.c[wanted.per] if wanted.per else None, day)


def _stages(
    snapshot: Snapshot, wanted: FunnelFilter, parts: Sequence[Label[Any]]
) -> dict[tuple[Any, ...], tuple[StageCounts, ...]]:
    """Return the five stages of each group; the group of no parts is the whole."""
    names = [part.name for part in parts]
    found = sql.fetch(snapshot.connection, _counted(wanted, parts))
    exits = sql.fetch(snapshot.connection, _exits(wanted, parts))
    figures: dict[tuple[Any, ...], dict[Stage, Mapping[str, Any]]] = {}
    for row in found:
        figures.setdefault(tuple(row[name] for name in names), {})[row["stage"]] = row
    reasons: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    for row in exits:
        reasons.setdefault((*(row[name] for name in names), row["stage"]), []).append(row)
    return {
        group: tuple(
            _stage(stage, rows.get(stage), reasons.get((*group, stage), ()), detail=wanted.detail) for stage in ORDER
        )
        for group, rows in figures.items()
    }


def _counted(wanted: FunnelFilter, parts: Sequence[Label[Any]]) -> Any:
    who = [("who_", func.count(CASES.c.complainant.distinct()))] if wanted.detail else []
    numbers = [
        made.label(f"{prefix}{name}")
        for prefix, counted in (("", func.count()), *who)
        for name, meaning in ENTERED.items()
        for made in [counted if meaning is None else counted.filter(meaning)]
    ]
    times = [
        func.percentile_cont(share)
        .within_group(PASSAGES.c[column].asc())
        .filter(LEFT, PASSAGES.c.entries > 0)
        .label(f"{word}_{column}")
        for word, share in (("median", 0.5), ("p90", 0.9))
        for column in ("seconds", "worked_seconds")
    ]
    return (
        select(PASSAGES.c.stage, *parts, *numbers, *(times if wanted.detail else ()))
        .join_from(PASSAGES, CASES, PASSAGES.c.stream == CASES.c.stream)
        .where(*of_passages(wanted))
        .group_by(PASSAGES.c.stage, *parts)
        .order_by(*parts)
    )


def _exits(wanted: FunnelFilter, parts: Sequence[Label[Any]]) -> Any:
    kinds = (PASSAGES.c.stage, PASSAGES.c.exit_reason.label("reason"), *parts)
    return (
        select(*kinds, func.count().label("n"))
        .join_from(PASSAGES, CASES, PASSAGES.c.stream == CASES.c.stream)
        .where(PASSAGES.c.ended == "exited", *of_passages(wanted))
        .group_by(*kinds)
        .order_by(PASSAGES.c.exit_reason)
    )


def _stage(
    stage: Stage, row: Mapping[str, Any] | None, exits: Sequence[Mapping[str, Any]], *, detail: bool = False
) -> StageCounts:
    row = row or {}
    numbers: dict[str, int] = {name: row.get(name, 0) for name in ENTERED}
    entered, passed = numbers["entered"], numbers["passed"]
    people = Complainants(**{name: row.get(f"who_{name}", 0) for name in Complainants.model_fields})
    return StageCounts(
        stage=stage,
        **numbers,
        exits={one["reason"]: one["n"] for one in exits},
        conversion=round(passed / entered, 4) if entered and stage != "closed" else None,
        complainants=people if detail else None,
        times=Times(**{name: _rounded(row.get(name)) for name in Times.model_fields}) if detail else None,
    )


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)


def _groups(grouped: Mapping[tuple[Any, ...], tuple[StageCounts, ...]], wanted: FunnelFilter) -> tuple[StageGroup, ...]:
    names = [name for name, asked in (("begins", wanted.by), ("key", wanted.per)) if asked]
    made = (
        StageGroup(**{"begins": None, "key": None, **dict(zip(names, group, strict=True))}, stages=stages)
        for group, stages in grouped.items()
    )
    return tuple(sorted(made, key=lambda one: narrow.order(one.begins, one.key)))


def _totals(conditions: Sequence[ColumnElement[bool]], *, detail: bool) -> Any:
    who = func.count(CASES.c.complainant.distinct()) if detail else null()
    return select(
        *(func.count().filter(total(name)).label(name) for name in _TOTALS),
        who.label("complainants"),
        func.coalesce(func.sum(CASES.c.reopenings), 0).label("reopenings"),
        func.coalesce(func.sum(CASES.c.waits), 0).label("waits"),
    ).where(CASES.c.kind == "complaint", *conditions)


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


def _by(rows: Iterable[Mapping[str, Any]]) -> dict[Any, int]:
    return dict(sorted((row["key"], row["n"]) for row in rows))
