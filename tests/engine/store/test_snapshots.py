"""A snapshot shortens a read and does nothing else: whatever becomes of it, the stream is read as it stands."""

import shutil
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest

import engine
import schemas
from engine.store.batch import Batch, Recorded
from engine.store.database.errors import DatabaseUnavailable
from engine.store.database.pool import Pool, open_pool
from engine.store.mapper import Mapper
from engine.store.read import Reader
from engine.store.snapshots import Kept, Since, Snapshots, fold_of, fold_of_this_program
from engine.store.store import Store
from support.examples import append, note

SUBJECT = UUID(int=5)


def written(store: Store, stream: UUID, count: int, after: int = 0) -> list[Recorded]:
    """Append events to a stream; returns all of them."""
    store.commit(Batch(appends=(append(stream, after, *[note(SUBJECT)] * count),)))
    return store.read.stream(stream)


def kept(event: Recorded, octets: bytes = b"a state") -> Kept:
    return Kept(event.version, event.position, event.recorded_at, octets)


def of_code(pool: Pool, fold: bytes | None) -> Snapshots:
    """Return the snapshots of a program with this code."""
    return Snapshots(pool, Reader(pool), Mapper(), fold)


@contextmanager
def at_once(conninfo: str) -> Iterator[psycopg.Connection]:
    """Whoever runs the database, who may do everything."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        yield connection


def test_a_stream_is_read_from_its_snapshot_on(store: Store) -> None:
    stream, other, unknown = uuid4(), uuid4(), uuid4()
    events, others = written(store, stream, 5), written(store, other, 2)
    assert store.snapshots.keep({stream: kept(events[2])}) == 1
    assert store.snapshots.read([stream, other, unknown]) == {
        stream: Since(kept(events[2]), events[3:]),
        other: Since(None, others),
        unknown: Since(None, []),
    }
    assert store.snapshots.read([stream])[stream].last == events[4]


def test_with_nothing_behind_it_the_snapshot_is_all_there_is(store: Store) -> None:
    stream = uuid4()
    events = written(store, stream, 3)
    store.snapshots.keep({stream: kept(events[2])})
    since = store.snapshots.read([stream])[stream]
    assert since == Since(kept(events[2]), [])
    assert since.last == kept(events[2])


def test_who_wants_all_events_gets_them(store: Store) -> None:
    stream = uuid4()
    events = written(store, stream, 4)
    store.snapshots.keep({stream: kept(events[3])})
    assert store.snapshots.read([], [stream]) == {stream: Since(None, events)}
    assert store.snapshots.read([stream], [stream]) == {stream: Since(None, events)}


def test_only_a_newer_state_takes_the_place_of_one(store: Store) -> None:
    stream = uuid4()
    events = written(store, stream, 5)
    assert [store.snapshots.keep({stream: kept(events[n])}) for n in (2, 1, 2, 3)] == [1, 0, 0, 1]
    assert store.snapshots.read([stream])[stream].kept == kept(events[3])


def test_one_that_was_damaged_is_replaced_whatever_its_version(store: Store) -> None:
    stream = uuid4()
    events = written(store, stream, 5)
    store.snapshots.keep({stream: kept(events[3], b"damaged")})
    assert store.snapshots.keep({stream: kept(events[3])}, [stream]) == 1
    assert store.snapshots.read([stream])[stream].kept == kept(events[3])


def test_a_program_of_other_code_passes_it_over_and_keeps_its_own(store: Store, pool: Pool) -> None:
    stream = uuid4()
    events = written(store, stream, 5)
    newer = of_code(pool, b"newer")
    store.snapshots.keep({stream: kept(events[4], b"of the old one")})
    assert newer.read([stream]) == {stream: Since(None, events)}
    assert newer.keep({stream: kept(events[1], b"of the new one")}) == 1
    assert newer.read([stream]) == {stream: Since(kept(events[1], b"of the new one"), events[2:])}
    assert store.snapshots.read([stream]) == {stream: Since(None, events)}


def test_a_program_without_its_sources_has_none(store: Store, pool: Pool) -> None:
    stream = uuid4()
    events = written(store, stream, 2)
    store.snapshots.keep({stream: kept(events[1])})
    without = of_code(pool, None)
    assert without.keep({stream: kept(events[1])}, [stream]) == 0
    assert without.read([stream]) == {stream: Since(None, events)}


def test_of_an_event_that_the_log_does_not_hold_nothing_is_kept(store: Store) -> None:
    stream = uuid4()
    last = kept(written(store, stream, 2)[-1])
    for wrong in (
        replace(last, version=3),
        replace(last, position=last.position + 1),
        replace(last, recorded_at=last.recorded_at.replace(year=2020)),
    ):
        assert store.snapshots.keep({stream: wrong}) == 0
    assert store.snapshots.keep({uuid4(): last}) == 0


def lose_events(conninfo: str, after: int) -> None:
    """What a restore does that goes back in time."""
    with at_once(conninfo) as connection:
        connection.execute("ALTER TABLE plaint.events DISABLE TRIGGER USER")
        connection.execute("DELETE FROM plaint.events WHERE position > %s", (after,))
        connection.execute("ALTER TABLE plaint.events ENABLE TRIGGER USER")


def test_after_a_restore_a_snapshot_ahead_of_the_log_is_passed_over(store: Store, database: str) -> None:
    stream = uuid4()
    events = written(store, stream, 5)
    store.snapshots.keep({stream: kept(events[4])})
    lose_events(database, after=events[1].position)
    assert store.snapshots.read([stream]) == {stream: Since(None, events[:2])}
    assert store.snapshots.keep({stream: kept(events[1])}) == 1, "what the log does not bear out is no newer one"


def test_after_a_restore_other_events_of_the_same_versions_are_told_apart(store: Store, database: str) -> None:
    stream = uuid4()
    events = written(store, stream, 5)
    store.snapshots.keep({stream: kept(events[4])})
    lose_events(database, after=events[1].position)
    again = written(store, stream, 4, after=2)
    assert (again[4].position, again[4].version) == (events[4].position, events[4].version)
    assert store.snapshots.read([stream]) == {stream: Since(None, again)}
    assert store.snapshots.keep({stream: kept(again[3])}) == 1
    assert store.snapshots.read([stream]) == {stream: Since(kept(again[3]), again[4:])}


_NO_FILE = "UPDATE pg_class SET relfilenode = 4294967290 WHERE oid = 'plaint.{}'::regclass"


@pytest.mark.parametrize(
    "harm",
    [
        _NO_FILE.format("snapshots"),
        _NO_FILE.format("snapshots_pkey"),
        "ALTER TABLE plaint.snapshots ALTER state TYPE text USING encode(state, 'hex')",
        "ALTER TABLE plaint.snapshots ALTER fold TYPE text USING encode(fold, 'hex')",
        "ALTER TABLE plaint.snapshots ALTER version TYPE bigint",
        "ALTER TABLE plaint.snapshots RENAME version TO last",
        "DROP TABLE plaint.snapshots; CREATE SEQUENCE plaint.snapshots",
    ],
    ids=["no file", "no file of its index", "other state", "other fold", "other answer", "other name", "no table"],
)
def test_of_a_table_that_cannot_be_read_all_events_are(store: Store, database: str, harm: str) -> None:
    stream = uuid4()
    events = written(store, stream, 3)
    with open_pool(database, max_size=1, name="alone") as one:
        snapshots = of_code(one, b"code")
        for _ in range(6):  # so that the server has planned the statement for good
            assert snapshots.read([stream]) == {stream: Since(None, events)}
        with at_once(database) as connection:
            connection.execute(harm.encode())
        for _ in range(2):
            assert snapshots.read([stream]) == {stream: Since(None, events)}
        assert snapshots.keep({stream: kept(events[2])}) in (0, 1)


def test_where_the_database_itself_is_away_the_snapshots_do_not_hide_it(store: Store, pool: Pool) -> None:
    stream = uuid4()
    written(store, stream, 3)
    pool.close()
    with pytest.raises(DatabaseUnavailable):
        store.snapshots.read([stream])


@pytest.mark.parametrize("loss", ["TRUNCATE plaint.snapshots", "DROP TABLE plaint.snapshots"])
def test_the_table_may_be_emptied_or_dropped_at_any_moment(store: Store, database: str, loss: str) -> None:
    stream = uuid4()
    events = written(store, stream, 3)
    store.snapshots.keep({stream: kept(events[2])})
    with at_once(database) as connection:
        connection.execute(loss)
    assert store.snapshots.read([stream]) == {stream: Since(None, events)}
    assert store.snapshots.keep({stream: kept(events[2])}) == (0 if loss.startswith("DROP") else 1)


def test_keeping_one_waits_for_nobody_and_never_fails(store: Store, pool: Pool, database: str) -> None:
    stream = uuid4()
    last = kept(written(store, stream, 3)[-1])
    began = time.monotonic()
    with psycopg.connect(database) as other:
        other.execute("LOCK TABLE plaint.snapshots")
        assert store.snapshots.keep({stream: last}) == 0
    assert time.monotonic() - began < 20
    assert store.snapshots.keep({stream: last}) == 1
    assert store.snapshots.keep({}) == 0
    pool.close()
    assert store.snapshots.keep({stream: last}) == 0


def test_no_transaction_or_setting_is_left_on_the_connection(store: Store, database: str) -> None:
    stream = uuid4()
    with open_pool(database, max_size=1, name="alone") as one:
        snapshots = of_code(one, b"code")
        last = kept(written(store, stream, 3)[-1])
        snapshots.keep({stream: last})
        assert snapshots.read([stream]) == {stream: Since(last, [])}
        with one.connection() as connection:
            assert connection.execute("SHOW statement_timeout").fetchone() == ("0",)


def test_the_events_behind_a_snapshot_follow_on_it_while_others_write(store: Store, pool: Pool) -> None:
    stream, over = uuid4(), threading.Event()
    written(store, stream, 1)

    def keep_on() -> None:
        for version in range(1, 60):
            written(store, stream, 1, after=version)
        over.set()

    def keep_states() -> None:
        while not over.is_set():
            store.snapshots.keep({stream: kept(store.read.stream(stream)[-1])})

    workers = [threading.Thread(target=keep_on), threading.Thread(target=keep_states)]
    for worker in workers:
        worker.start()
    seen: list[int] = []
    while not over.is_set():
        since = store.snapshots.read([stream])[stream]
        begun = since.kept.version if since.kept else 0
        versions = [event.version for event in since.events]
        assert versions == list(range(begun + 1, begun + 1 + len(versions)))
        seen.append(begun + len(versions))
    for worker in workers:
        worker.join()
    assert seen == sorted(seen)
    assert store.snapshots.read([stream])[stream].last is not None


def test_several_that_keep_one_at_once_leave_the_newest(store: Store, pool: Pool) -> None:
    streams = [uuid4() for _ in range(8)]
    events = {stream: written(store, stream, 6) for stream in streams}
    start = threading.Barrier(6)

    def keep(number: int) -> None:
        mine: Sequence[UUID] = streams if number % 2 else streams[::-1]
        start.wait()
        of_code(pool, b"code").keep({stream: kept(events[stream][number]) for stream in mine})

    workers = [threading.Thread(target=keep, args=(number,)) for number in range(6)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    found = of_code(pool, b"code").read(streams)
    assert found == {stream: Since(kept(events[stream][5]), []) for stream in streams}


def statements(pool: Pool, log: Path, work: Snapshots, streams: Sequence[UUID]) -> int:
    """Return how many statements a read sends, by what goes over the one connection of the pool."""
    with log.open("wb") as file:
        with pool.connection() as connection:
            connection.pgconn.trace(file.fileno())
        work.read(streams)
        with pool.connection() as connection:
            connection.pgconn.untrace()
    lines = [line.split("\t") for line in log.read_text().splitlines()]
    return sum("F" in line and "Execute" in line for line in lines)


def test_a_batch_of_any_size_is_one_statement(store: Store, database: str, tmp_path: Path) -> None:
    streams = [uuid4() for _ in range(40)]
    with open_pool(database, max_size=1, name="traced") as pool:
        snapshots = of_code(pool, b"code")
        events = {stream: written(store, stream, 2) for stream in streams}
        assert statements(pool, tmp_path / "few", snapshots, streams[:1]) == 1
        assert statements(pool, tmp_path / "many", snapshots, streams) == 1
        snapshots.keep({stream: kept(events[stream][0]) for stream in streams[::2]})
        assert statements(pool, tmp_path / "shortened", snapshots, streams) == 1
        assert statements(pool, tmp_path / "none", snapshots, []) == 0


def test_the_code_of_a_fold_is_all_sources_of_schemas_and_engine(tmp_path: Path) -> None:
    for room in (schemas, engine):
        source = Path(room.__file__ or "").parent
        shutil.copytree(source, tmp_path / source.name, ignore=shutil.ignore_patterns("__pycache__", "*.json"))
    rooms = [tmp_path / "schemas", tmp_path / "engine"]
    as_it_is = fold_of(rooms)
    assert as_it_is == fold_of_this_program()
    for name in ("engine/complaint/waiting.py", "engine/streams/folded.py", "schemas/words.py"):
        file = tmp_path / name
        before = file.read_bytes()
        file.write_bytes(before + b"\n")
        assert fold_of(rooms) != as_it_is, name
        file.write_bytes(before)
    (tmp_path / "schemas/words.py").rename(tmp_path / "schemas/wordz.py")
    assert fold_of(rooms) != as_it_is


def test_a_room_without_sources_has_no_digest(tmp_path: Path) -> None:
    with_source, without = tmp_path / "with", tmp_path / "without"
    for folder in (with_source, without):
        folder.mkdir()
    (with_source / "a.py").write_text("a = 1")
    (without / "a.pyc").write_bytes(b"compiled")
    assert fold_of([with_source]) is not None
    assert fold_of([with_source, without]) is None
