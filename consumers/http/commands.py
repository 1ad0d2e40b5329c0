"""One route per command, made from the catalogue: its name, its schema, its right."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body, Header, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, create_model
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from consumers.http.identity import sender
from consumers.http.messages import accepted
from consumers.http.problems import problem, refused
from engine.incoming import Asked, Circumstances, Parked, Refused
from engine.service import Service
from schemas.catalogue import COMMANDS
from schemas.complaint.base import Command
from schemas.envelope import RequestSource

_BY_DOORS_ONLY = frozenset({"receive"})


class Wish(BaseModel):
    """A command: its fields, and why (personal text, sealed with the event)."""

    model_config = ConfigDict(extra="forbid")
    fields: dict[str, Any] = Field(default_factory=dict)
    why: str | None = Field(None, max_length=4_000)
    occurred_at: AwareDatetime | None = None


class _Door:
    """What every command route needs."""

    def __init__(
        self,
        service: Service,
        clock: Callable[[], datetime],
        new_id: Callable[[], UUID],
        person_of: Callable[[str], str],
    ) -> None:
        self.service, self.clock, self.new_id, self.person_of = service, clock, new_id, person_of

    async def ask(
        self, request: Request, stream: UUID, command: Command, wish: BaseModel, key: str | None, match: str | None
    ) -> Response:
        expected = _version(match)
        if match is not None and expected is None:
            return problem(400, "if_match", 'If-Match takes one ETag as it was given, such as "7"')
        around = Circumstances(sender(request, self.person_of), RequestSource(request=self.new_id()), self.clock())
        asked = Asked(
            stream=stream,
            command=command,
            id=key or str(self.new_id()),
            around=around,
            why=getattr(wish, "why", None),
            expected=expected,
            occurred_at=getattr(wish, "occurred_at", None),
        )
        result = (await run_in_threadpool(self.service.submit, [asked], self.clock()))[0]
        if isinstance(result, Refused):
            return refused(result)
        headers = {} if isinstance(result, Parked) else {"ETag": f'"{result.version}"'}
        return JSONResponse(accepted(result).model_dump(mode="json"), 200, headers)


def _version(match: str | None) -> int | None:
    text = (match or "").removeprefix("W/").strip('"')
    return int(text) if text.isdecimal() and len(text) < 10 else None


def router(
    service: Service, clock: Callable[[], datetime], new_id: Callable[[], UUID], person_of: Callable[[str], str]
) -> APIRouter:
    """Return a route for every command that is not a door's own."""
    routes = APIRouter(tags=["commands"])
    door = _Door(service, clock, new_id, person_of)
    for name, command in COMMANDS.items():
        if command.RIGHT not in _BY_DOORS_ONLY:
            _add(routes, door, name, command)
    return routes


def _add(routes: APIRouter, door: _Door, name: str, command: type[Command]) -> None:
    group, word = name.split(".")
    wish = create_model(f"{command.__name__}Wish", __base__=Wish, __doc__=command.__doc__, fields=(command, ...))

    async def give(
        request: Request,
        stream: UUID,
        body: Any,
        key: Annotated[str | None, Header(alias="Idempotency-Key", max_length=200)] = None,
        match: Annotated[str | None, Header(alias="If-Match", max_length=40)] = None,
    ) -> Response:
        return await door.ask(request, stream, body.fields, body, key, match)

    give.__annotations__["body"] = Annotated[wish, Body()]
    give.__name__ = f"{group}_{word}"
    plural = {"complaint": "complaints", "feedback": "feedback", "problem": "problems"}[group]
    routes.add_api_route(
        f"/v1/{plural}/{{stream}}/{word.replace('_', '-')}",
        give,
        methods=["POST"],
        summary=(command.__doc__ or name).splitlines()[0],
        operation_id=f"{group}_{word}",
    )
