"""Servers beside the one that all tests share: of another version, and one that a test may crash.

`PLAINT_TEST_PG15_BIN` names the programs of PostgreSQL 15, the oldest that is supported, where they are
not in Debian's place. Without them the tests that need them are skipped and say so.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from engine.store.database.embedded import EmbeddedPostgres
from engine.store.database.migrate import migrate
from engine.store.database.server.account import Account, server_account
from engine.store.database.server.programs import Programs, find_programs
from support.embedded import made_data_dir
from support.postgres import ensure_template, fresh_database

OLDEST = 15


class Crashable:
    """An embedded server of a test's own, durable as in production, that can be stopped as by a power cut."""

    def __init__(self, data_dir: Path, server: EmbeddedPostgres) -> None:
        self._server = server
        self._cluster = data_dir / "postgresql" / "cluster"
        self.owner = server_account(self._cluster)
        """Whose the files are, and the processes."""
        self.programs = _programs_of_the_run(data_dir)
        self.conninfo = server.conninfo
        self.maintenance = server.conninfo_for("postgres")
        self.stops = 0

    def stop_immediately(self) -> None:
        """``pg_ctl stop -m immediate``: no checkpoint, no farewell; what was not flushed is gone."""
        command = [str(self.programs.bin / "pg_ctl"), "stop", "-m", "immediate", "-D", str(self._cluster)]
        answer = self.owner.run(command)
        if answer.returncode:
            raise AssertionError(f"pg_ctl failed: {answer.stdout}{answer.stderr}")
        self.stops += 1

    def start(self) -> None:
        """Start it again and wait until it has recovered."""
        self._server.revive()


@contextmanager
def crashable_server() -> Iterator[Crashable]:
    """Lend a server with a migrated database, of the version that this run is for."""
    programs = _given_programs()
    with made_data_dir(programs) as place, EmbeddedPostgres.start(place, programs) as server:
        with psycopg.connect(server.conninfo) as connection:
            migrate(connection)
        yield Crashable(place, server)


def client_program(name: str) -> Path:
    """Return a client program (``pg_dump``) that fits the server of this run; the user of the test runs it."""
    mine = Account("tests", os.geteuid(), os.getegid(), dropped=False)
    return find_programs(_given_programs(), mine, Path()).bin / name


@pytest.fixture(scope="session")
def other_server(postgres_server: str) -> Iterator[str]:
    """A server of the other version: PostgreSQL 15, or the embedded one where the run itself is for 15."""
    with psycopg.connect(postgres_server) as connection:
        major = connection.info.server_version // 10_000
    programs = None if major == OLDEST else _oldest_programs()
    with made_data_dir(programs) as place, EmbeddedPostgres.start(place, programs) as server:
        yield server.conninfo_for("postgres")


@pytest.fixture
def other_database(other_server: str) -> Iterator[str]:
    """A migrated database of this test's own on the other server."""
    with fresh_database(other_server, template=ensure_template(other_server)) as conninfo:
        yield conninfo


def _oldest_programs() -> Path:
    programs = Path(os.environ.get("PLAINT_TEST_PG15_BIN", f"/usr/lib/postgresql/{OLDEST}/bin"))
    if not programs.joinpath("postgres").is_file():
        pytest.skip(f"no PostgreSQL {OLDEST} in {programs}: PLAINT_TEST_PG15_BIN names its programs")
    return programs


def _given_programs() -> Path | None:
    given = os.environ.get("PLAINT_TEST_PG_BIN")
    return Path(given) if given else None


def _programs_of_the_run(data_dir: Path) -> Programs:
    home = data_dir / "postgresql"
    return find_programs(_given_programs(), server_account(home / "cluster"), home / "programs")
