"""A hint that is lost costs whoever follows the log one interval of polling, and never an event."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import psycopg

from engine.store.batch import Batch
from engine.store.database.wake import Waiter
from engine.store.herald import CHANNEL
from engine.store.store import Store
from support.examples import append, note
from support.held import wait_until

ANNA = uuid4()
POLL_SECONDS = 0.4
BOUND_SECONDS = POLL_SECONDS + 1.0
"""One interval, and what a busy machine takes."""


def grow(store: Store, count: int = 1) -> int:
    return store.commit(Batch(appends=(append(uuid4(), 0, *[note(ANNA)] * count),))).position


class Follower:
    """Follows the log in a thread, as a projection does."""

    def __init__(self, store: Store, conninfo: str, channel: str = CHANNEL) -> None:
        self.seen: list[int] = []
        self._stop = threading.Event()
        self._waiter = Waiter(conninfo, channel, name="follower")
        self._log = store.read
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        batches = self._log.follow(0, self._waiter, limit=3, poll_seconds=POLL_SECONDS, stop=self._stop.is_set)
        for batch in batches:
            self.seen += [one.position for one in batch]

    def reaches(self, position: int) -> float:
        """Wait until it has seen a position; return the seconds it took from now."""
        started = time.monotonic()
        wait_until(lambda: self.seen[-1:] == [position], f"position {position}")
        return time.monotonic() - started

    def end(self) -> None:
        self._stop.set()
        self._thread.join(20)
        self._waiter.close()


@contextmanager
def following(store: Store, conninfo: str, channel: str = CHANNEL) -> Iterator[Follower]:
    follower = Follower(store, conninfo, channel)
    try:
        yield follower
    finally:
        follower.end()


def terminated(conninfo: str, name: str) -> int:
    query = (
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
        " WHERE datname = current_database() AND application_name = %s"
    )
    with psycopg.connect(conninfo, autocommit=True) as connection:
        row = connection.execute(query, (name,)).fetchone()
    return int(row[0]) if row else 0


def test_a_follower_whose_listening_connection_is_killed_gets_every_event_in_its_interval(
    store: Store, database: str
) -> None:
    with following(store, database) as follower:
        follower.reaches(grow(store, 2))
        for _ in range(3):
            assert terminated(database, "follower") == 1
            assert follower.reaches(grow(store)) < BOUND_SECONDS
            wait_until(lambda: _listening(database), "a listening connection again")
        last = grow(store, 7)
        follower.reaches(last)

    assert follower.seen == list(range(1, last + 1))


def _listening(conninfo: str) -> bool:
    query = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'follower' AND query LIKE 'LISTEN%'"
    with psycopg.connect(conninfo, autocommit=True) as connection:
        return connection.execute(query).fetchone() == (1,)


def test_a_follower_that_never_hears_a_hint_gets_every_event_in_its_interval(store: Store, database: str) -> None:
    with following(store, database, "nobody_speaks_here") as follower:
        took = [follower.reaches(grow(store, 2)) for _ in range(3)]

    assert max(took) < BOUND_SECONDS
    assert follower.seen == list(range(1, 7))


def test_a_follower_goes_on_though_nothing_is_announced_any_more(store: Store, database: str) -> None:
    with following(store, database) as follower:
        store.close()  # the herald has stopped; commits go on
        assert follower.reaches(grow(store, 2)) < BOUND_SECONDS

    assert follower.seen == [1, 2]
