"""How the store uses a connection: one statement outside of a transaction, or a transaction."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread

import psycopg
from psycopg import Connection
from psycopg.rows import TupleRow
from psycopg_pool import PoolClosed, PoolTimeout

from engine.store.database.errors import DatabaseUnavailable
from engine.store.database.pool import Pool


def reachable(pool: Pool, seconds: float) -> bool:
    """Whether the database lends a connection within this time; a thread waits for one that says nothing at all."""
    lent = Event()

    def look() -> None:
        with suppress(psycopg.OperationalError, PoolTimeout, PoolClosed), pool.connection(seconds):
            lent.set()

    looking = Thread(target=look, name="reachable", daemon=True)
    looking.start()
    looking.join(seconds)
    return lent.is_set()


@contextmanager
def reading(pool: Pool) -> Iterator[Connection[TupleRow]]:
    """A connection whose statements stand alone: each sees the latest commit, none costs a BEGIN.

    Raises:
        DatabaseUnavailable: no connection in time, or it was lost. Trying again is harmless.
    """
    try:
        with pool.connection() as connection:
            connection.autocommit = True
            try:
                yield connection
            finally:
                if not connection.closed:
                    connection.autocommit = False
    except (psycopg.OperationalError, PoolTimeout, PoolClosed) as error:
        raise DatabaseUnavailable(f"the database cannot be read now: {type(error).__name__}") from error
