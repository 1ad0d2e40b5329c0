"""What could not be taken, and what waits: dead letters and parked messages, for whoever runs it.

What they say may be personal: only showing a dead letter opens it, and that is noted before the answer.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import APIRouter, HTTPException, Query, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from consumers.http import access
from consumers.http.door import Door
from consumers.http.identity import sender
from consumers.kafka.records import Reader
from consumers.kafka.replay import Replay, Status
from engine.store.set_aside import AsideRow, Kind, NotSetAside
from engine.store.vault.master import UnknownMasterKey
from engine.store.vault.seal import SealBroken
from projections import units
from projections.answers import Answer, Moment
from projections.api import paging
from projections.api.route import RIGHT
from schemas.published.dead_letter import DeadLetter, ErrorClass

MOST: Final = 500
"""Rows of one page at most."""
ReaderOf = Callable[[str, str, UUID], Reader | None]
"""Makes the reader of a topic (cluster, name, id), if that is read here."""
_OPERATE: Final = {RIGHT: "operate"}
_ADMINISTER: Final = {RIGHT: "administer"}
_CLOSED: Final = (NotSetAside, SealBroken, UnknownMasterKey, ValidationError)
"""Why a letter does not open: its key's time is over, it was changed, its master key is not here, or a newer form."""


class PageOf(BaseModel):
    """How many, from where on."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)
    limit: Annotated[int, Field(ge=1, le=MOST)] = 50
    cursor: str | None = None
    """``next`` of the page before."""


class LetterFilter(PageOf):
    """Which dead letters; every condition that is given must hold."""

    error: Annotated[ErrorClass | None, Field(alias="class")] = None
    code: Annotated[str, Field(max_length=60)] | None = None
    since: AwareDatetime | None = None


class Letter(Answer):
    """What is known of a dead letter without opening it."""

    id: UUID
    class_: Annotated[str, Field(alias="class")]
    code: str
    path: str
    source: str
    since: Moment
    until: Moment


class Letters(Answer):
    """Dead letters, the oldest first."""

    dead_letters: tuple[Letter, ...]
    next: str | None


class OpenLetter(Letter):
    """A dead letter with its record; null where it does not open any more, and ``unreadable`` says why."""

    record: dict[str, Any] | None
    unreadable: str | None


class Again(BaseModel):
    """``force``: also where something later of its conversation, or for its case, had its effect."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)
    force: bool = False


class TriedAgain(Answer):
    """What became of it. ``gone``: it is a dead letter no more."""

    id: UUID
    status: Status | Literal["unreadable"]
    reason: str
    gone: bool


class Discarded(Answer):
    """Whether it was there; it is gone for good."""

    id: UUID
    discarded: bool


class ParkedMessage(Answer):
    """A message that waits for the one it answers; until then."""

    id: UUID
    reason: str
    source: str
    since: Moment
    until: Moment


class ParkedMessages(Answer):
    """Parked messages, the oldest first."""

    parked: tuple[ParkedMessage, ...]
    next: str | None


def add(routes: APIRouter, door: Door, reader_of: ReaderOf) -> None:
    """Add the routes of dead letters and parked messages."""
    box = door.store.set_aside

    @routes.get("/v1/dead-letters", openapi_extra=_OPERATE)
    def letters(wanted: Annotated[LetterFilter, Query()]) -> Letters:
        """List dead letters, the oldest first; what they say stays sealed."""
        rows = _rows(door, "dead_letter", wanted.cursor)
        found = _some((row for row in rows if _is_wanted(row, wanted)), wanted.limit)
        return Letters(
            dead_letters=tuple(Letter(**_told(row)) for row in found[: wanted.limit]),
            next=_next("dead_letter", found, wanted),
        )

    @routes.get("/v1/dead-letters/{letter}", openapi_extra=_ADMINISTER)
    def show(request: Request, letter: UUID) -> OpenLetter:
        """Show a dead letter opened: its record, and why it failed; the access log keeps who did."""
        units.of_all()
        _note(door, request, letter, "dead_letters.show")
        row = _letter(door, letter)
        try:
            record = DeadLetter.from_octets(box.show(letter)[1]).model_dump(mode="json")
            return OpenLetter(**_told(row), record=record, unreadable=None)
        except _CLOSED as error:
            return OpenLetter(**_told(row), record=None, unreadable=type(error).__name__)

    @routes.post("/v1/dead-letters/{letter}/replay", openapi_extra=_ADMINISTER)
    def replay(letter: UUID, how: Again) -> TriedAgain:
        """Try a dead letter again: what succeeds is one no more, what fails is kept with one more attempt."""
        _letter(door, letter)
        try:
            done = Replay(door.store, door.service, reader_of, door.clock).again(letter, force=how.force)
        except _CLOSED as error:
            return TriedAgain(id=letter, status="unreadable", reason=type(error).__name__, gone=False)
        return TriedAgain(id=letter, status=done.status, reason=done.reason, gone=done.good)

    @routes.post("/v1/dead-letters/{letter}/discard", openapi_extra=_ADMINISTER)
    def discard(request: Request, letter: UUID) -> Discarded:
        """Give a dead letter up for good; the access log keeps who did, and why it had failed."""
        row = _letter(door, letter)
        _note(door, request, letter, f"dead_letters.discard:{'/'.join(row.reason.split(' ')[:2])}")
        return Discarded(id=letter, discarded=box.discard([letter]) > 0)

    @routes.get("/v1/parked", openapi_extra=_OPERATE)
    def parked(wanted: Annotated[PageOf, Query()]) -> ParkedMessages:
        """List messages that wait for the one they answer, the oldest first; what they say stays sealed."""
        found = _some(_rows(door, "parked", wanted.cursor), wanted.limit)
        shown = tuple(
            ParkedMessage(id=row.id, reason=row.reason, source=row.source, since=row.since, until=row.until)
            for row in found[: wanted.limit]
        )
        return ParkedMessages(parked=shown, next=_next("parked", found, wanted))


def _rows(door: Door, kind: Kind, cursor: str | None) -> Iterator[AsideRow]:
    units.of_all()  # what was not taken belongs to no unit yet
    after: tuple[datetime, UUID] | None = None
    if cursor is not None:
        since, last = paging.after(kind, cursor, (datetime, UUID))
        after = since, last
    while rows := door.store.set_aside.listed(kind, limit=MOST, after=after):
        yield from rows
        after = rows[-1].since, rows[-1].id


def _some(rows: Iterator[AsideRow], limit: int) -> list[AsideRow]:
    """Return at most one row more than are shown, so that it is known whether there is a next page."""
    return [row for row, _ in zip(rows, range(limit + 1), strict=False)]


def _next(kind: Kind, found: Sequence[AsideRow], wanted: PageOf) -> str | None:
    last = found[wanted.limit - 1] if len(found) > wanted.limit else None
    return paging.cursor(kind, last.since, last.id) if last else None


def _is_wanted(row: AsideRow, wanted: LetterFilter) -> bool:
    named, code, _ = _reason(row)
    return (
        wanted.error in (None, named)
        and wanted.code in (None, code)
        and (wanted.since is None or row.since >= wanted.since)
    )


def _reason(row: AsideRow) -> tuple[str, str, str]:
    named, code, path = [*row.reason.split(" ", 2), "", ""][:3]
    return named, code, path


def _told(row: AsideRow) -> dict[str, Any]:
    named, code, path = _reason(row)
    at = {"source": row.source, "since": row.since, "until": row.until}
    return {"id": row.id, "class": named, "code": code, "path": path, **at}


def _letter(door: Door, id: UUID) -> AsideRow:
    units.of_all()
    row = door.store.set_aside.row(id)
    if row is None or row.kind != "dead_letter":
        raise HTTPException(404, "no dead letter has this id, or has it any more")
    return row


def _note(door: Door, request: Request, letter: UUID, reason: str) -> None:
    noted = access.by(sender(request, door.person_of), "set_aside", reason=reason, request=letter)
    door.store.access_log.note(noted)
