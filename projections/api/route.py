"""How a route hears: a body is JSON of bounded depth, and the answer is of a kind that the asker takes.

What a route offers is what it documents, so that neither can say more than the other.
"""

from collections.abc import Callable, Coroutine
from typing import Any, Final

import orjson
from fastapi import APIRouter, HTTPException, Request
from fastapi.routing import APIRoute
from starlette.responses import Response

from projections.api.accepting import chosen
from projections.api.actor import DECLARED, right_of

JSON: Final = "application/json"
RIGHT: Final = DECLARED
DEEPEST: Final = 32
"""How deep the objects and lists of a body may stand in one another; what is described stays far below."""

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class JsonRequest(Request):
    """A request whose body is read as JSON strictly: UTF-8, no NaN, not too deep."""

    async def json(self) -> Any:
        """Return the value of the body.

        Raises:
            json.JSONDecodeError: it is no JSON, or nested beyond all measure.
            HTTPException: 422, it is nested deeper than ``DEEPEST``.
        """
        value = orjson.loads(await self.body())
        if deeper(value, DEEPEST):
            raise HTTPException(422, f"nested more than {DEEPEST} deep; send what the schema names")
        return value


class Route(APIRoute):
    """A route of ours: 406 where the asker takes nothing that it offers, 415 for a body that is no JSON.

    Its description names its right.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **more: Any) -> None:
        super().__init__(path, endpoint, **more)
        right = next((found for method in self.methods or () if (found := right_of(self, method))), None)
        if right is not None:
            self.openapi_extra = {**(self.openapi_extra or {}), RIGHT: right}

    def get_route_handler(self) -> Handler:
        """Return what handles a request."""
        plain = super().get_route_handler()
        offered, takes_json = offers(self), self.body_field is not None

        async def handle(request: Request) -> Response:
            if chosen(request.headers.get("accept"), offered) is None:
                raise HTTPException(406, f"there is {', '.join(offered)}; let Accept name one of them")
            if takes_json and not _is_json(request.headers.get("content-type")):
                raise HTTPException(415, f"send {JSON}")
            return await plain(JsonRequest(request.scope, request.receive))

        return handle


def router_of(*tags: str, **more: Any) -> APIRouter:
    """Return a router whose routes are of this kind."""
    return APIRouter(tags=list(tags), route_class=Route, **more)


def offers(route: APIRoute) -> tuple[str, ...]:
    """Return the media types that a route may answer with, what comes first is the usual one."""
    good = [told for status, told in route.responses.items() if str(status).startswith("2")]
    return (JSON, *(media for told in good for media in told.get("content", {}) if media != JSON))


def deeper(value: object, most: int) -> bool:
    """Whether lists and objects stand in one another more than ``most`` deep."""
    level: list[object] = [value]
    for _ in range(most + 1):
        level = [
            inner
            for one in level
            if isinstance(one, dict | list)
            for inner in (one.values() if isinstance(one, dict) else one)
        ]
        if not level:
            return False
    return True


def _is_json(kind: str | None) -> bool:
    """Whether a content type is JSON's; none at all is taken for it, and then judged as such."""
    media = (kind or JSON).partition(";")[0].strip().lower()
    return media == JSON or (media.startswith("application/") and media.endswith("+json"))
