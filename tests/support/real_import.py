"""Both real files, imported and projected once for a whole run of tests, whichever worker asks first.

The import is broken off once and goes on, so the figures prove that nothing is lost or doubled by it.
The database is for reading: what changes it takes one of its own.
"""

import json
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import Connection, sql
from psycopg.conninfo import make_conninfo
from psycopg.rows import TupleRow

from consumers.files.history import History, Past, Progress, mapping_named
from consumers.wiring import presets
from engine.incoming import Circumstances, Sender
from engine.service import Service
from engine.store.database.pool import Pool, open_pool
from engine.store.store import Store
from engine.store.vault.master import KeyFile
from projections.answers import Snapshot
from projections.views import all_views
from schemas.envelope import FileSource
from support.real_figures import CFPB, HELPDESK, real_data
from support.views import asking, build

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
_LOCK = 0x7265616C


class BrokenOff(Exception):
    """The import was interrupted here."""


@dataclass(frozen=True)
class Imported:
    """Both files, imported and projected."""

    folder: Path
    pool: Pool
    store: Store
    told: dict[str, Any]
    """What the import said of itself."""

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """Lend all views at one position."""
        with asking(self.pool).snapshot([(view.name, view.version) for view in all_views()]) as seen:
            yield seen

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Return what a query says, asked as the owner of the database."""
        with self.pool.connection() as connection:
            return connection.execute(query.encode()).fetchall()


@pytest.fixture(scope="session")
def imported(
    postgres_server: str, database_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Imported]:
    folder = real_data()
    name = f"plaint_real_{os.environ.get('PYTEST_XDIST_TESTRUNUID') or uuid.uuid4().hex}"
    contents = tmp_path_factory.mktemp("contents")
    _ensure(postgres_server, database_template, name, folder, contents)
    with _opened(make_conninfo(postgres_server, dbname=name), contents) as (pool, store):
        yield Imported(folder, pool, store, _told(pool))
    _drop(postgres_server, name)


def history(store: Store) -> History:
    """Return the import into a store in which the shipped configuration is in force."""
    around = Circumstances(
        sender=Sender("import", "service:import", "local"), source=FileSource(file="0" * 64, line=1), received_at=NOW
    )
    service = Service(store)
    service.activate(presets.in_force(None), around, NOW)
    position = lambda source: store.positions.look_up([source]).get(source)  # noqa: E731 -- one look-up
    return History(Past(service.record, position, service.identify, around, lambda: NOW))


def _ensure(server: str, template: str, name: str, folder: Path, contents: Path) -> None:
    """Make the database unless another worker of this run has made it or is about to."""
    with _administrator(server) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone():
            return
        made, wanted = (sql.Identifier(one) for one in (f"{name}_unfinished", name))
        connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(made, sql.Identifier(template)))
        with _opened(make_conninfo(server, dbname=f"{name}_unfinished"), contents) as (pool, store):
            told = json.dumps(_import(pool, store, folder), default=str)
        connection.execute(sql.SQL("COMMENT ON DATABASE {} IS {}").format(made, sql.Literal(told)))
        connection.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(made, wanted))


def _import(pool: Pool, store: Store, folder: Path) -> dict[str, Any]:
    doing = history(store)
    with pytest.raises(BrokenOff):
        doing.run(folder / HELPDESK, mapping_named("helpdesk"), _breaks_off)
    with pool.connection() as connection:
        query = b"SELECT count(DISTINCT stream) FROM plaint.events WHERE name LIKE 'complaint.%'"
        (broken,) = connection.execute(query).fetchall()[0]
    results = {
        "helpdesk": asdict(doing.run(folder / HELPDESK, mapping_named("helpdesk"))),
        "cfpb": asdict(doing.run(folder / CFPB, mapping_named("cfpb"))),
    }
    build(pool, store.read, batch=4096)
    return {"broken": broken, **results}


def _breaks_off(progress: Progress) -> None:
    if progress.added >= 1000:
        raise BrokenOff


def _told(pool: Pool) -> dict[str, Any]:
    query = b"SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = current_database()"
    with pool.connection() as connection:
        found: dict[str, Any] = json.loads(connection.execute(query).fetchall()[0][0])
    return found


@contextmanager
def _opened(conninfo: str, contents: Path) -> Iterator[tuple[Pool, Store]]:
    with (
        open_pool(conninfo, max_size=4, name="plaint test") as pool,
        Store(pool, KeyFile({"test": b"k" * 32}), contents) as store,
    ):
        yield pool, store


def _drop(server: str, name: str) -> None:
    """Drop the database; a worker that still reads it does so after this one."""
    with _administrator(server) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))
        try:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(name)))
        except psycopg.errors.ObjectInUse:
            return


def _administrator(server: str) -> Connection[TupleRow]:
    return psycopg.connect(server, autocommit=True)
