"""What reads a part of the log looks at that part alone: counted by the server, over the queries as they are sent."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest

from engine.store.batch import Batch
from engine.store.database.pool import Pool, open_pool
from engine.store.store import Store
from engine.store.vault.master import KeyFile
from support.examples import append, note
from support.postgres import fresh_database

ROWS = 30_000
"""Of others, ten in each second since the first of January."""
STREAM, ANNA = uuid4(), uuid4()


@pytest.fixture(scope="module")
def one(postgres_server: str, database_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pool]:
    """A pool of one connection, so that its counts can be sent before they are read."""
    with (
        fresh_database(postgres_server, template=database_template) as conninfo,
        open_pool(conninfo, max_size=1, name="counted") as pool,
    ):
        with pool.connection() as connection:
            connection.execute(
                "INSERT INTO plaint.events (position, recorded_at, stream, version, name, state)"
                " SELECT n, timestamptz '2026-01-01Z' + (n / 10) * interval '1 second', gen_random_uuid(), 1, 'x.v1',"
                " '\\x00' FROM generate_series(1, %s) AS n",
                (ROWS,),
            )
        with pool.connection() as connection:
            connection.execute("ANALYZE plaint.events")
        contents = tmp_path_factory.mktemp("contents")
        with Store(pool, KeyFile({"m1": bytes(range(32))}), contents) as store:
            for version in range(3):
                store.commit(Batch(appends=(append(STREAM, version, note(ANNA)),)))
        yield pool


@pytest.fixture
def reading(one: Pool, tmp_path: Path) -> Iterator[Store]:
    with Store(one, KeyFile({"m1": bytes(range(32))}), tmp_path) as store:
        yield store


def looked_at(pool: Pool) -> tuple[int, int]:
    """How many rows of the log were read by whole scans, and how many by an index, since the beginning."""
    with pool.connection() as connection:
        connection.autocommit = True
        connection.execute("SELECT pg_stat_force_next_flush()")
        connection.autocommit = False
    query = (
        "SELECT coalesce(seq_tup_read, 0), coalesce(idx_tup_fetch, 0) FROM pg_stat_user_tables"
        " WHERE relid = 'plaint.events'::regclass"
    )
    conninfo = pool.conninfo if isinstance(pool.conninfo, str) else pool.conninfo()
    with psycopg.connect(conninfo) as connection:
        row = connection.execute(query).fetchone()
    assert row is not None
    return row[0], row[1]


EARLY = datetime(2026, 1, 1, 0, 20, tzinfo=UTC)


def _at(store: Store, stream: UUID) -> datetime:
    return store.read.stream(stream)[1].recorded_at


QUESTIONS: dict[str, tuple[Callable[[Store], int], int, int]] = {
    "head": (lambda store: store.read.head().position, ROWS + 3, 10),
    "position_at": (lambda store: store.read.position_at(EARLY), 12_009, 30),
    "position_at before all": (lambda store: store.read.position_at(datetime(2020, 1, 1, tzinfo=UTC)), 0, 10),
    "position_at now": (lambda store: store.read.position_at(datetime(2099, 1, 1, tzinfo=UTC)), ROWS + 3, 10),
    "stream": (lambda store: len(store.read.stream(STREAM)), 3, 10),
    "stream as of a position": (lambda store: len(store.read.stream(STREAM, as_of_position=ROWS + 2)), 2, 10),
    "stream as of a recorded time": (
        lambda store: len(store.read.stream(STREAM, as_of_recorded=_at(store, STREAM))), 2, 10,
    ),
    "stream as of a time before it": (lambda store: len(store.read.stream(STREAM, as_of_recorded=EARLY)), 0, 10),
    "stream from a version": (lambda store: len(store.read.stream(STREAM, after_version=2)), 1, 10),
    "streams": (lambda store: len(store.read.streams([STREAM, uuid4()])[STREAM]), 3, 10),
    "versions": (lambda store: store.read.versions([STREAM, uuid4()])[STREAM], 3, 10),
    "log": (lambda store: len(store.read.log(ROWS, 500)), 3, 10),
    "log by name": (lambda store: len(store.read.log(ROWS, 500, names=["complaint.note_added.v1"])), 3, 10),
    "log, opened": (lambda store: len(store.read.log(ROWS, 2, open=True)), 2, 10),
}  # fmt: skip


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_part_of_the_log_is_found_by_an_index(question: str, one: Pool, reading: Store) -> None:
    ask, answer, most = QUESTIONS[question]
    by_scan, by_index = looked_at(one)

    assert ask(reading) == answer

    by_scan_after, by_index_after = looked_at(one)
    assert by_scan_after - by_scan == 0
    assert by_index_after - by_index <= most


def test_the_count_would_show_a_scan(one: Pool) -> None:
    before, _ = looked_at(one)
    with one.connection() as connection:
        connection.execute("SELECT count(*) FROM plaint.events WHERE name = 'y.v1'")

    after, _ = looked_at(one)
    assert after - before == ROWS + 3
