"""Who was given unusually much, against all who were given anything: said with figures, and refused to nobody."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field
from sqlalchemy import ColumnElement, Double, Select, cast, func, select, tuple_

from projections import sql
from projections.answers import Answer, OfView, Snapshot
from projections.views.funnel import narrow
from projections.views.funnel.narrow import CASES, Narrowed
from projections.views.remedies import peers
from projections.views.remedies.ask import LEDGER, OF_REMEDY, PAID_ON, PAYMENTS
from schemas.words import PlainDecimal

_NET = func.sum(PAYMENTS.c.amount).filter(PAYMENTS.c.kind == "given")
_TAKEN = func.sum(PAYMENTS.c.amount).filter(PAYMENTS.c.kind == "reversed")


class WatchFilter(Narrowed):
    """Which remedies to look at. Days are those of giving and taking back."""

    limit: Annotated[int, Field(ge=1, le=500)] = 50
    """Persons of each measure at most, the largest first."""


class Usual(Answer):
    """What is usual among all persons who were given anything, and from where on it is not.

    ``bound`` is null where there are fewer than 10 persons, or all were given the same.
    """

    measure: Literal["number", "value"]
    currency: str | None
    """Of values."""
    persons: int
    median: float
    median_distance: float
    """Median of the distances from the median (MAD)."""
    mean_distance: float
    bound: float | None


class Unusual(Answer):
    """One person above the bound. ``explained`` puts the figures into words."""

    complainant: UUID
    """Opaque id."""
    measure: Literal["number", "value"]
    currency: str | None
    value: PlainDecimal
    cases: int
    """Complaints of this person with such a remedy."""
    explained: str


class Watch(OfView):
    """What is usual, and who is beyond it; the largest first."""

    usual: tuple[Usual, ...]
    unusual: tuple[Unusual, ...]


def watch(snapshot: Snapshot, wanted: WatchFilter) -> Watch:
    """Compare what persons were given, by number of remedies and by value of each currency."""
    usual: list[Usual] = []
    unusual: list[Unusual] = []
    measures: list[tuple[Select[Any], str | None]] = [(numbers(wanted), None)]
    measures += [(values(wanted, currency), currency) for currency in _currencies(snapshot, wanted)]
    for persons, currency in measures:
        found = usual_of(snapshot, persons, currency)
        if found is None:
            continue
        usual.append(found)
        if found.bound is not None:
            unusual += _beyond(snapshot, persons, found, wanted.limit)
    return Watch(**snapshot.stamp(), usual=tuple(usual), unusual=tuple(unusual))


def _given(query: Any, wanted: WatchFilter) -> Any:
    """What was given and taken back, with the person to whom."""
    query = query.select_from(PAYMENTS).join(LEDGER, OF_REMEDY).join(CASES, CASES.c.stream == PAYMENTS.c.stream)
    conditions = [*narrow.of_dimensions(wanted), *narrow.of_days(wanted, PAID_ON)]
    return query.where(CASES.c.complainant.is_not(None), *conditions)


def numbers(wanted: WatchFilter) -> Any:
    """Return for each person how many remedies he was given of which nothing was taken back, in how many cases."""
    each = tuple_(LEDGER.c.stream, LEDGER.c.remedy_id).distinct()
    query = select(
        CASES.c.complainant,
        func.count(each).label("value"),
        func.count(PAYMENTS.c.stream.distinct()).label("cases"),
    )
    kept = _given(query, wanted).where(PAYMENTS.c.kind == "given", LEDGER.c.status != "reversed")
    return kept.group_by(CASES.c.complainant)


def values(wanted: WatchFilter, currency: str) -> Any:
    """Return for each person the money given less the money taken back, and in how many cases."""
    net: ColumnElement[Any] = func.coalesce(_NET, 0) - func.coalesce(_TAKEN, 0)
    query = select(
        CASES.c.complainant, net.label("value"), func.count(PAYMENTS.c.stream.distinct()).label("cases")
    )  # fmt: skip
    in_currency = _given(query, wanted).where(PAYMENTS.c.currency == currency)
    return in_currency.group_by(CASES.c.complainant).having(net > 0)


def _currencies(snapshot: Snapshot, wanted: WatchFilter) -> list[str]:
    query = _given(select(PAYMENTS.c.currency).distinct(), wanted).where(PAYMENTS.c.amount > 0)
    return sorted(row["currency"] for row in sql.fetch(snapshot.connection, query))


def usual_of(snapshot: Snapshot, persons: Any, currency: str | None) -> Usual | None:
    """Return what is usual among these persons, see ``numbers`` and ``values``; None where there are none."""
    each = persons.cte("persons")
    value = cast(each.c.value, Double)
    middle = select(
        func.count().label("persons"), func.percentile_cont(0.5).within_group(value.asc()).label("median")
    ).select_from(each).cte("middle")  # fmt: skip
    distance = func.abs(value - middle.c.median)
    query = select(
        func.max(middle.c.persons).label("persons"),
        func.max(middle.c.median).label("median"),
        func.percentile_cont(0.5).within_group(distance.asc()).label("median_distance"),
        func.avg(distance).label("mean_distance"),
    ).select_from(each.join(middle, middle.c.persons > 0))
    row = sql.fetch(snapshot.connection, query)[0]
    if row["persons"] is None:
        return None
    bound = peers.bound(row["persons"], row["median"], row["median_distance"], row["mean_distance"])
    return Usual(measure="number" if currency is None else "value", currency=currency, bound=bound, **row)


def _beyond(snapshot: Snapshot, persons: Any, usual: Usual, limit: int) -> list[Unusual]:
    each = persons.subquery()
    query = (
        select(each)
        .where(cast(each.c.value, Double) > usual.bound)
        .order_by(each.c.value.desc(), each.c.complainant)
        .limit(limit)
    )
    return [_unusual(row, usual) for row in sql.fetch(snapshot.connection, query)]


def _unusual(row: Mapping[str, Any], usual: Usual) -> Unusual:
    what = "remedies" if usual.currency is None else usual.currency
    return Unusual(
        **row,
        measure=usual.measure,
        currency=usual.currency,
        explained=f"{row['value']:f} {what} in {row['cases']} complaints; half of {usual.persons} persons had "
        f"{usual.median:.15g} or less; unusual from above {usual.bound:.2f}",
    )
