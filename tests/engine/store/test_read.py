import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from engine.store.batch import Batch, Recorded
from engine.store.database.pool import Pool
from engine.store.database.wake import Waiter
from engine.store.herald import CHANNEL
from engine.store.mapper import Mapper, UnknownEvent
from engine.store.read import ENDS, POSITION_AT, Reader
from engine.store.store import Store
from schemas.complaint.classification import ComplaintPrioritised
from schemas.words import SEALED
from support.examples import append, note

ANNA = uuid4()
URGENT = ComplaintPrioritised(priority="urgent")


def grow(store: Store, stream: UUID, expected: int = 0, count: int = 1) -> None:
    store.commit(Batch(appends=(append(stream, expected, *[note(ANNA, "text")] * count),)))


def positions(events: list[Recorded]) -> list[int]:
    return [event.position for event in events]


def test_an_empty_log_has_a_head_and_an_incarnation(store: Store) -> None:
    head = store.read.head()

    assert (head.position, head.recorded_at) == (0, None)
    assert head.incarnation == store.read.head().incarnation
    assert store.read.stream(uuid4()) == []


def test_the_log_is_read_in_pages_by_position(store: Store) -> None:
    grow(store, uuid4(), count=5)

    assert positions(store.read.log(0, 2)) == [1, 2]
    assert positions(store.read.log(2, 100)) == [3, 4, 5]
    assert positions(store.read.log(5, 100)) == []


def test_the_log_can_be_asked_for_some_names_only(store: Store) -> None:
    store.commit(Batch(appends=(append(uuid4(), 0, note(ANNA), URGENT, note(ANNA)),)))

    assert positions(store.read.log(0, 10, names=["complaint.prioritised.v1"])) == [2]


def test_text_is_withheld_unless_it_is_opened(store: Store) -> None:
    stream = uuid4()
    grow(store, stream)

    assert [e.event for e in store.read.stream(stream)] == [note(ANNA).model_copy(update={"note": SEALED})]
    assert [e.event for e in store.read.stream(stream, open=True)] == [note(ANNA, "text")]
    assert store.read.log(0, 1, open=True)[0].event == note(ANNA, "text")


def test_a_reader_without_keys_reads_and_refuses_to_open(store: Store, pool: Pool) -> None:
    stream = uuid4()
    grow(store, stream)
    reader = Reader(pool)

    assert positions(reader.stream(stream)) == [1]
    with pytest.raises(ValueError, match="has no keys"):
        reader.stream(stream, open=True)


def test_a_stream_is_read_as_it_was_at_a_version_a_position_and_a_recorded_time(store: Store) -> None:
    stream, other = uuid4(), uuid4()
    for version in range(3):
        grow(store, stream, version)
        grow(store, other, version)
    times = [event.recorded_at for event in store.read.stream(stream)]

    def versions(**until: Any) -> list[int]:
        return [event.version for event in store.read.stream(stream, **until)]

    assert versions() == [1, 2, 3]
    assert versions(up_to_version=2) == [1, 2]
    assert versions(as_of_position=3) == [1, 2]
    assert versions(as_of_position=2) == [1]
    assert versions(as_of_recorded=times[1]) == [1, 2]
    assert versions(as_of_recorded=times[1] - timedelta(microseconds=1)) == [1]
    assert versions(as_of_recorded=times[0] - timedelta(days=1)) == []


def test_the_position_of_a_recorded_time_is_the_last_one_stored_by_then(store: Store) -> None:
    grow(store, uuid4(), count=2)
    grow(store, uuid4(), count=3)
    first, last = store.read.log(1, 1)[0].recorded_at, store.read.log(4, 1)[0].recorded_at

    assert store.read.position_at(first) == 2
    assert store.read.position_at(last - timedelta(microseconds=1)) == 2
    assert store.read.position_at(last + timedelta(days=1)) == 5
    assert store.read.position_at(first - timedelta(days=1)) == 0


def test_the_end_of_a_commit_is_found_by_its_time(store: Store) -> None:
    grow(store, uuid4(), count=2)
    grow(store, uuid4(), count=3)
    first, last = store.read.log(0, 1)[0].recorded_at, store.read.log(2, 1)[0].recorded_at

    assert store.read.ends([first, last, first - timedelta(days=1)]) == {first: 2, last: 5}
    assert store.read.ends([]) == {}


def test_several_streams_come_in_one_answer(store: Store) -> None:
    one, two, none = uuid4(), uuid4(), uuid4()
    grow(store, one, count=2)
    grow(store, two)

    found = store.read.streams([one, two, none])

    assert {stream: positions(events) for stream, events in found.items()} == {one: [1, 2], two: [3], none: []}


def test_an_unknown_event_stops_the_reader(store: Store, pool: Pool) -> None:
    grow(store, uuid4())
    store.commit(Batch(appends=(append(uuid4(), 0, URGENT),)))
    older = Reader(pool, mapper=Mapper(events={"complaint.note_added.v1": type(note(ANNA))}))

    assert positions(older.log(0, 1)) == [1]
    with pytest.raises(UnknownEvent, match="position 2"):
        older.log(0, 10)


@pytest.fixture
def grown(pool: Pool) -> None:
    with pool.connection() as connection:
        connection.execute("""
            INSERT INTO plaint.events
            SELECT n, timestamptz '2026-01-01' + (n / 10) * interval '1 second', gen_random_uuid(), 1, 'x.v1', '{}'
            FROM generate_series(1, 20000) AS n
        """)
        connection.execute("ANALYZE plaint.events")


@pytest.mark.parametrize(
    "query",
    [
        POSITION_AT.replace("%s", "'2026-01-01 00:10'"),
        ENDS.replace("%b", "'{2026-01-01 00:10, 2026-01-01 00:20}'"),
        "SELECT * FROM plaint.events WHERE recorded_at BETWEEN '2026-01-01 00:00:05' AND '2026-01-01 00:00:10'",
        "SELECT * FROM plaint.events WHERE stream = ONE AND recorded_at <= '2026-01-01 00:10' ORDER BY version",
        "SELECT * FROM plaint.events WHERE position > 100 ORDER BY position LIMIT 500",
    ],
)
def test_reading_as_of_a_time_uses_an_index(grown: None, pool: Pool, query: str) -> None:
    with pool.connection() as connection:
        plan = connection.execute("EXPLAIN " + query.replace("ONE", f"'{uuid4()}'")).fetchall()

    text = "\n".join(row[0] for row in plan)
    assert "Index" in text
    assert "Seq Scan" not in text


def test_who_follows_is_woken_by_a_commit_and_gets_every_event_once(store: Store, database: str) -> None:
    grow(store, uuid4(), count=2)
    seen: list[int] = []
    waits = _follow(store, database, seen, until=4, poll_seconds=30.0)

    grow(store, uuid4())
    grow(store, uuid4())

    waits()
    assert seen == [1, 2, 3, 4]


def test_a_lost_hint_delays_who_follows_by_one_interval_only(store: Store, database: str) -> None:
    seen: list[int] = []
    with Waiter(database, "nobody_announces_here") as waiter:
        batches = store.read.follow(0, waiter, poll_seconds=0.05)
        grow(store, uuid4())
        seen += positions(next(batches))
        grow(store, uuid4())
        started = time.monotonic()
        seen += positions(next(batches))

    assert seen == [1, 2]
    assert time.monotonic() - started < 5


def _follow(store: Store, database: str, seen: list[int], *, until: int, poll_seconds: float) -> Callable[[], None]:
    listening = threading.Event()

    def run() -> None:
        with Waiter(database, CHANNEL) as waiter:
            listening.set()
            done = lambda: len(seen) >= until  # noqa: E731 # said in one place
            for batch in store.read.follow(0, waiter, limit=3, poll_seconds=poll_seconds, stop=done):
                seen.extend(positions(batch))

    thread = threading.Thread(target=run)
    thread.start()
    listening.wait(10)

    def wait() -> None:
        thread.join(20)
        assert not thread.is_alive()

    return wait
