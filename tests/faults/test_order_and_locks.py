"""No position appears late, and what an administrator does meanwhile neither waits for appends nor holds them up.

Two statements cannot be had beside appends, whatever a store does, since PostgreSQL locks the table for them
against every writer: CREATE INDEX without CONCURRENTLY, and VACUUM FULL (against readers too).
"""

import re
import subprocess
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from engine.store.batch import Batch, Committed, Conflict, ConversationKey, KnownContact, SourceMove
from engine.store.database.pool import open_pool
from engine.store.store import Store
from engine.store.vault.master import KeyFile
from support.examples import append, note
from support.held import held_commit, later, row_held, wait_until, waiting
from support.processes import PythonProcess
from support.servers import client_program

ANNA = uuid4()


def notes(count: int = 1) -> Batch:
    return Batch(appends=(append(uuid4(), 0, *[note(ANNA)] * count),))


def session(conninfo: str) -> psycopg.Connection[tuple[Any, ...]]:
    return psycopg.connect(conninfo, autocommit=True, application_name="administrator")


def filled(conninfo: str, count: int = 20_000) -> None:
    """A log that takes a while to go through."""
    with session(conninfo) as connection:
        connection.execute(
            "INSERT INTO plaint.events (position, recorded_at, stream, version, name, state)"
            " SELECT n, timestamptz '2026-01-01' + n * interval '1 second', gen_random_uuid(), 1, 'x.v1',"
            " decode(repeat(md5(n::text), 8), 'hex') FROM generate_series(1, %s) AS n",
            (count,),
        )


# ---------------------------------------------------------------------------------------------------------------- order


def test_while_a_transaction_is_held_open_behind_its_copy_nobody_sees_a_later_position(
    store: Store, database: str
) -> None:
    store.commit(notes())
    seen: list[list[int]] = []
    over = threading.Event()
    next_one: list[Committed] = []

    def look() -> None:
        while not over.is_set():
            seen.append([one.position for one in store.read.log(0, 100)])

    reader = later(look)
    with held_commit(store, database, notes(3)) as held:
        writer = later(lambda: next_one.append(store.commit(notes(2))))
        wait_until(lambda: waiting(database) == 1, "the second writer in the queue")
        count = len(seen)
        wait_until(lambda: len(seen) > count + 5, "some looks at the log")
        assert (store.read.head().position, next_one) == (1, [])
        assert held.committed().position == 4
    writer.join(20)
    wait_until(lambda: bool(seen) and len(seen[-1]) == 6, "a look at the end")
    over.set()
    reader.join(20)

    assert next_one[0].position == 6
    assert [positions for positions in seen if positions != list(range(1, len(positions) + 1))] == []
    assert {len(positions) for positions in seen} <= {0, 1, 4, 6}


def test_a_repeatable_read_transaction_keeps_its_picture_while_the_log_grows(store: Store, database: str) -> None:
    store.commit(notes(2))
    with psycopg.connect(database) as other:
        other.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        count = "SELECT count(*), max(position) FROM plaint.events"
        before = other.execute(count).fetchone()

        assert store.commit(notes(3)).position == 5
        assert other.execute(count).fetchone() == before == (2, 2)
        other.rollback()
        assert other.execute(count).fetchone() == (5, 5)


# ------------------------------------------------------------------------------------------ what holds up no append


@contextmanager
def vacuum(conninfo: str, words: str = "VACUUM") -> Iterator[None]:
    """Slowed down as far as the server lets us, so that it is at work for as long as the block lasts."""
    filled(conninfo)
    with session(conninfo) as connection, session(conninfo) as other:
        connection.execute("SET vacuum_cost_delay = 100")
        connection.execute("SET vacuum_cost_limit = 1")
        work = later(lambda: _cancelled(connection, f"{words} plaint.events"))
        wait_until(lambda: waits_in(other, connection, "VacuumDelay"), f"{words} at work")
        yield
        assert work.is_alive()
        connection.cancel_safe()
        work.join(20)


def waits_in(watcher: psycopg.Connection[tuple[Any, ...]], of: psycopg.Connection[tuple[Any, ...]], event: str) -> bool:
    query = "SELECT wait_event = %s FROM pg_stat_activity WHERE pid = %s"
    return watcher.execute(query, (event, of.info.backend_pid)).fetchone() == (True,)


def _cancelled(connection: psycopg.Connection[tuple[Any, ...]], statement: str) -> None:
    with pytest.raises(psycopg.errors.QueryCanceled):
        connection.execute(statement.encode())


@contextmanager
def index_built_concurrently(conninfo: str) -> Iterator[None]:
    """It cannot end while a transaction of before it is open, which is how it is kept at work."""
    with psycopg.connect(conninfo) as old, session(conninfo) as connection:
        old.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        old.execute("SELECT count(*) FROM plaint.events")
        build = "CREATE INDEX CONCURRENTLY trial_idx ON plaint.events (name)"
        work = later(lambda: connection.execute(build))
        wait_until(lambda: waiting(conninfo, "virtualxid") == 1, "the index build at work")
        yield
        assert work.is_alive()
        old.rollback()
        work.join(20)
        valid = "SELECT indisvalid FROM pg_index WHERE indexrelid = 'plaint.trial_idx'::regclass"
        assert connection.execute(valid).fetchone() == (True,)


@contextmanager
def rows_held_for_update(conninfo: str) -> Iterator[None]:
    with psycopg.connect(conninfo) as connection:
        connection.execute("SELECT FROM plaint.events FOR UPDATE")
        yield


@contextmanager
def dump(conninfo: str) -> Iterator[None]:
    """Nobody reads what it writes until the end, so it waits in the middle of the table."""
    filled(conninfo)
    command = [str(client_program("pg_dump")), "--dbname", conninfo]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process, session(conninfo) as watcher:
        query = "SELECT wait_event = 'ClientWrite' FROM pg_stat_activity WHERE application_name = 'pg_dump'"
        wait_until(lambda: watcher.execute(query).fetchone() == (True,), "pg_dump at work")
        yield
        written, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert _dumped_positions(written) == list(range(1, 20_001))


def _dumped_positions(written: bytes) -> list[int]:
    table = re.search(rb"^COPY plaint\.events .*?\n(.*?)^\\\.$", written, re.DOTALL | re.MULTILINE)
    assert table is not None
    return sorted(int(line.partition(b"\t")[0]) for line in table[1].splitlines())


MEANWHILE: dict[str, Callable[[str], AbstractContextManager[None]]] = {
    "VACUUM": vacuum,
    "VACUUM ANALYZE": lambda conninfo: vacuum(conninfo, "VACUUM ANALYZE"),
    "ANALYZE": lambda conninfo: vacuum(conninfo, "ANALYZE"),
    "CREATE INDEX CONCURRENTLY": index_built_concurrently,
    "SELECT FOR UPDATE": rows_held_for_update,
    "pg_dump": dump,
}


@pytest.mark.parametrize("what", MEANWHILE)
def test_an_append_does_not_wait_for(what: str, store: Store, database: str) -> None:
    with MEANWHILE[what](database):
        before = store.read.head().position
        last = [store.commit(notes(2)).position for _ in range(3)][-1]

    assert last == before + 6
    assert store.read.head().position == last


# ------------------------------------------------------------------------------------------ what waits for no append

AT_ONCE = [
    "VACUUM plaint.events",
    "VACUUM ANALYZE plaint.events",
    "ANALYZE plaint.events",
    "SELECT FROM plaint.events FOR UPDATE",
    "SELECT count(*) FROM plaint.events",
]


@pytest.mark.parametrize("statement", AT_ONCE)
def test_an_append_in_progress_holds_up_no(statement: str, store: Store, database: str) -> None:
    store.commit(notes())
    with held_commit(store, database, notes()), session(database) as other:
        other.execute("SET lock_timeout = '5s'")
        other.execute(statement.encode())

    assert store.read.head().position == 2


def test_an_append_in_progress_holds_up_no_dump(store: Store, database: str) -> None:
    store.commit(notes())
    with held_commit(store, database, notes()):
        command = [str(client_program("pg_dump")), "--dbname", database]
        written = subprocess.run(command, stdout=subprocess.PIPE, check=True, timeout=60).stdout

    assert _dumped_positions(written) == [1]


def test_a_concurrent_index_build_waits_for_the_append_in_progress_and_nobody_waits_for_it(
    store: Store, database: str
) -> None:
    with held_commit(store, database, notes()) as held, session(database) as other:
        build = later(lambda: other.execute("CREATE INDEX CONCURRENTLY trial_idx ON plaint.events (name)"))
        wait_until(lambda: waiting(database, "virtualxid") == 1, "the index build")
        next_one = later(lambda: store.commit(notes()))
        wait_until(lambda: waiting(database) == 1, "the next append in the queue")
        held.committed()
        next_one.join(20)
        build.join(20)

    assert (next_one.is_alive(), build.is_alive(), store.read.head().position) == (False, False, 2)


# ------------------------------------------------------------------------------------- what PostgreSQL itself forbids


@pytest.mark.parametrize(
    ("statement", "readers"),
    [("CREATE INDEX trial_idx ON plaint.events (name)", 1), ("LOCK TABLE plaint.events", 0)],
    ids=["CREATE INDEX", "VACUUM FULL"],
)
def test_an_append_waits_for_what_locks_the_whole_table_and_loses_nothing(
    statement: str, readers: int, store: Store, database: str
) -> None:
    """VACUUM FULL takes the lock of LOCK TABLE; it cannot be held open itself."""
    store.commit(notes())
    with psycopg.connect(database) as other:
        other.execute(statement.encode())
        appended: list[Committed] = []
        writer = later(lambda: appended.append(store.commit(notes())))
        wait_until(lambda: waiting(database, "relation") == 1, "the append in the queue")
        if readers:
            assert store.read.head().position == 1
        other.rollback()
        writer.join(20)

    assert appended[0].position == 2


def test_vacuum_full_and_reindex_leave_the_log_as_it_was(store: Store, database: str) -> None:
    store.commit(notes(3))
    before = store.read.log(0, 10, open=True)
    with session(database) as other:
        other.execute("VACUUM FULL plaint.events")
        other.execute("REINDEX TABLE CONCURRENTLY plaint.events")

    assert store.read.log(0, 10, open=True) == before
    assert store.commit(notes()).position == 4


# ------------------------------------------------------------------------------------------------- deadlocks and deaths


def test_writers_that_touch_the_same_things_in_opposite_orders_never_deadlock(
    store: Store, master: KeyFile, database: str, tmp_path: Path
) -> None:
    streams, rounds = [uuid4() for _ in range(4)], 40
    sources = [f"s{number}" for number in range(4)]

    def batch(one: Store, order: int) -> Batch:
        versions, at = one.read.versions(streams), one.positions.look_up(sources)
        whole = Batch(
            appends=tuple(append(each, versions.get(each, 0), note(ANNA)) for each in streams),
            sources=tuple(SourceMove(each, at.get(each), at.get(each, 0) + 1) for each in sources),
            conversations=tuple(ConversationKey(bytes([n]) * 16, each, moves=True) for n, each in enumerate(streams)),
            contacts=tuple(KnownContact(bytes([n]) * 16, each) for n, each in enumerate(streams)),
        )
        return Batch(
            appends=whole.appends[::order],
            sources=whole.sources[::order],
            conversations=whole.conversations[::order],
            contacts=whole.contacts[::order],
        )

    def write(number: int) -> int:
        done = 0
        with (
            open_pool(database, max_size=2, name="opposite") as pool,
            Store(pool, master, tmp_path / "contents") as one,
        ):
            while done < rounds:
                try:
                    one.commit(batch(one, (-1) ** number))
                except Conflict:
                    continue
                done += 1
        return done

    with ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(write, range(4))) == 4 * rounds

    with session(database) as other:
        query = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        assert other.execute(query).fetchone() == (0,)
    assert set(store.positions.look_up(sources).values()) == {4 * rounds}
    assert set(store.read.versions(streams).values()) == {4 * rounds}


def test_a_writer_whose_backend_is_killed_with_the_lock_in_its_hand_frees_it_at_once_and_tries_again(
    store: Store, database: str
) -> None:
    first, second = uuid4(), uuid4()
    batch = Batch(appends=(append(first, 0, note(ANNA)),))
    with held_commit(store, database, batch) as held:
        with session(database) as other:
            other.execute("SELECT pg_terminate_backend(%s)", (held.pid,))
        # The killed one is back in the queue, or has the lock again and waits for the same row.
        held.release()
        assert store.commit(Batch(appends=(append(second, 0, note(ANNA)),))).position in (1, 2)

    assert [len(store.read.stream(each)) for each in (first, second)] == [1, 1]


def test_a_process_killed_in_the_middle_of_its_commit_leaves_all_or_nothing_and_no_lock(
    store: Store, database: str, tmp_path: Path
) -> None:
    stream = uuid4()
    with psycopg.connect(database) as guard, row_held(guard, "doomed"):
        with PythonProcess("one_commit", database, str(tmp_path / "contents"), str(stream), "doomed") as process:
            wait_until(lambda: waiting(database, "transactionid") == 1, "the process in the middle of its commit")
            process.kill()
        guard.rollback()
        wait_until(lambda: waiting(database, "transactionid") == 0, "the end of its backend")
        position = store.commit(notes()).position

    events, moved = len(store.read.stream(stream, open=True)), store.positions.look_up(["doomed"])
    assert (events, moved) in [(0, {}), (2, {"doomed": 1})]
    assert position == events + 1
