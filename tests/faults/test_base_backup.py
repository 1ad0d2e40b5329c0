"""A base backup and the archived WAL give the log back whole, or as it was at an instant, in another place."""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from engine.store.batch import Batch, Recorded
from engine.store.database.backup.restore import begin_incarnation
from engine.store.database.migrate import migrate
from engine.store.database.pool import open_pool
from engine.store.read import Head
from engine.store.store import Store
from support.crew import MASTER
from support.examples import append, note
from support.standby import Node, alone, base_backup, beside

ANNA = uuid4()
PATIENCE_SECONDS = 60.0

pytestmark = pytest.mark.slow


@dataclass
class Archived:
    """A server whose WAL is archived; one event came before the base backup, one before the point, one after it."""

    server: Node
    base: Node
    archive: Path
    log: list[Recorded]
    head: Head


@pytest.fixture(scope="module")
def archived() -> Iterator[Archived]:
    with alone() as server:
        archive = server.place.parent / "archive"
        archive.mkdir()
        server.account.own(archive, 0o700)
        server.kill()
        server.start(archive_mode="on", archive_command=f"cp %p {archive}/%f")
        with psycopg.connect(server.conninfo) as connection:
            migrate(connection)
        _commit(server)
        base = beside(server, "base")
        base_backup(server, base, "--wal-method=none")
        _commit(server)
        server.ask("SELECT pg_create_restore_point('noon')")
        _commit(server)
        log, head = _read(server)
        last = server.ask("SELECT pg_walfile_name(pg_switch_wal())")
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not (archive / str(last)).exists():
            assert time.monotonic() < deadline, last
            time.sleep(0.1)
        server.kill()
        yield Archived(server, base, archive, log, head)


def test_the_whole_archive_gives_back_every_event_and_the_incarnation_stays(archived: Archived) -> None:
    with _restored(archived, "whole") as node:
        assert _read(node) == (archived.log, archived.head)


def test_up_to_an_instant_what_came_later_is_lost_and_the_log_is_told_so(archived: Archived) -> None:
    with _restored(archived, "noon", recovery_target_name="noon", recovery_target_action="promote") as node:
        with psycopg.connect(node.conninfo, autocommit=True) as connection:
            begun = begin_incarnation(connection)
        log, head = _read(node)
        assert log == archived.log[:-1]
        assert (head.position, head.incarnation) == (archived.head.position - 1, begun)
        _commit(node)
        assert _read(node)[1].position == archived.head.position


@contextmanager
def _restored(archived: Archived, name: str, **settings: str) -> Iterator[Node]:
    """Lend a copy of the base backup that has recovered from the archive and takes writes."""
    node = beside(archived.server, name)
    shutil.copytree(archived.base.cluster, node.cluster)
    (node.cluster / "recovery.signal").touch()
    for path in (node.cluster, *node.cluster.rglob("*")):
        node.account.own(path, 0o700 if path.is_dir() else 0o600)
    try:
        node.start(restore_command=f"cp {archived.archive}/%f %p", **settings)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while node.ask("SELECT pg_is_in_recovery()"):
            assert time.monotonic() < deadline, "it does not end its recovery"
            time.sleep(0.1)
        yield node
    finally:
        node.kill()


@contextmanager
def _store(node: Node) -> Iterator[Store]:
    with (
        open_pool(node.conninfo, max_size=2, name="test") as pool,
        Store(pool, MASTER, node.place / "content") as store,
    ):
        yield store


def _commit(node: Node) -> None:
    with _store(node) as store:
        store.commit(Batch(appends=(append(uuid4(), 0, note(ANNA)),)))


def _read(node: Node) -> tuple[list[Recorded], Head]:
    with _store(node) as store:
        return store.read.log(0, 1_000, open=True), store.read.head()
