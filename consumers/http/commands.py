"""One route per command, made from the catalogue: its name, its schema, its right."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, create_model
from starlette.responses import Response

from consumers.http import idempotency
from consumers.http.documentation import repeatable
from consumers.http.door import Accepted, Door
from consumers.http.problems import problem
from consumers.intake import BY_DOORS_ONLY
from engine.incoming import Asked
from projections.api.actor import DECLARED
from projections.api.route import router_of
from schemas.catalogue import COMMANDS
from schemas.complaint.base import Command

_PLURALS = {"complaint": "complaints", "feedback": "feedback", "problem": "problems", "survey": "surveys"}


class Wish(BaseModel):
    """A command: its fields, and why (personal text, sealed with the event)."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)
    fields: Any
    why: str | None = Field(None, max_length=4_000)
    """The reason, in words; some commands ask for one."""
    occurred_at: AwareDatetime | None = None
    """When it happened, if not now; for who has the right to back-date."""


def router(door: Door) -> APIRouter:
    """Return a route for every command that is not a door's own."""
    routes = router_of("commands")
    for name, command in COMMANDS.items():
        if command.RIGHT not in BY_DOORS_ONLY:
            _add(routes, door, name, command)
    return routes


def _add(routes: APIRouter, door: Door, name: str, command: type[Command]) -> None:
    group, word = name.split(".")
    wish = create_model(f"{command.__name__}Wish", __base__=Wish, __doc__=command.__doc__, fields=(command, ...))

    async def give(
        request: Request, stream: UUID, body: Wish, key: idempotency.Key = None, match: idempotency.Match = None
    ) -> Response:
        return await _ask(door, request, stream, body, key, match)

    give.__annotations__["body"] = Annotated[wish, Body()]
    give.__name__ = f"{group}_{word}"
    routes.add_api_route(
        f"/v1/{_PLURALS[group]}/{{stream}}/{word.replace('_', '-')}",
        give,
        methods=["POST"],
        response_model=Accepted,
        responses=repeatable(200),
        summary=(command.__doc__ or name).splitlines()[0],
        operation_id=f"{group}_{word}",
        openapi_extra={DECLARED: command.RIGHT},
    )


async def _ask(door: Door, request: Request, stream: UUID, wish: Wish, key: str | None, match: str | None) -> Response:
    expected = idempotency.version(match)
    if match is not None and expected is None:
        return problem(400, "if_match", 'If-Match takes one ETag as it was given, such as "7"')
    asked = Asked(
        stream=stream,
        command=wish.fields,
        id=idempotency.plain(key) or str(door.new_id()),
        around=door.around(request),
        why=wish.why,
        expected=expected,
        occurred_at=wish.occurred_at,
    )
    return await door.answer(asked, 200)
