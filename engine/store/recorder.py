"""The log in the words of the ``eventsourcing`` library: its recorders over our tables.

Whoever has an application of that library can run it on this log, and the recorder test cases
that the library ships run against these classes unmodified. Plaint itself writes by ``commit``
and reads by ``read``: both sides keep the same order, under the same lock.

The library demands of a tracking position that it be larger than the stored one; that is not
enough for a source that must have its effect exactly once. Its positions therefore stand in a
table of their own, and the doors never use them (see ``positions``).
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final
from uuid import UUID

import psycopg
from eventsourcing.persistence import (
    AggregateRecorder,
    ApplicationRecorder,
    IntegrityError,
    Notification,
    OperationalError,
    ProcessRecorder,
    StoredEvent,
    Subscription,
    Tracking,
)
from psycopg import Connection
from psycopg.rows import TupleRow
from psycopg_pool import PoolTimeout

from engine.store.commit import LOCK
from engine.store.copying import copy_events
from engine.store.database.errors import DatabaseUnavailable
from engine.store.database.pool import Pool
from engine.store.database.wake import Waiter
from engine.store.herald import CHANNEL, Herald
from engine.store.mapper import Sealed
from engine.store.session import reading

_HEAD: Final = """
    SELECT coalesce(max(position), 0), greatest(clock_timestamp(), max(recorded_at))
    FROM (SELECT position, recorded_at FROM plaint.events ORDER BY position DESC LIMIT 1) AS head
"""
_TRACK: Final = """
    INSERT INTO plaint.tracking AS t (application_name, notification_id) VALUES (%s, %s)
    ON CONFLICT (application_name) DO UPDATE SET notification_id = excluded.notification_id
    WHERE t.notification_id < excluded.notification_id
"""
_STREAM: Final = "SELECT stream, version, name, state FROM plaint.events WHERE stream = %s"
_LOG: Final = """
    SELECT stream, version, name, state, position FROM plaint.events
    WHERE position >= %s AND position <= %s AND (%s::text[] IS NULL OR name = ANY(%s)) ORDER BY position LIMIT %s
"""
_LAST_POSITION: Final = 2**63 - 1
_BATCH: Final = 500
_POLL_SECONDS: Final = 0.2


class LogRecorder(ProcessRecorder):
    """The log as application and process recorder. For any number of threads."""

    def __init__(self, pool: Pool, herald: Herald | None = None) -> None:
        self._pool = pool
        self._herald = herald

    def insert_events(
        self, stored_events: Sequence[StoredEvent], tracking: Tracking | None = None, **_: Any
    ) -> Sequence[int] | None:
        """Append events, and move a tracking position with them; the positions they were given.

        Raises:
            IntegrityError: a stream has that version already, or the position was passed before.
            OperationalError: the database does not answer.
        """
        if not stored_events and tracking is None:
            return None
        with _in_library_words(), self._pool.connection() as connection:
            before = self._append(connection, stored_events, tracking)
        if self._herald is not None:
            self._herald.announce()
        return [before + number for number in range(1, len(stored_events) + 1)]

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        bounds = {"version > %s": gt, "version <= %s": lte}
        given = {condition: value for condition, value in bounds.items() if value is not None}
        conditions = "".join(f" AND {condition}" for condition in given)
        query = f"{_STREAM}{conditions} ORDER BY version {'DESC' if desc else 'ASC'} LIMIT %s"
        return [StoredEvent(*row) for row in self._rows(query, (originator_id, *given.values(), limit))]

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        first = (start or 0) + (0 if inclusive_of_start or start is None else 1)
        names = list(topics) or None
        last = _LAST_POSITION if stop is None else stop
        return [Notification(*row) for row in self._rows(_LOG, (first, last, names, names, limit))]

    def max_notification_id(self) -> int | None:
        row = self._rows("SELECT max(position) FROM plaint.events", ())[0]
        return None if row[0] is None else int(row[0])

    def insert_tracking(self, tracking: Tracking) -> None:
        self.insert_events([], tracking=tracking)

    def max_tracking_id(self, application_name: str) -> int | None:
        query = "SELECT notification_id FROM plaint.tracking WHERE application_name = %s"
        rows = self._rows(query, (application_name,))
        return int(rows[0][0]) if rows else None

    def subscribe(self, gt: int | None = None, topics: Sequence[str] = ()) -> Subscription[ApplicationRecorder]:
        conninfo = self._pool.conninfo
        return LogSubscription(self, conninfo if isinstance(conninfo, str) else conninfo(), gt, topics)

    def _append(
        self, connection: Connection[TupleRow], stored_events: Sequence[StoredEvent], tracking: Tracking | None
    ) -> int:
        connection.isolation_level = psycopg.IsolationLevel.READ_COMMITTED
        connection.execute(LOCK)
        if tracking is not None:
            moved = connection.execute(_TRACK, (tracking.application_name, tracking.notification_id))
            if moved.rowcount == 0:
                raise IntegrityError(f"{tracking.application_name} has passed {tracking.notification_id} before")
        head = connection.execute(_HEAD).fetchone()
        before, recorded_at = head or (0, None)
        copy_events(connection, before, recorded_at, [_sealed(stored) for stored in stored_events])
        return int(before)

    def _rows(self, query: str, parameters: Sequence[Any]) -> list[TupleRow]:
        with _in_library_words(), reading(self._pool) as connection, connection.cursor(binary=True) as cursor:
            return cursor.execute(query, parameters).fetchall()


class LogAggregateRecorder(AggregateRecorder):
    """The log as aggregate recorder: the same rows, positions kept to itself."""

    def __init__(self, pool: Pool) -> None:
        self._log = LogRecorder(pool)

    def insert_events(self, stored_events: Sequence[StoredEvent], **_: Any) -> None:
        self._log.insert_events(stored_events)

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        return self._log.select_events(originator_id, gt=gt, lte=lte, desc=desc, limit=limit)


class LogSubscription(Subscription[ApplicationRecorder]):
    """Yields the log's rows and waits for more: woken by a hint, looking by itself every 0.2 s."""

    def __init__(self, recorder: LogRecorder, conninfo: str, gt: int | None, topics: Sequence[str]) -> None:
        super().__init__(recorder, gt, topics)
        self._waiter = Waiter(conninfo, CHANNEL)
        self._ready: Iterator[Notification] = iter(())

    def __next__(self) -> Notification:
        while not self._has_been_stopped:
            found = next(self._ready, None)
            if found is not None:
                return found
            if not self._fetch():
                self._waiter.wait(_POLL_SECONDS)
        self._waiter.close()
        raise StopIteration

    def __exit__(self, *args: object, **kwargs: Any) -> None:
        super().__exit__(*args, **kwargs)
        self._waiter.close()

    def _fetch(self) -> bool:
        batch = self._recorder.select_notifications(
            self._last_notification_id or 0, _BATCH, topics=self._topics, inclusive_of_start=False
        )
        if batch:
            self._last_notification_id = batch[-1].id
        self._ready = iter(batch)
        return bool(batch)


def _sealed(stored: StoredEvent) -> Sealed:
    stream = stored.originator_id
    return Sealed(
        stream if isinstance(stream, UUID) else UUID(stream), stored.originator_version, stored.topic, stored.state
    )


@contextmanager
def _in_library_words() -> Iterator[None]:
    """What the library calls the errors of psycopg; no value of a row is passed on."""
    try:
        yield
    except psycopg.IntegrityError as error:
        raise IntegrityError(f"{error.diag.constraint_name} is violated") from None
    except (psycopg.OperationalError, PoolTimeout, DatabaseUnavailable) as error:
        raise OperationalError(f"the database does not answer: {type(error).__name__}") from error
