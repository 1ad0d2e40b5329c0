"""Servers of PostgreSQL without the launcher: a primary and a standby, to stop the one and promote the other.

Both listen on a Unix socket of their own; the standby is made by ``pg_basebackup``, streams, and answers every
commit (``synchronous_commit = on`` with it in ``synchronous_standby_names``), as deploy/postgres/README.md says.
"""

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psycopg
from psycopg.conninfo import make_conninfo

from engine.store.database.server.account import Account, server_account
from engine.store.database.server.programs import Programs, find_programs

_PATIENCE_SECONDS: Final = 60.0
_PASSWORD: Final = "of-the-test"
_HBA: Final = "local all all scram-sha-256\nlocal replication all scram-sha-256\n"
_SETTINGS: Final = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "shared_buffers": "32MB",
    "max_connections": "40",
    "wal_level": "replica",
    "hot_standby": "on",
}


@dataclass
class Node:
    """One server of a pair."""

    place: Path
    account: Account
    programs: Programs
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def cluster(self) -> Path:
        return self.place / "cluster"

    @property
    def conninfo(self) -> str:
        """Where this node alone answers, as the superuser."""
        return make_conninfo(
            host=str(self.place), user="postgres", dbname="postgres", password=_PASSWORD, sslmode="disable",
            gssencmode="disable", passfile="/dev/null",
        )  # fmt: skip

    def start(self, **settings: str) -> None:
        """Start it and wait until it answers."""
        given = {**_SETTINGS, "unix_socket_directories": str(self.place), **settings}
        with (self.place / "server.log").open("ab") as log:
            self.process = self.account.spawn(
                [str(self.programs.postgres), "-D", str(self.cluster), *(f"--{k}={v}" for k, v in given.items())],
                out=log,
                err=log,
            )
        _until("the server answers", self._answers)

    def kill(self) -> None:
        """End it as the machine's death does: no farewell, no checkpoint, and every process of it."""
        if self.process is not None:
            os.kill(self.process.pid, signal.SIGQUIT)
            self.process.wait(_PATIENCE_SECONDS)
            self.process = None

    def promote(self) -> None:
        """Make the standby the primary, and wait until it takes writes."""
        with psycopg.connect(self.conninfo, autocommit=True) as connection:
            assert connection.execute("SELECT pg_promote(true, 30)").fetchone() == (True,)

    def run(self, name: str, *arguments: str, environment: dict[str, str] | None = None) -> None:
        """Run a program of PostgreSQL as the owner of the files."""
        with self.account.spawn(
            [str(self.programs.bin / name), *arguments],
            out=subprocess.PIPE,
            err=subprocess.STDOUT,
            environment=environment,
        ) as process:
            said, _ = process.communicate()
        assert process.returncode == 0, said.decode(errors="replace")

    def ask(self, query: str) -> object:
        """Return the first word of an answer."""
        with psycopg.connect(self.conninfo, autocommit=True) as connection:
            row = connection.execute(query.encode()).fetchone()
        return None if row is None else row[0]

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, (self.place / "server.log").read_text(errors="replace")[-2000:]
        try:
            psycopg.connect(self.conninfo, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True


@dataclass
class Pair:
    """A primary and its standby, and the address that programs are given: both, whichever takes writes."""

    primary: Node
    standby: Node

    def conninfo(self, database: str = "plaint") -> str:
        hosts = f"{self.primary.place},{self.standby.place}"
        return make_conninfo(self.primary.conninfo, host=hosts, dbname=database, target_session_attrs="read-write")


@contextmanager
def pair(pg_bin: Path | None = None) -> Iterator[Pair]:
    """Lend a pair whose standby confirms every commit, with an empty database ``plaint``."""
    with alone(pg_bin) as primary:
        standby = beside(primary, "b")
        try:
            _follow(standby, primary)
            yield Pair(primary, standby)
        finally:
            standby.kill()


@contextmanager
def alone(pg_bin: Path | None = None) -> Iterator[Node]:
    """Lend a server that runs, with an empty database ``plaint``."""
    with tempfile.TemporaryDirectory(prefix="plaint-pair-", ignore_cleanup_errors=True) as directory:
        place = Path(directory)
        place.chmod(0o755)
        account = server_account(place / "none")
        node = _node(place / "a", account, find_programs(pg_bin, account, place / "programs"))
        try:
            _begin(node)
            yield node
        finally:
            node.kill()


def beside(node: Node, name: str) -> Node:
    """Return the place of another server beside this one, which has no files yet."""
    return _node(node.place.with_name(name), node.account, node.programs)


def _node(place: Path, account: Account, programs: Programs) -> Node:
    place.mkdir()
    account.own(place, 0o700)
    return Node(place, account, programs)


def _begin(primary: Node) -> None:
    password = primary.place / "password"
    password.write_text(_PASSWORD, encoding="utf-8")
    primary.account.own(password, 0o600)
    primary.run(
        "initdb", f"--pgdata={primary.cluster}", "--username=postgres", f"--pwfile={password}",
        "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync",
    )  # fmt: skip
    (primary.cluster / "pg_hba.conf").write_text(_HBA, encoding="utf-8")
    primary.start()
    with psycopg.connect(primary.conninfo, autocommit=True) as connection:
        connection.execute("CREATE DATABASE plaint")


def _follow(standby: Node, primary: Node) -> None:
    base_backup(primary, standby, "--write-recovery-conf", "--create-slot", "--slot=standby")
    standby.start(cluster_name="standby")
    with psycopg.connect(primary.conninfo, autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET synchronous_standby_names = 'FIRST 1 (standby)'")
        connection.execute("SELECT pg_reload_conf()")
    streams = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'"
    _until("the standby confirms commits", lambda: primary.ask(streams) == 1)


def base_backup(source: Node, target: Node, *options: str) -> None:
    """Have ``pg_basebackup`` copy one node's files into another's place."""
    target.run(
        "pg_basebackup",
        f"--pgdata={target.cluster}",
        "--checkpoint=fast",
        "--no-sync",
        *options,
        f"--dbname={make_conninfo(source.conninfo, dbname='', password='', application_name='standby')}",
        environment={"PGPASSWORD": _PASSWORD},
    )


def _until(what: str, holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, f"waited in vain until {what}"
        time.sleep(0.05)
