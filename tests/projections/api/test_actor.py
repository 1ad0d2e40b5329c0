"""What was allowed when an answer began is judged again for as long as the answer lasts."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, Final

import pytest
from fastapi import Request

from engine.configuration.in_force import Book
from engine.rules.rights import Credentials
from projections import units
from projections.api.actor import ASKER, DECLARED, UNTIL, Asking, Roles
from schemas.configuration.roles import Role

NOW: Final = datetime(2026, 3, 2, 9, tzinfo=UTC)
ROUTE: Final = SimpleNamespace(path="/changes", tags=["changes"], openapi_extra={DECLARED: "see"})
ANN: Final = Credentials("person:ann", "token", frozenset({"desk"}))


def desk(*rights: str, **more: Any) -> Mapping[str, Role]:
    title = {"en": "-", "ru": "-"}
    return {"desk": Role.model_validate({"id": "desk", "version": 1, "title": title, "rights": rights, **more})}


@pytest.mark.parametrize(
    ("later", "seconds", "holds"),
    [
        (desk("see"), 0, True),
        (desk("see", "texts"), 59, True),
        (desk("see"), 60, False),
        (desk("texts"), 0, False),
        (desk("see", business_unit=["west"]), 0, False),
        ({}, 0, False),
    ],
)
def test_a_right_holds_until_its_proof_ends_or_its_role_says_otherwise(
    later: Mapping[str, Role], seconds: int, *, holds: bool
) -> None:
    books = iter([Book(roles=desk("see")), Book(roles=later)])
    ticks = iter(range(0, 1_000, 10))
    asking = Asking(Roles(lambda: next(books), lambda: next(ticks)), lambda _: ())
    scope = {"type": "http", "method": "GET", "route": ROUTE, ASKER: ANN, UNTIL: NOW.timestamp() + 60}
    request = Request(scope)

    async def follow() -> bool:
        await asking.admit(request)
        return await asking.still(request, datetime.fromtimestamp(NOW.timestamp() + seconds, UTC))

    with units.confined(None):
        assert asyncio.run(follow()) is holds


def test_where_nobody_is_asked_who_he_is_an_answer_lasts() -> None:
    asking = Asking(Roles(Book, lambda: 0.0), lambda _: ())
    request = Request({"type": "http", "method": "GET", "route": ROUTE})
    assert asyncio.run(asking.still(request, NOW))
