"""What complaints are about and why they came about: the few causes that make most of them, and their trend."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any, Final, Literal, get_args
from uuid import UUID

from pydantic import Field
from sqlalchemy import (
    ColumnElement,
    Label,
    Select,
    and_,
    any_,
    case,
    func,
    literal,
    literal_column,
    or_,
    select,
    tuple_,
)

from engine.rules.outcomes import counted
from projections import sql
from projections.answers import Answer, OfView, Snapshot
from projections.api import paging
from projections.runtime import copies
from projections.views.causes import rows as written
from projections.views.causes.rows import VERSION, VIEW
from projections.views.funnel import ask as funnel
from projections.views.funnel import narrow
from projections.views.funnel.narrow import CASES, Dimension, Narrowed, Period
from projections.views.remedies import ask as remedies
from schemas.words import Cause, ExitReason, Outcome, RemedyForm, Responsibility

NAMES = ((VIEW, VERSION), funnel.NAME)
NAMES_OF_TABLE = (*NAMES, remedies.NAME)
CAUSES = copies.live(written.CAUSES)
_OWN: Final = ("cause", "code", "responsibility", "outcome")

By = Dimension | Literal["cause", "code", "responsibility", "outcome", "counted", "department"]
_AS_COUNTED: Final = case(
    *(
        (CAUSES.c.outcome == literal_column(f"'{one}'"), literal_column(f"'{counted(one)}'"))
        for one in get_args(Outcome)
    )
)
"""The outcome as returns count it, see ``engine.rules.outcomes``; what was given does not change it."""


class CauseFilter(Narrowed):
    """Which complaints to count, by days of receipt."""

    cause: Cause | None = None
    code: str | None = None
    department: str | None = None


class ParetoFilter(CauseFilter):
    """By what to count them."""

    per: By = "cause"
    by: Period | None = None
    """Also the trend: the same by period."""


class TableFilter(CauseFilter):
    """Which rows of the table."""

    limit: Annotated[int, Field(ge=1, le=500)] = 50
    cursor: str | None = None
    """``next`` of the page before."""


class Bar(Answer):
    """One cause, the most frequent first. ``cumulative`` is the share of this one and all before it.

    Shares are of the complaints whose ``key`` is known; the unknown ones come last, with null shares.
    """

    key: str | None
    complaints: int
    share: float | None
    cumulative: float | None


class Trend(Answer):
    """How many complaints of one key were received in one period."""

    begins: date
    key: str | None
    complaints: int


class Pareto(OfView):
    """The bars add up to ``complaints``, except by department: a complaint counts for each of its departments."""

    complaints: int
    known: int
    """Complaints whose key is known."""
    bars: tuple[Bar, ...]
    trend: tuple[Trend, ...]


class Row(Answer):
    """One complaint: when, who, what about, why, what was decided, how it ended."""

    case: UUID
    number: str | None
    received_on: date
    complainant: UUID | None
    """Opaque id; `plaint subject show` tells who it is to those who may know."""
    type: str | None
    product: str | None
    cause: Cause | None
    code: str | None
    responsibility: Responsibility | None
    departments: tuple[str, ...]
    decision: Outcome | ExitReason | None
    """Outcome of the running cycle, or the reason for which it was discontinued."""
    remedies: tuple[RemedyForm, ...]
    """Forms of what was given and not taken back."""
    closed: bool
    satisfied: bool | None
    """The complainant's last word in the running cycle."""


class CauseTable(OfView):
    """A page of them, the latest received first."""

    complaints: tuple[Row, ...]
    next: str | None


def pareto(snapshot: Snapshot, wanted: ParetoFilter) -> Pareto:
    """Count complaints by cause, or by another word, the most frequent first."""
    complaints = _complaints(snapshot, wanted)
    numbers = _counted(snapshot, wanted, ())
    known = _known(snapshot, wanted) if wanted.per == "department" else sum(
        row["n"] for row in numbers if row["key"] is not None
    )  # fmt: skip
    trend = (
        _counted(snapshot, wanted, (narrow.bucket(wanted.by, CASES.c.received_on).label("begins"),))
        if wanted.by
        else []
    )
    return Pareto(
        **snapshot.stamp(),
        complaints=complaints,
        known=known,
        bars=_bars(numbers),
        trend=tuple(Trend(begins=row["begins"], key=row["key"], complaints=row["n"]) for row in trend),
    )


def table(snapshot: Snapshot, wanted: TableFilter) -> CauseTable:
    """List complaints with cause, decision and result, the latest received first.

    Raises:
        projections.api.paging.BadCursor: the cursor is not one of ours.
    """
    columns = (
        CASES.c.stream.label("case"), CASES.c.number, CASES.c.received_at, CASES.c.received_on, CASES.c.complainant,
        CASES.c.type, CASES.c.product, CASES.c.exit_reason, CASES.c.closed, CASES.c.satisfied, CAUSES.c.cause,
        CAUSES.c.code, CAUSES.c.responsibility, CAUSES.c.departments, CAUSES.c.outcome,
    )  # fmt: skip
    order = (CASES.c.received_at, CASES.c.stream)
    query = _joined(select(*columns)).where(*_conditions(wanted))
    if wanted.cursor is not None:
        query = query.where(tuple_(*order) < paging.after(VIEW, wanted.cursor, (datetime, UUID)))
    query = query.order_by(*(column.desc() for column in order)).limit(wanted.limit + 1)
    rows = sql.fetch(snapshot.connection, query)
    shown = rows[: wanted.limit]
    given = remedies.forms_given(snapshot, [row["case"] for row in shown])
    last = shown[-1] if len(rows) > len(shown) else None
    return CauseTable(
        **snapshot.stamp(),
        complaints=tuple(_row(row, given.get(row["case"], ())) for row in shown),
        next=paging.cursor(VIEW, last["received_at"], last["case"]) if last else None,
    )


def _row(row: Mapping[str, Any], forms: Sequence[RemedyForm]) -> Row:
    plain = {name: row[name] for name in Row.model_fields if name in row}
    plain["departments"] = tuple(row["departments"] or ())
    return Row(**plain, decision=row["exit_reason"] or row["outcome"], remedies=tuple(forms))


def _joined(query: "Select[Any]") -> "Select[Any]":
    """Cases without a row of causes count, too."""
    return query.select_from(CASES).join(CAUSES, CAUSES.c.stream == CASES.c.stream, isouter=True)


def _conditions(wanted: CauseFilter) -> list[ColumnElement[bool]]:
    conditions = [CASES.c.kind == "complaint", *narrow.conditions(wanted)]
    conditions += [CAUSES.c[name] == getattr(wanted, name) for name in ("cause", "code") if getattr(wanted, name)]
    if wanted.department is not None:
        conditions.append(literal(wanted.department) == any_(CAUSES.c.departments))
    return conditions


def _complaints(snapshot: Snapshot, wanted: CauseFilter) -> int:
    query = _joined(select(func.count().label("n"))).where(*_conditions(wanted))
    number: int = sql.fetch(snapshot.connection, query)[0]["n"]
    return number


def _known(snapshot: Snapshot, wanted: CauseFilter) -> int:
    named = and_(CAUSES.c.departments.is_not(None), func.cardinality(CAUSES.c.departments) > 0)
    query = _joined(select(func.count().label("n"))).where(named, *_conditions(wanted))
    number: int = sql.fetch(snapshot.connection, query)[0]["n"]
    return number


def _counted(snapshot: Snapshot, wanted: ParetoFilter, begins: Sequence[Label[Any]]) -> list[dict[str, Any]]:
    """Count by key; a complaint of two departments counts for both, one of none for the unknown."""
    if wanted.per == "department":
        each = func.unnest(CAUSES.c.departments).table_valued("name").render_derived(name="department")
        query = _joined(select(each.c.name.label("key"), *begins, func.count().label("n")))
        query = query.join(each, or_(each.c.name.is_not(None)), isouter=True)
        key: ColumnElement[Any] = each.c.name
    else:
        key = _key(wanted.per)
        query = _joined(select(key.label("key"), *begins, func.count().label("n")))
    n = func.count()
    return sql.fetch(
        snapshot.connection,
        query.where(*_conditions(wanted)).group_by(key, *begins).order_by(*begins, key.is_(None), n.desc(), key),
    )


def _key(per: By) -> ColumnElement[Any]:
    if per == "counted":
        return _AS_COUNTED
    return CAUSES.c[per] if per in _OWN else CASES.c[per]


def _bars(rows: Sequence[Mapping[str, Any]]) -> tuple[Bar, ...]:
    known = sum(row["n"] for row in rows if row["key"] is not None)
    bars: list[Bar] = []
    so_far = 0
    for row in rows:
        if row["key"] is None:
            bars.append(Bar(key=None, complaints=row["n"], share=None, cumulative=None))
            continue
        so_far += row["n"]
        bars.append(
            Bar(
                key=row["key"],
                complaints=row["n"],
                share=round(row["n"] / known, 4),
                cumulative=round(so_far / known, 4),
            )
        )
    return tuple(bars)
