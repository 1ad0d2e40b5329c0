"""Announces that the log has grown: a hint, sent so that it costs writers nothing.

NOTIFY inside of the commit's transaction would make every commit of the whole cluster queue
behind one lock, other databases' too. So a thread of its own sends it after the commit, over
the pool, one for all commits since the last. A hint that is lost costs its readers one interval
of polling.
"""

import threading
from typing import Final

import psycopg
from psycopg_pool import PoolClosed, PoolTimeout

from engine.store.database.pool import Pool

CHANNEL: Final = "plaint_events"
_BREATH_SECONDS: Final = 0.005
_LAST_SECONDS: Final = 2.0
"""So long the last hint is waited for: it is a hint, and who follows looks by himself, too."""
_UNHURRIED: Final = "SET LOCAL synchronous_commit = off"
"""A hint need not outlive a crash: the disk is left to the writers, who would wait for this one's flush, too."""


class Herald:
    """Sends hints from a thread that starts with the first one. Close it before its pool."""

    def __init__(self, pool: Pool, channel: str = CHANNEL) -> None:
        self._pool = pool
        self._channel = channel
        self._news = threading.Event()
        self._closed = threading.Event()
        self._start = threading.Lock()
        self._thread: threading.Thread | None = None

    def announce(self) -> None:
        """Say that there is news; returns at once."""
        self._news.set()
        if self._thread is None:
            with self._start:
                self._begin()

    def close(self) -> None:
        """Send what is to be sent and stop; a database that says nothing keeps nobody from leaving."""
        with self._start:
            self._closed.set()
            thread = self._thread
        self._news.set()
        if thread is not None:
            thread.join(_LAST_SECONDS)

    def _begin(self) -> None:
        if self._thread is None and not self._closed.is_set():
            self._thread = threading.Thread(target=self._run, name="plaint herald", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while True:
            self._news.wait()
            last = self._closed.is_set()
            self._news.clear()
            self._send()
            if last:
                return
            self._closed.wait(_BREATH_SECONDS)

    def _send(self) -> None:
        try:
            with self._pool.connection() as connection, connection.pipeline():
                connection.execute(_UNHURRIED)
                connection.execute("SELECT pg_notify(%s, '')", (self._channel,))
                connection.commit()
        except (psycopg.Error, PoolTimeout, PoolClosed):
            return  # a hint only; the next one tries again
