"""The one place where time, new ids and randomness are read; everything else is handed values."""

from datetime import UTC, datetime
from uuid import UUID, uuid4


def now() -> datetime:
    """Return the present instant in UTC."""
    return datetime.now(UTC)


def new_id() -> UUID:
    """Return a new random id."""
    return uuid4()
