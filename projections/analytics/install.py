"""Put the contract into the database, by short locks, and only where it is not there yet.

The views belong to the role ``plaint_analytics``, which cannot log in, owns no table and may read no more
than what the views read: a mistake in one of them shows nothing else. Where nobody made that role, and the
role of the projections may not, the views stay with the latter.
"""

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from typing import Final, LiteralString

import psycopg
from psycopg import sql as text
from sqlalchemy import Column, Index, MetaData, Table, Text

from projections import sql
from projections.analytics import wide
from projections.analytics.contract import SCHEMA, Published, published
from projections.runtime.projection import Projection
from projections.sql import Link

OWNER: Final = "plaint_analytics"
"""The role that the views belong to."""
_LOCK: Final = 0x616E616C7974  # "analyt": one process at a time
_PATIENCE: Final = "200ms"
"""How long a change of a definition waits for who reads the view; the next start tries again."""

UNITS: Final = Table(
    "units",
    MetaData(schema=SCHEMA),
    Column("role", Text, primary_key=True, comment="A login role."),
    Column("business_unit", Text, primary_key=True, comment="A unit whose rows it sees; * is all of them."),
    Index("units_of_role", "role"),
)
DEFINED: Final = Table(
    "contract",
    MetaData(schema="views"),
    Column("view", Text, primary_key=True),
    Column("digest", Text, nullable=False, comment="Of the definition that stands in schema analytics."),
)
_HEAD: LiteralString = """
    CREATE VIEW views.freshness AS
    SELECT p.view, p.version, p.position, p.recorded_at,
        CASE WHEN h.position > p.position
             THEN greatest(0, extract(epoch FROM h.recorded_at - coalesce(p.recorded_at, h.recorded_at)))
             ELSE 0 END::double precision AS lag_seconds
    FROM views.positions AS p
    JOIN views.pointers AS l ON (l.view, l.version, l.copy) = (p.view, p.version, p.copy)
    LEFT JOIN (SELECT position, recorded_at FROM plaint.events ORDER BY position DESC LIMIT 1) AS h ON true
"""
_UNITS_COMMENT: LiteralString = (
    "Which login role sees the rows of which business units. Without any row units are not told apart; "
    "with the first one a role that is not listed sees none."
)


def ensure(connection: Link, views: Sequence[Projection]) -> list[str]:
    """Define what is missing or was defined by another program; return the views that must wait for their readers.

    Changes nothing where this role may not make the schema: `plaint store grant ROLE --as projection` makes it.
    """
    wanted = {one.name: one for one in published(views)}
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        if not wanted or not _prepared(connection):
            return []
        there = _stands(connection)
        late = [one for one in wanted.values() if _digest(one) != there.get(one.name)]
        late += [one for one in wide.declared(connection, views) if one.name not in there]
        owner = _owner(connection) if late else None
        return [one.name for one in late if not _defined(connection, one, owner)]


def add(connection: Link, wanted: Sequence[Published]) -> None:
    """Define views that are not there, and leave alone those that are; nothing where this role may not.

    Whatever stops it ends no transaction: it is left to a later start.
    """
    with connection.transaction():
        if not wanted or not _may_define(connection):
            return
        there = _stands(connection)
        late = [one for one in wanted if one.name not in there]
        owner = _owner(connection) if late else None
        for one in late:
            with suppress(psycopg.errors.InsufficientPrivilege):
                _defined(connection, one, owner)
        connection.execute("SET LOCAL lock_timeout TO DEFAULT")


def _may_define(connection: Link) -> bool:
    """Whether everything stands that ``ensure`` makes first, and this role may add to it."""
    made = "SELECT to_regclass('views.contract') IS NOT NULL AND to_regclass('views.freshness') IS NOT NULL"
    return _yes(connection, made) and _yes(connection, "SELECT has_schema_privilege('analytics', 'CREATE')")


def _yes(connection: Link, question: LiteralString, *values: object) -> bool:
    row = connection.execute(question, values).fetchone()
    return row is not None and bool(row[0])


def _prepared(connection: Link) -> bool:
    if not _yes(connection, "SELECT to_regnamespace('analytics') IS NOT NULL"):
        if not _yes(connection, "SELECT has_database_privilege(current_database(), 'CREATE')"):
            return False
        connection.execute("CREATE SCHEMA analytics")
        connection.execute(
            "COMMENT ON SCHEMA analytics IS 'Views to build on: a version of a view keeps its columns and their types.'"
        )
    if not _yes(connection, "SELECT has_schema_privilege('analytics', 'CREATE')"):
        return False
    if not sql.exists(connection, UNITS):
        sql.create(connection, UNITS)
        connection.execute(text.SQL("COMMENT ON TABLE analytics.units IS {}").format(_UNITS_COMMENT))
    if not sql.exists(connection, DEFINED):
        sql.create(connection, DEFINED)
    if not _yes(connection, "SELECT to_regclass('views.freshness') IS NOT NULL"):
        connection.execute(_HEAD)
    return True


def _stands(connection: Link) -> dict[str, str]:
    rows = connection.execute(
        "SELECT view, digest FROM views.contract WHERE to_regclass('analytics.' || quote_ident(view)) IS NOT NULL"
    )
    return dict(rows.fetchall())


def _digest(one: Published) -> str:
    return hashlib.sha256(repr((one.comment, one.columns, one.query)).encode()).hexdigest()


def _defined(connection: Link, one: Published, owner: str | None) -> bool:
    """Define one view; False where its tables are not there, or who reads it holds it."""
    try:
        with connection.transaction():
            connection.execute(text.SQL("SET LOCAL lock_timeout = {}").format(_PATIENCE))
            _define(connection, one, owner)
    except (psycopg.errors.UndefinedTable, psycopg.errors.LockNotAvailable):
        return False
    return True


def _define(connection: Link, one: Published, owner: str | None) -> None:
    name = text.Identifier(SCHEMA, one.name)
    # The query is a file of this program; what stands in it comes from nobody else.
    connection.execute(
        text.SQL("CREATE OR REPLACE VIEW {} WITH (security_barrier) AS {}").format(name, text.SQL(one.query))
    )
    connection.execute(text.SQL("COMMENT ON VIEW {} IS {}").format(name, one.comment))
    for column, comment in one.columns:
        place = text.Identifier(SCHEMA, one.name, column)
        connection.execute(text.SQL("COMMENT ON COLUMN {} IS {}").format(place, comment))
    if owner is not None:
        _hand_over(connection, one, owner)
    connection.execute(
        "INSERT INTO views.contract VALUES (%s, %s) ON CONFLICT (view) DO UPDATE SET digest = EXCLUDED.digest",
        (one.name, _digest(one)),
    )


def _hand_over(connection: Link, one: Published, owner: str) -> None:
    role = text.Identifier(owner)
    for table in sorted(one.reads):
        connection.execute(text.SQL("GRANT SELECT ON {} TO {}").format(text.Identifier("views", table), role))
    connection.execute(text.SQL("ALTER VIEW {} OWNER TO {}").format(text.Identifier(SCHEMA, one.name), role))


def _owner(connection: Link) -> str | None:
    """Return the role that views are given to, with what it needs to hold them; None where it cannot be had."""
    role = text.Identifier(OWNER)
    try:
        with connection.transaction():
            if not _yes(connection, "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = %s)", OWNER):
                connection.execute(text.SQL("CREATE ROLE {} NOLOGIN NOBYPASSRLS NOINHERIT").format(role))
            connection.execute(text.SQL("GRANT USAGE ON SCHEMA views TO {}").format(role))
            connection.execute(text.SQL("GRANT USAGE, CREATE ON SCHEMA analytics TO {}").format(role))
            connection.execute(text.SQL("GRANT SELECT ON views.freshness, analytics.units TO {}").format(role))
    except (psycopg.errors.InsufficientPrivilege, psycopg.errors.DuplicateObject, psycopg.errors.UniqueViolation):
        return None
    held = _yes(
        connection,
        "SELECT pg_has_role(%s, 'USAGE') AND has_schema_privilege(%s, 'analytics', 'CREATE') "
        "AND has_schema_privilege(%s, 'views', 'USAGE')",
        *(OWNER,) * 3,
    )
    return OWNER if held else None
