"""A view's error parks the event and its stream's later events, for that view alone.

The log keeps the events, so parking is one row: from which event on the stream is left out.
``resume`` replays the stream from there.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath
from uuid import UUID

import psycopg

from engine.store.batch import Recorded
from engine.store.database.errors import DatabaseUnavailable
from projections.runtime.books import Books
from projections.runtime.copies import Copy
from projections.runtime.portion import Portion, portion
from projections.runtime.projection import Log, Projection, Work, by_stream
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


_LeftOut = dict[UUID, Parked]


def feed(connection: Link, view: Projection, given: Portion, incomplete: Collection[Key]) -> None:
    """Write the effect of a batch on a view, in the caller's transaction; what fails is parked.

    ``incomplete`` names the copies of views of which something is parked already.

    Raises:
        psycopg.OperationalError: trouble of the database; the caller rolls back and tries again.
    """
    mine = given.of(view)
    if not mine:
        return
    held: set[UUID] = set()
    if (view.name, view.version, view.copy) in incomplete:
        held = _held(connection, view, {one.stream for one in mine})
        _count(connection, view, [one.stream for one in mine if one.stream in held])
        mine = [one for one in mine if one.stream not in held]
    left_out = _together(connection, view, mine, given)
    if left_out is None:
        left_out = _one_by_one(connection, view, mine, given)
    _park(connection, left_out)


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


def resume(connection: Link, view: Projection, log: Log, books: Books) -> int:
    """Try again what is parked; return how many streams are whole again. Each is one transaction.

    Only the owner of the view's group may do this, between two batches.
    """
    done = 0
    for one in parked(connection, [view]):
        with connection.transaction():
            reached = _reached(connection, view)
            history = log.stream(one.stream, open=view.opens)
            events = [event for event in history if one.position <= event.position <= reached]
            _forget(connection, one)
            feed(connection, view, portion(events, events, books.at(reached)), ())
            done += not _held(connection, view, {one.stream})
    return done


def _together(connection: Link, view: Projection, events: Sequence[Recorded], given: Portion) -> _LeftOut | None:
    """Take all events at once. None: the rows could not be read or written, nothing was."""
    try:
        with connection.transaction():
            work, left_out = _taken(connection, view, events, given)
            work.write(connection, given.book)
    except TRANSIENT:
        raise
    except Exception:  # noqa: BLE001 -- a view's own error must not stop the other views; found one by one
        return None
    return left_out


def _one_by_one(connection: Link, view: Projection, events: Sequence[Recorded], given: Portion) -> _LeftOut:
    """Take stream by stream; the stream whose rows cannot be written is parked from its first event on."""
    left_out: _LeftOut = {}
    for stream, own in by_stream(events).items():
        try:
            with connection.transaction():
                work, found = _taken(connection, view, own, given)
                work.write(connection, given.book)
        except TRANSIENT:
            raise
        except Exception as error:  # noqa: BLE001 -- parked with its kind and place
            left_out[stream] = _parked(view, own[0], error, len(own))
        else:
            left_out.update(found)
    return left_out


def _taken(connection: Link, view: Projection, events: Sequence[Recorded], given: Portion) -> tuple[Work, _LeftOut]:
    """Have a view take events in: all at once, and one by one where that fails, to find out which one it is."""
    known = [stream for stream in dict.fromkeys(one.stream for one in events) if stream not in given.begun]
    work = view.begin(connection, known)
    try:
        work.take(events)
    except TRANSIENT:
        raise
    except Exception:  # noqa: BLE001 -- found out one by one
        work = view.begin(connection, known)
        return work, _stepped(view, work, events)
    return work, {}


def _stepped(view: Projection, work: Work, events: Sequence[Recorded]) -> _LeftOut:
    left_out: _LeftOut = {}
    for one in events:
        known = left_out.get(one.stream)
        if known is not None:
            left_out[one.stream] = replace(known, events=known.events + 1)
            continue
        try:
            work.step(one)
        except TRANSIENT:
            raise
        except Exception as error:  # noqa: BLE001 -- parked with its kind and place
            left_out[one.stream] = _parked(view, one, error, 1)
    return left_out


def _parked(view: Projection, first: Recorded, error: Exception, events: int) -> Parked:
    return Parked(view.name, view.version, view.copy, first.stream, first.position, events, _reason(error))


def _reason(error: Exception) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    state = f" {error.sqlstate}" if isinstance(error, psycopg.Error) and error.sqlstate else ""
    place = f" at {PurePath(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else ""
    return f"{type(error).__name__}{state}{place}"


def _held(connection: Link, view: Projection, streams: Iterable[UUID]) -> set[UUID]:
    rows = connection.execute(
        "SELECT stream FROM views.stuck WHERE view = %s AND version = %s AND copy = %s AND stream = ANY(%s)",
        (view.name, view.version, view.copy, list(streams)),
    )
    return {row[0] for row in rows}


def _park(connection: Link, left_out: Mapping[UUID, Parked]) -> None:
    if left_out:
        with connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO views.stuck (view, version, copy, stream, position, events, reason) "
                "VALUES (%s, %s, %s, %s, %s, %s, %s)",
                [(p.view, p.version, p.copy, p.stream, p.position, p.events, p.reason) for p in left_out.values()],
            )


def _count(connection: Link, view: Projection, streams: Sequence[UUID]) -> None:
    """Count one more event left out for each mention of a stream."""
    if streams:
        connection.execute(
            "UPDATE views.stuck SET events = stuck.events + more.n FROM "
            "(SELECT stream, count(*) AS n FROM unnest(%s::uuid[]) AS stream GROUP BY stream) AS more "
            "WHERE stuck.view = %s AND stuck.version = %s AND stuck.copy = %s AND stuck.stream = more.stream",
            (list(streams), view.name, view.version, view.copy),
        )


def _reached(connection: Link, view: Projection) -> int:
    row = connection.execute(
        "SELECT position FROM views.positions WHERE view = %s AND version = %s AND copy = %s FOR UPDATE",
        (view.name, view.version, view.copy),
    ).fetchone()
    return 0 if row is None else int(row[0])


def _forget(connection: Link, one: Parked) -> None:
    connection.execute(
        "DELETE FROM views.stuck WHERE view = %s AND version = %s AND copy = %s AND stream = %s",
        (one.view, one.version, one.copy, one.stream),
    )
