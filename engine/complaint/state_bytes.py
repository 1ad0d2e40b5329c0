"""The folded state as canonical bytes: the same history gives the same bytes, on every machine and every time."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final

import orjson
from pydantic import BaseModel

_OPTIONS: Final = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS


def to_bytes(state: object) -> bytes:
    """Return a state of any stream as canonical JSON.

    Instants are UTC to the microsecond, sums decimal strings without trailing zeros, sets in order; a
    dataclass lists its fields as they are declared. A variant of a union is told by its own field.

    Raises:
        TypeError: the state holds something that has no canonical form.
    """
    return orjson.dumps(state, default=_plain, option=_OPTIONS)


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    if isinstance(value, BaseModel):
        return value.model_dump(mode="python")
    if isinstance(value, frozenset):
        return sorted(value)
    raise TypeError(f"a state cannot hold {type(value).__name__}: it has no canonical form")
