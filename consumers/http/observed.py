"""What is seen of every request: its trace, its figures, and a log line for what changes something.

A route is named by its template, so that neither figures nor lines hold an id or a text of the caller.
"""

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, Final
from uuid import UUID

import structlog
from fastapi import FastAPI
from opentelemetry.trace import Span, Status, StatusCode
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from consumers import tracing
from consumers.http.probes import Checks
from schemas.published.metrics import Meter

UNMATCHED: Final = "unmatched"
"""Of a request that no route is for."""
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_FAULT: Final = 500
_GONE: Final = 499
"""Of a request whose sender did not wait for its answer; no answer has this status."""
_TOLD: ContextVar[dict[str, Any] | None] = ContextVar("told", default=None)
_log = structlog.get_logger()


def tell(**about: str | int | None) -> None:
    """Have the log line of the request at hand say this, too: ids and positions, nothing that a person wrote."""
    told = _TOLD.get()
    if told is not None:
        told.update(about)


def install(
    app: FastAPI,
    meter: Meter,
    ticks: Callable[[], float],
    new_id: Callable[[], UUID],
    checks: Checks,
) -> None:
    """Have every request to ``app`` seen, those that end in a fault of ours, too.

    ``ticks`` counts seconds and never goes back. While it is leaving, answers close their connection.
    """
    inner = app.build_middleware_stack
    # Around all of the stack: what middleware adds is inside of the part that answers faults.
    app.build_middleware_stack = lambda: Observed(inner(), meter, ticks, new_id, checks)  # type: ignore[method-assign] # as OpenTelemetry's own does it


class Observed:
    """The application with its requests seen."""

    def __init__(
        self,
        app: ASGIApp,
        meter: Meter,
        ticks: Callable[[], float],
        new_id: Callable[[], UUID],
        checks: Checks,
    ) -> None:
        self._app, self._meter, self._ticks, self._new_id = app, meter, ticks, new_id
        self._checks = checks
        self._open = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, inside of the caller's trace."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, ended = _FAULT, None

        async def heard() -> Message:
            nonlocal status
            message = await receive()
            if message["type"] == "http.disconnect" and status == _FAULT:
                status = _GONE
            return message

        async def noted(message: Message) -> None:
            nonlocal status, ended
            if message["type"] == "http.response.start" and status != _GONE:
                status = message["status"]
                if _never_ends(message):
                    ended = self._ticks()
                if self._checks.leaving:
                    MutableHeaders(scope=message)["Connection"] = "close"
            await send(message)

        begun, told = self._ticks(), dict[str, Any]()
        token = _TOLD.set(told)
        self._count(1)
        with tracing.request(Headers(scope=scope).get("traceparent"), self._new_id, method(scope)) as span:
            try:
                await self._app(scope, heard, noted)
            finally:
                _TOLD.reset(token)
                self._count(-1)
                self._say(scope, span, status, (ended or self._ticks()) - begun, told)

    def _count(self, more: int) -> None:
        self._open += more
        self._meter.stand("plaint_http_requests_open", {(): self._open})

    def _say(self, scope: Scope, span: Span, status: int, seconds: float, told: dict[str, Any]) -> None:
        named, how = route(scope), method(scope)
        self._meter.observe("plaint_http_request_seconds", seconds, method=how, route=named, status=str(status))
        if span.is_recording():
            span.update_name(f"{how} {named}")
            span.set_attributes({"http.request.method": how, "http.route": named, "http.response.status_code": status})
            if status >= _FAULT:
                span.set_status(Status(StatusCode.ERROR))
        if how not in _READING:
            milliseconds = round(seconds * 1000, 1)
            _log.info("request_answered", method=how, route=named, status=status, milliseconds=milliseconds, **told)


def _never_ends(start: Message) -> bool:
    """Whether it is a stream of changes: that is answered when it begins."""
    return Headers(raw=start["headers"]).get("content-type", "").startswith("text/event-stream")


def method(scope: Scope) -> str:
    """Return a request's method; one that nobody knows is somebody's text."""
    return str(scope["method"]) if scope["method"] in _METHODS else "OTHER"


def route(scope: Scope) -> str:
    """Return the template of the route that a request met, whole."""
    found = getattr(scope.get("route"), "path", None)
    if not isinstance(found, str):
        return UNMATCHED
    # A route knows its template without the prefix that it was included under; as many steps of the path are that.
    steps = scope["path"].split("/")[1:]
    prefix = steps[: max(0, len(steps) - found.count("/"))]
    return "".join(f"/{step}" for step in prefix) + found
