"""Complaints set against what else there is: praise, customers, orders, and the usual rhythm of each channel.

This view has no tables of its own: it counts the funnel's rows, and the figures of customers and orders are
configuration of the kind ``figures``, so that they stand in the log and replay with it.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, func, select

from projections import sql
from projections.answers import Answer, Moment, OfView, Snapshot
from projections.views.funnel import ask as funnel
from projections.views.funnel import narrow
from projections.views.funnel.narrow import CASES, Narrowed
from schemas.configuration.figures import MonthFigures
from schemas.words import Channel

NAMES = (funnel.NAME,)

GAPS: Final = 20
"""Fewer gaps than this say nothing about a channel's rhythm."""
QUANTILE: Final = 0.99
FACTOR: Final = 1.5
_POSITIVE: Final = ("thanks", "compliment")


class RateFilter(Narrowed):
    """Which cases to count, by days of receipt."""


class Ratio(Answer):
    """Negative against positive. Feedback that became a complaint counts once, as that complaint."""

    negative: int
    """Complaints."""
    positive: int
    """Thanks and compliments."""
    neutral: int
    """All other feedback but spam."""
    ratio: float | None
    """Negative for each positive one; null where there is none."""


class MonthRate(Answer):
    """One month of receipt. Rates are null where the figure is not loaded or is 0."""

    month: date
    feedback: Ratio
    customers: int | None
    orders: int | None
    per_1000_customers: float | None
    """Complaints received in the month for every 1,000 customers of it."""
    per_1000_orders: float | None


class Silence(Answer):
    """The rhythm of one channel: is it quiet for longer than its usual gaps say?

    ``bound_seconds`` is 1.5 times the gap between two complaints that 99 of 100 stay below, over all that
    was received by ``at``; null for channels with fewer than 20 gaps, which are never called silent.
    """

    channel: Channel
    last_at: Moment
    silent_seconds: float
    """Since then."""
    gaps: int
    median_seconds: float | None
    bound_seconds: float | None
    silent: bool


class Rates(OfView):
    """Ratio and rates by month, and the channels, the longest silent beyond its bound first."""

    at: Moment
    whole: Ratio
    months: tuple[MonthRate, ...]
    channels: tuple[Silence, ...]


def rates(snapshot: Snapshot, wanted: RateFilter, at: datetime) -> Rates:
    """Return ratio, rates and silences. Days narrow ratio and rates; silence looks at all days up to ``at``."""
    month = narrow.bucket("month", CASES.c.received_on)
    conditions = narrow.conditions(wanted)
    by_month = select(month.label("month"), *_counted()).where(*conditions).group_by(month).order_by(month)
    loaded = [one for kept in snapshot.book().figures.values() for one in kept.months]
    return Rates(
        **snapshot.stamp(),
        at=at,
        whole=ratio(snapshot, wanted),
        months=tuple(_month(row, loaded, wanted) for row in sql.fetch(snapshot.connection, by_month)),
        channels=channels(snapshot, wanted, at),
    )


def ratio(snapshot: Snapshot, wanted: RateFilter) -> Ratio:
    """Return negative against positive alone."""
    return _ratio(sql.fetch(snapshot.connection, select(*_counted()).where(*narrow.conditions(wanted)))[0])


def _counted() -> Iterable[Any]:
    feedback = and_(CASES.c.kind == "feedback", CASES.c.became.is_(None))
    sense = func.coalesce(CASES.c.sense, "unknown")
    kinds: Mapping[str, ColumnElement[bool]] = {
        "negative": CASES.c.kind == "complaint",
        "positive": and_(feedback, sense.in_(_POSITIVE)),
        "neutral": and_(feedback, sense.not_in((*_POSITIVE, "spam"))),
    }
    return (func.count().filter(meaning).label(name) for name, meaning in kinds.items())


def _ratio(row: Mapping[str, int]) -> Ratio:
    negative, positive = row["negative"], row["positive"]
    share = round(negative / positive, 4) if positive else None
    return Ratio(negative=negative, positive=positive, neutral=row["neutral"], ratio=share)


def _month(row: Mapping[str, Any], loaded: Iterable[MonthFigures], wanted: RateFilter) -> MonthRate:
    known = [one for one in loaded if one.month == row["month"].strftime("%Y-%m")]
    customers = _figure(known, "customers", wanted.business_unit)
    orders = _figure(known, "orders", wanted.business_unit)
    return MonthRate(
        month=row["month"],
        feedback=_ratio(row),
        customers=customers,
        orders=orders,
        per_1000_customers=_per_1000(row["negative"], customers),
        per_1000_orders=_per_1000(row["negative"], orders),
    )


def _figure(known: Iterable[MonthFigures], name: str, unit: str | None) -> int | None:
    """Return the figure of the unit asked for; of the company, where none is: its own, else the units' sum."""
    said = {one.business_unit: getattr(one, name) for one in known if getattr(one, name) is not None}
    if unit in said or unit is not None:
        return said.get(unit)
    return sum(said.values()) if said else None


def _per_1000(complaints: int, figure: int | None) -> float | None:
    return round(1000 * complaints / figure, 4) if figure else None


def channels(snapshot: Snapshot, wanted: RateFilter, at: datetime) -> tuple[Silence, ...]:
    """Return the rhythm of each channel as of ``at``; of the question's days nothing is heeded."""
    before = func.lag(CASES.c.received_at).over(partition_by=CASES.c.channel, order_by=CASES.c.received_at)
    gap = func.extract("epoch", CASES.c.received_at - before)
    each = (
        select(CASES.c.channel, CASES.c.received_at, gap.label("gap"))
        .where(CASES.c.kind == "complaint", CASES.c.channel.is_not(None), CASES.c.received_at <= at)
        .where(*narrow.of_dimensions(wanted))
        .subquery()
    )
    quantiles = (
        func.percentile_cont(share).within_group(each.c.gap.asc()).label(name)
        for name, share in (("median", 0.5), ("long", QUANTILE))
    )
    last = func.max(each.c.received_at).label("last_at")
    query = select(each.c.channel, last, func.count(each.c.gap).label("gaps"), *quantiles).group_by(each.c.channel)
    found = [_silence(row, at) for row in sql.fetch(snapshot.connection, query)]
    return tuple(sorted(found, key=lambda one: (not one.silent, -one.silent_seconds, one.channel)))


def _silence(row: Mapping[str, Any], at: datetime) -> Silence:
    silent: timedelta = at - row["last_at"]
    bound = round(row["long"] * FACTOR, 3) if row["gaps"] >= GAPS else None
    return Silence(
        channel=row["channel"],
        last_at=row["last_at"],
        silent_seconds=silent.total_seconds(),
        gaps=row["gaps"],
        median_seconds=None if row["median"] is None else round(row["median"], 3),
        bound_seconds=bound,
        silent=bound is not None and silent.total_seconds() > bound,
    )
