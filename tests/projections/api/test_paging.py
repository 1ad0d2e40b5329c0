"""A cursor is one of ours, or refused: whatever stands in it."""

import base64
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import orjson
import pytest

from projections.api.paging import BadCursor, after, cursor

AT: Final = datetime(2026, 3, 1, 9, tzinfo=UTC)
KINDS: Final = (datetime, UUID, int, bool, str)

OTHERS: Final[list[tuple[int, Any]]] = [
    (place, value)
    for place, kind in enumerate(KINDS)
    for value in (None, 5, 1.5, list[int](), dict[str, int](), True, "nonsense", "2026-03-01T09:00:00")
    if type(value) is not kind
]


def made(*values: Any) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(values)).decode("ascii")


def test_a_cursor_gives_back_what_it_was_made_of() -> None:
    values = (AT, UUID(int=7), 3, True, "a")
    assert after("due", cursor("due", *values), KINDS) == values


def test_the_cursor_of_another_list_is_none_though_its_values_are_alike() -> None:
    with pytest.raises(BadCursor):
        after("due", cursor("opened", AT, UUID(int=7)), (datetime, UUID))


@pytest.mark.parametrize(("place", "value"), OTHERS)
def test_a_value_of_another_kind_is_no_cursor(place: int, value: Any) -> None:
    values: list[Any] = [AT.isoformat(), str(UUID(int=7)), 3, True, "a"]
    values[place] = value
    with pytest.raises(BadCursor):
        after("due", made("due", *values), KINDS)


@pytest.mark.parametrize("text", ["", "x", "é", "====", "e30=", "bnVsbA==", made(), made(1, 2), made("due")])
def test_what_holds_no_such_values_is_no_cursor(text: str) -> None:
    with pytest.raises(BadCursor):
        after("due", text, KINDS)
