"""File locks that end with the process that holds them, however it ends.

`flock` belongs to the open file, so two users inside one process count as two.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.store.database.deadline import Deadline
from engine.store.database.errors import DatabaseUnavailable

_POLL_SECONDS = 0.05


@contextmanager
def exclusive(path: Path, *, patience_seconds: float) -> Iterator[None]:
    """Hold `path` alone; wait for others at most `patience_seconds`.

    Raises:
        DatabaseUnavailable: another process held it all that time.
    """
    descriptor = os.open(path, os.O_RDWR)
    try:
        _wait_for(descriptor, path, patience_seconds)
        yield
    finally:
        os.close(descriptor)


def share(path: Path) -> int:
    """Hold `path` together with others until the returned descriptor is closed.

    To be called only by the holder of the lock that guards all exclusive attempts, so it never
    waits.
    """
    descriptor = os.open(path, os.O_RDWR)
    fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    return descriptor


def is_free(path: Path) -> bool:
    """Does nobody hold `path` at this moment?"""
    descriptor = os.open(path, os.O_RDWR)
    try:
        return _try_exclusive(descriptor)
    finally:
        os.close(descriptor)


def _wait_for(descriptor: int, path: Path, patience_seconds: float) -> None:
    deadline = Deadline(patience_seconds)
    while not _try_exclusive(descriptor):
        if deadline.passed():
            raise DatabaseUnavailable(
                f"another process has been starting or stopping the database for more than "
                f"{patience_seconds:g} s (it holds {path}): look into server.log beside that file"
            )
        time.sleep(_POLL_SECONDS)


def _try_exclusive(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
