"""How much one request may bring, how long it may take, how many there may be: judged before anything is done."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from fastapi import HTTPException
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from consumers.http.problems import problem
from consumers.intake import MAX_OCTETS

MAX_BODY: Final = MAX_OCTETS
"""Octets of a body: the largest message."""
STALL_SECONDS: Final = 30.0
"""A reader who takes nothing of an answer for so long is left."""
WINDOW_SECONDS: Final = 10
"""Requests of a caller are counted over so long."""
PROBES: Final = frozenset({"/livez", "/readyz", "/startupz", "/metrics"})
"""Never turned away for load: who is busy is alive, and must be seen to be."""
_EVENTS: Final = "text/event-stream"


@dataclass(frozen=True, slots=True)
class Limits:
    """``seconds`` until an answer begins; ``at_once`` requests in hand; ``rate`` of one caller a window, None: any."""

    seconds: float = 30.0
    at_once: int = 256
    rate: int | None = None


class Bounded:
    """Middleware that ends a request whose body is larger than ``MAX_BODY`` with 413, one that takes too long with 503.

    A body that does not come in time is 408. What was asked for may still have its effect: who asks again under the
    same Idempotency-Key learns it. An answer that has begun may take its time, as long as its reader takes it: who
    does not would keep others out.
    """

    def __init__(self, app: ASGIApp, seconds: float) -> None:
        self._app, self._seconds = app, seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, counting octets and time."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif _announced(scope) > MAX_BODY:
            detail = f"larger than {MAX_BODY} octets"
            await problem(413, "too_large", detail, headers={"Connection": "close"})(scope, receive, send)
        else:
            await _Timed(scope, receive, send).run(self._app, self._seconds)


class _Stalled(Exception):
    """Nobody takes the answer."""


class _Timed:
    """One request: how much of it has come, and whether its answer has begun."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._scope, self._receive, self._send = scope, receive, send
        self._size, self._whole, self._begun, self._over = 0, not _brings_a_body(scope), False, False
        self._seconds, self._deadline = 0.0, 0.0
        self._late: asyncio.Task[None] | None = None

    async def run(self, app: ASGIApp, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        self._seconds, self._deadline = seconds, loop.time() + seconds
        timer = loop.call_at(self._deadline, self._expire)
        try:
            with suppress(_Stalled):
                await app(self._scope, self._counted, self._passed_on)
        finally:
            timer.cancel()
            if self._late is not None:
                await self._late

    async def _counted(self) -> Message:
        if self._whole:
            return await self._receive()
        message = await self._in_time()
        self._size += len(message.get("body", b""))
        self._whole = not message.get("more_body", False)
        if self._size > MAX_BODY:
            raise HTTPException(413, f"larger than {MAX_BODY} octets")
        return message

    async def _in_time(self) -> Message:
        """Return the next part of the body; where the time is over first, as if the sender had gone."""
        try:
            async with asyncio.timeout_at(self._deadline):
                return await self._receive()
        except TimeoutError:
            self._expire()
            return {"type": "http.disconnect"}

    async def _passed_on(self, message: Message) -> None:
        if self._over:
            return
        self._begun = True
        try:
            async with asyncio.timeout(STALL_SECONDS):
                await self._send(message)
        except TimeoutError:
            raise _Stalled from None

    def _expire(self) -> None:
        if not self._begun and not self._over:
            self._over = True
            self._late = asyncio.ensure_future(self._tell(whole=self._whole))

    async def _tell(self, *, whole: bool) -> None:
        within = f"within {self._seconds:g} s"
        if whole:
            detail = f"no answer {within}; ask again, a command under the same Idempotency-Key"
            answer = problem(503, "timeout", detail, headers={"Retry-After": "1", "Connection": "close"})
        else:
            detail = f"the request did not come whole {within}"
            answer = problem(408, "slow_body", detail, headers={"Connection": "close"})
        await answer(self._scope, self._receive, self._send)


def _announced(scope: Scope) -> int:
    """Return how many octets the body is said to have; 0 where that is not said, or no number."""
    said = Headers(scope=scope).get("content-length", "0")
    return int(said[:20]) if said.isdecimal() else 0


def _brings_a_body(scope: Scope) -> bool:
    headers = Headers(scope=scope)
    return headers.get("content-length", "0") != "0" or "transfer-encoding" in headers


class NotTooMany:
    """Middleware that turns away what is beyond the limits: 429 for one caller's rate, 503 for all in hand.

    ``caller`` names who counts as one; ``ticks`` are seconds of a clock that never goes back. Streams of changes
    have a limit of their own and count here only until they have begun.
    """

    def __init__(
        self, app: ASGIApp, limits: Limits, caller: Callable[[Scope], str], ticks: Callable[[], float]
    ) -> None:
        self._app, self._limits, self._caller, self._ticks = app, limits, caller, ticks
        self._in_hand = 0
        self._window, self._counts = 0, dict[str, int]()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, or refuse with a problem."""
        if scope["type"] != "http" or scope["path"] in PROBES:
            await self._app(scope, receive, send)
            return
        left, resets = self._left(scope)
        if left < 0:
            headers = {"Retry-After": str(resets), **self._told(0, resets)}
            refusal = problem(429, "rate", "more requests than one caller may send", headers=headers)
            await refusal(scope, receive, send)
        elif self._in_hand >= self._limits.at_once:
            refusal = problem(503, "busy", "too many requests are in hand", headers={"Retry-After": "1"})
            await refusal(scope, receive, send)
        else:
            await self._held(scope, receive, send, self._told(left, resets))

    async def _held(self, scope: Scope, receive: Receive, send: Send, told: dict[str, str]) -> None:
        held = True
        self._in_hand += 1

        async def dressed(message: Message) -> None:
            nonlocal held
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(told)
                if held and Headers(raw=message["headers"]).get("content-type", "").startswith(_EVENTS):
                    held = False
                    self._in_hand -= 1
            await send(message)

        try:
            await self._app(scope, receive, dressed)
        finally:
            self._in_hand -= held

    def _left(self, scope: Scope) -> tuple[int, int]:
        """Count a request; return how many its caller has left, below 0 if this one is too many, and until when."""
        if self._limits.rate is None:
            return 0, 0
        now = self._ticks()
        window = int(now // WINDOW_SECONDS)
        if window != self._window:
            self._window, self._counts = window, {}
        caller = self._caller(scope)
        self._counts[caller] = self._counts.get(caller, 0) + 1
        resets = int((window + 1) * WINDOW_SECONDS - now) + 1
        return self._limits.rate - self._counts[caller], resets

    def _told(self, left: int, resets: int) -> dict[str, str]:
        """Return the RateLimit fields (draft-ietf-httpapi-ratelimit-headers-10)."""
        if self._limits.rate is None:
            return {}
        policy = f'"caller";q={self._limits.rate};w={WINDOW_SECONDS}'
        return {"RateLimit-Policy": policy, "RateLimit": f'"caller";r={left};t={resets}'}


def peer(scope: Scope) -> str:
    """Return the address that a request comes from; one name for all that come by a socket of the file system."""
    client = scope.get("client")
    return str(client[0]) if client else "local"
