"""A view's error parks the event and its stream's later events, for that view alone.

The log keeps the events, so parking is one row: from which event on the stream is left out.
``feeding.resume`` replays the stream from there.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from uuid import UUID

import psycopg

from engine.store.batch import Recorded
from engine.store.database.errors import DatabaseUnavailable
from projections.runtime.copies import Copy
from projections.runtime.projection import Projection
from projections.sql import Link

TRANSIENT = (psycopg.OperationalError, psycopg.InterfaceError, DatabaseUnavailable, MemoryError)
"""The database's or the machine's trouble, no event's: the whole batch is tried again."""

Key = tuple[str, int, Copy]
"""A view, its version and its copy."""


@dataclass(frozen=True, slots=True)
class Parked:
    """A stream left out of a view from ``position`` on; ``events`` of it so far."""

    view: str
    version: int
    copy: Copy
    stream: UUID
    position: int
    events: int
    reason: str
    """Kind of the error and its place in the program; never a value."""


def incomplete(connection: Link) -> set[Key]:
    """Return the copies of views of which something is parked."""
    rows = connection.execute("SELECT DISTINCT view, version, copy FROM views.stuck")
    return {(row[0], row[1], row[2]) for row in rows}


def parked(connection: Link, views: Iterable[Projection]) -> list[Parked]:
    """Return what is left out of these copies of views, by view and position."""
    names = [(view.name, view.version, view.copy) for view in views]
    rows = connection.execute(
        "SELECT view, version, copy, stream, position, events, reason FROM views.stuck "
        "ORDER BY view, version, copy, position, stream"
    ).fetchall()
    return [Parked(*row) for row in rows if (row[0], row[1], row[2]) in names]


def ask_again(connection: Link, view: str) -> int:
    """Ask the owner to try again what errors keep out of a view; return how many streams that is."""
    return connection.execute("UPDATE views.stuck SET again = true WHERE view = %s", (view,)).rowcount


def asked_again(connection: Link) -> set[Key]:
    """Return the copies of views of which somebody asked to try again what is left out."""
    rows = connection.execute("SELECT DISTINCT view, version, copy FROM views.stuck WHERE again")
    return {(row[0], row[1], row[2]) for row in rows}


def parked_from(view: Projection, first: Recorded, error: Exception, events: int) -> Parked:
    """Return a stream that an error keeps out of a view from ``first`` on, so many events of it so far."""
    return Parked(view.name, view.version, view.copy, first.stream, first.position, events, _reason(error))


def _reason(error: Exception) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    state = f" {error.sqlstate}" if isinstance(error, psycopg.Error) and error.sqlstate else ""
    place = f" at {PurePath(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else ""
    return f"{type(error).__name__}{state}{place}"


def held(connection: Link, view: Projection, streams: Iterable[UUID]) -> set[UUID]:
    """Return which of these streams are left out of a view."""
    rows = connection.execute(
        "SELECT stream FROM views.stuck WHERE view = %s AND version = %s AND copy = %s AND stream = ANY(%s)",
        (view.name, view.version, view.copy, list(streams)),
    )
    return {row[0] for row in rows}


def park(connection: Link, left_out: Mapping[UUID, Parked]) -> None:
    """Leave these streams out from now on."""
    if left_out:
        with connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO views.stuck (view, version, copy, stream, position, events, reason) "
                "VALUES (%s, %s, %s, %s, %s, %s, %s)",
                [(p.view, p.version, p.copy, p.stream, p.position, p.events, p.reason) for p in left_out.values()],
            )


def count(connection: Link, view: Projection, streams: Sequence[UUID]) -> None:
    """Count one more event left out for each mention of a stream."""
    if streams:
        connection.execute(
            "UPDATE views.stuck SET events = stuck.events + more.n FROM "
            "(SELECT stream, count(*) AS n FROM unnest(%s::uuid[]) AS stream GROUP BY stream) AS more "
            "WHERE stuck.view = %s AND stuck.version = %s AND stuck.copy = %s AND stuck.stream = more.stream",
            (list(streams), view.name, view.version, view.copy),
        )


def reached(connection: Link, view: Projection) -> int:
    """Return where a view stands, and keep it there until the transaction ends."""
    row = connection.execute(
        "SELECT position FROM views.positions WHERE view = %s AND version = %s AND copy = %s FOR UPDATE",
        (view.name, view.version, view.copy),
    ).fetchone()
    return 0 if row is None else int(row[0])


def forget(connection: Link, one: Parked) -> None:
    """Leave a stream out no longer."""
    connection.execute(
        "DELETE FROM views.stuck WHERE view = %s AND version = %s AND copy = %s AND stream = %s",
        (one.view, one.version, one.copy, one.stream),
    )
