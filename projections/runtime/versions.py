"""Tables by view and version: two versions of a view can stand side by side."""

from collections.abc import Iterable
from typing import LiteralString

from sqlalchemy import BigInteger, Column, DateTime, Integer, MetaData, Table, Text, Uuid
from sqlalchemy.schema import SchemaItem

from projections import sql
from projections.runtime.projection import Projection
from projections.sql import Link

SCHEMA = "views"
_LOCK = 0x766965777300  # "views": one process at a time creates or drops tables

_runtime = MetaData(schema=SCHEMA)

POSITIONS = Table(
    "positions",
    _runtime,
    Column("view", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("position", BigInteger, nullable=False, comment="The last event whose effect stands in the rows."),
    Column("recorded_at", DateTime(timezone=True), comment="When that event was recorded; null before the first."),
    Column("incarnation", Uuid, comment="Of the log that the position counts in."),
)
STUCK = Table(
    "stuck",
    _runtime,
    Column("view", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("stream", Uuid, primary_key=True),
    Column("position", BigInteger, nullable=False, comment="The event that failed; it and later ones are left out."),
    Column("events", BigInteger, nullable=False, comment="How many events of the stream are left out so far."),
    Column("reason", Text, nullable=False, comment="Kind of the error and its place, never a value."),
)
ACTIVATIONS = Table(
    "activations",
    _runtime,
    Column("position", BigInteger, primary_key=True),
    Column("event", Text, nullable=False, comment="configuration.activated as JSON; configuration names no person."),
)
"""Every activation that a view has passed, so that a start needs no reading of the log from its first event."""


def table(metadata: MetaData, view: str, version: int, name: str, *parts: SchemaItem) -> Table:
    """Define ``views.<view>_<name>_v<version>``; indexes get the version in their names likewise."""
    return Table(f"{view}_{name}_v{version}", metadata, *parts)


def ensure(connection: Link, views: Iterable[Projection]) -> None:
    """Create what is missing: schema, the runtime's tables, a new view's tables and its position 0. One transaction.

    Tables that exist are not touched: even ``IF NOT EXISTS`` would lock them against their writers.
    """
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        if not _is_there(connection, "SELECT to_regclass('views.positions') IS NOT NULL"):
            if not _is_there(connection, "SELECT to_regnamespace('views') IS NOT NULL"):
                connection.execute("CREATE SCHEMA views")
            for one in (POSITIONS, STUCK, ACTIVATIONS):
                sql.create(connection, one)
        known = set(connection.execute("SELECT view, version FROM views.positions").fetchall())
        for view in views:
            if (view.name, view.version) not in known:
                _add(connection, view)


def _is_there(connection: Link, question: LiteralString) -> bool:
    row = connection.execute(question).fetchone()
    return row is not None and bool(row[0])


def _add(connection: Link, view: Projection) -> None:
    for one in view.tables:
        sql.create(connection, one)
    connection.execute(
        "INSERT INTO views.positions (view, version, position) VALUES (%s, %s, 0)", (view.name, view.version)
    )


def drop(connection: Link, view: Projection) -> None:
    """Drop a view's tables of this version and forget its position: the next start replays it. One transaction."""
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        for one in view.tables:
            sql.drop(connection, one)
        for runtime in ("positions", "stuck"):
            connection.execute(
                f"DELETE FROM views.{runtime} WHERE view = %s AND version = %s",  # noqa: S608 -- a name from the line above
                (view.name, view.version),
            )
