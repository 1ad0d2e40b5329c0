"""Folded states of long streams, kept so that the next decision reads only what came since.

A snapshot is a shortcut and nothing else: whoever drops the table, or a row, at any moment loses time.
It is used only if all of this holds, and is otherwise passed over in silence:

- **Of this code.** Its ``fold`` is the digest of the sources that this process runs (``fold_of_this_program``),
  so that an old and a new program side by side never take each other's states, and nobody has to remember
  to raise a number when an event, an upcaster or a decider changes.
- **Of this log.** Its ``anchor`` is a digest of position, recorded time and octets of its last event, compared
  with the log's own row in the very query: after a restore it cannot be ahead of the log, nor beside it.
- **Not late.** The events behind it are read by the same statement, hence from one state of the database.
- **Whole.** Its octets say themselves that they were not changed (the caller's codec looks).

Writing takes no part in a commit: it is done after a read that had to fold much, on a connection of its
own, outside of the writers' lock, and where it fails nobody is told.
"""

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from operator import attrgetter
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

import psycopg
import pydantic
from psycopg_pool import PoolClosed, PoolTimeout

from engine.store.batch import Recorded
from engine.store.columns import BigIntegers, Integers, Octets, Uuids, teach
from engine.store.database.pool import Pool
from engine.store.mapper import Mapper, Row
from engine.store.read import Reader
from engine.store.session import reading

_ANCHOR: Final = "sha256(int8send(e.position) || timestamptz_send(e.recorded_at) || e.state)"
_READ: Final = f"""
    WITH held AS MATERIALIZED (
        SELECT position, recorded_at, stream, version
        FROM unnest(%b::uuid[], %b::integer[], %b::bigint[], %b::timestamptz[])
             AS w (stream, version, position, recorded_at)
        JOIN plaint.events USING (stream, version, position, recorded_at)
    ),
    kept AS MATERIALIZED (
        SELECT e.position, e.recorded_at, s.stream, s.version, s.state
        FROM plaint.snapshots s
        JOIN plaint.events e ON e.stream = s.stream AND e.version = s.version
        WHERE s.stream = ANY(%b::uuid[]) AND s.fold = %b AND s.anchor = {_ANCHOR}
    )
    SELECT position, recorded_at, stream, version, NULL AS name, state FROM kept
    UNION ALL
    SELECT position, recorded_at, stream, version, NULL AS name, NULL AS state FROM held
    UNION ALL
    SELECT since.* FROM unnest(%b::uuid[]) AS w (stream)
    LEFT JOIN kept ON kept.stream = w.stream
    LEFT JOIN held ON held.stream = w.stream
    CROSS JOIN LATERAL (
        SELECT e.position, e.recorded_at, e.stream, e.version, e.name, e.state FROM plaint.events e
        WHERE e.stream = w.stream AND e.version > coalesce(kept.version, held.version, 0)
        OFFSET 0  -- one look into the index of streams for each, whatever the planner believes of their lengths
    ) AS since
"""  # noqa: S608 # our own words
_KEEP: Final = f"""
    INSERT INTO plaint.snapshots AS s (stream, version, fold, anchor, state)
    SELECT w.stream, w.version, %b, {_ANCHOR}, w.state
    FROM unnest(%b::uuid[], %b::integer[], %b::bigint[], %b::timestamptz[], %b::bytea[])
         AS w (stream, version, position, recorded_at, state)
    JOIN plaint.events e USING (stream, version, position, recorded_at)
    ORDER BY w.stream
    ON CONFLICT (stream) DO UPDATE
    SET version = excluded.version, fold = excluded.fold, anchor = excluded.anchor, state = excluded.state
    WHERE s.version < excluded.version OR s.fold <> excluded.fold OR s.stream = ANY(%b::uuid[])
       OR s.anchor IS DISTINCT FROM (
           SELECT {_ANCHOR} FROM plaint.events e WHERE e.stream = s.stream AND e.version = s.version)
"""  # noqa: S608 # our own words
_PATIENCE_SECONDS: Final = 1.0
"""For a connection, and for the statement: whoever waits for a decision has waited long enough already."""
_UNREADABLE: Final = (
    psycopg.ProgrammingError,
    psycopg.NotSupportedError,
    psycopg.InternalError,
    psycopg.errors.UndefinedFile,
    psycopg.errors.IoError,
)
"""The table was dropped, has another shape since, is not for this role, or lies damaged on the disk or no more."""
_VERSION: Final = attrgetter("version")
_ROOMS: Final = ("schemas", "engine")
_NONE: Final[Mapping[UUID, "Place"]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Place:
    """Where an event of a stream stands in the log."""

    version: int
    position: int
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Kept(Place):
    """A folded state as octets, at the place of the last event in it."""

    octets: bytes


@dataclass(frozen=True, slots=True)
class Since:
    """A stream as it stands: its events, or those behind a snapshot, or behind what the caller holds.

    One that does not exist has none of them.
    """

    kept: Kept | None
    events: list[Recorded]
    held: Place | None = None

    @property
    def last(self) -> Recorded | Place | None:
        """Of the stream: has its version, position and recorded time."""
        return self.events[-1] if self.events else self.kept or self.held


class Snapshots:
    """Reads streams from their last snapshot on, and keeps new ones. For any number of threads.

    ``fold`` names the code whose states these are; with None there are no snapshots.
    """

    def __init__(self, pool: Pool, reader: Reader, mapper: Mapper, fold: bytes | None) -> None:
        self._pool = pool
        self._reader = reader
        self._mapper = mapper
        self._fold = fold

    def read(
        self, streams: Collection[UUID], whole: Collection[UUID] = (), held: Mapping[UUID, Place] = _NONE
    ) -> dict[UUID, Since]:
        """Return these streams, in one query; those in ``whole`` with all events and no snapshot.

        Of a stream in ``held`` only what came since is read, if the log has an event of it in that very place; if
        not, all of it is. A stream that does not exist has neither. Where the snapshots cannot be read (the table
        is gone, or broken), all events are.

        Raises:
            DatabaseUnavailable: the database cannot be read now.
            UnknownEvent, UnreadableEvent: as the reader of the log.
        """
        wanted = dict.fromkeys([*streams, *whole])
        if not wanted:
            return {}
        if self._fold is not None:
            rows = self._rows(self._fold, wanted, wanted.keys() - set(whole) - held.keys(), held)
            if rows is not None:
                return self._since(wanted, rows)
        return {stream: Since(None, events) for stream, events in self._reader.streams(wanted).items()}

    def _rows(
        self, fold: bytes, wanted: Collection[UUID], shortened: Collection[UUID], held: Mapping[UUID, Place]
    ) -> Sequence[tuple[Any, ...]] | None:
        """None where they cannot be read; what is wrong with the log itself comes up again at once."""
        with reading(self._pool) as connection:
            teach(connection)
            try:
                parameters = (*_places(held), Uuids(shortened), fold, Uuids(wanted))
                return connection.execute(_READ, parameters, binary=True).fetchall()
            except _UNREADABLE:  # before `reading` takes a lost file for a database that is away
                return None

    def _since(self, wanted: Collection[UUID], rows: Sequence[tuple[Any, ...]]) -> dict[UUID, Since]:
        kept: dict[UUID, Kept] = {}
        held: dict[UUID, Place] = {}
        events: dict[UUID, list[Recorded]] = {stream: [] for stream in wanted}
        for position, recorded_at, stream, version, name, state in rows:
            if name is None and state is None:
                held[stream] = Place(version, position, recorded_at)
            elif name is None:
                kept[stream] = Kept(version, position, recorded_at, state)
            else:
                events[stream].append(self._mapper.read(Row(position, recorded_at, stream, version, name, state)))
        for several in events.values():
            several.sort(key=_VERSION)  # nearly always in order; sorting all rows in the database costs a third more
        return {stream: Since(kept.get(stream), several, held.get(stream)) for stream, several in events.items()}

    def keep(self, states: Mapping[UUID, Kept], instead: Collection[UUID] = ()) -> int:
        """Keep the states that are newer than the kept ones; returns how many that were, 0 if it failed.

        Those in ``instead`` replace what is there in any case. Of a state whose last event the log does not
        hold, nothing is kept. Atomic; never raises for the database's sake, nor keeps anybody waiting for long.
        """
        if self._fold is None or not states:
            return 0
        parameters = (self._fold, *_columns(states), Uuids(instead))
        try:
            with self._pool.connection(timeout=_PATIENCE_SECONDS) as connection:
                teach(connection)
                with connection.pipeline():
                    connection.execute(f"SET LOCAL statement_timeout = {round(1000 * _PATIENCE_SECONDS)}")
                    cursor = connection.execute(_KEEP, parameters)
                return cursor.rowcount
        except (psycopg.Error, PoolTimeout, PoolClosed):
            return 0


def _columns(states: Mapping[UUID, Kept]) -> tuple[Any, ...]:
    return (*_places(states), Octets([one.octets for one in states.values()]))


def _places(streams: Mapping[UUID, Place]) -> tuple[Any, ...]:
    places = streams.values()
    return (
        Uuids(streams),
        Integers([one.version for one in places]),
        BigIntegers([one.position for one in places]),
        [one.recorded_at for one in places],
    )


@cache
def fold_of_this_program() -> bytes | None:
    """Return the digest of all sources that have to do with folding; to be asked when the process starts.

    That is more than the fold: all of schemas and engine, and the version of pydantic. What can be left out
    by mistake is then nothing, and a release costs each long stream one whole replay. None where the program
    is installed without its sources.
    """
    return fold_of([resources.files(room) for room in _ROOMS])


def fold_of(rooms: Collection[Traversable]) -> bytes | None:
    """Return the digest of the sources in these folders, or None where one of them has none."""
    sources = [sorted(_sources(room, room.name)) for room in rooms]
    if not all(sources):
        return None
    digest = hashlib.sha256(pydantic.VERSION.encode())
    for name, source in (source for room in sources for source in room):
        digest.update(f"{name}:{len(source)}:".encode() + source)
    return digest.digest()


def _sources(folder: Traversable, path: str) -> Iterator[tuple[str, bytes]]:
    for entry in folder.iterdir():
        name = f"{path}/{entry.name}"
        if entry.is_dir():
            yield from _sources(entry, name)
        elif name.endswith(".py"):
            yield name, entry.read_bytes()
