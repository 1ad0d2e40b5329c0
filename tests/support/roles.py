"""Login roles of a test's own, who go with it."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo


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
            connection.execute(sql.SQL("REASSIGN OWNED BY {} TO CURRENT_USER").format(who))
            connection.execute(sql.SQL("DROP OWNED BY {}").format(who))
            connection.execute(sql.SQL("DROP ROLE {}").format(who))
