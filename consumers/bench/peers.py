"""The physical limit to measure against: the same rows through bare PostgreSQL, in the same run.

Copies go into a table of the same shape and indexes as the log, in transactions of the same size.
"""

from collections.abc import Sequence
from datetime import datetime
from time import perf_counter
from uuid import UUID

from psycopg import Connection
from psycopg.rows import TupleRow

from engine.store.database.pool import Pool

Row = tuple[int, datetime, UUID, int, str, bytes]
_COLUMNS = b"position, recorded_at, stream, version, name, state"
_TYPES = ("int8", "timestamptz", "uuid", "int4", "text", "bytea")


class Bare:
    """Bare PostgreSQL on the log's rows."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        with pool.connection() as connection:
            connection.execute("CREATE SCHEMA bench")
            connection.execute("CREATE TABLE bench.copied (LIKE plaint.events INCLUDING ALL)")

    def rows(self, after: int, until: int) -> list[Row]:
        """Return stored rows, to be copied."""
        with self._pool.connection() as connection:
            return _select(connection, after, until)

    def copy(self, rows: Sequence[Row], batch: int) -> float:
        """Return how many seconds one binary COPY and one commit for every ``batch`` rows take."""
        spent = 0.0
        with self._pool.connection() as connection:
            for first in range(0, len(rows), batch):
                spent += self._copied(connection, rows[first : first + batch])
        return spent

    def fetch(self, after: int, until: int, batch: int) -> float:
        """Return how many seconds reading the log's rows takes, ``batch`` at a time, decoding nothing."""
        with self._pool.connection() as connection:
            connection.autocommit = True
            began = perf_counter()
            for first in range(after, until, batch):
                _select(connection, first, min(first + batch, until))
            spent = perf_counter() - began
            connection.autocommit = False
        return spent

    def fetch_stream(self, stream: UUID) -> float:
        """Return how many seconds reading the rows of one stream takes, decoding nothing."""
        began = perf_counter()
        with self._pool.connection() as connection, connection.cursor(binary=True) as cursor:
            cursor.execute(b"SELECT " + _COLUMNS + b" FROM plaint.events WHERE stream = %s ORDER BY version", (stream,))
            cursor.fetchall()
        return perf_counter() - began

    def octets(self, after: int, until: int) -> int:
        """Return how many octets the states of these rows have."""
        query = "SELECT sum(octet_length(state)) FROM plaint.events WHERE position > %s AND position <= %s"
        with self._pool.connection() as connection:
            found = connection.execute(query, (after, until)).fetchone()
        return int(found[0] or 0) if found else 0

    def _copied(self, connection: Connection[TupleRow], rows: Sequence[Row]) -> float:
        began = perf_counter()
        statement = b"COPY bench.copied (" + _COLUMNS + b") FROM STDIN (FORMAT BINARY)"
        with connection.cursor() as cursor, cursor.copy(statement) as copy:
            copy.set_types(_TYPES)
            for row in rows:
                copy.write_row(row)
        connection.commit()
        return perf_counter() - began


def _select(connection: Connection[TupleRow], after: int, until: int) -> list[Row]:
    query = b"SELECT " + _COLUMNS + b" FROM plaint.events WHERE position > %s AND position <= %s ORDER BY position"
    with connection.cursor(binary=True) as cursor:
        rows: list[Row] = cursor.execute(query, (after, until)).fetchall()
    return rows
