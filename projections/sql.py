"""Statements of SQLAlchemy Core, run on the connections of psycopg that the pool lends.

One transaction then holds queries and bulk writes alike, and nothing but psycopg touches the socket.
"""

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any
from uuid import UUID

from psycopg import Connection, sql
from psycopg.rows import TupleRow, dict_row
from sqlalchemy import Executable, Table
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.schema import CreateIndex, CreateTable, DropTable, ExecutableDDLElement
from sqlalchemy.sql import ClauseElement

from projections import units
from projections.packing import packed

Link = Connection[TupleRow]
"""A connection of the pool: not in autocommit, speaks UTC."""

_DIALECT = PGDialect_psycopg()  # type: ignore[no-untyped-call] # SQLAlchemy leaves it so


def fetch(connection: Link, statement: Executable) -> list[dict[str, Any]]:
    """Run a query and return its rows by the names of their columns, those that the asker may see (``units``).

    Raises:
        projections.units.OfAllUnits: he may see some units, and it reads what is kept for all together.
    """
    text, values = _narrowed(statement)
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(text, values).fetchall()


def explained(connection: Link, statement: Executable) -> dict[str, Any]:
    """Return the plan by which the server would answer a query, as EXPLAIN (FORMAT JSON) tells it."""
    text, values = _narrowed(statement)
    row = connection.execute(b"EXPLAIN (FORMAT JSON) " + text, values).fetchone()
    found: dict[str, Any] = row[0][0]["Plan"] if row else {}
    return found


def run(connection: Link, statement: Executable) -> int:
    """Run a statement that returns no rows and return how many it touched."""
    text, values = _compiled(statement)
    return connection.execute(text, values).rowcount


def create(connection: Link, table: Table) -> None:
    """Create a table and its indexes where they are missing."""
    _define(connection, CreateTable(table, if_not_exists=True))
    for index in sorted(table.indexes, key=lambda index: str(index.name)):
        _define(connection, CreateIndex(index, if_not_exists=True))


def drop(connection: Link, table: Table) -> None:
    """Drop a table where it exists."""
    _define(connection, DropTable(table, if_exists=True))


def drop_view(connection: Link, table: Table) -> None:
    """Drop an SQL view where it exists, and those that read it."""
    connection.execute(sql.SQL("DROP VIEW IF EXISTS {} CASCADE").format(_name(table)))


def exists(connection: Link, table: Table) -> bool:
    """Whether there is a table or an SQL view of this name."""
    row = connection.execute("SELECT to_regclass(%s) IS NOT NULL", (_name(table).as_string(connection),)).fetchone()
    return row is not None and bool(row[0])


def copy_in(connection: Link, table: Table, rows: Iterable[Sequence[Any]]) -> None:
    """Add rows, each in the order of the table's columns, by one COPY; nothing is sent where there are none."""
    left = iter(rows)
    first = next(left, None)
    if first is None:
        return
    left = chain((first,), left)
    octets = packed(table, left)
    form = sql.SQL("" if octets is None else " (FORMAT BINARY)")
    statement = sql.SQL("COPY {} ({}) FROM STDIN{}").format(_name(table), _columns(table), form)
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for chunk in octets or ():
            copy.write(chunk)
        if octets is None:
            for row in left:
                copy.write_row(row)


def replace(connection: Link, table: Table, old: Sequence[UUID], rows: Iterable[Sequence[Any]]) -> None:
    """Put ``rows`` in place of all rows of the streams ``old``; two statements, however many rows."""
    if old:
        delete = sql.SQL("DELETE FROM {} WHERE stream = ANY(%s::uuid[])").format(_name(table))
        connection.execute(delete, (uuids(old),))
    copy_in(connection, table, rows)


def rows_of(connection: Link, table: Table, streams: Sequence[UUID]) -> list[TupleRow]:
    """Return all rows of these streams, each in the order of the table's columns."""
    statement = sql.SQL("SELECT {} FROM {} WHERE stream = ANY(%s::uuid[])").format(_columns(table), _name(table))
    return connection.execute(statement, (uuids(streams),)).fetchall()


def uuids(ids: Iterable[UUID]) -> str:
    """Return ids as the text of an array, for a parameter that is cast to ``uuid[]``: psycopg would go over each."""
    return "{" + ",".join([f"{one.int:032x}" for one in ids]) + "}"


def _narrowed(statement: Executable) -> tuple[bytes, dict[str, Any]]:
    text, values, element = _in_words(statement)
    text, values = units.narrowed(text, values, element)
    return text.encode(), values


def _compiled(statement: Executable) -> tuple[bytes, dict[str, Any]]:
    text, values, _ = _in_words(statement)
    return text.encode(), values


def _in_words(statement: Executable) -> tuple[str, dict[str, Any], ClauseElement]:
    if not isinstance(statement, ClauseElement):
        raise TypeError(f"no statement of SQLAlchemy Core: {type(statement).__name__}")
    compiled = statement.compile(dialect=_DIALECT, compile_kwargs={"render_postcompile": True})
    return str(compiled), dict(compiled.params), statement


def _define(connection: Link, definition: ExecutableDDLElement) -> None:
    connection.execute(str(definition.compile(dialect=_DIALECT)).encode())


def _name(table: Table) -> sql.Identifier:
    return sql.Identifier(table.schema, table.name) if table.schema else sql.Identifier(table.name)


def _columns(table: Table) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(column.name) for column in table.columns)
