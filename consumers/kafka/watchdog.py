"""Ends a process that hangs: the client's ``poll`` can wait without end, whatever limit it is given.

A process that is gone is started again, and its partitions go to others; one that hangs keeps them.
"""

import faulthandler
import os
import sys
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self, TextIO

HUNG: Final = 70
"""Exit code of a process that its own watchdog has ended."""


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
