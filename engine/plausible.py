"""Times that a complaint can speak of: what lies outside of them is a slip or an attack, and no clock can count it."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Final

EARLIEST: Final = datetime(1950, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(2150, 1, 1, tzinfo=UTC)


def is_plausible(moment: datetime | date) -> bool:
    """Whether an aware instant or a date lies between ``EARLIEST`` and ``LATEST``."""
    if isinstance(moment, datetime):
        return EARLIEST <= moment < LATEST
    return EARLIEST.date() <= moment < LATEST.date()


def implausible(fields: object, place: str = "") -> str | None:
    """Return where in nested fields an implausible time stands, such as ``points.0.due``; None if nowhere."""
    if isinstance(fields, date):
        return None if is_plausible(fields) else place
    inner = fields.items() if isinstance(fields, Mapping) else ()
    if isinstance(fields, list | tuple):
        inner = enumerate(fields)  # type: ignore[assignment] # pairs as well
    found = (implausible(value, f"{place}.{name}" if place else str(name)) for name, value in inner)
    return next((one for one in found if one is not None), None)
