"""What there is beside a complaint: others of the same person or product, and what each of the staff has."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, func, select

from projections import sql
from projections.answers import Snapshot
from projections.views.cases import rows as written
from projections.views.cases.rows import VERSION, VIEW

NAME = (VIEW, VERSION)
_WORKED_ON: Final = ("registration", "investigation", "corrective_action", "satisfaction_check")


class Other(NamedTuple):
    """One complaint."""

    stream: UUID
    opened_at: datetime
    product: str | None


class Held(NamedTuple):
    """What somebody has: open complaints, and when the last one that he was given had been received."""

    open: int
    last: datetime | None


def complaints(snapshot: Snapshot, streams: Collection[UUID]) -> list[Other]:
    """Return those of these streams that are complaints, the latest received first."""
    table = snapshot.on(NAME, written.CASES)
    return _others(snapshot, table.c.stream.in_(list(streams)), table.c.kind == "complaint") if streams else []


def in_channels(snapshot: Snapshot, streams: Collection[UUID], channels: Collection[str]) -> frozenset[UUID]:
    """Return those of these streams that are complaints and came by these channels."""
    if not streams:
        return frozenset()
    table = snapshot.on(NAME, written.CASES)
    mine = table.c.stream.in_(list(streams))
    query = select(table.c.stream).where(mine, table.c.kind == "complaint", table.c.channel.in_(list(channels)))
    return frozenset(row["stream"] for row in sql.fetch(snapshot.connection, query))


def of_products(snapshot: Snapshot, products: Collection[str], since: datetime, until: datetime) -> list[Other]:
    """Return the complaints about these products that were received from ``since`` to ``until``."""
    if not products:
        return []
    table = snapshot.on(NAME, written.CASES)
    when = table.c.opened_at.between(since, until)
    return _others(snapshot, when, table.c.kind == "complaint", table.c.product.in_(list(products)))


def held(snapshot: Snapshot, persons: Sequence[str], since: datetime) -> Mapping[str, Held]:
    """Return what these persons have open, and the last they were given of those received from ``since`` on."""
    if not persons:
        return {}
    table = snapshot.on(NAME, written.CASES)
    mine = table.c.assignee.in_(list(persons))
    busy = select(table.c.assignee, func.count().label("open")).where(mine, table.c.stage.in_(_WORKED_ON))
    last = select(table.c.assignee, func.max(table.c.opened_at).label("last")).where(mine, table.c.opened_at >= since)
    counts = {row["assignee"]: row["open"] for row in _grouped(snapshot, busy, table.c.assignee)}
    lasts = {row["assignee"]: row["last"] for row in _grouped(snapshot, last, table.c.assignee)}
    return {person: Held(counts.get(person, 0), lasts.get(person)) for person in persons}


def _others(snapshot: Snapshot, *conditions: ColumnElement[bool]) -> list[Other]:
    table = snapshot.on(NAME, written.CASES)
    query = select(table.c.stream, table.c.opened_at, table.c.product).where(*conditions)
    rows = sql.fetch(snapshot.connection, query.order_by(table.c.opened_at.desc(), table.c.stream))
    return [Other(**row) for row in rows]


def _grouped(snapshot: Snapshot, query: Any, key: ColumnElement[Any]) -> list[dict[str, Any]]:
    return sql.fetch(snapshot.connection, query.group_by(key))
