"""Writers whose connections are killed under them: every event acknowledged stands once, and nothing has holes."""

import random
import threading
import time
from collections import Counter
from pathlib import Path
from uuid import UUID, uuid4

import psycopg

from engine.store.batch import Append, Batch, Conflict, NewEvent, SourceMove
from engine.store.database.errors import DatabaseUnavailable
from engine.store.database.pool import open_pool
from engine.store.store import Store
from engine.store.vault.master import KeyFile
from support.examples import envelope, note

_SECONDS = 6.0
_WRITERS = 8
_SUBJECT = uuid4()


def _new() -> NewEvent:
    return NewEvent(envelope(event_id=uuid4()), note(_SUBJECT))


class Writer(threading.Thread):
    """Writes to streams that all writers share, from a source of its own, and keeps what was acknowledged."""

    def __init__(self, store: Store, number: int, streams: list[UUID], until: float) -> None:
        super().__init__()
        self.store, self.number, self.streams, self.until = store, number, streams, until
        self.acknowledged: list[UUID] = []
        self.in_doubt: list[UUID] = []
        self.failure: BaseException | None = None
        self.source = f"writer:{number}"
        self.chance = random.Random(number)  # no secret

    def run(self) -> None:
        try:
            while time.monotonic() < self.until:
                self._once()
        except BaseException as error:  # noqa: BLE001 # a thread's failure is the test's
            self.failure = error

    def _once(self) -> None:
        try:
            at = self.store.positions.look_up([self.source]).get(self.source)
            chosen = self.chance.sample(self.streams, 2)
            versions = self.store.read.versions(chosen)
        except DatabaseUnavailable:
            return
        appends = tuple(Append(each, versions.get(each, 0), (_new(), _new())) for each in chosen)
        ids = [new.envelope.event_id for append in appends for new in append.events]
        try:
            self.store.commit(Batch(appends=appends, sources=(SourceMove(self.source, at, (at or 0) + 1),)))
        except Conflict:
            return
        except DatabaseUnavailable:
            self.in_doubt += ids
            return
        self.acknowledged += ids


def killer(conninfo: str, until: float) -> int:
    """Kill a random backend of this database every few milliseconds; returns how many."""
    killed = 0
    with psycopg.connect(conninfo, autocommit=True, application_name="killer") as connection:
        while time.monotonic() < until:
            killed += connection.execute(
                "SELECT count(pg_terminate_backend(pid)) FROM (SELECT pid FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
                " ORDER BY state = 'active' DESC, random() LIMIT 1) AS one"
            ).fetchone()[0]  # type: ignore[index] # a count is always a row
            time.sleep(0.03)
    return killed


def test_what_was_acknowledged_stands_once_and_nothing_has_holes(database: str, tmp_path: Path) -> None:
    until = time.monotonic() + _SECONDS
    streams = [uuid4() for _ in range(12)]
    with (
        open_pool(database, max_size=_WRITERS + 2, name="writers") as pool,
        Store(pool, KeyFile({"m1": bytes(range(32))}), tmp_path / "contents") as store,
    ):
        writers = [Writer(store, number, streams, until) for number in range(_WRITERS)]
        for writer in writers:
            writer.start()
        killed = killer(database, until)
        for writer in writers:
            writer.join(60)
        assert [writer.failure for writer in writers] == [None] * _WRITERS
        _check(database, store, writers)
    assert killed > 20


def _check(conninfo: str, store: Store, writers: list[Writer]) -> None:
    log = store.read.log(0, 1_000_000, open=True)
    stored = Counter(one.envelope.event_id for one in log)
    acknowledged = {each for writer in writers for each in writer.acknowledged}
    in_doubt = {each for writer in writers for each in writer.in_doubt}
    assert len(acknowledged) > 100
    assert set(stored.values()) == {1}
    assert acknowledged <= stored.keys() <= acknowledged | in_doubt
    assert [one.position for one in log] == list(range(1, len(log) + 1))
    versions: dict[UUID, list[int]] = {}
    for one in log:
        versions.setdefault(one.stream, []).append(one.version)
    assert all(each == list(range(1, len(each) + 1)) for each in versions.values())
    assert [one.recorded_at for one in log] == sorted(one.recorded_at for one in log)
    moved = store.positions.look_up([writer.source for writer in writers])
    assert sum(moved.values()) * 4 == len(log)
    with psycopg.connect(conninfo) as connection:
        keys = connection.execute("SELECT count(*) FROM plaint_keys.data_keys").fetchone()
    assert keys == (len(versions),)
