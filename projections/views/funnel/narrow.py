"""Which cases a figure counts, and by what it is broken down: the same words for every view of figures."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final, Literal

from pydantic import Field
from sqlalchemy import Column, ColumnElement, Date, cast, func, literal_column

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


def of_dimensions(wanted: Narrowed) -> list[ColumnElement[bool]]:
    """Return the conditions other than days."""
    given: Mapping[str, Any] = {name: getattr(wanted, name) for name in DIMENSIONS}
    conditions: list[ColumnElement[bool]] = [CASES.c[name] == value for name, value in given.items() if value]
    if wanted.unknown is not None:
        conditions.append(CASES.c[wanted.unknown].is_(None))
    return conditions


def of_days(wanted: Narrowed, day: Column[Any]) -> list[ColumnElement[bool]]:
    """Return the conditions that ``from`` and ``to`` set to a column of days."""
    conditions: list[ColumnElement[bool]] = []
    if wanted.from_ is not None:
        conditions.append(day >= wanted.from_)
    if wanted.to is not None:
        conditions.append(day <= wanted.to)
    return conditions


def conditions(wanted: Narrowed) -> list[ColumnElement[bool]]:
    """Return every condition, days being those of receipt."""
    return of_dimensions(wanted) + of_days(wanted, CASES.c.received_on)


def bucket(period: Period, day: Column[Any]) -> ColumnElement[date]:
    """Return the first day of the day's period; weeks begin on Monday (ISO 8601)."""
    return cast(func.date_trunc(literal_column(f"'{period}'"), day), Date)
