"""Tables by view, version and copy: two versions of a view can stand side by side, and two copies of each."""

from collections.abc import Iterable
from typing import Any, LiteralString

from psycopg import sql as text
from sqlalchemy import BigInteger, Boolean, Column, DateTime, Integer, MetaData, Table, Text, Uuid, false
from sqlalchemy.schema import SchemaItem

from projections import sql
from projections.runtime import copies
from projections.runtime.copies import PERSONAL, POINTERS
from projections.runtime.projection import Projection
from projections.sql import Link

SCHEMA = copies.SCHEMA
_LOCK = 0x766965777300  # "views": one process at a time creates or drops tables

_runtime = MetaData(schema=SCHEMA)


def _copy() -> Column[int]:
    note = "1, or 2 beside it while a rebuild stands."
    return Column("copy", Integer, primary_key=True, autoincrement=False, server_default="1", comment=note)


POSITIONS = Table(
    "positions",
    _runtime,
    Column("view", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    _copy(),
    Column("position", BigInteger, nullable=False, comment="The last event whose effect stands in the rows."),
    Column("recorded_at", DateTime(timezone=True), comment="When that event was recorded; null before the first."),
    Column("incarnation", Uuid, comment="Of the log that the position counts in."),
)
STUCK = Table(
    "stuck",
    _runtime,
    Column("view", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    _copy(),
    Column("stream", Uuid, primary_key=True),
    Column("position", BigInteger, nullable=False, comment="The event that failed; it and later ones are left out."),
    Column("events", BigInteger, nullable=False, comment="How many events of the stream are left out so far."),
    Column("reason", Text, nullable=False, comment="Kind of the error and its place, never a value."),
    Column("again", Boolean, nullable=False, server_default=false(), comment="Somebody asked to try it again."),
)
ACTIVATIONS = Table(
    "activations",
    _runtime,
    Column("position", BigInteger, primary_key=True),
    Column("event", Text, nullable=False, comment="configuration.activated as JSON; configuration names no person."),
)
"""Every activation that a view has passed, so that a start needs no reading of the log from its first event."""


def table(metadata: MetaData, view: str, version: int, name: str, *parts: SchemaItem, **options: Any) -> Table:
    """Define ``views.<view>_<name>_v<version>``; indexes get the version in their names likewise."""
    return Table(f"{view}_{name}_v{version}", metadata, *parts, **options)


def ensure(connection: Link, views: Iterable[Projection]) -> None:
    """Create what is missing: schema, the runtime's tables, a new view's tables and its position 0. One transaction.

    Tables that exist are not touched: even ``IF NOT EXISTS`` would lock them against their writers.
    A view whose plaintext was left out of a dump has lost its tables; it begins anew.
    """
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        if not _is_there(connection, "SELECT to_regclass('views.positions') IS NOT NULL"):
            if not _is_there(connection, "SELECT to_regnamespace('views') IS NOT NULL"):
                connection.execute("CREATE SCHEMA views")
            for one in (POSITIONS, STUCK, ACTIVATIONS):
                sql.create(connection, one)
        if not _is_there(connection, "SELECT to_regclass('views.pointers') IS NOT NULL"):
            _make_room_for_copies(connection)
        known = set(connection.execute("SELECT view, version FROM views.pointers").fetchall())
        for view in views:
            if (view.name, view.version) not in known:
                _add(connection, view)
            elif any(one.schema == PERSONAL and not sql.exists(connection, one) for one in view.tables):
                _forget(connection, view)
                _add(connection, view)


def _is_there(connection: Link, question: LiteralString) -> bool:
    row = connection.execute(question).fetchone()
    return row is not None and bool(row[0])


def _make_room_for_copies(connection: Link) -> None:
    """Bring tables of programs before copies to today's shape; those just made have it."""
    for one, keys in (("positions", "view, version, copy"), ("stuck", "view, version, copy, stream")):
        named = text.Identifier(SCHEMA, one)
        copy = text.SQL("ALTER TABLE {} ADD COLUMN IF NOT EXISTS copy integer NOT NULL DEFAULT 1").format(named)
        connection.execute(copy)
        connection.execute(
            text.SQL("ALTER TABLE {} DROP CONSTRAINT {}, ADD PRIMARY KEY ({})").format(
                named, text.Identifier(f"{one}_pkey"), text.SQL(keys)
            )
        )
    connection.execute("ALTER TABLE views.stuck ADD COLUMN IF NOT EXISTS again boolean NOT NULL DEFAULT false")
    sql.create(connection, POINTERS)


def _add(connection: Link, view: Projection) -> None:
    connection.execute(
        "INSERT INTO views.pointers (view, version, copy) VALUES (%s, %s, 1) ON CONFLICT DO NOTHING",
        (view.name, view.version),
    )
    for one in view.tables:
        if one.schema == PERSONAL and not _is_there(connection, "SELECT to_regnamespace('views_personal') IS NOT NULL"):
            connection.execute("CREATE SCHEMA views_personal")
        for copy in (1, 2):
            sql.create(connection, copies.of(one, copy))
        if not sql.exists(connection, copies.live(one)):
            connection.execute(copies.definition(one, view.name, view.version))
    connection.execute(
        "INSERT INTO views.positions (view, version, position) VALUES (%s, %s, 0) ON CONFLICT DO NOTHING",
        (view.name, view.version),
    )


def drop(connection: Link, view: Projection) -> None:
    """Drop a view's tables of this version, both copies, and forget its positions: the next start replays it.

    One transaction. Who asks meanwhile waits for it.
    """
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        for one in view.tables:
            sql.drop_view(connection, copies.live(one))
            for copy in (1, 2):
                sql.drop(connection, copies.of(one, copy))
        _forget(connection, view)


def _forget(connection: Link, view: Projection) -> None:
    for runtime in ("pointers", "positions", "stuck"):
        connection.execute(
            f"DELETE FROM views.{runtime} WHERE view = %s AND version = %s",  # noqa: S608 -- a name from the line above
            (view.name, view.version),
        )
