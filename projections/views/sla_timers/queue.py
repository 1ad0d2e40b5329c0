"""What clocks ask for next, in order of time: a range of an index, however many clocks there are.

Imported history asks for nothing until it was told to go live, and then only for what is due from
that instant on: what ran out before is to be seen in the lists, and is nobody's news.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import Boolean, Column, ColumnElement, Select, Table, func, literal_column, select, tuple_

from projections import sql
from projections.runtime import copies, progress
from projections.sql import Link
from projections.views.sla_timers.reported import Asks
from projections.views.sla_timers.rows import CLOCKS, VERSION, VIEW

Place = tuple[datetime, UUID, str, int, int]
"""Where a row stands in the queue."""


class Due(NamedTuple):
    """One clock that asks for something."""

    stream: UUID
    kind: str
    cycle: int
    instance: int
    due_at: datetime
    asks: Asks
    at: datetime
    level: int | None
    stepped: int
    """How many events of the case the row knows."""

    @property
    def place(self) -> Place:
        """Where it stands in the queue."""
        return self.at, self.stream, self.kind, self.cycle, self.instance


class Pinned(NamedTuple):
    """A clock that runs or is paused, and the calendar it is pinned to."""

    stream: UUID
    cycle: int
    calendar: str
    version: int


class Live(NamedTuple):
    """Imported history that was told to go live: what was imported behind ``after`` up to ``through``."""

    after: int
    through: int
    since: datetime


class Standing(NamedTuple):
    """How many clocks of cases that are no imported history ask for attention; each is counted up to a limit."""

    open: int
    overdue: int
    due: int
    """What clocks ask for by now, and nobody has recorded yet."""


_COLUMNS: Final = ("stream", "kind", "cycle", "instance", "due_at", "action", "action_at", "level", "stepped")
_PINS: Final = ("stream", "cycle", "calendar", "calendar_version")
_PLACE: Final = ("action_at", "stream", "kind", "cycle", "instance")


def due(
    connection: Link, before: datetime, limit: int, *, behind: Place | None = None, imports: Sequence[Live] = ()
) -> list[Due]:
    """Return what was asked for earlier than ``before``, the oldest first, ``behind`` a place of the queue."""
    clocks = read(connection)
    found = _rows(connection, question(clocks, before, limit, behind))
    for one in imports:
        found += _rows(connection, question(clocks, before, limit, behind, one))
    return sorted(found, key=lambda row: row.place)[:limit]


def pinned(
    connection: Link, versions: Collection[tuple[str, int]], limit: int, *, behind: UUID | None = None
) -> list[Pinned]:
    """Return clocks that run or are paused and are pinned to one of these calendars, of streams after ``behind``."""
    clocks, found = read(connection), list[Pinned]()
    for calendar, version in sorted(versions):
        wanted: list[ColumnElement[bool]] = [clocks.c.calendar == calendar, clocks.c.calendar_version == version]
        wanted.append(literal_column("state IN ('running', 'paused')", Boolean))
        if behind is not None:
            wanted.append(clocks.c.stream > behind)
        asked = select(*_of(clocks, _PINS)).where(*wanted).order_by(clocks.c.stream).limit(limit)
        found += [Pinned(*row.values()) for row in sql.fetch(connection, asked)]
    return sorted(found)[:limit]


def standing(connection: Link, now: datetime, most: int) -> Standing:
    """Count clocks as of ``now``, of each kind ``most`` at most.

    Raises:
        projections.runtime.progress.Missing: the view was never built on this database.
    """
    clocks = read(connection)
    live, running = clocks.c.imported_at.is_(None), literal_column("state = 'running'", Boolean)
    wanted: tuple[tuple[ColumnElement[bool], ...], ...] = (
        (clocks.c.open, live),
        (clocks.c.open, live, running, clocks.c.due_at < now),
        (clocks.c.action_at.is_not(None), live, clocks.c.action_at < now),
    )
    return Standing(*(_counted(connection, clocks, conditions, most) for conditions in wanted))


def _counted(connection: Link, clocks: Table, conditions: Sequence[ColumnElement[bool]], most: int) -> int:
    found = select(clocks.c.stream).where(*conditions).limit(most).subquery()
    number: int = sql.fetch(connection, select(func.count().label("number")).select_from(found))[0]["number"]
    return number


def read(connection: Link) -> Table:
    """Return the table of the clocks that is read now: the plain one, whose indexes have the queue's order.

    Raises:
        projections.runtime.progress.Missing: the view was never built on this database.
    """
    return copies.of(CLOCKS, progress.reached(connection, [(VIEW, VERSION)])[0].copy)


def question(
    clocks: Table, before: datetime, limit: int, behind: Place | None, imported: Live | None = None
) -> Select[Any]:
    """Return the query of one part of the queue: what is live of itself, or imported history."""
    wanted: list[ColumnElement[bool]] = [clocks.c.action_at.is_not(None), clocks.c.action_at < before]
    if imported is None:
        wanted.append(clocks.c.imported_at.is_(None))
    else:
        wanted += [clocks.c.imported_at.is_not(None), clocks.c.action_at >= imported.since]
        wanted += [clocks.c.imported_at > imported.after, clocks.c.imported_at <= imported.through]
    if behind is not None:
        wanted.append(tuple_(*_of(clocks, _PLACE)) > behind)
    return select(*_of(clocks, _COLUMNS)).where(*wanted).order_by(*_of(clocks, _PLACE)).limit(limit)


def _rows(connection: Link, asked: Select[Any]) -> list[Due]:
    return [Due(*row.values()) for row in sql.fetch(connection, asked)]


def _of(clocks: Table, names: Sequence[str]) -> tuple[Column[Any], ...]:
    return tuple(clocks.c[name] for name in names)
