"""A pipeline may hold more than the socket takes at once."""

import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from psycopg import Connection

from engine.store.database.pool import open_pool
from engine.store.database.session_connection import SessionConnection

LARGE = b"x" * 4_000_000


def test_statements_larger_than_the_socket_reach_the_server(database: str) -> None:
    with _within(30), open_pool(database, max_size=1, name="test") as pool, pool.connection() as connection:
        _small(connection)
        with connection.pipeline():
            first = connection.execute("SELECT length(%b::bytea)", (LARGE,))
            second = connection.execute("SELECT length(%b::bytea)", (LARGE,))
            assert (first.fetchone(), second.fetchone()) == ((len(LARGE),), (len(LARGE),))
            connection.execute("SELECT length(%b::bytea)", (LARGE,))
            connection.commit()
        assert connection.execute("SELECT 1").fetchone() == (1,)


@contextmanager
def _within(seconds: int) -> Iterator[None]:
    """Fail rather than hang."""

    def hangs(_number: int, _frame: object) -> None:
        raise TimeoutError("the statements did not reach the server")

    before = signal.signal(signal.SIGALRM, hangs)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def _small(connection: Connection[tuple[object, ...]]) -> None:
    """Give the connection a small buffer, as one over a network has at first."""
    with socket.socket(fileno=socket.dup(connection.fileno())) as same:
        same.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)


def test_a_connection_is_fresh_once_it_was_lent_and_has_rested_after_a_while(database: str) -> None:
    with SessionConnection.connect(database) as connection:
        assert connection.rested(60)
        connection.lend()
        assert not connection.rested(60)
        assert connection.rested(0)


def test_a_server_that_ends_a_session_has_spoken_to_it(database: str) -> None:
    with SessionConnection.connect(database) as connection, SessionConnection.connect(database) as other:
        connection.commit()
        assert not connection.spoken_to()
        other.execute("SELECT pg_terminate_backend(%s, 5000)", (connection.info.backend_pid,))
        assert connection.spoken_to()
