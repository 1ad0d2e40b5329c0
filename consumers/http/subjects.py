"""Persons over HTTP: who is behind a contact, what is kept of him, and his erasure.

All three ask for the right to erase, for all business units: a person's texts may stand in any of them.
"""

import time
from typing import Annotated, Final, Literal
from uuid import UUID

import structlog
from fastapi import APIRouter, HTTPException, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from consumers import subjects
from consumers.http import access, observed
from consumers.http.door import Door
from consumers.http.identity import sender
from consumers.http.problems import problem, refused
from consumers.subjects import ErasedPerson, Found, KeptOf
from engine.erasing import Contended
from engine.incoming import Refused
from engine.store.access_log import What
from engine.store.database.pool import Pool
from engine.store.vault.ledger import LEDGER_ERRORS
from projections import units
from projections.api.actor import MayNot
from projections.api.route import RIGHT
from projections.runtime import reach
from schemas.channels.message import Contact

LONGEST_WAIT: Final = 20.0
"""Seconds for which a request waits for the views at most: less than a request may take as it is shipped."""
_ERASE: Final = {RIGHT: "erase"}
_log = structlog.get_logger()


class ByContact(BaseModel):
    """A contact of the person, in any spelling."""

    model_config = ConfigDict(extra="forbid")
    contact: Contact


class Erase(BaseModel):
    """Why a person is erased, and by which request."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)
    reason: Literal["request", "retention"]
    request_id: Annotated[str, Field(min_length=1, max_length=200)]
    """The request's id, of any form; kept as an id or a keyed hash. Again for this person it erases nothing anew."""
    wait: Annotated[float, Field(ge=0, le=LONGEST_WAIT)] = 10.0
    """Seconds to wait until every view has passed the erasure."""


def add(routes: APIRouter, door: Door, pool: Pool, backup_days: int | None) -> None:
    """Add the routes of persons. ``backup_days``: how long the last backup of a day is kept; None: nobody has said."""

    @routes.post("/v1/subjects/find", openapi_extra=_ERASE)
    def find(request: Request, asked: ByContact) -> Found:
        """Find the person whom a contact reaches; the access log keeps who looked, not for whom."""
        _note(door, request, "search", "subject.find")
        subject = door.service.erasing.subject_of(asked.contact.kind, asked.contact.comparable)
        if subject is None:
            raise HTTPException(404, "nobody is known by this contact")
        return Found(subject=subject)

    @routes.get("/v1/subjects/{subject}", openapi_extra=_ERASE)
    def kept(request: Request, subject: UUID) -> KeptOf:
        """Show where a person's texts are, which holds keep them, and texts of others that may name him; no text."""
        _note(door, request, "history", "subject.show")
        told = subjects.kept(door.service.erasing.scope(subject, texts=True))
        if told is None:
            raise HTTPException(404, "nothing is kept of such a person")
        return told

    @routes.post("/v1/subjects/{subject}/erase", openapi_extra=_ERASE, response_model=ErasedPerson)
    def erase(request: Request, subject: UUID, asked: Erase) -> ErasedPerson | Response:
        """Erase a person for good: destroy the keys of all his texts, files and contacts.

        Cases under legal hold are left out and named; they go when the hold is released. Waits for the views, and
        says what cannot be reached and until when. Cut off, or with views behind, it is asked for again under the
        same ``request_id``.
        """
        named = subjects.request_id(asked.request_id, door.store.fingerprint)
        observed.tell(correlation_id=str(named))
        try:
            result = door.service.erase(subject, asked.reason, named, door.around(request), door.clock())
        except (Contended, *LEDGER_ERRORS) as error:
            return _not_now(error)
        if isinstance(result, Refused):
            observed.tell(code=result.code)
            return refused(result)
        behind = reach.wait(pool, result.position, asked.wait, pause=time.sleep)
        unread = [(one.id, one.until) for one in result.unread]
        told = subjects.erased(result, reach.unreached(behind, unread, result.recorded_at, backup_days))
        observed.tell(outcome=told.outcome, position=told.position)
        return told


def _note(door: Door, request: Request, what: What, reason: str) -> None:
    """Note who looks for a person, before he is told anything.

    Raises:
        MayNot: his right covers some business units.
    """
    whole = units.everywhere()
    door.store.access_log.note(access.by(sender(request, door.person_of), what, reason=reason, refused=not whole))
    if not whole:
        raise MayNot("a person is known in all business units, and your right covers some")


def _not_now(error: Exception) -> Response:
    """Return the problem that an erasure is which cannot be done now. A file's place is for the log alone."""
    if isinstance(error, Contended):
        return problem(503, "contended", str(error), headers={"Retry-After": "1"})
    _log.error("erasure_put_off", reason=str(error))
    detail = "the ledger of erasures cannot be used now: nothing was erased, or it is completed at the next opening"
    return problem(503, "ledger_unavailable", detail, headers={"Retry-After": "5"})
