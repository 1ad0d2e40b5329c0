"""How much one request may bring: judged while it arrives, so that nobody fills the memory."""

from typing import Final

from fastapi import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from consumers.intake import MAX_OCTETS

MAX_BODY: Final = MAX_OCTETS
"""Octets of a body: the largest message."""


class Bounded:
    """Middleware that ends a request whose body is larger than ``MAX_BODY`` with 413."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, counting."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        size = 0

        async def counted() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > MAX_BODY:
                raise HTTPException(413, f"larger than {MAX_BODY} octets")
            return message

        await self._app(scope, counted, send)
