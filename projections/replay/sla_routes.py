"""Questions of time over HTTP: how deadlines came about, what another policy would have made of them, calendars."""

from collections.abc import Iterator
from typing import Annotated, Any, Final
from uuid import UUID

import orjson
from fastapi import APIRouter, Query, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from starlette.responses import Response, StreamingResponse

from engine.configuration.activation import expanded
from engine.sla.explain import data
from engine.sla.policy import NoCalendar
from projections import units
from projections.answers import Answer, Moment
from projections.api.accepting import chosen
from projections.api.desk import Desk
from projections.api.route import JSON, RIGHT, router_of
from projections.api.stream import LINES
from projections.replay import drafts
from projections.replay.calendars import (
    CalendarRow,
    DueAnswer,
    DueQuestion,
    OpenAnswer,
    OpenQuestion,
    due,
    listed,
    opened,
)
from projections.replay.clock_words import clock_words
from projections.replay.drafts import BadDraft
from projections.replay.explained import explained
from projections.replay.library import Library, Which, library
from projections.replay.routes import stream_of
from projections.replay.sentence import Language
from projections.replay.what_if import Pair, WhatIf
from schemas.configuration import Calendar

SHOWN: Final = 500
"""Clocks of one answer at most; as lines there are all of them."""
_YAML: Final = Field(min_length=1, max_length=50_000)
_LINES: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": f"Totals, and at most {SHOWN} clocks; as lines every clock, without the totals",
        "content": {LINES: {"schema": {"type": "string", "description": "A clock on each line, as JSON"}}},
    }
}


class ClockTold(BaseModel):
    """One clock, and how its deadline came about: the fields of ``plaint sla explain --json``, and the same in words.

    Beyond those named here are what it rests on: policies that were asked, spans that counted, changes, warnings.
    """

    model_config = ConfigDict(extra="allow")
    kind: str
    cycle: int
    instance: int
    state: str
    started_at: Moment
    due_at: Moment
    fulfilled_at: Moment | None
    missed_at: Moment | None
    words: tuple[str, ...]


class CaseClocks(Answer):
    """The clocks of a case as of ``at``, by the log up to ``position``."""

    case: UUID
    at: Moment
    position: int
    clocks: tuple[ClockTold, ...]


class Explained(BaseModel):
    """As of when, and in which language."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)
    at: AwareDatetime | None = None
    """Judged at this instant; absent: now."""
    language: Language = "en"


class _Replayed(BaseModel):
    """Which cases, by which policy."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)
    draft: Annotated[str, _YAML] | None = None
    """A policy file, in YAML; it takes the place of the same id."""
    calendar: Annotated[str, _YAML] | None = None
    """A calendar file that the draft counts by, in YAML."""
    since: AwareDatetime | None = None
    """Cases received then or later."""
    until: AwareDatetime | None = None
    """Cases received before then."""
    at: AwareDatetime | None = None
    """Judged at this instant; absent: now."""


class RejudgeQuestion(_Replayed):
    """Cases under another policy: one that was in force (``policy``), or a draft."""

    policy: Annotated[str, Field(max_length=200)] | None = None
    """Id of a policy that was in force: the latest version, or the one behind ``@``, as in ``default@2``."""
    cases: Annotated[tuple[UUID, ...], Field(max_length=1_000)] = ()
    """These cases; absent: those of ``since`` and ``until``."""
    same: bool = False
    """Also clocks that are judged alike."""


class WhatIfQuestion(_Replayed):
    """Recorded cases with a draft in force from their beginning."""

    draft: Annotated[str, _YAML]


class Replayed(Answer):
    """What was judged then beside what it would be, as of ``at`` by the log up to ``position``. Nothing was changed."""

    policy: str
    version: int
    at: Moment
    position: int
    totals: dict[str, Any]
    clocks: tuple[dict[str, Any], ...] = ()
    more: bool = False
    """There are more clocks than are shown."""


def routes(desk: Desk) -> APIRouter:
    """Return the routes of questions about time that read the log."""
    router = router_of("sla")

    @router.get("/cases/{reference}/clocks")
    def clocks(request: Request, reference: str, asked: Annotated[Explained, Query()]) -> CaseClocks:
        """Tell how each deadline of a case came about: which rule, which time counted and which did not; no texts."""
        case = stream_of(desk, reference)
        desk.log_for(request, "history", case, texts=False)
        known, at = library(desk.log), asked.at or desk.now()
        found = explained(desk.log, known, case, at)
        told = (ClockTold(**data(one), words=clock_words(one, asked.language)) for one in found)
        return CaseClocks(case=case, at=at, position=known.head, clocks=tuple(told))

    @router.post("/sla/rejudge", response_model=Replayed, responses=_LINES, openapi_extra={RIGHT: "figures"})
    def rejudge(request: Request, asked: RejudgeQuestion) -> Replayed | Response:
        """Judge cases under another policy beside how they are judged under their own; changes nothing."""
        if (asked.policy is None) == (asked.draft is None):
            raise BadDraft("policy: name one that was in force, or hand in a draft; one of the two")
        known = library(desk.log)
        replay = _what_if(desk, known, asked, asked.policy)
        which = Which(asked.cases, asked.since, asked.until)
        pairs = (one for one in replay.rejudged(desk.log, which) if asked.same or one.differs)
        if chosen(request.headers.get("accept"), (JSON, LINES)) == LINES:
            return StreamingResponse(_lines(pairs), media_type=LINES)
        shown: list[dict[str, Any]] = []
        count = 0
        for count, one in enumerate(pairs, 1):
            if count <= SHOWN:
                shown.append(one.data())
        return _replayed(replay, known, replay.totals.data(), tuple(shown), more=count > SHOWN)

    @router.post("/sla/what-if", openapi_extra={RIGHT: "figures"})
    def what_if(asked: WhatIfQuestion) -> Replayed:
        """Replay recorded cases under a draft policy: who would get it, what would be kept; changes nothing."""
        known = library(desk.log)
        replay = _what_if(desk, known, asked, None)
        totals = replay.under_draft(desk.log, Which((), asked.since, asked.until))
        return _replayed(replay, known, totals.data())

    @router.get("/calendars")
    def calendars() -> tuple[CalendarRow, ...]:
        """List the calendars that are in force, and until when each is filled in."""
        return listed(library(desk.log).book)

    @router.get("/calendars/{calendar}/open")
    def is_open(calendar: str, asked: Annotated[OpenQuestion, Query()]) -> OpenAnswer:
        """Tell whether a calendar is open at an instant, and how much open time lies between two."""
        return opened(library(desk.log).book, calendar, asked)

    @router.get("/calendars/{calendar}/due")
    def due_at(calendar: str, asked: Annotated[DueQuestion, Query()]) -> DueAnswer:
        """Tell when a target that begins at an instant is due, such as ``3 working days``."""
        return due(library(desk.log).book, calendar, asked)

    return router


def _what_if(desk: Desk, known: Library, asked: _Replayed, named: str | None) -> WhatIf:
    units.of_all()
    texts = [("draft", asked.draft), ("calendar", asked.calendar)]
    loaded = [drafts.loaded(text, name) for name, text in texts if text is not None]
    policy = drafts.named(known, named) if named is not None else drafts.policy(loaded, known)
    calendars = tuple(expanded(item) for item, _ in loaded if isinstance(item, Calendar))
    try:
        return WhatIf(known, policy, asked.at or desk.now(), calendars)
    except NoCalendar as error:
        raise BadDraft(str(error)) from None


def _replayed(
    replay: WhatIf,
    known: Library,
    totals: dict[str, Any],
    clocks: tuple[dict[str, Any], ...] = (),
    *,
    more: bool = False,
) -> Replayed:
    policy = replay.policy
    return Replayed(
        policy=policy.id,
        version=policy.version,
        at=replay.at,
        position=known.head,
        totals=totals,
        clocks=clocks,
        more=more,
    )


def _lines(pairs: Iterator[Pair]) -> Iterator[bytes]:
    return (orjson.dumps(one.data()) + b"\n" for one in pairs)
