"""Is it alive, is it ready: liveness asks nothing of others, readiness asks the database."""

from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from engine.store.database.errors import DatabaseUnavailable
from engine.store.store import Store


class Health(BaseModel):
    """What a probe found."""

    status: Literal["ok", "not_ready"]
    reason: str | None = None


def router(store: Store) -> APIRouter:
    """Return the probes."""
    routes = APIRouter(tags=["probes"])

    @routes.get("/livez", summary="The process answers")
    async def livez() -> Health:
        return Health(status="ok")

    @routes.get("/readyz", summary="The database answers", responses={503: {"model": Health}}, response_model=Health)
    async def readyz() -> Health | Response:
        try:
            await run_in_threadpool(store.read.head)
        except DatabaseUnavailable as error:
            return JSONResponse(Health(status="not_ready", reason=str(error)).model_dump(), 503)
        return Health(status="ok")

    return routes
