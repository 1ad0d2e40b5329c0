"""Who read what: the access log over HTTP, refused readings too."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from consumers.http.letters import MOST
from engine.store.access_log import Access, AccessLog
from projections import units
from projections.answers import Answer, Moment
from projections.api.route import RIGHT, router_of
from schemas.words import Identity


class ReadFilter(BaseModel):
    """Which readings; ``after`` is a position of the access log, which has an order of its own."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)
    case: UUID | None = None
    after: Annotated[int, Field(ge=0, le=2**62)] = 0
    limit: Annotated[int, Field(ge=1, le=MOST)] = 100


class Reading(Answer):
    """One reading of personal data, allowed or refused."""

    position: int
    recorded_at: Moment
    actor: str
    identity: Identity
    on_behalf_of: str | None
    what: str
    case: UUID | None
    refused: bool
    reason: str | None


class Readings(Answer):
    """Who read what, in the order of the access log."""

    readings: tuple[Reading, ...]
    next: int | None


def router(log: AccessLog) -> APIRouter:
    """Return the route of readings."""
    routes = router_of("audit")

    @routes.get("/v1/access-log", openapi_extra={RIGHT: "audit"})
    def readings(wanted: Annotated[ReadFilter, Query()]) -> Readings:
        """List who read personal data, refused readings too, by the order of the access log."""
        units.of_all()
        if wanted.case is None:
            found = log.after(wanted.after, wanted.limit + 1)
        else:
            found = [one for one in log.of_stream(wanted.case) if one.position > wanted.after][: wanted.limit + 1]
        shown = found[: wanted.limit]
        told = tuple(_reading(one.position, one.recorded_at, one.access) for one in shown)
        return Readings(readings=told, next=shown[-1].position if len(found) > len(shown) else None)

    return routes


def _reading(position: int, recorded_at: datetime, access: Access) -> Reading:
    return Reading(
        position=position,
        recorded_at=recorded_at,
        actor=access.actor,
        identity=access.identity,
        on_behalf_of=access.on_behalf_of,
        what=access.what,
        case=access.stream,
        refused=access.refused,
        reason=access.reason,
    )
