"""How a process that works on topics ends in time: what hangs is told with all stacks, and ends with its own code."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import structlog

from consumers.kafka.watchdog import Watchdog
from consumers.wiring import clock
from consumers.wiring.processes import GRACE_SECONDS

HANG_SECONDS = 60.0
"""A poll that takes so long will not return: its own limit is below a second."""

_log = structlog.get_logger()


def watchdog() -> Watchdog:
    """Return the watchdog of this process, not yet at work."""
    return Watchdog(HANG_SECONDS, clock.ticks, bark=_bark)


@contextmanager
def in_time(stop: threading.Event) -> Iterator[Watchdog]:
    """Lend a watchdog that, once ``stop`` is set, expects the block to end within the grace."""
    over = threading.Event()

    def see_to_the_end() -> None:
        stop.wait()
        if not over.is_set():
            # Before the main thread gives the others up: what hangs must not look like an orderly end.
            dog.end_within(GRACE_SECONDS - 1)

    with watchdog() as dog:
        threading.Thread(target=see_to_the_end, name="drain", daemon=True).start()
        try:
            yield dog
        finally:
            over.set()


def _bark(what: str, seconds: float) -> None:
    with suppress(Exception):
        _log.error("hung", what=what, seconds=round(seconds, 1), note="the stacks follow; the process ends")
