"""Who is asking: a workload by the word of the mesh's proxy, a person by a signed token, or whoever is on loopback.

Without identity only loopback is served. A port-forward or a page in a browser reaches it too, so the
Host header must name it (DNS rebinding), and a browser's cross-site request is turned away. The pages
of signed links are for people outside: a proxy may pass them on under whatever name, since who has a
link may use it.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import ip_address
from typing import Final

import anyio
import psycopg
from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from consumers.http.limits import PROBES, peer
from consumers.http.mesh import Proof, service_id, workload
from consumers.http.problems import problem
from consumers.tokens import KeysUnavailable, TokenRefused, Tokens, Verified
from engine.incoming import Sender
from engine.links import PATH
from engine.store.database.errors import DatabaseUnavailable
from projections.api.actor import ASKER, UNTIL, Unproven
from schemas.words import Identity as IdentityWord

PERSON_HEADER: Final = "plaint-person"
SENDER: Final = "plaint.sender"
"""Key of a request's scope: the ``Sender``."""
OUTSIDE: Final = "plaint.outside"
"""Key of a request's scope: the address of somebody outside, by the proxy's word."""
_MOST_BOUND: Final = 100_000
_BIND_SECONDS: Final = 2.0
"""So long a person waits at most until it is recorded who he is; else that is done when he comes again."""
_KEYS_SECONDS: Final = 6.0
"""So long somebody waits at most for the keys of the issuer."""
_THREADS: Final = 8
"""That wait for keys and records, beside those of the routes, which may all wait for the database."""
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


@dataclass(frozen=True, slots=True)
class Identity:
    """What this door believes: a proxy that proves itself by ``proof``, and ``tokens``.

    ``person_of`` gives the opaque id of a person by issuer and subject, or by a name that a workload says.
    """

    proof: Proof | None
    tokens: Tokens | None
    person_of: Callable[..., str]
    clock: Callable[[], datetime]
    bind: Callable[[Sender, Verified], object] = lambda _sender, _token: None
    """Records once which person an actor is; may wait for the database."""
    bound: set[str] = field(default_factory=set)
    """Actors of whom it is known that this stands recorded."""
    threads: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(_THREADS))

    async def who(self, scope: Scope) -> tuple[Sender, Verified | None] | None:
        """Return who sends a request, and what his token says; None where nobody proved anything.

        Raises:
            TokenRefused: a token was shown that proves nothing; what the proxy says does not stand in for it.
            KeysUnavailable: whether the token is good cannot be known now.
        """
        headers = Headers(scope=scope)
        program = workload(headers) if self.proof is not None and self.proof.holds(scope, headers) else None
        token = await self._token(headers)
        if token is not None:
            return self.named(token, program, headers.get(PERSON_HEADER)), token
        return None if program is None else (self._program(program, headers.get(PERSON_HEADER)), None)

    def outside(self, scope: Scope) -> str | None:
        """Return the address that a proxy of proven word had a request from; None: there is no such word."""
        headers = Headers(scope=scope)
        if self.proof is None or not self.proof.holds(scope, headers):
            return None
        said = ",".join(headers.getlist("x-forwarded-for")).rpartition(",")[2].strip()
        with suppress(ValueError):
            return str(ip_address(said))
        return None

    async def _token(self, headers: Headers) -> Verified | None:
        given = headers.getlist("authorization")
        if not given or self.tokens is None:
            return None
        kind, _, token = given[0].partition(" ")
        if len(given) > 1 or kind.lower() != "bearer":
            raise TokenRefused("malformed")
        if self.tokens.waits(token):
            with anyio.move_on_after(_KEYS_SECONDS):
                verify, at = self.tokens.verified, self.clock()
                return await run_sync(verify, token.strip(), at, abandon_on_cancel=True, limiter=self.threads)
            raise KeysUnavailable
        return self.tokens.verified(token.strip(), self.clock())

    def named(self, token: Verified, program: str | None, other: str | None = None) -> Sender:
        """Return the person whom a token names, coming through ``program``, or the client that speaks for itself."""
        client = f"client:{token.client or token.issuer}"
        return Sender(
            workload=program or client if token.person else client,
            actor=self.person_of(token.subject, token.issuer) if token.person else service_id(client),
            identity="token" if token.person else "workload",
            on_behalf_of=self.person_of(other) if other else None,
            groups=token.groups,
            units=token.units,
        )

    def _program(self, program: str, person: str | None) -> Sender:
        """Return a workload; a person whom it merely names is no actor (design, section 5)."""
        claimed: IdentityWord = "claimed" if person else "workload"
        behalf = self.person_of(person) if person else None
        return Sender(program, service_id(program), claimed, behalf, groups=frozenset())

    def comes_first(self, sender: Sender, token: Verified | None) -> bool:
        """Whether it is to be recorded who this person is."""
        return token is not None and token.person and sender.actor not in self.bound

    async def recorded(self, sender: Sender, token: Verified | None) -> None:
        """Have it recorded who a person is, if that is done soon."""
        with anyio.move_on_after(_BIND_SECONDS):
            await run_sync(self.record, sender, token, abandon_on_cancel=True, limiter=self.threads)

    def record(self, sender: Sender, token: Verified | None) -> None:
        """Have it recorded who a person is; where that cannot be done now, it is when he comes again."""
        if token is None:
            return
        with suppress(DatabaseUnavailable, psycopg.OperationalError):
            self.bind(sender, token)
            if len(self.bound) < _MOST_BOUND:
                self.bound.add(sender.actor)


class Identified:
    """Middleware that finds out who asks, and turns away (401) who proves nothing, but where anybody may come."""

    def __init__(self, app: ASGIApp, identity: Identity) -> None:
        self._app, self._identity = app, identity

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on with who asks in the scope, or refuse with a problem."""
        if scope["type"] == "http":
            scope[ASKER] = None
            if scope["path"].startswith(PATH):
                scope[OUTSIDE] = self._identity.outside(scope)
            elif not for_anybody(scope["path"]):
                refusal = await self._refusal(scope)
                if refusal is not None:
                    await refusal(scope, receive, send)
                    return
        await self._app(scope, receive, send)

    async def _refusal(self, scope: Scope) -> Response | None:
        try:
            found = await self._identity.who(scope)
        except TokenRefused as refused:
            told = {"WWW-Authenticate": 'Bearer realm="plaint", error="invalid_token"'}
            return problem(401, "token_refused", f"{refused}; get a new one", headers=told, why=refused.why)
        except KeysUnavailable as error:
            return problem(503, "identity_unavailable", str(error), headers={"Retry-After": "5"})
        if found is None:
            return unproven()
        scope[SENDER] = found[0]
        scope[ASKER] = found[0].credentials
        if found[1] is not None:
            scope[UNTIL] = found[1].until
        if self._identity.comes_first(*found):
            await self._identity.recorded(*found)
        return None


def for_anybody(path: str) -> bool:
    """Whether nobody is asked who he is there: at the probes, and where a signed link leads."""
    return path in PROBES or path.startswith(PATH)


def unproven() -> Response:
    """Return the problem of who did not prove who he is."""
    return problem(401, "unproven", str(Unproven()), headers={"WWW-Authenticate": 'Bearer realm="plaint"'})


def caller(scope: Scope) -> str:
    """Return who counts as one caller: the actor, or where nobody is asked who he is, the address he comes from."""
    found = scope.get(SENDER)
    return found.actor if isinstance(found, Sender) else scope.get(OUTSIDE) or peer(scope)


def sender(request: Request, person_of: Callable[[str], str]) -> Sender:
    """Return who sends a request: who proved it, else the local person it names, who holds all rights, or the door."""
    proven = request.scope.get(SENDER)
    if isinstance(proven, Sender):
        return proven
    name = request.headers.get(PERSON_HEADER, "").strip()
    if not name:
        return Sender(workload="http", actor="service:http", identity="workload")
    return Sender(workload="http", actor=person_of(name), identity="local", back_dating=True)
