"""One owner advances a group of views; the other replicas wait for the lock.

The lock belongs to the database session on which the owner writes: with the session go both the
lock and the power to write. Where a pooler in between gives lock and writes to different sessions,
the compare-and-set on the position still keeps two owners apart; they only get in each other's way.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from engine.store.database.pool import Pool
from projections.sql import Link


@contextmanager
def sole(pool: Pool, group: str) -> Iterator[Link | None]:
    """Lend a connection in autocommit that holds the group's lock, or None if another one holds it. Never waits."""
    with pool.connection() as connection:
        connection.autocommit = True
        owned = _ask(connection, "SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", group)
        try:
            yield connection if owned else None
        finally:
            if owned:
                _give_back(connection, group)
            if not connection.closed:
                connection.autocommit = False


def _give_back(connection: Link, group: str) -> None:
    try:
        _ask(connection, "SELECT pg_advisory_unlock(hashtextextended(%s, 0))", group)
    except psycopg.Error:
        connection.close()  # the lock ends with the session


def _ask(connection: Link, question: str, group: str) -> bool:
    row = connection.execute(question.encode(), (f"plaint views {group}",)).fetchone()
    return row is not None and bool(row[0])
