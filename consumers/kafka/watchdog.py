"""Ends a process that hangs: every call of the client can wait without end, whatever limit it is given.

A process that is gone is started again, and its partitions go to others; one that hangs keeps them.
"""

import faulthandler
import os
import sys
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Final, Protocol, Self, TextIO
from uuid import UUID

from consumers.kafka.protocol import Bounds, Cluster, Consumer, Damaged, Partition, PlainRecord

HUNG: Final = 70
"""Exit code of a process that its own watchdog has ended."""


class Dog(Protocol):
    """Watches that a piece of work ends."""

    def work(self, what: str) -> None: ...

    def rest(self) -> None: ...


class NoDog:
    """Watches nothing."""

    def work(self, what: str) -> None: ...

    def rest(self) -> None: ...


class Watched:
    """A cluster of which every question is watched, each by itself."""

    def __init__(self, cluster: Cluster, dog: Dog) -> None:
        self._cluster, self._dog = cluster, dog

    def cluster_id(self) -> str:
        with self._watching("cluster_id"):
            return self._cluster.cluster_id()

    def topic_ids(self, names: Collection[str]) -> dict[str, UUID]:
        with self._watching("topic_ids"):
            return self._cluster.topic_ids(names)

    def bounds(self, partitions: Collection[Partition]) -> dict[Partition, Bounds]:
        with self._watching("bounds"):
            return self._cluster.bounds(partitions)

    def consumer(self, *, group: str, client: str) -> Consumer:
        with self._watching("consumer"):
            return self._cluster.consumer(group=group, client=client)

    def read_raw(self, partition: Partition, offset: int) -> Sequence[PlainRecord | Damaged]:
        with self._watching("read_raw"):
            return self._cluster.read_raw(partition, offset)

    @contextmanager
    def _watching(self, what: str) -> Iterator[None]:
        self._dog.work(what)
        try:
            yield
        finally:
            self._dog.rest()


class Watchdog:
    """Expects work to end within ``seconds``; otherwise it writes all stacks and ends the process.

    ``clock`` counts seconds and never goes back. ``work`` says what has begun, ``rest`` that it is over.
    """

    def __init__(
        self,
        seconds: float,
        clock: Callable[[], float],
        *,
        bark: Callable[[str, float], None] = lambda _what, _seconds: None,
        end: Callable[[int], object] = os._exit,
        stacks: TextIO | None = None,
    ) -> None:
        self._seconds, self._clock, self._bark, self._end = seconds, clock, bark, end
        self._stacks = stacks
        self._since: tuple[str, float] | None = None
        self._end_by: float | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)

    def work(self, what: str) -> None:
        """Begin a piece of work; one that was under way is over by this."""
        self._since = (what, self._clock())

    def rest(self) -> None:
        """Nothing is under way that could hang."""
        self._since = None

    def end_within(self, seconds: float) -> None:
        """All is to be over within this time, whatever is under way. Safe in a signal's handler."""
        self._end_by = self._clock() + seconds

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(min(0.5, self._seconds / 4)):
            now, since = self._clock(), self._since
            if since is not None and now - since[1] > self._seconds:
                self._bite(since[0], now - since[1])
                return
            if self._end_by is not None and now > self._end_by:
                self._bite("stop", now - self._end_by)
                return

    def _bite(self, what: str, gone: float) -> None:
        """Say it and end. No other thread is asked for anything: it may be one of those that hang."""
        self._bark(what, gone)
        stacks = self._stacks or sys.stderr
        faulthandler.dump_traceback(stacks, all_threads=True)
        stacks.flush()
        self._end(HUNG)
