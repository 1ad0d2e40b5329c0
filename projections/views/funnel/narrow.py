"""Which cases a figure counts, and by what it is broken down: the same words for every view of figures."""

from datetime import date
from typing import Any, Final, Literal

from pydantic import Field
from sqlalchemy import ColumnElement, Date, FromClause, Label, cast, func, literal_column

from projections.answers import Question
from projections.runtime import copies
from projections.views.funnel import tables
from schemas.words import Channel, ComplaintType, Origin

CASES = copies.live(tables.CASES)
"""One row per case; views of figures join it to their own rows under one snapshot."""

Dimension = Literal["channel", "type", "product", "location", "team", "business_unit", "origin"]
Period = Literal["day", "week", "month"]
DIMENSIONS: Final[tuple[Dimension, ...]] = (
    "channel", "type", "product", "location", "team", "business_unit", "origin",
)  # fmt: skip


class Narrowed(Question):
    """Which cases to count; every condition that is given must hold. Days are those of the case's business unit."""

    from_: date | None = Field(default=None, alias="from")
    """Received on this day or later."""
    to: date | None = None
    """Received on this day or earlier."""
    channel: Channel | None = None
    type: ComplaintType | None = None
    product: str | None = None
    location: str | None = None
    team: str | None = None
    origin: Origin | None = None
    business_unit: str | None = None
    unknown: Dimension | None = None
    """Only cases of which this is not known."""


def of_dimensions(wanted: Narrowed, cases: FromClause = CASES) -> list[ColumnElement[bool]]:
    """Return the conditions other than days."""
    conditions: list[ColumnElement[bool]] = []
    for name in DIMENSIONS:
        value = getattr(wanted, name)
        if value:
            conditions.append(cases.c[name] == value)
    if wanted.unknown is not None:
        conditions.append(cases.c[wanted.unknown].is_(None))
    return conditions


def of_days(wanted: Narrowed, day: ColumnElement[Any]) -> list[ColumnElement[bool]]:
    """Return the conditions that ``from`` and ``to`` set to a column of days."""
    conditions: list[ColumnElement[bool]] = []
    if wanted.from_ is not None:
        conditions.append(day >= wanted.from_)
    if wanted.to is not None:
        conditions.append(day <= wanted.to)
    return conditions


def conditions(wanted: Narrowed, cases: FromClause = CASES) -> list[ColumnElement[bool]]:
    """Return every condition, days being those of receipt."""
    return of_dimensions(wanted, cases) + of_days(wanted, cases.c.received_on)


def bucket(period: Period, day: ColumnElement[Any]) -> ColumnElement[date]:
    """Return the first day of the day's period; weeks begin on Monday (ISO 8601)."""
    return cast(func.date_trunc(literal_column(f"'{period}'"), day), Date)


def local_day(at: ColumnElement[Any], day: ColumnElement[Any]) -> ColumnElement[date]:
    """Return the day of an instant of a case in the case's zone, or ``day`` where only that is known."""
    return func.coalesce(day, cast(func.timezone(CASES.c.zone, at), Date))


def parts(by: Period | None, key: ColumnElement[Any] | None, day: ColumnElement[Any]) -> tuple[Label[Any], ...]:
    """Return what figures are grouped by: the period that ``begins`` then, and a ``key``."""
    begins = [] if by is None else [bucket(by, day).label("begins")]
    return (*begins, *([] if key is None else [key.label("key")]))


def order(begins: date | None, key: str | None) -> tuple[date, bool, str]:
    """Return what groups are sorted by: period, then key, the unknown one last."""
    return begins or date.min, key is None, key or ""
