"""A real PostgreSQL for tests: one server for the whole run, a database of its own for each test.

`PLAINT_TEST_DATABASE` names a server to use (a role that may create databases); otherwise the
embedded one is started in a temporary directory (in memory, where there is plenty), shared by all
workers of pytest-xdist.
`PLAINT_TEST_PG_BIN` lets the embedded one run on another PostgreSQL.
"""

import hashlib
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

import psycopg
import pytest
from psycopg import Connection, sql
from psycopg.conninfo import make_conninfo
from psycopg.rows import TupleRow

from engine.store.database.embedded import EmbeddedPostgres
from engine.store.database.migrate import migrate
from engine.store.database.server.tuning import memory_of_machine
from projections.analytics import install
from projections.runtime import versions
from projections.views import all_views

_TEMPLATE_LOCK = 0x74656D706C
_MEMORY = Path("/dev/shm")  # noqa: S108 the directory made in it is private
_ROOM = 4 << 30
"""Octets that the server of a whole run never fills."""


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The connection string of a server on which databases may be created."""
    given = os.environ.get("PLAINT_TEST_DATABASE")
    if given:
        yield given
        return
    directory = _directory_of_this_run()
    pg_bin = os.environ.get("PLAINT_TEST_PG_BIN")
    server = EmbeddedPostgres.start(directory, Path(pg_bin) if pg_bin else None)
    conninfo = server.conninfo_for("postgres")
    _forgo_durability(conninfo)
    yield conninfo
    if server.leave():
        shutil.rmtree(directory)


@pytest.fixture(scope="session")
def bare_template(postgres_server: str) -> str:
    """The name of a database with every migration of the project, to be copied."""
    return ensure_template(postgres_server)


@pytest.fixture(scope="session")
def views_template(postgres_server: str) -> str:
    """The name of such a database in which the tables of all views have been made, none of them with a row."""
    return ensure_template(postgres_server, views=True)


@pytest.fixture(scope="session")
def database_template(bare_template: str) -> str:
    """The template of `database`; a folder or a module that builds views anyway chooses `views_template`."""
    return bare_template


@pytest.fixture
def database(postgres_server: str, database_template: str) -> Iterator[str]:
    """The connection string of a migrated database that this test has to itself."""
    with fresh_database(postgres_server, template=database_template) as conninfo:
        yield conninfo


@pytest.fixture
def empty_database(postgres_server: str) -> Iterator[str]:
    """The connection string of a database with nothing in it."""
    with fresh_database(postgres_server) as conninfo:
        yield conninfo


@contextmanager
def fresh_database(server: str, *, template: str = "template0") -> Iterator[str]:
    """Make a database on `server` as a copy of `template`, give its conninfo, drop it at the end."""
    name = f"plaint_test_{uuid.uuid4().hex[:16]}"
    with _administrator(server) as connection:
        copied = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY")  # a third of the time of WAL_LOG
        connection.execute(copied.format(sql.Identifier(name), sql.Identifier(template)))
    try:
        yield make_conninfo(server, dbname=name)
    finally:
        with _administrator(server) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _directory_of_this_run() -> Path:
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID")
    if run is None:
        return Path(tempfile.mkdtemp(prefix="plaint-tests-", dir=_place()))
    return _place() / f"plaint-tests-{run}"


def _place() -> Path:
    """Memory, where there is plenty of it: a database is three hundred files, which disks make slowly."""
    roomy = _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free >= _ROOM
    return _MEMORY if roomy and memory_of_machine() >= 2 * _ROOM else Path(tempfile.gettempdir())


def _forgo_durability(server: str) -> None:
    """A test's data need not outlive the machine; a crash of the server alone loses none."""
    with _administrator(server) as connection:
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            connection.execute(sql.SQL("ALTER SYSTEM SET {} = off").format(sql.Identifier(setting)))
        connection.execute("SELECT pg_reload_conf()")


def ensure_template(server: str, *, views: bool = False) -> str:
    """Make the template unless this or an earlier run has made one of the same program."""
    rooms = ("engine.store.database.migrations", *(("projections",) if views else ()))
    name = f"plaint_template_{_digest(rooms)}"
    with _administrator(server) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", (_TEMPLATE_LOCK,))
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone()
        if found is None:
            _make_template(connection, server, name, views=views)
    return name


def _make_template(connection: Connection[TupleRow], server: str, name: str, *, views: bool) -> None:
    unfinished = sql.Identifier(f"{name}_unfinished")
    connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(unfinished))
    connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(unfinished))
    with psycopg.connect(make_conninfo(server, dbname=f"{name}_unfinished")) as inside:
        migrate(inside)
        if views:
            versions.ensure(inside, all_views())
            install.ensure(inside, all_views())
    connection.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(unfinished, sql.Identifier(name)))


def _digest(rooms: Sequence[str]) -> str:
    """What the octets of the programs and files in these packages come to."""
    digest = hashlib.sha256()
    for room in rooms:
        for file in _files(resources.files(room)):
            digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def _files(folder: Traversable) -> Iterator[Traversable]:
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir():
            yield from _files(entry)
        elif entry.name.endswith((".py", ".sql")):
            yield entry


def _administrator(server: str) -> Connection[TupleRow]:
    return psycopg.connect(server, autocommit=True)
