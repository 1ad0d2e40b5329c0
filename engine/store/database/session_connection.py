"""A connection that goes on sending while it waits for answers in pipeline mode, and knows when it was lent last.

psycopg hands what the socket does not take at once to libpq's buffer, and in pipeline mode then waits
for answers alone. Where one statement is larger than the socket's buffer, or the server does not read
since it waits for a lock, both sides wait for each other for ever. Seen with psycopg 3.3.9.
"""

import select
import time
from collections.abc import Generator
from typing import Any, TypeVar

from psycopg import Connection
from psycopg.pq import PipelineStatus
from psycopg.pq.abc import PGconn
from psycopg.rows import TupleRow
from psycopg.waiting import Ready, Wait

V = TypeVar("V")


class SessionConnection(Connection[TupleRow]):
    """A psycopg connection whose pipelines may hold statements of any size."""

    _lent_at: float | None = None

    def lend(self) -> None:
        """Take note that it is lent now."""
        self._lent_at = time.monotonic()

    def rested(self, seconds: float) -> bool:
        """Whether it was lent so long ago, or never."""
        return self._lent_at is None or time.monotonic() - self._lent_at > seconds

    def spoken_to(self) -> bool:
        """Whether its server has sent something that nobody asked for, such as its farewell."""
        heard = select.poll()
        heard.register(self.fileno(), select.POLLIN)
        return bool(heard.poll(0))

    def wait(self, gen: Generator[Any, Any, V], *args: Any, **options: Any) -> V:
        """Run one step of the protocol to its end, as psycopg's own does."""
        if self.pgconn.pipeline_status != PipelineStatus.OFF:
            gen = _sending(gen, self.pgconn)
        return super().wait(gen, *args, **options)


def _sending(gen: Generator[Any, Any, V], pgconn: PGconn) -> Generator[Any, Any, V]:
    """Wait to write, too, wherever ``gen`` waits to read and something is still to be sent."""
    try:
        wanted = next(gen)
        while True:
            if wanted == Wait.R and pgconn.flush():
                ready = yield Wait.RW
                wanted = gen.send(Ready.R) if ready & Ready.R else wanted
            else:
                wanted = gen.send((yield wanted))
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return] # what the generator returned
