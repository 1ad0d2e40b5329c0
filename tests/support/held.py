"""A real commit stopped behind its COPY, before its COMMIT is done, with the log's lock in hand."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg

from engine.store.batch import Batch, Committed
from engine.store.store import Store

PATIENCE_SECONDS = 20.0


class Held:
    """The stopped commit. ``pid`` is its backend's."""

    def __init__(self, guard: psycopg.Connection[tuple[object, ...]], commit: Callable[[], Committed]) -> None:
        self._guard = guard
        self._commit = commit
        self._done: Committed | None = None
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self.pid = 0

    def release(self) -> None:
        """Let it go on; returns at once."""
        self._guard.rollback()

    def committed(self) -> Committed:
        """Let it go on and return what came of it."""
        self.release()
        self._thread.join(PATIENCE_SECONDS)
        if self.error is not None:
            raise self.error
        if self._done is None:
            raise AssertionError("the commit did not end")
        return self._done

    def _run(self) -> None:
        try:
            self._done = self._commit()
        except BaseException as error:  # noqa: BLE001 # handed to the test
            self.error = error


_GATE = """
    CREATE TABLE public.gate AS SELECT 1 AS only_row;
    CREATE FUNCTION public.pass_gate() RETURNS trigger LANGUAGE plpgsql AS
        $$BEGIN PERFORM FROM public.gate FOR SHARE; RETURN NULL; END$$;
    CREATE CONSTRAINT TRIGGER gate AFTER INSERT ON plaint.events DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION public.pass_gate();
"""
"""Every transaction that has appended passes here in its COMMIT, and waits while somebody holds the row."""


@contextmanager
def held_commit(store: Store, conninfo: str, batch: Batch) -> Iterator[Held]:
    """Commit ``batch``, which has events, in a thread and stop it in its COMMIT: all is written, nobody sees it."""
    with psycopg.connect(conninfo, application_name="holder") as guard:
        if guard.execute("SELECT to_regclass('public.gate')").fetchone() == (None,):
            guard.execute(_GATE)
        guard.commit()
        guard.execute("SELECT FROM public.gate FOR UPDATE")
        held = Held(guard, lambda: store.commit(batch))
        try:
            held.pid = _stopped(conninfo)
            yield held
        finally:
            held.release()
        held.committed()


@contextmanager
def row_held(guard: psycopg.Connection[tuple[object, ...]], source: str) -> Iterator[None]:
    """Hold the row of a source that is not there yet; nobody else sees it, whoever moves the source waits."""
    guard.execute("INSERT INTO plaint.sources (source, position) VALUES (%s, 0)", (source,))
    yield
    guard.rollback()


def later(work: Callable[[], object]) -> threading.Thread:
    """Begin ``work`` in a thread."""
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def wait_until(holds: Callable[[], bool], what: str) -> None:
    """Look every 10 ms until it holds."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        if time.monotonic() > end:
            raise AssertionError(f"in vain waited for: {what}")
        time.sleep(0.01)


def waiting(conninfo: str, wait_event: str = "advisory") -> int:
    """How many sessions of this database wait for a lock of this kind."""
    query = """
        SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock' AND wait_event = %s
    """
    with psycopg.connect(conninfo, autocommit=True) as connection:
        row = connection.execute(query, (wait_event,)).fetchone()
    return int(row[0]) if row else 0


def _stopped(conninfo: str) -> int:
    """Wait for the backend that has written to the log and waits for the row of the source."""
    query = """
        SELECT w.pid FROM pg_locks w JOIN pg_locks h ON h.pid = w.pid AND h.granted
        WHERE NOT w.granted AND w.locktype = 'transactionid'
          AND h.relation = 'plaint.events'::regclass AND h.mode = 'RowExclusiveLock'
          AND h.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    """
    found: list[int] = []

    def stopped() -> bool:
        found.extend(row[0] for row in connection.execute(query))
        return bool(found)

    with psycopg.connect(conninfo, autocommit=True) as connection:
        wait_until(stopped, "a commit stopped behind its COPY")
    return found[0]
