"""A pipeline may hold more than the socket takes at once."""

import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from psycopg import Connection

from engine.store.database.pool import open_pool

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
