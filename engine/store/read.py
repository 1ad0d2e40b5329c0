"""The one way out of the log: by position, by stream, as of a position or a recorded time.

What is read is never late: whoever saw position n has seen every position below it, because
positions are given under one lock that is held until the commit (see ``commit``).

``open=True`` decrypts personal text and needs keys; everything else needs none, personal text
then stands as ``Withheld``.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from engine.store.batch import Recorded
from engine.store.database.pool import Pool
from engine.store.database.wake import Waiter
from engine.store.frame import Frame
from engine.store.mapper import Mapper, Row
from engine.store.session import reading
from engine.store.vault.keys import KeyName
from engine.store.vault.seal import DataKey, Keys

_COLUMNS: Final = "position, recorded_at, stream, version, name, state"
_HEAD: Final = """
    SELECT coalesce(e.position, 0), e.recorded_at, l.incarnation
    FROM (SELECT incarnation FROM plaint.log ORDER BY number DESC LIMIT 1) l
    LEFT JOIN (SELECT position, recorded_at FROM plaint.events ORDER BY position DESC LIMIT 1) e ON true
"""
_LOG: Final = f"SELECT {_COLUMNS} FROM plaint.events WHERE position > %s ORDER BY position LIMIT %s"  # noqa: S608 # our own words
_LOG_NAMED: Final = f"""
    SELECT {_COLUMNS} FROM plaint.events WHERE position > %s AND name = ANY(%s) ORDER BY position LIMIT %s
"""  # noqa: S608 # our own words
_STREAMS: Final = f"SELECT {_COLUMNS} FROM plaint.events WHERE stream = ANY(%s) ORDER BY stream, version"  # noqa: S608 # our own words
POSITION_AT: Final = """
    SELECT coalesce(max(position), 0) FROM (
        SELECT position FROM plaint.events
        WHERE recorded_at = (SELECT max(recorded_at) FROM plaint.events WHERE recorded_at <= %s)
        OFFSET 0  -- keeps the planner from walking the primary key backwards instead
    ) AS last
"""
ENDS: Final = """
    SELECT recorded_at, max(position) FROM plaint.events WHERE recorded_at = ANY(%b::timestamptz[]) GROUP BY recorded_at
"""


@dataclass(frozen=True, slots=True)
class Head:
    """Where the log ends. ``recorded_at`` is None while it is empty."""

    position: int
    recorded_at: datetime | None
    incarnation: UUID


class Reader:
    """Reads the log. For any number of threads; every method is one query, two when it opens.

    All methods raise ``DatabaseUnavailable`` when the database cannot be read now, and
    ``UnknownEvent`` or ``UnreadableEvent`` (see ``mapper``) where the log says what this program
    cannot understand. Instants are in UTC.
    """

    def __init__(self, pool: Pool, keys: Keys | None = None, mapper: Mapper | None = None) -> None:
        self._pool = pool
        self._keys = keys
        self._mapper = mapper or Mapper()

    def head(self) -> Head:
        """The last position, its recorded time, and the incarnation of the log."""
        with reading(self._pool) as connection:
            row = connection.execute(_HEAD).fetchone()
        if row is None:
            raise LookupError("plaint.log is empty: the database was not migrated")
        return Head(*row)

    def log(
        self, after: int, limit: int, *, open: bool = False, names: Collection[str] | None = None
    ) -> list[Recorded]:
        """At most ``limit`` events behind position ``after``, in order; with ``names`` only these.

        With ``names``, take ``head()`` first: fewer than ``limit`` events mean that all up to that
        head have been looked at.
        """
        if names is None:
            return self._events(_LOG, (after, limit), open=open)
        return self._events(_LOG_NAMED, (after, list(names), limit), open=open)

    def both(self, after: int, limit: int, opens: Collection[str]) -> tuple[list[Recorded], list[Recorded]]:
        """At most ``limit`` events behind ``after``, and those of them that are named in ``opens`` once more, opened.

        The names are those of the events' classes, which an older stored name may have become. One look at
        the log serves readers that must not see a text and those that need it.
        """
        mapper = self._mapper
        events: list[Recorded] = []
        opened: list[tuple[Row, Frame, Recorded]] = []
        for row in self._rows(_LOG, (after, limit)):
            frame = mapper.parse(row)
            one = mapper.open(row, frame, {})
            events.append(one)
            if one.event.NAME in opens:
                opened.append((row, frame, one))
        keys = self._keys_of((row, frame) for row, frame, _ in opened) if opened else {}
        return events, [mapper.open(row, frame, keys) if frame.parts else one for row, frame, one in opened]

    def stream(
        self,
        stream: UUID,
        *,
        after_version: int = 0,
        up_to_version: int | None = None,
        as_of_recorded: datetime | None = None,
        as_of_position: int | None = None,
        open: bool = False,
    ) -> list[Recorded]:
        """The events of one stream behind ``after_version``, in order; limits are inclusive. Empty if there is none."""
        limits = {"version": up_to_version, "recorded_at": as_of_recorded, "position": as_of_position}
        given = {column: value for column, value in limits.items() if value is not None}
        conditions = "".join(f" AND {column} <= %s" for column in given)
        query = f"SELECT {_COLUMNS} FROM plaint.events WHERE stream = %s AND version > %s{conditions} ORDER BY version"  # noqa: S608 # our own words
        return self._events(query, (stream, after_version, *given.values()), open=open)

    def streams(self, ids: Collection[UUID], *, open: bool = False) -> dict[UUID, list[Recorded]]:
        """The events of several streams, in one query; an empty list for one that does not exist."""
        found: dict[UUID, list[Recorded]] = {stream: [] for stream in ids}
        for recorded in self._events(_STREAMS, (list(found),), open=open):
            found[recorded.stream].append(recorded)
        return found

    def versions(self, ids: Collection[UUID]) -> dict[UUID, int]:
        """The last version of each of these streams that exists, in one query of the index alone."""
        query = """
            SELECT w.stream, last.version FROM unnest(%b::uuid[]) AS w (stream)
            CROSS JOIN LATERAL (SELECT version FROM plaint.events e WHERE e.stream = w.stream
                                ORDER BY version DESC LIMIT 1) AS last
        """
        with reading(self._pool) as connection, connection.cursor(binary=True) as cursor:
            return dict(cursor.execute(query, (list(ids),)).fetchall())

    def position_at(self, recorded_at: datetime) -> int:
        """The last position that was stored at that time or before; 0 if none was."""
        with reading(self._pool) as connection:
            row = connection.execute(POSITION_AT, (recorded_at,)).fetchone()
        return int(row[0]) if row else 0

    def ends(self, recorded: Collection[datetime]) -> dict[datetime, int]:
        """Recorded time -> the last position that has it, so of its commit. One query, none for no times.

        Should the database's clock have gone back meanwhile, the commit after it has the same time.
        """
        if not recorded:
            return {}
        with reading(self._pool) as connection, connection.cursor(binary=True) as cursor:
            return dict(cursor.execute(ENDS, (list(recorded),)).fetchall())

    def follow(
        self,
        after: int,
        waiter: Waiter,
        *,
        limit: int = 500,
        open: bool = False,
        names: Collection[str] | None = None,
        poll_seconds: float = 1.0,
        stop: Callable[[], bool] = lambda: False,
    ) -> Iterator[list[Recorded]]:
        """Batches behind ``after``, in order, and then whatever comes; ends when ``stop()`` says so.

        A lost hint delays a batch by ``poll_seconds`` and no more.
        """
        while not stop():
            head = self.head().position
            batch = self.log(after, limit, open=open, names=names)
            if batch:
                after = batch[-1].position
                yield batch
            if len(batch) < limit:
                after = max(after, head)
                if not stop():
                    waiter.wait(poll_seconds)

    def _rows(self, query: str, parameters: Sequence[Any]) -> list[Row]:
        with reading(self._pool) as connection, connection.cursor(binary=True) as cursor:
            cursor.execute(query, parameters)
            return list(map(Row._make, cursor.fetchall()))

    def _events(self, query: str, parameters: Sequence[Any], *, open: bool) -> list[Recorded]:
        rows = self._rows(query, parameters)
        if not open:
            return list(map(self._mapper.read, rows))
        mapper = self._mapper
        parsed = [(row, mapper.parse(row)) for row in rows]
        keys = self._keys_of(parsed)
        return [mapper.open(row, frame, keys) for row, frame in parsed]

    def _keys_of(self, parsed: Iterable[tuple[Row, Frame]]) -> Mapping[KeyName, DataKey | None]:
        """The keys that these rows need, in one look-up."""
        if self._keys is None:
            raise ValueError("this reader has no keys: it cannot open personal text")
        names = dict.fromkeys(name for row, frame in parsed for name in self._mapper.keys(row, frame))
        return self._keys.to_open(names) if names else {}
