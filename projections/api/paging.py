"""Pages by cursor: the next page begins after the last row shown, however many rows came in between."""

import base64
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson


class BadCursor(ValueError):
    """The cursor was not made by this program: leave it out to begin with the first page."""

    def __init__(self) -> None:
        super().__init__("cursor: not one that an earlier page gave; leave it out to begin with the first page")


def cursor(of: str, *values: Any) -> str:
    """Return an opaque mark of the row after which the next page begins, by the values that it is sorted by.

    ``of`` names the list and its order: the mark of one is none of another, though their values are alike.
    """
    plain = [of, *(value.astimezone(UTC) if isinstance(value, datetime) else value for value in values)]
    return base64.urlsafe_b64encode(orjson.dumps(plain)).decode("ascii")


def after(of: str, text: str, kinds: Sequence[type]) -> tuple[Any, ...]:
    """Return the values of a cursor of the list ``of``.

    ``kinds`` are ``datetime``, ``UUID``, ``str``, ``int`` or ``bool``, one each.

    Raises:
        BadCursor: it is none, or that of another list.
    """
    try:
        named, *values = orjson.loads(base64.urlsafe_b64decode(text.encode("ascii")))
        found = tuple(_value(value, kind) for value, kind in zip(values, kinds, strict=True))
    except (ValueError, TypeError):
        raise BadCursor from None
    if named != of:
        raise BadCursor
    return found


def _value(value: Any, kind: type) -> Any:
    if kind is datetime:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise BadCursor
        return moment
    if kind is UUID and isinstance(value, str):
        return UUID(value)
    if type(value) is not kind:
        raise BadCursor
    return value
