"""What every request and answer wears: a trace id that the log and problems name, and headers against misuse."""

from collections.abc import Callable
from typing import Final
from uuid import UUID

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog import contextvars

from consumers.intake import trace_of

TRACE: Final = "trace_id"
"""Of the words that are bound to a request's log lines."""
ALWAYS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}
"""Answers are what they say they are, are framed by nobody and load nothing from elsewhere."""


class Shell:
    """Middleware around everything else. Who sends no W3C trace context gets a trace of his own."""

    def __init__(self, app: ASGIApp, new_id: Callable[[], UUID]) -> None:
        self._app, self._new_id = app, new_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Bind the trace, pass on, and dress the answer. A request has its own task, so nothing is unbound."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if trace_id() is None:
            given = trace_of(Headers(scope=scope).get("traceparent"))
            contextvars.bind_contextvars(**{TRACE: given.split("-")[1] if given else self._new_id().hex})

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(ALWAYS)
            await send(message)

        await self._app(scope, receive, dressed)


def trace_id() -> str | None:
    """Return the trace of the request that is being handled."""
    found = contextvars.get_contextvars().get(TRACE)
    return found if isinstance(found, str) else None
