"""Is it alive, is it ready: liveness asks nothing of others, readiness asks the database."""

from typing import Literal

import anyio
import anyio.to_thread
from fastapi import APIRouter
from pydantic import BaseModel
from starlette.responses import JSONResponse, Response

from engine.store.database.errors import DatabaseUnavailable
from engine.store.store import Store

_PATIENCE_SECONDS = 2.0
_AT_ONCE = 4
"""Threads of the probe itself, so that it is told apart whether the database or this process is busy."""


class Health(BaseModel):
    """What a probe found."""

    status: Literal["ok", "not_ready"]
    reason: str | None = None


def router(store: Store) -> APIRouter:
    """Return the probes."""
    routes = APIRouter(tags=["probes"])
    own = anyio.CapacityLimiter(_AT_ONCE)

    @routes.get("/livez", summary="The process answers")
    async def livez() -> Health:
        return Health(status="ok")

    @routes.get("/readyz", summary="The database answers", responses={503: {"model": Health}}, response_model=Health)
    async def readyz() -> Health | Response:
        reason = f"the database did not answer within {_PATIENCE_SECONDS:g} s"
        with anyio.move_on_after(_PATIENCE_SECONDS):
            try:
                await anyio.to_thread.run_sync(store.read.head, abandon_on_cancel=True, limiter=own)
                return Health(status="ok")
            except DatabaseUnavailable as error:
                reason = str(error)
        return JSONResponse(Health(status="not_ready", reason=reason).model_dump(), 503)

    return routes
