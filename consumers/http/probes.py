"""Is it alive, has it started, is it ready, how is it doing: for whoever runs it.

Liveness asks nothing of others, or an outage of the database would have every process ended;
readiness asks the database, and says no as soon as the process is told to end.
"""

from collections.abc import Callable
from typing import Any, Final, Literal, Protocol

import anyio
import anyio.to_thread
from fastapi import APIRouter, Request
from pydantic import BaseModel
from starlette.responses import JSONResponse, Response

from engine.store.database.errors import DatabaseUnavailable
from engine.store.store import Store

_PATIENCE_SECONDS = 2.0
_AT_ONCE = 4
"""Threads of the probe itself, so that it is told apart whether the database or this process is busy."""
PLAIN: Final = "text/plain; version=0.0.4; charset=utf-8"
_FORMS: Final = ("text/plain", "application/openmetrics-text")
Exposition = Callable[[str], tuple[bytes, str]]
"""What is accepted -> all figures, and their media type."""


class Health(BaseModel):
    """What a probe found."""

    status: Literal["ok", "not_ready"]
    reason: str | None = None


class Checks(Protocol):
    """How the process is."""

    @property
    def leaving(self) -> bool:
        """Whether it is shutting down."""

    def starting(self) -> str | None:
        """Return why it has not started yet."""

    def hindered(self) -> str | None:
        """Return what keeps it from taking work, as far as that is known without asking anybody."""

    def ask(self) -> None:
        """Ask the database; raises ``DatabaseUnavailable``."""


class Working:
    """Of a process that has started and stays: only the database can keep it from taking work."""

    leaving: Final = False

    def __init__(self, store: Store) -> None:
        self._store = store

    def starting(self) -> str | None:
        return None

    def hindered(self) -> str | None:
        return None

    def ask(self) -> None:
        self._store.read.head()


def no_figures(_: str) -> tuple[bytes, str]:
    """Return the figures of a process that keeps none."""
    return b"", PLAIN


def router(checks: Checks, exposition: Exposition = no_figures) -> APIRouter:
    """Return the probes, and the figures beside them."""
    routes = APIRouter(tags=["probes"])
    own, apart = anyio.CapacityLimiter(_AT_ONCE), anyio.CapacityLimiter(_AT_ONCE)

    @routes.get("/livez", summary="The process answers")
    async def livez() -> Health:
        return Health(status="ok")

    @routes.get("/startupz", summary="The process has started", responses=_NOT_READY, response_model=Health)
    async def startupz() -> Health | Response:
        return _said(checks.starting())

    @routes.get("/readyz", summary="It takes work", responses=_NOT_READY, response_model=Health)
    async def readyz() -> Health | Response:
        if (reason := checks.starting() or checks.hindered()) is not None:
            return _said(reason)
        reason = f"the database did not answer within {_PATIENCE_SECONDS:g} s"
        with anyio.move_on_after(_PATIENCE_SECONDS):
            try:
                await anyio.to_thread.run_sync(checks.ask, abandon_on_cancel=True, limiter=own)
                return _said(checks.hindered())
            except DatabaseUnavailable as error:
                reason = str(error)
        return _said(reason)

    @routes.get(
        "/metrics",
        summary="Figures for Prometheus",
        response_class=Response,
        responses={200: {"content": {form: {"schema": {"type": "string"}} for form in _FORMS}}},
    )
    async def metrics(request: Request) -> Response:
        accept = request.headers.get("accept", "")
        octets, media_type = await anyio.to_thread.run_sync(exposition, accept, limiter=apart)
        return Response(octets, media_type=media_type)

    return routes


_NOT_READY: Final[dict[int | str, dict[str, Any]]] = {503: {"model": Health}}


def _said(reason: str | None) -> Health | Response:
    if reason is None:
        return Health(status="ok")
    return JSONResponse(Health(status="not_ready", reason=reason).model_dump(), 503)
