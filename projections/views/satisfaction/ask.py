"""How satisfied complainants are, how many of them say so, and who is not."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field
from sqlalchemy import ColumnElement, Label, Table, Text, and_, cast, func, select, tuple_

from projections import sql
from projections.answers import Answer, Moment, OfView, Snapshot
from projections.api import paging
from projections.runtime import copies
from projections.views.funnel import ask as funnel
from projections.views.funnel import narrow
from projections.views.funnel.ask import PASSAGES
from projections.views.funnel.narrow import CASES, Dimension, Narrowed, Period
from projections.views.satisfaction import rows as written
from projections.views.satisfaction.rows import VERSION, VIEW

NAMES = ((VIEW, VERSION), funnel.NAME)
CYCLES, MARKS = copies.live(written.CYCLES), copies.live(written.MARKS)
_RATED = CYCLES.c.rated_at.is_not(None)
_DAY = narrow.local_day(CYCLES.c.rated_at, CYCLES.c.rated_day)


By = Dimension | Literal["cycle"]


class SatisfactionFilter(Narrowed):
    """Whose ratings to count. ``of`` says whether days are those of receipt or of the rating."""

    of: Literal["receipt", "rating"] = "receipt"
    by: Period | None = None
    per: By | None = None


class NegativeFilter(SatisfactionFilter):
    """Which negative ratings to list; ``by`` and ``per`` change nothing."""

    limit: Annotated[int, Field(ge=1, le=500)] = 50
    cursor: str | None = None
    """``next`` of the page before."""


class ParameterFigures(Answer):
    """The marks of one parameter on one scale.

    ``csat`` is the share of top marks, those of at least four fifths of the best one: 4 and 5 of 5 (the
    "top two boxes" of customer surveys). ``nps`` is given for scales of 0 to 10 alone: promoters (9, 10)
    less detractors (0 to 6), in percent of all marks, -100 to 100 (Reichheld, "The One Number You Need to
    Grow", Harvard Business Review, December 2003).
    """

    parameter: str
    out_of: int
    marks: int
    mean: float
    csat: float
    nps: float | None
    distribution: Mapping[int, int]
    """How often each mark was given."""


class Figures(Answer):
    """Cycles, not complaints: each cycle is rated once. ``satisfied`` + ``negative`` = ``rated``.

    Who rates without being asked is no answer to an invitation: ``answered`` + ``unasked`` = ``rated``, and the
    response rate looks at the answers alone. Resolved ones came to the satisfaction check. Of days of rating,
    only what was rated is counted, and what shares of those asked or resolved would mean is left null.
    """

    resolved: int | None
    invited: int | None
    rated: int
    answered: int
    """Rated after an invitation."""
    unasked: int
    """Rated without one."""
    rated_cases: int
    """Complaints with a rated cycle."""
    rated_of_invited: float | None
    """The response rate: ``answered`` as a share of ``invited``."""
    rated_of_resolved: float | None
    """Of the cycles resolved, the share that was rated."""
    satisfied: int
    """Mean of the marks, each as a share of its best one, at least 4 of 5."""
    negative: int
    mean_share: float | None
    parameters: tuple[ParameterFigures, ...]


class FiguresOf(Answer):
    """One period, one value, or both; a null ``key`` stands for cases of which it is unknown."""

    begins: date | None
    key: str | None
    figures: Figures


class Satisfaction(OfView):
    """How satisfied complainants are."""

    whole: Figures
    groups: tuple[FiguresOf, ...]


class Negative(Answer):
    """One rating below the line of satisfied, with its marks."""

    case: UUID
    number: str | None
    cycle: int
    rated_at: Moment
    business_unit: str
    location: str | None
    team: str | None
    type: str | None
    mean_share: float
    marks: Mapping[str, str]
    """Parameter -> mark, such as ``2/5``."""


class NegativeList(OfView):
    """A page of them, the latest first; ``count`` is how many there are."""

    count: int
    ratings: tuple[Negative, ...]
    next: str | None


def satisfaction(snapshot: Snapshot, wanted: SatisfactionFilter) -> Satisfaction:
    """Return marks and response, for the whole and broken down."""
    plain = wanted.model_copy(update={"by": None, "per": None})
    whole = _figures(snapshot, plain).get((), _made({}, (), wanted))
    groups = _figures(snapshot, wanted) if wanted.by or wanted.per else {}
    names = [part.name for part in _parts(wanted, CYCLES)]
    made = (
        FiguresOf(**{"begins": None, "key": None, **dict(zip(names, group, strict=True))}, figures=figures)
        for group, figures in groups.items()
    )
    in_order = sorted(made, key=lambda one: narrow.order(one.begins, one.key))
    return Satisfaction(**snapshot.stamp(), whole=whole, groups=tuple(in_order))


def negative(snapshot: Snapshot, wanted: NegativeFilter) -> NegativeList:
    """List the ratings below the line of satisfied, the latest first.

    Raises:
        projections.api.paging.BadCursor: the cursor is not one of ours.
    """
    from_cases = select(
        CYCLES.c.stream.label("case"), CASES.c.number, CYCLES.c.cycle, CYCLES.c.rated_at, CASES.c.business_unit,
        CASES.c.location, CASES.c.team, CASES.c.type, CYCLES.c.mean_share,
    ).join_from(CYCLES, CASES, CYCLES.c.stream == CASES.c.stream)  # fmt: skip
    found = from_cases.where(CYCLES.c.satisfied.is_(False), *_conditions(wanted)).subquery()
    count = sql.fetch(snapshot.connection, select(func.count().label("n")).select_from(found))[0]["n"]
    order = (found.c.rated_at, found.c.case, found.c.cycle)
    page = select(found).order_by(*(column.desc() for column in order)).limit(wanted.limit + 1)
    if wanted.cursor is not None:
        page = page.where(tuple_(*order) < paging.after(VIEW, wanted.cursor, (datetime, UUID, int)))
    rows = sql.fetch(snapshot.connection, page)
    shown = rows[: wanted.limit]
    last = shown[-1] if len(rows) > len(shown) else None
    marks = marks_of(snapshot, MARKS, "cycle", [row["case"] for row in shown])
    return NegativeList(
        **snapshot.stamp(),
        count=count,
        ratings=tuple(Negative(**row, marks=marks.get((row["case"], row["cycle"]), {})) for row in shown),
        next=paging.cursor(VIEW, last["rated_at"], last["case"], last["cycle"]) if last else None,
    )


def _conditions(wanted: SatisfactionFilter) -> list[ColumnElement[bool]]:
    day = CASES.c.received_on if wanted.of == "receipt" else _DAY
    return narrow.of_dimensions(wanted) + narrow.of_days(wanted, day)


def _parts(wanted: SatisfactionFilter, rows: Table) -> tuple[Label[Any], ...]:
    """Return what figures are grouped by; a cycle is that of ``rows``."""
    day = CASES.c.received_on if wanted.of == "receipt" else _DAY
    if wanted.per is None:
        return narrow.parts(wanted.by, None, day)
    key = cast(rows.c.cycle, Text) if wanted.per == "cycle" else CASES.c[wanted.per]
    return narrow.parts(wanted.by, key, day)


def _figures(snapshot: Snapshot, wanted: SatisfactionFilter) -> dict[tuple[Any, ...], Figures]:
    names = [part.name for part in _parts(wanted, CYCLES)]
    numbers: dict[tuple[Any, ...], dict[str, Any]] = {}
    marks: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    queries = [_asked(wanted), *([_resolved(wanted)] if wanted.of == "receipt" else [])]
    for query in queries:
        for row in sql.fetch(snapshot.connection, query):
            numbers.setdefault(tuple(row[name] for name in names), {}).update(row)
    for row in sql.fetch(snapshot.connection, _marks(wanted)):
        marks.setdefault(tuple(row[name] for name in names), []).append(row)
    return {group: _made(row, marks.get(group, ()), wanted) for group, row in numbers.items()}


def _asked(wanted: SatisfactionFilter) -> Any:
    parts = _parts(wanted, CYCLES)
    cases = func.count(CYCLES.c.stream.distinct())
    return (
        select(
            *parts, func.count().filter(CYCLES.c.invited).label("invited"), func.count().filter(_RATED).label("rated"),
            func.count().filter(and_(CYCLES.c.invited, _RATED)).label("answered"),
            cases.filter(_RATED).label("rated_cases"), func.count().filter(CYCLES.c.satisfied).label("satisfied"),
            func.avg(CYCLES.c.mean_share).label("mean_share"),
        )
        .join_from(CYCLES, CASES, CYCLES.c.stream == CASES.c.stream)
        .where(*_conditions(wanted), *([] if wanted.of == "receipt" else [_RATED]))
        .group_by(*parts)
    )  # fmt: skip


def _resolved(wanted: SatisfactionFilter) -> Any:
    parts = _parts(wanted, PASSAGES)
    same = and_(CYCLES.c.stream == PASSAGES.c.stream, CYCLES.c.cycle == PASSAGES.c.cycle)
    return (
        select(*parts, func.count().label("resolved"), func.count(CYCLES.c.rated_at).label("resolved_and_rated"))
        .join_from(PASSAGES, CASES, PASSAGES.c.stream == CASES.c.stream)
        .join(CYCLES, same, isouter=True)
        .where(PASSAGES.c.stage == "satisfaction_check", PASSAGES.c.entries > 0, *_conditions(wanted))
        .group_by(*parts)
    )


def _marks(wanted: SatisfactionFilter) -> Any:
    parts = _parts(wanted, CYCLES)
    same = and_(CYCLES.c.stream == MARKS.c.stream, CYCLES.c.cycle == MARKS.c.cycle)
    kinds = (*parts, MARKS.c.parameter, MARKS.c.out_of, MARKS.c.score)
    return (
        select(*kinds, func.count().label("n"))
        .join_from(MARKS, CYCLES, same)
        .join(CASES, CASES.c.stream == MARKS.c.stream)
        .where(*_conditions(wanted))
        .group_by(*kinds)
        .order_by(MARKS.c.parameter, MARKS.c.out_of, MARKS.c.score)
    )


def _made(row: Mapping[str, Any], marks: Sequence[Mapping[str, Any]], wanted: SatisfactionFilter) -> Figures:
    by_receipt = wanted.of == "receipt"
    rated, answered, satisfied = (row.get(name, 0) for name in ("rated", "answered", "satisfied"))
    invited, resolved = row.get("invited", 0), row.get("resolved", 0)
    mean = row.get("mean_share")
    scales: dict[tuple[str, int], dict[int, int]] = {}
    for one in marks:
        scales.setdefault((one["parameter"], one["out_of"]), {})[one["score"]] = one["n"]
    return Figures(
        resolved=resolved if by_receipt else None,
        invited=invited if by_receipt else None,
        rated=rated,
        answered=answered,
        unasked=rated - answered,
        rated_cases=row.get("rated_cases", 0),
        rated_of_invited=_share(answered, invited) if by_receipt else None,
        rated_of_resolved=_share(row.get("resolved_and_rated", 0), resolved) if by_receipt else None,
        satisfied=satisfied,
        negative=rated - satisfied,
        mean_share=None if mean is None else round(mean, 4),
        parameters=tuple(of_parameter(*scale, found) for scale, found in scales.items()),
    )


def of_parameter(name: str, out_of: int, distribution: Mapping[int, int]) -> ParameterFigures:
    """Return the figures of one parameter from how often each mark was given."""
    marks = sum(distribution.values())
    top = sum(number for mark, number in distribution.items() if mark * 5 >= out_of * 4)
    promoters = sum(number for mark, number in distribution.items() if mark >= 9)
    detractors = sum(number for mark, number in distribution.items() if mark <= 6)
    return ParameterFigures(
        parameter=name,
        out_of=out_of,
        marks=marks,
        mean=round(sum(mark * number for mark, number in distribution.items()) / marks, 4),
        csat=round(top / marks, 4),
        nps=round(100 * (promoters - detractors) / marks, 1) if out_of == 10 else None,
        distribution=distribution,
    )


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def marks_of(
    snapshot: Snapshot, marks: Table, nth: str, streams: Sequence[UUID]
) -> dict[tuple[UUID, int], dict[str, str]]:
    """Return stream and ``nth`` -> parameter -> mark, such as ``2/5``; ``nth`` names what counts in a stream."""
    if not streams:
        return {}
    query = select(marks).where(marks.c.stream.in_(streams)).order_by(marks.c.parameter)
    found: dict[tuple[UUID, int], dict[str, str]] = {}
    for row in sql.fetch(snapshot.connection, query):
        found.setdefault((row["stream"], row[nth]), {})[row["parameter"]] = f"{row['score']}/{row['out_of']}"
    return found
