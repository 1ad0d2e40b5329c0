"""Reading the next batch of the log while the last one is being written.

While the server writes, this process has nothing to do but to wait; the next batch is read and decoded then.
At most one batch is read ahead, so memory holds two.
"""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import NamedTuple, Self

from engine.store.batch import Recorded
from projections.runtime.projection import Log


class Ask(NamedTuple):
    """What is read: at most ``limit`` events behind ``after``, and those of the names in ``opens`` opened too."""

    after: int
    limit: int
    opens: frozenset[str]


Read = tuple[Sequence[Recorded], Sequence[Recorded]]
"""The events with their texts sealed, and those of the names asked for with their texts opened."""


class Ahead:
    """Reads batches, one ahead in a thread of its own where it was told to. A context that ends the thread."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._thread = ThreadPoolExecutor(1, "views-read-ahead")
        self._begun: tuple[Ask, Future[Read]] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._thread.shutdown(cancel_futures=True)

    def read(self, ask: Ask) -> Read:
        """Return a batch: the one read ahead, if it is that one. Raises what reading it raised."""
        if self._begun is None or self._begun[0] != ask:
            return self._log.both(*ask)
        _, found = self._begun
        self._begun = None
        return found.result()

    def begin(self, ask: Ask) -> None:
        """Begin to read a batch that will be asked for."""
        self._begun = ask, self._thread.submit(self._log.both, *ask)
