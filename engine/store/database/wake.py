"""Wait for news: LISTEN is the hint, polling is the rule.

A notification may be lost with its connection, so nobody may rely on one. Who waits here looks
into the database after every wait, whatever it returned; a lost notification then costs the
timeout and nothing else.
"""

import time
from types import TracebackType
from typing import Self

import psycopg
from psycopg import Connection, sql
from psycopg.rows import TupleRow

from engine.store.database.deadline import Deadline
from engine.store.database.pool import session_settings

_RETRY_SECONDS = 1.0


class Waiter:
    """Waits for notifications on one channel, over a connection of its own. For one thread.

    Make it, look into the database, then wait: what is announced after the making is not missed.
    """

    def __init__(self, conninfo: str, channel: str, *, name: str = "plaint waiter") -> None:
        self._conninfo = conninfo
        self._settings = {**session_settings(conninfo, name), "autocommit": True}
        self._listen = sql.SQL("LISTEN {}").format(sql.Identifier(channel))
        self._connection: Connection[TupleRow] | None = None
        self._connect()

    def wait(self, timeout_seconds: float) -> bool:
        """Return True as soon as there may be news, False after `timeout_seconds`.

        Notifications that arrived together or since the last wait count once. A lost connection
        is made anew and reported as possible news, since nobody listened meanwhile; while the
        database is away this only sleeps. Never raises for a lost connection.
        """
        deadline = Deadline(timeout_seconds)
        if self._connection is not None:
            try:
                news = list(self._connection.notifies(timeout=deadline.left(), stop_after=1))
                return bool(news + list(self._connection.notifies(timeout=0)))
            except psycopg.OperationalError:
                self.close()
        while not self._connect():
            if deadline.passed():
                return False
            time.sleep(min(_RETRY_SECONDS, deadline.left()))
        return True

    def close(self) -> None:
        """Stop listening; a later wait would start again."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connect(self) -> bool:
        try:
            connection = psycopg.connect(self._conninfo, **self._settings)
        except psycopg.OperationalError:
            return False
        try:
            connection.execute(self._listen)
        except psycopg.OperationalError:
            connection.close()
            return False
        self._connection = connection
        return True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
