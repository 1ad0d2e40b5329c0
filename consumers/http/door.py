"""What every route that changes something stands on: who asks and when, one way in, one form of answer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from fastapi import Request
from pydantic import AwareDatetime, BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from consumers import tracing
from consumers.http import observed
from consumers.http.idempotency import REPLAYED
from consumers.http.identity import sender
from consumers.http.problems import refused
from engine.incoming import Arrived, Asked, Buried, Circumstances, Done, Parked, Refused
from engine.known import command_id_of
from engine.service import Service
from engine.store.store import Store
from schemas.channels.mail.automatic import NOTHING_OWN, OwnMail
from schemas.envelope import RequestSource

_NOTHING: Final[Mapping[str, str]] = {}


class Accepted(BaseModel):
    """What became of a message or command; the same again is answered the same.

    ``position`` is one of the log that ``incarnation`` names; views take it as ``at_least``.
    """

    status: str
    incarnation: UUID
    stream: UUID | None = None
    kind: str | None = None
    version: int | None = None
    position: int | None = None
    opened: bool = False
    parked_until: AwareDatetime | None = None


@dataclass(frozen=True, slots=True)
class Door:
    """The service as HTTP reaches it. ``person_of`` gives the opaque id of a person's name."""

    service: Service
    store: Store
    clock: Callable[[], datetime]
    new_id: Callable[[], UUID]
    person_of: Callable[[str], str]
    own: OwnMail = NOTHING_OWN

    def around(self, request: Request) -> Circumstances:
        """Return who asks, when, and by which request."""
        own = self.new_id()
        observed.tell(request=str(own))
        return Circumstances(
            sender(request, self.person_of),
            RequestSource(request=own),
            self.clock(),
            traceparent=tracing.present(),
            own=self.own,
        )

    async def answer(self, item: Arrived | Asked, status: int, more: Mapping[str, str] = _NOTHING) -> Response:
        """Have ``item`` its effect; the answer bears the stream's version as its ETag, and ``more``, or is a problem.

        The same again gets the same answer, and a header that says so.
        """
        observed.tell(correlation_id=str(command_id_of(item, self.store.fingerprint.of)))
        result = (await run_in_threadpool(self.service.submit, [item], self.clock()))[0]
        again = {} if isinstance(result, Buried) or not result.already else {REPLAYED: "true"}
        if isinstance(result, Refused):
            observed.tell(code=result.code)
            return refused(result, again)
        written = result.incarnation if isinstance(result, Done) else None
        told = _accepted(result, written or (await run_in_threadpool(self.store.read.head)).incarnation)
        headers = again if told.version is None else {**again, "ETag": f'"{told.version}"'}
        observed.tell(
            outcome=told.status, case=None if told.stream is None else str(told.stream), position=told.position
        )
        return JSONResponse({**told.model_dump(mode="json"), **more}, status, headers)


def _accepted(result: Done | Parked | Buried, incarnation: UUID) -> Accepted:
    if isinstance(result, Buried):
        raise TypeError("only what comes from a topic is ever buried")
    if isinstance(result, Parked):
        return Accepted(status="parked", incarnation=incarnation, parked_until=result.until)
    return Accepted(
        status="done",
        incarnation=incarnation,
        stream=result.stream,
        kind=result.kind,
        version=result.version,
        position=result.position,
        opened=result.opened,
    )
