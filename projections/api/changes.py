"""What is recorded, as it comes: pages of the log, lines, or events sent by the server (SSE). No texts of persons.

A follower names the position that it has seen, by ``Last-Event-ID`` or ``after``, and misses nothing: positions are
gapless and their order is for good. After a restore that lost events the log has another incarnation, which the
first event of a stream and every page tell; then a follower begins anew.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import suppress
from typing import Annotated, Any, Final, Protocol
from uuid import UUID

import anyio
import anyio.to_thread
import orjson
from fastapi import APIRouter, Header, HTTPException, Query, Request
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from engine.store.batch import Recorded
from engine.store.database.errors import DatabaseUnavailable
from projections import units
from projections.answers import Answer, Moment
from projections.api.accepting import chosen
from projections.api.actor import asker
from projections.api.desk import BeyondTheLog, Desk, End
from projections.api.route import JSON, RIGHT, router_of
from projections.api.stream import LINES, PAGE
from schemas.catalogue import EVENTS, unversioned
from schemas.words import Origin

EVENTS_OF_SERVER: Final = "text/event-stream"
MOST: Final = 1_000
"""Changes of one page at most."""
FOLLOWERS: Final = 200
"""Streams that one process keeps open at most."""
FOLLOWERS_OF_ONE: Final = 50
"""Of them at most for one caller, where it is known who asks; so no one keeps all others out."""
_LOOK_SECONDS: Final = 0.5
_BEAT_SECONDS: Final = 15.0
_JUDGE_SECONDS: Final = 5.0
"""So long a follower whose token has ended, or whose role was taken away, hears more at most."""
_THREADS: Final = 4
"""That look for what followers wait for, however many these are."""
_FORMS: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "A page; as lines everything up to the end of the log; as events also what comes from now on",
        "content": {
            LINES: {"schema": {"type": "string", "description": "A change on each line, as JSON"}},
            EVENTS_OF_SERVER: {
                "schema": {
                    "type": "string",
                    "description": "First `log` with incarnation and position; then each change, named as it is "
                    "stored without its version, with its position as `id`",
                }
            },
        },
    }
}


def _known(name: str) -> str:
    if name not in {unversioned(stored) for stored in EVENTS}:
        raise ValueError("there is no such event; such as complaint.closed")
    return name


class ChangeFilter(BaseModel):
    """Which changes; every condition that is given must hold."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)
    after: Annotated[int, Field(ge=0)] | None = None
    """Behind this position; absent: from the beginning of the log, as events from now on."""
    case: UUID | None = None
    name: Annotated[str, AfterValidator(_known)] | None = None
    """Stored name without version, such as ``complaint.closed``."""
    limit: Annotated[int, Field(ge=1, le=MOST)] = 100


class Change(Answer):
    """That something was recorded: what, of which case, where in the log. What it says, other questions tell."""

    position: int
    recorded_at: Moment
    case: UUID
    version: int
    name: str
    actor: str
    business_unit: str
    origin: Origin


class Changes(Answer):
    """A page of changes in the order of the log."""

    incarnation: UUID
    position: int
    """Through which the log was looked at."""
    changes: tuple[Change, ...]
    next: int | None
    """``after`` of the next page; null where the log ends."""


class Log(Protocol):
    """What is needed of ``engine.store.read.Reader``."""

    def head(self) -> End: ...
    def log(self, after: int, limit: int, *, names: Collection[str] | None = None) -> Sequence[Recorded]: ...
    def stream(self, stream: UUID) -> Sequence[Recorded]: ...


class Tail:
    """Where the log ends, looked at once for however many follow it."""

    def __init__(self, head: Callable[[], End]) -> None:
        self._head = head
        self._seen: tuple[float, End | None] = (float("-inf"), None)
        self._lock, self._threads = asyncio.Lock(), anyio.CapacityLimiter(_THREADS)
        self.followers = Counter[str]()

    def joined(self, who: str) -> None:
        """Count one stream more."""
        self.followers[who] += 1

    def left(self, who: str) -> None:
        """Count one stream less."""
        self.followers[who] -= 1
        self.followers += Counter()  # keeps nobody who follows no more

    async def head(self) -> End:
        """Return the end as it was at most half a second ago."""
        async with self._lock:
            at, head = self._seen
            now = asyncio.get_running_loop().time()
            if head is None or now - at >= _LOOK_SECONDS:
                head = await anyio.to_thread.run_sync(self._head, limiter=self._threads)
                self._seen = now, head
            return head

    async def page(self, log: Log, wanted: ChangeFilter, after: int, head: int) -> tuple[list[Change], int]:
        """Return a page, read by one of the few threads that followers have."""
        return await anyio.to_thread.run_sync(_page, log, wanted, after, head, limiter=self._threads)


class _Stream(StreamingResponse):
    """A stream of changes, which counts from the moment that its follower is let in until it ends."""

    def __init__(self, events: AsyncIterator[bytes], tail: Tail, who: str) -> None:
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        super().__init__(events, media_type=EVENTS_OF_SERVER, headers=headers)
        self._tail, self._who = tail, who
        tail.joined(who)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._tail.left(self._who)


def routes(desk: Desk) -> APIRouter:
    """Return the route of changes."""
    router = router_of("changes")
    tail = Tail(desk.log.head)

    @router.get("/changes", response_model=Changes, responses=_FORMS, openapi_extra={RIGHT: "see"})
    async def changes(
        request: Request,
        wanted: Annotated[ChangeFilter, Query()],
        seen: Annotated[
            str | None,
            Header(alias="Last-Event-ID", pattern=r"^[0-9]{1,18}$", description="The position that was seen last"),
        ] = None,
    ) -> Changes | Response:
        """List what was recorded, in the order of the log, or follow it; no texts."""
        form = chosen(request.headers.get("accept"), (JSON, LINES, EVENTS_OF_SERVER))
        head = await run_in_threadpool(desk.log.head)
        after = int(seen) if seen is not None else wanted.after
        if after is not None and after > head.position:
            raise BeyondTheLog(after, head.position)
        if form == EVENTS_OF_SERVER:
            return _followed(desk, request, tail, wanted, head, head.position if after is None else after)
        if form == LINES:
            return StreamingResponse(_lines(desk.log, wanted, after or 0, head.position), media_type=LINES)
        found, reached = await run_in_threadpool(_page, desk.log, wanted, after or 0, head.position)
        following = reached if reached < head.position else None
        return Changes(incarnation=head.incarnation, position=reached, changes=tuple(found), next=following)

    return router


def _page(log: Log, wanted: ChangeFilter, after: int, head: int) -> tuple[list[Change], int]:
    """Return the next changes up to ``head``, and the position through which everything was looked at."""
    names = None if wanted.name is None else [one for one in EVENTS if unversioned(one) == wanted.name]
    if wanted.case is not None:
        behind = (one for one in log.stream(wanted.case) if one.position > after)
        found = [one for one in behind if names is None or one.name in names][: wanted.limit]
    else:
        found = list(log.log(after, wanted.limit, names=names))
    seen = [one for one in found if one.position <= head]
    told = [_change(one) for one in seen if units.within(one.envelope.business_unit)]
    return told, seen[-1].position if len(seen) == wanted.limit else head


def _change(one: Recorded) -> Change:
    return Change(
        position=one.position,
        recorded_at=one.recorded_at,
        case=one.stream,
        version=one.version,
        name=unversioned(one.name),
        actor=one.envelope.actor,
        business_unit=one.envelope.business_unit,
        origin=one.envelope.origin,
    )


async def _lines(log: Log, wanted: ChangeFilter, after: int, head: int) -> AsyncIterator[bytes]:
    """Yield everything up to the end, or as many as were asked for."""
    bounded = "limit" in wanted.model_fields_set
    step = wanted if bounded else wanted.model_copy(update={"limit": PAGE})
    while after < head:
        found, after = await run_in_threadpool(_page, log, step, after, head)
        yield b"".join(one.model_dump_json().encode() + b"\n" for one in found)
        if bounded:
            return


def _followed(desk: Desk, request: Request, tail: Tail, wanted: ChangeFilter, head: End, after: int) -> Response:
    who = _follower(request)
    if who and tail.followers[who] >= FOLLOWERS_OF_ONE:
        detail = f"you follow the log {FOLLOWERS_OF_ONE} times here: end a stream, or let several share one"
        raise HTTPException(429, detail, headers={"Retry-After": "5"})
    if tail.followers.total() >= FOLLOWERS:
        raise HTTPException(503, "too many follow the log here", headers={"Retry-After": "5"})
    step = wanted.model_copy(update={"limit": PAGE})
    return _Stream(_events(desk, request, tail, step, head, after), tail, who)


async def _events(
    desk: Desk, request: Request, tail: Tail, wanted: ChangeFilter, head: End, after: int
) -> AsyncIterator[bytes]:
    """Yield changes until this process leaves, the follower's right ends or the database goes away.

    The follower comes back, shows what he may, and misses none.
    """
    loop = asyncio.get_running_loop()
    with suppress(DatabaseUnavailable):
        told = orjson.dumps({"incarnation": head.incarnation, "position": head.position})
        yield b"retry: 2000\nevent: log\ndata: " + told + b"\n\n"
        spoken = judged = loop.time()
        while not desk.leaving():
            if loop.time() - judged >= _JUDGE_SECONDS:
                judged = loop.time()
                if not await desk.still(request, desk.now()):
                    return
            position = (await tail.head()).position
            if position > after:
                found, after = await tail.page(desk.log, wanted, after, position)
                if found:
                    spoken = loop.time()
                    yield b"".join(map(_event, found))
            else:
                await asyncio.sleep(_LOOK_SECONDS)
            if loop.time() - spoken >= _BEAT_SECONDS:
                spoken = loop.time()
                yield b"id: %d\n: here\n\n" % after


def _follower(request: Request) -> str:
    """Return who counts as one; the empty text where nobody is asked who he is."""
    who = asker(request.scope)
    return "" if who is None else who.actor


def _event(one: Change) -> bytes:
    data = one.model_dump_json().encode()
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (one.position, one.name.encode(), data)
