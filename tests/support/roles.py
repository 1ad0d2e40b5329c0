"""Login roles of a test's own, who go with it."""

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo
from psycopg.rows import TupleRow


@dataclass(frozen=True)
class LoginRole:
    """A role and how it logs in to the test's database."""

    name: str
    conninfo: str


@contextmanager
def login_role(conninfo: str, what: str = "role") -> Iterator[LoginRole]:
    """Make a login role with no rights, lend it, and remove it and all that it was given."""
    name, password = f"plaint_{what}_{uuid.uuid4().hex[:12]}", uuid.uuid4().hex
    who = sql.Identifier(name)
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(who, password))
        try:
            yield LoginRole(name, make_conninfo(conninfo, user=name, password=password, passfile="/dev/null"))
        finally:
            _wait_for_the_end_of_its_sessions(connection, name)
            connection.execute(sql.SQL("REASSIGN OWNED BY {} TO CURRENT_USER").format(who))
            connection.execute(sql.SQL("DROP OWNED BY {}").format(who))
            connection.execute(sql.SQL("DROP ROLE {}").format(who))


def _wait_for_the_end_of_its_sessions(connection: psycopg.Connection[TupleRow], name: str) -> None:
    """What a session made for itself alone is dropped a moment after it was closed; two cannot drop it at once."""
    end = time.monotonic() + 2
    asked = "SELECT FROM pg_stat_activity WHERE usename = %s"
    while time.monotonic() < end and connection.execute(asked, (name,)).fetchone() is not None:
        time.sleep(0.02)
