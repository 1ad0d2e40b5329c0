"""Connections to the database, kept ready and the same for everybody."""

from typing import Any

from psycopg.conninfo import conninfo_to_dict
from psycopg_pool import ConnectionPool, PoolTimeout

from engine.store.database.errors import DatabaseUnavailable
from engine.store.database.session_connection import SessionConnection

Pool = ConnectionPool[SessionConnection]

_PATIENCE_SECONDS = 30.0
_FRESH_SECONDS = 1.0
# A dead network path is noticed after a minute, not after the system's two hours.
_DEFAULTS: dict[str, Any] = {
    "connect_timeout": 10,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}
# The server too has to notice within a minute that a client's machine is gone: it may hold the log's lock.
_SESSION = (
    "-c idle_in_transaction_session_timeout=60s -c TimeZone=UTC "
    "-c tcp_keepalives_idle=30 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3"
)


def open_pool(conninfo: str, *, max_size: int, name: str, patience_seconds: float = _PATIENCE_SECONDS) -> Pool:
    """Return an open pool that has reached the database; close it, or use it with `with`.

    Connections are not in autocommit, speak UTC, show up as `name` in `pg_stat_activity`, and
    lose a transaction that idles for a minute. A connection that has rested, or whose server has
    said something unasked, is tried before it is handed out, so after a restart of the server the
    next one handed out works.

    Raises:
        DatabaseUnavailable: no connection within `patience_seconds`.
    """
    pool: Pool = ConnectionPool(
        conninfo,
        connection_class=SessionConnection,
        kwargs=session_settings(conninfo, name),
        min_size=1,
        max_size=max_size,
        name=name,
        check=_try,
        open=False,
    )
    pool.open()
    try:
        pool.wait(patience_seconds)
    except PoolTimeout:
        pool.close()
        raise DatabaseUnavailable(
            f"no connection to the database within {patience_seconds:g} s ({_place(conninfo)}): "
            "check that it runs, that the address is right, and that this user may log in"
        ) from None
    except BaseException:
        pool.close()
        raise
    return pool


def _try(connection: SessionConnection) -> None:
    """Have the server answer, unless the connection was lent within the last second and not closed since.

    A round trip less for each look at the database; a closed connection shows without asking.
    """
    if connection.rested(_FRESH_SECONDS) or connection.spoken_to():
        ConnectionPool.check_connection(connection)
    connection.lend()


def session_settings(conninfo: str, name: str) -> dict[str, Any]:
    """What every session of ours has beyond `conninfo`, whose own words win."""
    given = conninfo_to_dict(conninfo)
    options = f"{_SESSION} {given.get('options') or ''}".strip()
    missing = {key: value for key, value in _DEFAULTS.items() if key not in given}
    return {**missing, "options": options, "application_name": name, "autocommit": False}


def _place(conninfo: str) -> str:
    """Host, port and database without user or password."""
    given = conninfo_to_dict(conninfo)
    return ", ".join(f"{key} {given[key]}" for key in ("host", "port", "dbname") if key in given)
