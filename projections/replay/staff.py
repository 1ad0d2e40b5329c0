"""Which person an actor id is: read from his own small stream, so never behind the log; the reading is noted."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Request

from engine.streams.staff import stream_of
from projections.answers import Answer, Moment
from projections.api.desk import Desk, NoSuchPerson
from projections.api.route import RIGHT, router_of
from schemas.streams.staff import StaffBound
from schemas.words import ActorId


class Staff(Answer):
    """A person of staff. Texts are null once he was erased."""

    actor: str
    stream: UUID
    bound_at: Moment
    issuer: str | None
    subject: str | None
    name: str | None


def routes(desk: Desk) -> APIRouter:
    """Return the route of persons."""
    router = router_of("audit")

    @router.get("/staff/{actor}", openapi_extra={RIGHT: "audit"})
    def who(request: Request, actor: Annotated[ActorId, Path()]) -> Staff:
        """Tell which person an actor id is, for who may see texts, too; noted as a reading."""
        stream = stream_of(actor)
        if not desk.log.stream(stream):
            raise NoSuchPerson
        for one in desk.opened(request, stream).stream(stream, open=True):
            if isinstance(one.event, StaffBound):
                said = {name: getattr(one.event, name) for name in ("issuer", "subject", "name")}
                texts = {name: value if isinstance(value, str) else None for name, value in said.items()}
                return Staff(actor=actor, stream=stream, bound_at=one.envelope.occurred_at, **texts)
        raise NoSuchPerson

    return router
