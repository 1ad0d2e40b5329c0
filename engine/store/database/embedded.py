"""The embedded database: a real PostgreSQL, started by the first process that needs it.

Several processes share one server. The first starts it, the later ones join, the last one to
leave stops it. Who holds a part in it is told by file locks, which the system frees when their
holder dies: a server left behind by `kill -9` is found and used by the next start.
"""

import os
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from engine.store.database.errors import DatabaseUnavailable
from engine.store.database.server import locks, supervision
from engine.store.database.server.account import server_account
from engine.store.database.server.cluster import (
    PORT,
    SUPERUSER,
    Home,
    ensure_cluster,
    ensure_socket_directory,
    forget_socket_directory,
    open_home,
)
from engine.store.database.server.programs import find_programs
from engine.store.database.server.supervision import Launch

DATABASE = "plaint"
_MAINTENANCE = "postgres"
_PATIENCE_SECONDS = 120.0


class EmbeddedPostgres:
    """One process's part in the server of a data directory. Not to be carried over a fork.

    `conninfo` is a libpq connection string for the database `plaint`. It names the file that
    holds the password, not the password, so it may be shown.
    """

    def __init__(self, launch: Launch, users_lock: int) -> None:
        self._launch = launch
        self._users_lock: int | None = users_lock
        self.conninfo = self.conninfo_for(DATABASE)

    @classmethod
    def start(
        cls,
        data_dir: Path,
        pg_bin: Path | None = None,
        *,
        patience_seconds: float = _PATIENCE_SECONDS,
    ) -> Self:
        """Join the server of `data_dir`, starting it if it does not run, and wait until it answers.

        Makes the data directory, the database files and the database `plaint` where they are
        missing. `pg_bin` names the programs of another PostgreSQL than the embedded one.
        `patience_seconds` bounds each of: waiting for other processes that start or stop it, and
        waiting for its recovery.

        Raises:
            DatabaseUnavailable: no programs, or the server does not start or answer.
            DataDirectoryRefused: wrong owner, unreachable, or made by another major version.
        """
        home = open_home(data_dir)
        with locks.exclusive(home.start_lock, patience_seconds=patience_seconds):
            launch = _prepare(home, pg_bin)
            users_lock = locks.share(home.users_lock)
            try:
                supervision.ensure_running(launch, patience_seconds=patience_seconds)
                create_database(launch.conninfo, DATABASE)
            except DatabaseUnavailable:
                os.close(users_lock)  # what still recovers is left to recover
                raise
            except BaseException:
                _abandon(home, users_lock)
                raise
        return cls(launch, users_lock)

    def conninfo_for(self, database: str) -> str:
        """The connection string of another database of the same server."""
        return make_conninfo(self._launch.conninfo, dbname=database)

    def server_pid(self) -> int | None:
        """The server's process id, or None if it has died."""
        return supervision.server_pid(self._launch.home.cluster)

    def revive(self, *, patience_seconds: float = _PATIENCE_SECONDS) -> bool:
        """Start the server again if it has died; return whether it had.

        Raises:
            DatabaseUnavailable: as for `start`.
        """
        self._must_have_part()
        with locks.exclusive(self._launch.home.start_lock, patience_seconds=patience_seconds):
            died = self.server_pid() is None
            supervision.ensure_running(self._launch, patience_seconds=patience_seconds)
        return died

    def leave(self, *, patience_seconds: float = _PATIENCE_SECONDS) -> bool:
        """Give up this part; return whether it was the last, so that the server was stopped.

        Connections are to be closed before. Leaving twice is harmless.

        Raises:
            DatabaseUnavailable: the server does not stop.
        """
        if self._users_lock is None:
            return False
        home = self._launch.home
        with locks.exclusive(home.start_lock, patience_seconds=patience_seconds):
            users_lock, self._users_lock = self._users_lock, None
            return _abandon(home, users_lock)

    def __enter__(self) -> Self:
        self._must_have_part()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.leave()

    def _must_have_part(self) -> None:
        if self._users_lock is None:
            raise DatabaseUnavailable("this part in the database was given up: start a new one")


def create_database(conninfo: str, name: str) -> bool:
    """Create the database `name` on the server of `conninfo`; return False if it was there."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,))
        if found.fetchone() is not None:
            return False
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    return True


def _abandon(home: Home, users_lock: int) -> bool:
    """Give up a part and stop the server if it was the last one. Under the start lock."""
    os.close(users_lock)
    if not locks.is_free(home.users_lock):
        return False
    supervision.stop(home)
    forget_socket_directory(home)
    return True


def _prepare(home: Home, pg_bin: Path | None) -> Launch:
    account = server_account(home.cluster)
    if account.dropped:
        account.admit(home.path.parent)
        account.admit(home.path)
    programs = find_programs(pg_bin, account, home.programs)
    ensure_cluster(home, programs, account)
    socket_directory = ensure_socket_directory(home, account)
    conninfo = make_conninfo(
        host=str(socket_directory),
        port=PORT,
        user=SUPERUSER,
        dbname=_MAINTENANCE,
        passfile=str(home.passfile),
        sslmode="disable",
        gssencmode="disable",
    )
    return Launch(home, programs, account, socket_directory, conninfo)
