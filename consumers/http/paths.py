"""A path is taken as it stands: who judges it before us, a proxy or a policy of the mesh, must have read the same."""

import re
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from consumers.http.problems import problem

_TWO_WAYS: Final = re.compile(rb"//|%2f|%5c|\\|/(?:\.|%2e){1,2}(?:/|$)", re.IGNORECASE)
"""Slashes twice or in disguise, and steps up or on the spot: none of them is in a path of ours."""


class PlainPaths:
    """Middleware that finds nothing (404) at a path that could be read in two ways."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, or refuse with a problem."""
        if scope["type"] == "http" and _TWO_WAYS.search(scope.get("raw_path") or scope["path"].encode()):
            detail = "a path of ours has single slashes, none of them encoded, and no dots for directories"
            await problem(404, "not_found", detail)(scope, receive, send)
            return
        await self._app(scope, receive, send)
