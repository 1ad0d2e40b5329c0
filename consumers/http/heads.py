"""HEAD is answered as GET is, without the content (RFC 9110, 9.3.2): for who asks whether something is there."""

from contextlib import suppress

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class _Enough(Exception):
    """The headers are sent, and nobody takes what would follow."""


class Heads:
    """Middleware that has routes of GET answer HEAD; an answer without an end ends with its headers."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, a HEAD as a GET."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def headers_alone(message: Message) -> None:
            if message["type"] == "http.response.body":
                await send({"type": "http.response.body"})
                if message.get("more_body", False):
                    raise _Enough
            else:
                await send(message)

        asked = {**scope, "method": "GET"}
        try:
            with suppress(_Enough):
                await self._app(asked, receive, headers_alone)
        finally:
            scope["route"] = asked.get("route")  # who counts requests names them by it
