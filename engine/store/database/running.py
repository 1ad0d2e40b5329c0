"""Which programs run on this database, and for which version of its shape was each built?

Every program holds, for as long as it runs, a shared advisory lock that names its version, over a
connection of its own. A contract step asks for the locks of all older versions alone: it gets them
only while no older program runs, and a program that starts meanwhile waits and then finds itself too
old. The locks stand in `pg_locks`, which every role may read. They end with their connections,
however a program ends. A pooler that hands connections around between transactions would lose them:
`PLAINT_DATABASE` names the server itself, or a pooler in session mode.
"""

from contextlib import suppress
from threading import Thread
from types import TracebackType
from typing import Final, Self

import psycopg
from psycopg import Connection
from psycopg.errors import LockNotAvailable
from psycopg.rows import TupleRow

from engine.store.database.errors import DatabaseUnavailable, ProgramTooOld
from engine.store.database.pool import session_settings

_CLASS: Final = 1886151026  # "plar" as a number; the second key is a version
_PATIENCE: Final = "60s"
_LEAVE_SECONDS: Final = 2.0
_RUNNING: Final = """
    SELECT objid::bigint, count(*) FROM pg_locks
    WHERE locktype = 'advisory' AND objsubid = 2 AND classid = %s AND granted AND mode = 'ShareLock'
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    GROUP BY objid ORDER BY objid
"""
_BAR: Final = "SELECT bool_and(pg_try_advisory_xact_lock(%s, version)) FROM generate_series(0, %s) AS version"
_CONTRACTED: Final = """
    SELECT name FROM plaint.migrations WHERE version > %s AND name LIKE '____\\_contract\\_%%'
    ORDER BY version DESC LIMIT 1
"""


class Presence:
    """One program among those that run. For one thread; close it when the program ends."""

    def __init__(self, conninfo: str, version: int) -> None:
        """Be seen as a program of ``version``.

        Raises:
            DatabaseUnavailable: no connection, or an older program's end is being made for more than a minute.
        """
        self.version = version
        self._conninfo = conninfo
        self._connection = self._enter()

    def renew(self) -> bool:
        """Be seen again if the connection was lost; return whether it was.

        Raises:
            ProgramTooOld: meanwhile the database has taken a contract step that ends this program.
            DatabaseUnavailable: there is no connection now; call again later.
        """
        try:
            self._connection.execute("SELECT")
        except psycopg.OperationalError:
            self._connection.close()
        else:
            return False
        self._connection = self._enter()
        try:
            must_not_be_too_old(self._connection, self.version)
        except psycopg.OperationalError as error:
            raise _away(error) from None
        return True

    def close(self) -> None:
        """Be seen no more, from now on: the server notices a closed connection a moment later.

        A server that says nothing is left alone: it ends the session when it notices that the program is gone.
        """
        leaving = Thread(target=self._leave, name="presence ends", daemon=True)
        leaving.start()
        leaving.join(_LEAVE_SECONDS)

    def _leave(self) -> None:
        with suppress(psycopg.OperationalError):
            self._connection.execute("SELECT pg_advisory_unlock_shared(%s, %s)", (_CLASS, self.version))
        self._connection.close()

    def _enter(self) -> Connection[TupleRow]:
        settings = {**session_settings(self._conninfo, f"plaint presence {self.version}"), "autocommit": True}
        try:
            connection = psycopg.connect(self._conninfo, **settings)
        except psycopg.OperationalError as error:
            raise _away(error) from None
        try:
            connection.execute(f"SET lock_timeout = '{_PATIENCE}'")
            connection.execute("SELECT pg_advisory_lock_shared(%s, %s)", (_CLASS, self.version))
        except LockNotAvailable:
            connection.close()
            raise DatabaseUnavailable(
                "a contract step of a newer program is being taken; this program will be too old after it"
            ) from None
        except psycopg.OperationalError as error:
            connection.close()
            raise _away(error) from None
        return connection

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def programs(connection: Connection[TupleRow]) -> dict[int, int]:
    """Version -> how many programs built for it run on this database now, the lowest version first."""
    return dict(connection.execute(_RUNNING, (_CLASS,)).fetchall())


def older(connection: Connection[TupleRow], version: int) -> dict[int, int]:
    """The running programs that were built for less than ``version``."""
    return {built: count for built, count in programs(connection).items() if built < version}


def bar_older(connection: Connection[TupleRow], version: int) -> bool:
    """Let no program older than ``version`` start until this transaction ends; False if one runs already."""
    row = connection.execute(_BAR, (_CLASS, version - 1)).fetchone()
    return row is not None and bool(row[0])


def must_not_be_too_old(connection: Connection[TupleRow], version: int) -> None:
    """Refuse a program whose needs a contract step has taken away; to be asked once it is seen.

    Raises:
        ProgramTooOld: there was such a step.
    """
    found = connection.execute("SELECT to_regclass('plaint.migrations') IS NOT NULL").fetchone()
    if found is None or not found[0]:
        return
    newest = connection.execute(_CONTRACTED, (version,)).fetchone()
    if newest is not None:
        raise ProgramTooOld(version, newest[0])


def _away(error: psycopg.OperationalError) -> DatabaseUnavailable:
    reason = next(iter(str(error).splitlines()), type(error).__name__)
    return DatabaseUnavailable(f"the database of PLAINT_DATABASE does not answer: {reason}")
