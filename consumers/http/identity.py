"""Who is asking, in the short form without a mesh: loopback only, and the Host header is checked.

A port-forward or a page in a browser reaches loopback too, so the Host header must name it
(DNS rebinding), and a browser's cross-site request is turned away. The pages of signed links are
for people outside: a proxy may pass them on under whatever name, since who has a link may use it.
"""

from collections.abc import Callable
from typing import Final

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from consumers.http.problems import problem
from engine.incoming import Sender
from engine.links import PATH

PERSON_HEADER: Final = "plaint-person"
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "[::1]", "::1"})


class LoopbackOnly:
    """Middleware that refuses what does not come to loopback by name."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, or refuse with a problem."""
        outside = scope["path"].startswith(PATH) if scope["type"] == "http" else False
        if scope["type"] == "http" and not outside and (refusal := _refusal(Headers(scope=scope), scope["method"])):
            await refusal(scope, receive, send)
            return
        await self._app(scope, receive, send)


def _refusal(headers: Headers, method: str) -> Response | None:
    if host_name(headers.get("host", "")) not in LOOPBACK:
        return problem(403, "host", "without identity only loopback is served; call it 127.0.0.1 or localhost")
    if method not in _SAFE and _of_another_site(headers):
        return problem(403, "cross_site", "a page of another site sent this")
    return None


def _of_another_site(headers: Headers) -> bool:
    """Whether a browser says so; programs that are none send neither header."""
    origin = headers.get("origin")
    if headers.get("sec-fetch-site", "none") not in {"none", "same-origin"}:
        return True
    return origin is not None and origin.partition("://")[2] != headers.get("host")


def host_name(host: str) -> str:
    """Return the name in a Host header without its port."""
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.rpartition(":")[0] if ":" in host else host


def sender(request: Request, person_of: Callable[[str], str]) -> Sender:
    """Return who sends a request: the person it names, who counts as ``local``, or the door itself."""
    name = request.headers.get(PERSON_HEADER)
    if name is None:
        return Sender(workload="http", actor="service:http", identity="workload")
    return Sender(workload="http", actor=person_of(name), identity="local")
