"""How large is the database, and where does its log end? For whoever looks after it; changes nothing."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from psycopg import Connection
from psycopg.rows import TupleRow

_TABLES: Final = """
    SELECT n.nspname || '.' || c.relname, nullif(c.reltuples, -1)::bigint, pg_total_relation_size(c.oid)
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'r' AND (n.nspname IN ('plaint', 'plaint_keys', 'analytics') OR n.nspname LIKE 'views%')
    ORDER BY 3 DESC, 1
"""
_LOG: Final = """
    SELECT l.incarnation, coalesce(e.position, 0), e.recorded_at
    FROM (SELECT incarnation FROM plaint.log ORDER BY number DESC LIMIT 1) AS l
    LEFT JOIN (SELECT position, recorded_at FROM plaint.events ORDER BY position DESC LIMIT 1) AS e ON true
"""


@dataclass(frozen=True, slots=True)
class TableSize:
    """A table of ours. ``rows`` is the server's estimate, None before it made one; ``octets`` holds its indexes too."""

    name: str
    rows: int | None
    octets: int


@dataclass(frozen=True, slots=True)
class LogEnd:
    """Where the log ends; ``recorded_at`` (UTC) is None while it is empty."""

    incarnation: UUID
    position: int
    recorded_at: datetime | None


def tables(connection: Connection[TupleRow]) -> list[TableSize]:
    """Every table of ours, the largest first."""
    return [TableSize(*row) for row in connection.execute(_TABLES).fetchall()]


def log_end(connection: Connection[TupleRow]) -> LogEnd | None:
    """Where the log ends; None where there is no log yet."""
    found = connection.execute("SELECT to_regclass('plaint.log'), to_regclass('plaint.events')").fetchone()
    if found is None or None in found:
        return None
    row = connection.execute(_LOG).fetchone()
    return None if row is None else LogEnd(*row)
