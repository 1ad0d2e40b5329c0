"""Channel messages over HTTP: one JSON message, a CloudEvent, or a raw e-mail."""

from collections.abc import Callable
from datetime import datetime
from typing import Final
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import AwareDatetime, BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from consumers import intake
from consumers.http.identity import sender
from consumers.http.problems import problem, refused
from engine.incoming import Circumstances, Done, Parked, Refused, Result
from engine.service import Service
from schemas.envelope import RequestSource

_MAIL: Final = frozenset({"message/rfc822"})
_JSON: Final = frozenset({"application/json", "application/cloudevents+json"})


class Accepted(BaseModel):
    """What became of a message. ``already``: it had its effect before and changed nothing now."""

    status: str
    stream: UUID | None = None
    kind: str | None = None
    version: int | None = None
    position: int | None = None
    opened: bool = False
    already: bool = False
    parked_until: AwareDatetime | None = None


def accepted(result: Done | Parked) -> Accepted:
    """Return the answer for a message that was taken."""
    if isinstance(result, Parked):
        return Accepted(status="parked", stream=None, parked_until=result.until)
    return Accepted(
        status="done",
        stream=result.stream,
        kind=result.kind,
        version=result.version,
        position=result.position,
        opened=result.opened,
        already=result.already,
    )


def router(
    service: Service, clock: Callable[[], datetime], new_id: Callable[[], UUID], person_of: Callable[[str], str]
) -> APIRouter:
    """Return the routes for messages."""
    routes = APIRouter(tags=["messages"])

    @routes.post(
        "/v1/messages",
        status_code=202,
        response_model=Accepted,
        summary="Hand in a channel message",
        openapi_extra={"requestBody": {"required": True, "content": {kind: {} for kind in sorted(_MAIL | _JSON)}}},
    )
    async def post_message(request: Request) -> Response | Accepted:
        octets = await _body(request)
        if octets is None:
            return problem(413, "too_large", f"larger than {intake.MAX_OCTETS} octets")
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind not in _MAIL | _JSON:
            return problem(415, "media_type", f"send one of {', '.join(sorted(_MAIL | _JSON))}")
        around = Circumstances(sender(request, person_of), RequestSource(request=new_id()), clock())
        taken = intake.from_rfc5322(octets, around) if kind in _MAIL else intake.from_octets(octets, around)
        if isinstance(taken, intake.Rejected):
            return problem(422, "invalid", taken.reason, errors=[{"path": taken.path, "reason": taken.reason}])
        result: Result = (await run_in_threadpool(service.submit, [taken], clock()))[0]
        return refused(result) if isinstance(result, Refused) else accepted(result)

    return routes


async def _body(request: Request) -> bytes | None:
    """Return the body, or None as soon as it is larger than a message may be."""
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > intake.MAX_OCTETS:
            return None
        parts.append(part)
    return b"".join(parts)
