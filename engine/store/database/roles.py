"""Which rights does each kind of login role need, and give them.

A role is made by whoever runs the database; here it gets its rights, every time the same ones, so
that giving them again mends what somebody changed. Roles and what they are for stand in
`plaint.roles`: a migration gives them their rights on new tables, too.

`door` works on cases: it adds to what is only ever added to, and changes nothing there. `projection`
reads the log and owns the views; one role does. `analyst` reads the schema `analytics`. `migration`
owns the tables of the write side; one role does. A role may be door and projection at once, as
`plaint run` needs.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal, get_args

from psycopg import Connection, sql
from psycopg.rows import TupleRow

from engine.store.database.errors import RoleRefused
from engine.store.database.migrate import hold_off_others

Kind = Literal["door", "projection", "analyst", "migration"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)

ADDED_TO: Final = ("plaint.events", "plaint.messages", "plaint.access_log", "plaint.log")
"""Tables that are only ever added to."""
DOOR: Final[dict[str, str]] = {
    **dict.fromkeys(ADDED_TO, "SELECT, INSERT"),
    "plaint.migrations": "SELECT",
    "plaint.roles": "SELECT",
    "plaint.sources": "SELECT, INSERT, UPDATE (position)",
    "plaint.tracking": "SELECT, INSERT, UPDATE (notification_id)",
    "plaint.answers": "SELECT, INSERT, UPDATE (result)",
    "plaint.conversations": "SELECT, INSERT, UPDATE (stream)",
    "plaint.continued": "SELECT, INSERT, UPDATE (stream)",
    "plaint.outcomes": "SELECT, INSERT, DELETE, UPDATE",
    "plaint.contacts": "SELECT, INSERT, DELETE",
    "plaint.contents": "SELECT, INSERT, UPDATE (ciphertext)",
    "plaint.set_aside": "SELECT, INSERT, UPDATE (until, relayed_at), DELETE",
    "plaint.snapshots": "SELECT, INSERT, UPDATE, DELETE",
    "plaint.topics": "SELECT, INSERT, UPDATE (adopted)",
    "plaint.standings": "SELECT, INSERT, UPDATE, DELETE",
    "plaint_keys.data_keys": "SELECT, INSERT, UPDATE (master_id, wrapped)",
    "plaint_keys.service_keys": "SELECT, INSERT, UPDATE (master_id, wrapped), DELETE",
    "plaint_keys.destructions": "SELECT, UPDATE (count)",
    "plaint_keys.erased_subjects": "SELECT, INSERT",
    "plaint_keys.ledger": "SELECT, INSERT, UPDATE",
}
"""Every table of the write side, and all that a door may do with it."""
_WRITE_SIDE: Final = ("plaint", "plaint_keys")
_VIEWS: Final = ("views", "views_personal")
_ANALYTICS: Final = "analytics"
_ANALYTICS_OWNER: Final = "plaint_analytics"
"""Holds the views of analysts where it exists; see ``projections.analytics.install``."""
_MAY_GIVE: Final = """
    SELECT FROM pg_roles WHERE rolname = %s AND (
        pg_has_role(oid, 'MEMBER WITH ADMIN OPTION') OR current_setting('server_version_num')::integer < 160000)
"""
_ANALYST: Final = {
    "default_transaction_read_only": "on",
    "statement_timeout": "60s",
    "idle_in_transaction_session_timeout": "5min",
}
"""What an analyst's sessions begin with; a query that needs more time may ask for it."""
_SOLE: Final = ("projection", "migration")


@dataclass(frozen=True, slots=True)
class Granted:
    """A login role and what it was given rights for."""

    role: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class OwnRights:
    """What the role of a connection may do to the database."""

    role: str
    superuser: bool
    may_change_log: bool
    """Rights let it change or delete events; only the trigger on the table then stands in the way, if that."""
    may_migrate: bool


def grant(connection: Connection[TupleRow], role: str, kind: Kind) -> list[str]:
    """Give ``role`` the rights of ``kind``, and all recorded roles theirs again; the statements, in order.

    One transaction, which waits for others that migrate or give rights: two cannot change the rights on a table
    at once. The connection's role owns the tables, or is a superuser.

    Raises:
        RoleRefused: there is no such login role, or rights would not bind it.
    """
    with connection.transaction():
        hold_off_others(connection)
        return [_run(connection, statement) for statement in planned(connection, role, kind)]


def planned(connection: Connection[TupleRow], role: str, kind: Kind) -> list[sql.Composed]:
    """What ``grant`` would run now; changes nothing.

    Raises:
        RoleRefused: as ``grant``.
    """
    _must_be_bound(connection, role, kind)
    before = granted(connection)
    after = [each for each in before if not (each.kind == kind and kind in _SOLE)]
    replaced = [each.role for each in before if each not in after and each.role != role]
    after = sorted({*after, Granted(role, kind)}, key=lambda each: (each.role, each.kind))
    statements = list(_kept(connection, role, kind))
    if kind == "migration":
        statements += _owner(connection, role)
    if kind == "projection":
        statements += [*_views(connection, role, replaced), *_contract(connection, role, replaced)]
    if kind == "analyst":
        statements += _bounds(connection, role)
    return [*statements, *_write_side(connection, after), *_read_side(connection, after)]


def renew(connection: Connection[TupleRow]) -> None:
    """Give all recorded roles their rights on the tables of the write side, after a migration.

    One transaction, which waits as ``grant`` does.
    """
    with connection.transaction():
        hold_off_others(connection)
        for statement in _write_side(connection, granted(connection)):
            connection.execute(statement)


def granted(connection: Connection[TupleRow]) -> list[Granted]:
    """The recorded roles that still exist, by name."""
    if not _there(connection, "plaint.roles"):
        return []
    query = "SELECT role, kind FROM plaint.roles JOIN pg_roles ON rolname = role ORDER BY role, kind"
    return [Granted(*row) for row in connection.execute(query).fetchall()]


def own_rights(connection: Connection[TupleRow]) -> OwnRights:
    """What this connection's role may do. A superuser or an owner may do everything."""
    row = connection.execute(
        """
        SELECT current_user, r.rolsuper,
               coalesce(pg_has_role(e.relowner, 'USAGE')
                        OR has_table_privilege(e.oid, 'UPDATE') OR has_any_column_privilege(e.oid, 'UPDATE')
                        OR has_table_privilege(e.oid, 'DELETE') OR has_table_privilege(e.oid, 'TRUNCATE'), r.rolsuper),
               coalesce(pg_has_role(e.relowner, 'USAGE'),
                        has_database_privilege(current_database(), 'CREATE'))
        FROM pg_roles r LEFT JOIN (pg_class e JOIN pg_namespace n ON n.oid = e.relnamespace AND n.nspname = 'plaint')
             ON e.relname = 'events'
        WHERE r.rolname = current_user
        """
    ).fetchone()
    if row is None:
        raise LookupError("the database does not know the role of this connection")
    return OwnRights(*row)


def _must_be_bound(connection: Connection[TupleRow], role: str, kind: Kind) -> None:
    row = connection.execute("SELECT oid, rolcanlogin, rolsuper FROM pg_roles WHERE rolname = %s", (role,)).fetchone()
    if row is None or not row[1]:
        raise RoleRefused(f"there is no login role {role!r}: make it first (CREATE ROLE ... LOGIN)")
    if row[2] and kind != "migration":
        raise RoleRefused(f"the role {role!r} is a superuser, whom no rights bind: choose another one")
    owned = connection.execute(
        "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE n.nspname = ANY(%s) AND c.relkind = 'r' AND c.relowner = %s",
        (list(_WRITE_SIDE), row[0]),
    ).fetchone()
    if kind != "migration" and owned and owned[0]:
        raise RoleRefused(
            f"the role {role!r} owns tables of the log and so may change them: give them to a role of their own first "
            "(plaint store grant OWNER --as migration)"
        )
    if not _there(connection, "plaint.roles") and kind != "migration":
        raise RoleRefused("the database lacks its tables: run `plaint store migrate` first")


def _kept(connection: Connection[TupleRow], role: str, kind: Kind) -> Iterator[sql.Composed]:
    if _there(connection, "plaint.roles"):
        if kind in _SOLE:
            yield sql.SQL("DELETE FROM plaint.roles WHERE kind = {} AND role <> {}").format(kind, role)
        yield sql.SQL("INSERT INTO plaint.roles (role, kind) VALUES ({}, {}) ON CONFLICT DO NOTHING").format(role, kind)


def _owner(connection: Connection[TupleRow], role: str) -> Iterator[sql.Composed]:
    owner = sql.Identifier(role)
    database = sql.Identifier(connection.info.dbname)
    yield sql.SQL("GRANT CONNECT, CREATE ON DATABASE {} TO {}").format(database, owner)
    for schema in _schemas(connection, _WRITE_SIDE):
        yield sql.SQL("ALTER SCHEMA {} OWNER TO {}").format(sql.Identifier(schema), owner)
    for schema, table in _tables(connection, _WRITE_SIDE):
        yield sql.SQL("ALTER TABLE {} OWNER TO {}").format(sql.Identifier(schema, table), owner)
    for (signature,) in connection.execute(
        "SELECT oid::regprocedure::text FROM pg_proc WHERE pronamespace = to_regnamespace('plaint') ORDER BY 1"
    ).fetchall():
        yield sql.SQL("ALTER FUNCTION {} OWNER TO {}").format(sql.SQL(signature), owner)


def _views(connection: Connection[TupleRow], role: str, replaced: Sequence[str]) -> Iterator[sql.Composed]:
    owner = sql.Identifier(role)
    for schema in _VIEWS:
        yield from _room(connection, schema, role, replaced)
    for place in (*_tables(connection, _VIEWS), *_sql_views(connection, _VIEWS)):
        yield sql.SQL("ALTER TABLE {} OWNER TO {}").format(sql.Identifier(*place), owner)


def _room(connection: Connection[TupleRow], name: str, role: str, replaced: Sequence[str]) -> Iterator[sql.Composed]:
    """A schema in which ``role`` makes what it likes, and those before it no more."""
    schema = sql.Identifier(name)
    if not _schemas(connection, [name]):
        yield sql.SQL("CREATE SCHEMA {}").format(schema)
    for former in replaced:
        yield sql.SQL("REVOKE ALL ON SCHEMA {} FROM {} CASCADE").format(schema, sql.Identifier(former))
    yield sql.SQL("GRANT USAGE, CREATE ON SCHEMA {} TO {} WITH GRANT OPTION").format(schema, sql.Identifier(role))


def _contract(connection: Connection[TupleRow], role: str, replaced: Sequence[str]) -> Iterator[sql.Composed]:
    """Have ``role`` define the views of analysts, and own of them what belongs to nobody else."""
    owner = sql.Identifier(role)
    yield from _room(connection, _ANALYTICS, role, replaced)
    if connection.execute(_MAY_GIVE, (_ANALYTICS_OWNER,)).rowcount:
        yield sql.SQL("GRANT {} TO {}").format(sql.Identifier(_ANALYTICS_OWNER), owner)
    for place in (*_tables(connection, [_ANALYTICS]), *_sql_views(connection, [_ANALYTICS], _ANALYTICS_OWNER)):
        yield sql.SQL("ALTER TABLE {} OWNER TO {}").format(sql.Identifier(*place), owner)


def _bounds(connection: Connection[TupleRow], role: str) -> Iterator[sql.Composed]:
    """Limits of an analyst's sessions, where this connection may set them for the role."""
    row = connection.execute("SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user").fetchone()
    if row is None or not row[0]:
        return
    place = sql.SQL("ALTER ROLE {} IN DATABASE {}").format(sql.Identifier(role), sql.Identifier(connection.info.dbname))
    for name, value in _ANALYST.items():
        yield sql.SQL("{} SET {} = {}").format(place, sql.Identifier(name), value)


def _write_side(connection: Connection[TupleRow], roles: Iterable[Granted]) -> Iterator[sql.Composed]:
    """Rights on the tables of `plaint` and `plaint_keys`: all taken away and given anew, for each role at once."""
    kinds: dict[str, set[Kind]] = {}
    for each in roles:
        kinds.setdefault(each.role, set()).add(each.kind)
    there = {f"{schema}.{table}" for schema, table in _tables(connection, _WRITE_SIDE)}
    schemas = sql.SQL(", ").join(map(sql.Identifier, _schemas(connection, _WRITE_SIDE)))
    for role, own in kinds.items():
        if "migration" in own:
            continue
        who = sql.Identifier(role)
        yield sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(sql.Identifier(connection.info.dbname), who)
        yield sql.SQL("REVOKE ALL ON ALL TABLES IN SCHEMA {} FROM {}").format(schemas, who)
        if own & {"door", "projection"}:
            yield sql.SQL("GRANT USAGE ON SCHEMA {} TO {}").format(schemas, who)
            for table, rights in DOOR.items():
                if table in there:
                    yield _on(table, rights if "door" in own else "SELECT", who)


def _read_side(connection: Connection[TupleRow], roles: Sequence[Granted]) -> Iterator[sql.Composed]:
    """Rights on views and analytics, on tables made later by the role of the projections too."""
    makers = [each.role for each in roles if each.kind == "projection"]
    for schema in (*_VIEWS, _ANALYTICS):
        if not makers and not _schemas(connection, [schema]):
            continue
        for each in roles:
            reads = each.kind == "door" or (each.kind == "analyst" and schema == _ANALYTICS)
            if reads and each.role not in makers:
                yield from _reads(schema, each.role, makers)


def _reads(schema: str, role: str, makers: Sequence[str]) -> Iterator[sql.Composed]:
    where, who = sql.Identifier(schema), sql.Identifier(role)
    yield sql.SQL("GRANT USAGE ON SCHEMA {} TO {}").format(where, who)
    yield sql.SQL("GRANT SELECT ON ALL TABLES IN SCHEMA {} TO {}").format(where, who)
    for maker in makers:
        yield sql.SQL("ALTER DEFAULT PRIVILEGES FOR ROLE {} IN SCHEMA {} GRANT SELECT ON TABLES TO {}").format(
            sql.Identifier(maker), where, who
        )


def _on(table: str, rights: str, who: sql.Identifier) -> sql.Composed:
    return sql.SQL("GRANT {} ON {} TO {}").format(sql.SQL(rights), sql.Identifier(*table.split(".")), who)


def _schemas(connection: Connection[TupleRow], names: Sequence[str]) -> list[str]:
    query = "SELECT nspname FROM pg_namespace WHERE nspname = ANY(%s) ORDER BY 1"
    return [row[0] for row in connection.execute(query, (list(names),)).fetchall()]


def _tables(connection: Connection[TupleRow], schemas: Sequence[str]) -> list[tuple[str, str]]:
    query = "SELECT schemaname, tablename FROM pg_tables WHERE schemaname = ANY(%s) ORDER BY 1, 2"
    return [(row[0], row[1]) for row in connection.execute(query, (list(schemas),)).fetchall()]


def _sql_views(connection: Connection[TupleRow], schemas: Sequence[str], but_of: str = "") -> list[tuple[str, str]]:
    query = "SELECT schemaname, viewname FROM pg_views WHERE schemaname = ANY(%s) AND viewowner <> %s ORDER BY 1, 2"
    return [(row[0], row[1]) for row in connection.execute(query, (list(schemas), but_of)).fetchall()]


def _there(connection: Connection[TupleRow], table: str) -> bool:
    row = connection.execute("SELECT to_regclass(%s) IS NOT NULL", (table,)).fetchone()
    return row is not None and bool(row[0])


def _run(connection: Connection[TupleRow], statement: sql.Composed) -> str:
    connection.execute(statement)
    return statement.as_string(connection)
