"""Writers that are cut off, stopped or overtaken in the worst moment, and what the others may rely on."""
# ruff: noqa: SLF001 -- the moments between two steps of a commit are what is tested

import time
from collections.abc import Collection
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import Connection
from psycopg.rows import TupleRow

from engine.store import commit
from engine.store.batch import Batch, Committed, Conflict, SourceMove
from engine.store.commit import LOCK, Writer
from engine.store.database.errors import DatabaseUnavailable
from engine.store.database.pool import Pool, open_pool
from engine.store.herald import Herald
from engine.store.store import Store
from engine.store.vault.keys import DataKey
from engine.store.vault.master import KeyFile
from support.examples import append, note
from support.held import later
from support.proxy import proxy_to
from support.servers import crashable_server

ANNA = uuid4()


@pytest.mark.parametrize("with_events", [True, False])
def test_a_commit_that_a_crash_lost_is_not_taken_for_the_one_that_got_its_number(
    master: KeyFile, tmp_path: Path, *, with_events: bool
) -> None:
    """The server forgets a transaction of which nothing was on the disk, and gives its number away again."""
    with (
        crashable_server() as server,
        proxy_to(server.conninfo) as proxy,
        open_pool(server.conninfo, max_size=2, name="other") as direct,
        Store(direct, master, tmp_path) as other,
        open_pool(proxy.conninfo, max_size=2, name="cut") as pool,
        Store(pool, master, tmp_path) as mine,
    ):
        _warm(mine)
        stream = uuid4()
        appends = (append(stream, 0, note(ANNA)),) if with_events else ()

        def crash() -> None:
            server.stop_immediately()
            server.start()
            for _ in range(3):
                _patiently(other, Batch(appends=(append(uuid4(), 0, note(ANNA)),)))

        proxy.before_cut = crash
        proxy.cut = "before_commit"
        done = _patiently(mine, Batch(appends=appends, sources=(SourceMove("s", None, 1),)))

        assert isinstance(done, Committed)
        assert other.positions.look_up(["s"]) == {"s": 1}
        assert len(other.read.stream(stream)) == len(appends)


def _patiently(store: Store, batch: Batch) -> Committed:
    """Commit as a door does: the same again while the server comes back."""
    for _ in range(40):
        try:
            return store.commit(batch)
        except DatabaseUnavailable:
            time.sleep(0.25)
    return store.commit(batch)


def _warm(store: Store) -> None:
    for moved in range(20):
        move = SourceMove("warm", moved or None, moved + 1)
        store.commit(Batch(appends=(append(uuid4(), 0, note(ANNA)),), sources=(move,)))
    store.close()  # so that the cut meets the commit, not its hint


# ---------------------------------------------------------------------------------- keys that end or change meanwhile


def destroy(connection: Connection[TupleRow], stream: UUID) -> None:
    """What the retention of one complaint does to a key: the person himself is not erased."""
    connection.execute(
        "UPDATE plaint_keys.data_keys SET wrapped = NULL, master_id = NULL WHERE subject = %s AND stream = %s",
        (ANNA, stream),
    )
    connection.execute("UPDATE plaint_keys.destructions SET count = count + 1")


def second(stream: UUID) -> Batch:
    return Batch(appends=(append(stream, 1, note(ANNA, "two")),))


def test_a_key_that_is_destroyed_between_two_tries_is_seen(
    store: Store, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream, explain = uuid4(), Writer._explain
    monkeypatch.setattr(store.keys, "kept", lambda _: None)  # the thread that stored it has not come to that yet
    store.commit(Batch(appends=(append(stream, 0, note(ANNA, "one")),)))

    def then_destroyed(self: Writer, *given: Any, **more: Any) -> None:
        explain(self, *given, **more)
        with pool.connection() as connection:
            connection.execute(LOCK)
            destroy(connection, stream)

    monkeypatch.setattr(Writer, "_explain", then_destroyed)

    with pytest.raises(Conflict) as caught:
        store.commit(second(stream))
    assert caught.value.keys == {ANNA}


def test_a_key_that_a_neighbour_kept_and_an_erasure_destroyed_while_one_waited_is_seen(
    store: Store, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream, side_rows = uuid4(), commit._write_side_rows
    taken: dict[bytes, DataKey] = {}
    with monkeypatch.context() as patched:
        patched.setattr(store.keys, "kept", taken.update)
        store.commit(Batch(appends=(append(stream, 0, note(ANNA, "one")),)))

    with pool.connection() as eraser:
        eraser.execute(LOCK)
        destroy(eraser, stream)

        def neighbour_goes_on(*given: Any, **more: Any) -> None:
            store.keys.kept(taken)
            side_rows(*given, **more)
            eraser.commit()

        monkeypatch.setattr(commit, "_write_side_rows", neighbour_goes_on)
        with pytest.raises(Conflict) as caught:
            store.commit(second(stream))
    assert caught.value.keys == {ANNA}


def test_a_key_that_another_process_stored_before_the_second_try_is_seen(
    store: Store, pool: Pool, master: KeyFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream, transaction = uuid4(), Writer._transaction
    store.commit(Batch(appends=(append(stream, 0, note(uuid4(), "one")),)))
    tried: list[int] = []

    def lost_at_first(self: Writer, *given: Any, **more: Any) -> Committed:
        if tried:
            return transaction(self, *given, **more)
        tried.append(1)
        with Store(pool, master, tmp_path / "contents") as other:
            prepared = other.contents.prepare(uuid4(), stream, ANNA, b"x", "text/plain")
            other.commit(Batch(contents=(prepared.content,)))
        raise psycopg.OperationalError("lost")

    monkeypatch.setattr(Writer, "_transaction", lost_at_first)

    with pytest.raises(Conflict) as caught:
        store.commit(second(stream))
    assert caught.value.keys == {ANNA}


# ------------------------------------------------------------------------------------------------ writers that stop


def test_a_writer_that_stands_still_under_the_lock_loses_it(
    store: Store, database: str, master: KeyFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_pool(database, max_size=2, name="still") as pool, Store(pool, master, tmp_path) as still:
        with pool.connection() as connection:
            newer = connection.info.server_version >= 170_000
        monkeypatch.setattr(commit, "_BOUND", "SET LOCAL transaction_timeout = '300ms'")
        mapper = still._writer._mapper
        seal_all, stopped = mapper.seal_all, list[int]()

        def stands_still(*given: Any) -> Collection[Any]:
            if not stopped:
                stopped.append(1)
                time.sleep(4)
            return seal_all(*given)

        monkeypatch.setattr(mapper, "seal_all", stands_still)
        done: list[Committed] = []
        thread = later(lambda: done.append(still.commit(Batch(appends=(append(uuid4(), 0, note(ANNA)),)))))
        time.sleep(0.5)
        began = time.monotonic()
        monkeypatch.setattr(commit, "_BOUND", "SET LOCAL transaction_timeout = '60s'")
        store.commit(Batch(appends=(append(uuid4(), 0, note(ANNA)),)))
        waited = time.monotonic() - began
        thread.join(20)

    assert waited < 3, f"it waited {waited:.1f} s for one who stood still, on a server that is {newer=}"
    assert len(done) == 1, "who stood still tries again and is done"
    assert store.read.head().position == 2


def test_a_server_that_takes_no_writes_is_unavailable(
    store: Store, database: str, master: KeyFile, tmp_path: Path
) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {connection.info.dbname} SET default_transaction_read_only = on".encode())
    with open_pool(database, max_size=1, name="replica") as pool:
        writer = Writer(pool, store.keys, store.set_aside, Herald(pool))
        with pytest.raises(DatabaseUnavailable):
            writer.commit(Batch(appends=(append(uuid4(), 0, note(ANNA)),)))
