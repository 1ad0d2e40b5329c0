"""Backups of a test's database, whole or of one schema alone, to be put back in its place."""

from collections.abc import Callable, Sequence

import psycopg
import pytest
from psycopg import Connection, sql
from psycopg.rows import TupleRow


class Backup:
    """The rows of these schemas, as a dump of them has them; the database may be in use meanwhile."""

    def __init__(self, conninfo: str, schemas: Sequence[str]) -> None:
        self._conninfo = conninfo
        with psycopg.connect(conninfo) as connection:
            query = "SELECT schemaname, tablename FROM pg_tables WHERE schemaname = ANY(%s) ORDER BY 1, 2"
            tables = [sql.Identifier(*row) for row in connection.execute(query, (list(schemas),)).fetchall()]
            self._rows = [(table, _copied(connection, table)) for table in tables]

    def restore(self) -> None:
        """Put all rows back as they were; nobody else may be connected."""
        with psycopg.connect(self._conninfo) as connection:
            connection.execute("SET session_replication_role = replica")
            for table, rows in self._rows:
                connection.execute(sql.SQL("TRUNCATE {}").format(table))
                with connection.cursor().copy(sql.SQL("COPY {} FROM STDIN (FORMAT binary)").format(table)) as copy:
                    copy.write(rows)


def _copied(connection: Connection[TupleRow], table: sql.Identifier) -> bytes:
    with connection.cursor().copy(sql.SQL("COPY {} TO STDOUT (FORMAT binary)").format(table)) as copy:
        return b"".join(map(bytes, copy))


BackUp = Callable[..., Backup]
"""Backs up now: the whole database, or one schema of it."""


@pytest.fixture
def backed_up(database: str) -> BackUp:
    def back_up(schema: str | None = None) -> Backup:
        return Backup(database, [schema] if schema else ["plaint", "plaint_keys"])

    return back_up
