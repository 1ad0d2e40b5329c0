"""Channel messages over HTTP: one JSON message, a CloudEvent, or a raw e-mail."""

from typing import Any, Final

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from consumers import intake
from consumers.http.documentation import reference, repeatable
from consumers.http.door import Accepted, Door
from consumers.http.problems import problem
from projections.api.route import router_of

_MEDIA: Final[dict[str, dict[str, Any]]] = {
    "application/cloudevents+json": reference("CloudEvent"),
    "application/json": {"anyOf": [reference("ChannelMessage"), reference("CloudEvent")]},
    intake.MAIL: {"type": "string"},
}


def router(door: Door) -> APIRouter:
    """Return the routes for messages."""
    routes = router_of("messages")

    @routes.post(
        "/v1/messages",
        status_code=202,
        response_model=Accepted,
        responses=repeatable(202),
        summary="Hand in a channel message; the same one again changes nothing",
        openapi_extra={
            "requestBody": {"required": True, "content": {kind: {"schema": schema} for kind, schema in _MEDIA.items()}}
        },
    )
    async def post_message(request: Request) -> Response:
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind not in _MEDIA:
            return problem(415, "media_type", f"send one of {', '.join(_MEDIA)}")
        take = intake.from_rfc5322 if kind == intake.MAIL else intake.from_octets
        taken = await run_in_threadpool(take, await request.body(), door.around(request))
        if isinstance(taken, intake.Rejected):
            return problem(422, "invalid", taken.reason, errors=[{"path": taken.path, "reason": taken.reason}])
        return await door.answer(taken, 202)

    return routes
