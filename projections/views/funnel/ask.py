"""How many complaints went into each stage, how many came out, how, and how long it took."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain
from typing import Any, Final, Literal, Self

from sqlalchemy import ColumnElement, FromClause, Label, Table, and_, func, null, select

from projections import sql
from projections.answers import Answer, OfView, Snapshot
from projections.runtime import copies
from projections.views.funnel import narrow, quick, tables
from projections.views.funnel import times as _times
from projections.views.funnel.narrow import CASES, Dimension, Narrowed, Period
from projections.views.funnel.stages import ORDER
from projections.views.funnel.tables import VERSION, VIEW
from schemas.words import ExitReason, Sense, Stage

NAME = (VIEW, VERSION)
PASSAGES = copies.live(tables.PASSAGES)
ENTERED: Final = ("entered", "left", "passed", "skipped", "exited", "there_now")
"""The numbers of a stage."""
_TOTALS = ("received", "registered", "converted", "reopened", "waited", "rated", "satisfied", "dissatisfied")


class FunnelFilter(Narrowed):
    """Which complaints to count, and by what to break the stages down."""

    of: Literal["receipt", "passage"] = "receipt"
    """What days mean for stages: of the complaint's receipt, or of entering the stage."""
    by: Period | None = None
    per: Dimension | None = None
    detail: bool = False
    """Also distinct complainants and times; a question that is narrowed or broken down looks at each case for them."""


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
    return _quickly(snapshot, wanted) if quick.fits(wanted) else one_by_one(snapshot, wanted)


def one_by_one(snapshot: Snapshot, wanted: FunnelFilter) -> Funnel:
    """The same by looking at every case that is counted."""
    rows = Rows.of(snapshot)
    conditions = narrow.conditions(wanted, rows.cases)
    grouped = _stages(snapshot, rows, wanted, rows.parts(wanted))
    whole = _stages(snapshot, rows, wanted, ()).get((), ()) if wanted.by or wanted.per else grouped.get((), ())
    stages = whole or tuple(_stage(stage, None, {}, detail=wanted.detail) for stage in ORDER)
    return Funnel(
        **snapshot.stamp(),
        **sql.fetch(snapshot.connection, _totals(rows, conditions, detail=wanted.detail))[0],
        stages=stages,
        groups=_groups(grouped, wanted) if wanted.by or wanted.per else (),
        exits=_together(stages),
        feedback=_feedback(snapshot, rows, conditions),
    )


def _quickly(snapshot: Snapshot, wanted: FunnelFilter) -> Funnel:
    """The same from what is kept beside the cases."""
    found = quick.read(snapshot, wanted)
    times = _times.percentiles(snapshot, Rows.of(snapshot).passages) if wanted.detail else None
    stages = _of_numbers(found.whole, times)
    grouped = {group: _of_numbers(own, None) for group, own in found.groups.items()}
    grouped = {group: made for group, made in grouped.items() if any(one.entered for one in made)}
    senses: dict[Any, int] = {
        what.removeprefix("feedback/"): n for what, n in found.totals.items() if what.startswith("feedback/")
    }
    totals: dict[str, Any] = {name: found.totals.get(name, 0) for name in (*_TOTALS, "reopenings", "waits")}
    return Funnel(
        **snapshot.stamp(),
        **totals,
        complainants=found.totals.get("people/received", 0) if wanted.detail else None,
        stages=stages,
        groups=_groups(grouped, wanted) if wanted.by or wanted.per else (),
        exits=_together(stages),
        feedback=FeedbackCounts(
            received=sum(senses.values()),
            by_sense=dict(sorted(senses.items())),
            became_complaint=found.totals.get("became", 0),
        ),
    )


def _of_numbers(numbers: quick.Numbers, times: Mapping[str, Mapping[str, float]] | None) -> tuple[StageCounts, ...]:
    made, found = [], quick.of_stages(numbers)
    for stage in ORDER:
        row, exits = found.get(stage, ({}, {}))
        row.update((times or {}).get(stage, {}))
        made.append(_stage(stage, row, exits, detail=times is not None))
    return tuple(made)


def _together(stages: Iterable[StageCounts]) -> dict[ExitReason, int]:
    exits: dict[ExitReason, int] = {}
    for stage in stages:
        for reason, number in stage.exits.items():
            exits[reason] = exits.get(reason, 0) + number
    return dict(sorted(exits.items()))


def total(name: str, cases: FromClause = CASES, passages: FromClause = PASSAGES) -> ColumnElement[bool]:
    """Return what a case must meet to be counted by a number of ``Funnel`` other than its stages."""
    closed = select(passages.c.stream).where(
        passages.c.stream == cases.c.stream, passages.c.stage == "closed", passages.c.entries > 0
    )
    complaint = cases.c.kind == "complaint"
    meanings: Mapping[str, ColumnElement[bool]] = {
        "received": complaint,
        "registered": cases.c.registered,
        "converted": closed.exists(),
        "reopened": cases.c.reopenings > 0,
        "waited": cases.c.waits > 0,
        "rated": cases.c.rated,
        "satisfied": cases.c.satisfied.is_(True),
        "dissatisfied": cases.c.satisfied.is_(False),
    }
    return and_(complaint, meanings[name])


@dataclass(frozen=True, slots=True)
class Rows:
    """The tables that are read now: plain ones, whose indexes give their order to a page of rows."""

    cases: Table
    passages: Table

    @classmethod
    def of(cls, snapshot: Snapshot) -> Self:
        """Return those of the copy in force."""
        return cls(snapshot.on(NAME, tables.CASES), snapshot.on(NAME, tables.PASSAGES))

    def ended(self, how: str) -> ColumnElement[bool] | None:
        """Return what a passage must meet to be counted by a number of its stage; None: nothing."""
        passages = self.passages.c
        return {
            "entered": None,
            "left": passages.ended.is_not(None),
            "passed": passages.ended == "passed",
            "skipped": passages.entries == 0,
            "exited": and_(passages.ended == "exited", passages.exit_reason.is_not(None)),
            "there_now": passages.ended.is_(None),
        }[how]

    def day(self, wanted: FunnelFilter) -> ColumnElement[date]:
        """Return the column that the question's days go by."""
        return self.cases.c.received_on if wanted.of == "receipt" else self.passages.c.entered_on

    def conditions(self, wanted: FunnelFilter) -> list[ColumnElement[bool]]:
        """Return the conditions that passages of a question meet; their cases must be joined."""
        return narrow.of_dimensions(wanted, self.cases) + narrow.of_days(wanted, self.day(wanted))

    def joined(self) -> FromClause:
        """Return the passages with their cases."""
        return self.passages.join(self.cases, self.passages.c.stream == self.cases.c.stream)

    def parts(self, wanted: FunnelFilter) -> tuple[Label[Any], ...]:
        """Return what the question is broken down by."""
        return narrow.parts(wanted.by, self.cases.c[wanted.per] if wanted.per else None, self.day(wanted))


def _stages(
    snapshot: Snapshot, rows: Rows, wanted: FunnelFilter, parts: Sequence[Label[Any]]
) -> dict[tuple[Any, ...], tuple[StageCounts, ...]]:
    """Return the five stages of each group; the group of no parts is the whole."""
    names = [part.name for part in parts]
    figures: dict[tuple[Any, ...], dict[Stage, dict[str, Any]]] = {}
    queries = [_counted(rows, wanted, parts), *([_distinct(rows, wanted, parts)] if wanted.detail else ())]
    for row in chain.from_iterable(sql.fetch(snapshot.connection, query) for query in queries):
        figures.setdefault(tuple(row[name] for name in names), {}).setdefault(row["stage"], {}).update(row)
    reasons: dict[tuple[Any, ...], dict[str, int]] = {}
    for row in sql.fetch(snapshot.connection, _exits(rows, wanted, parts)):
        reasons.setdefault((*(row[name] for name in names), row["stage"]), {})[row["reason"]] = row["n"]
    return {
        group: tuple(
            _stage(stage, found.get(stage), reasons.get((*group, stage), {}), detail=wanted.detail) for stage in ORDER
        )
        for group, found in figures.items()
    }


def _counted(rows: Rows, wanted: FunnelFilter, parts: Sequence[Label[Any]]) -> Any:
    stage = rows.passages.c.stage
    numbers = [_number(rows.ended(name)).label(name) for name in ENTERED]
    times = [
        func.percentile_cont(share)
        .within_group(rows.passages.c[column].asc())
        .filter(rows.passages.c.ended.is_not(None), rows.passages.c.entries > 0)
        .label(f"{word}_{column}")
        for word, share in _times.SHARES.items()
        for column in _times.KINDS
    ]
    return (
        select(stage, *parts, *numbers, *(times if wanted.detail else ()))
        .select_from(rows.joined())
        .where(*rows.conditions(wanted))
        .group_by(stage, *parts)
        .order_by(*parts)
    )


def _distinct(rows: Rows, wanted: FunnelFilter, parts: Sequence[Label[Any]]) -> Any:
    """Count distinct people: first what each of them is counted in, which needs no sorting."""
    stage, who = rows.passages.c.stage, rows.cases.c.complainant
    numbers = [_number(rows.ended(name)).label(name) for name in Complainants.model_fields]
    each = (
        select(stage, *parts, who, *numbers)
        .select_from(rows.joined())
        .where(who.is_not(None), *rows.conditions(wanted))
        .group_by(stage, *parts, who)
        .subquery()
    )
    kinds = [each.c.stage, *(each.c[part.name] for part in parts)]
    people = [func.count().filter(each.c[name] > 0).label(f"who_{name}") for name in Complainants.model_fields]
    return select(*kinds, *people).group_by(*kinds)


def _number(meaning: ColumnElement[bool] | None) -> Any:
    return func.count() if meaning is None else func.count().filter(meaning)


def _exits(rows: Rows, wanted: FunnelFilter, parts: Sequence[Label[Any]]) -> Any:
    kinds = (rows.passages.c.stage, rows.passages.c.exit_reason.label("reason"), *parts)
    return (
        select(*kinds, func.count().label("n"))
        .select_from(rows.joined())
        .where(rows.passages.c.ended == "exited", *rows.conditions(wanted))
        .group_by(*kinds)
        .order_by(rows.passages.c.exit_reason)
    )


def _stage(
    stage: Stage, row: Mapping[str, Any] | None, exits: Mapping[Any, int], *, detail: bool = False
) -> StageCounts:
    row = row or {}
    numbers: dict[str, int] = {name: row.get(name, 0) for name in ENTERED}
    entered, passed = numbers["entered"], numbers["passed"]
    return StageCounts(
        stage=stage,
        **numbers,
        exits=dict(sorted(exits.items())),
        conversion=round(passed / entered, 4) if entered and stage != "closed" else None,
        complainants=_people(row) if detail else None,
        times=Times(**{name: _rounded(row.get(name)) for name in Times.model_fields}) if detail else None,
    )


def _people(row: Mapping[str, Any]) -> Complainants:
    return Complainants(**{name: row.get(f"who_{name}", 0) for name in Complainants.model_fields})


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)


def _groups(grouped: Mapping[tuple[Any, ...], tuple[StageCounts, ...]], wanted: FunnelFilter) -> tuple[StageGroup, ...]:
    names = [name for name, asked in (("begins", wanted.by), ("key", wanted.per)) if asked]
    made = (
        StageGroup(**{"begins": None, "key": None, **dict(zip(names, group, strict=True))}, stages=stages)
        for group, stages in grouped.items()
    )
    return tuple(sorted(made, key=lambda one: narrow.order(one.begins, one.key)))


def _totals(rows: Rows, conditions: Sequence[ColumnElement[bool]], *, detail: bool) -> Any:
    cases = rows.cases
    who = func.count(cases.c.complainant.distinct()) if detail else null()
    return select(
        *(func.count().filter(total(name, cases, rows.passages)).label(name) for name in _TOTALS),
        who.label("complainants"),
        func.coalesce(func.sum(cases.c.reopenings), 0).label("reopenings"),
        func.coalesce(func.sum(cases.c.waits), 0).label("waits"),
    ).where(cases.c.kind == "complaint", *conditions)


def _feedback(snapshot: Snapshot, rows: Rows, conditions: Sequence[ColumnElement[bool]]) -> FeedbackCounts:
    cases = rows.cases
    found = sql.fetch(
        snapshot.connection,
        select(
            cases.c.sense.label("key"), func.count().label("n"),
            func.count().filter(cases.c.became.is_not(None)).label("became"),
        ).where(cases.c.kind == "feedback", *conditions).group_by(cases.c.sense),
    )  # fmt: skip
    return FeedbackCounts(
        received=sum(row["n"] for row in found),
        by_sense=_by(found),
        became_complaint=sum(row["became"] for row in found),
    )


def _by(rows: Iterable[Mapping[str, Any]]) -> dict[Any, int]:
    return dict(sorted((row["key"], row["n"]) for row in rows))
