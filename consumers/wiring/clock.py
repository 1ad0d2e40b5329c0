"""The one place where time, new ids and randomness are read; everything else is handed values."""

import random
import time
from datetime import UTC, datetime
from uuid import UUID, uuid4

_CHANCE = random.SystemRandom()


def now() -> datetime:
    """Return the present instant in UTC."""
    return datetime.now(UTC)


def new_id() -> UUID:
    """Return a new random id."""
    return uuid4()


def ticks() -> float:
    """Return seconds of a clock that never goes back; only differences mean something."""
    return time.monotonic()


def chance() -> float:
    """Return a number from 0 to 1, to spread what would else happen everywhere at once."""
    return _CHANCE.random()
