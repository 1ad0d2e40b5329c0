"""A case as it is or was, over HTTP; folded from its stream, so never behind the log."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from projections.api.desk import Desk
from projections.replay.as_of import CaseAsOf, NoSuchCase, When, case_as_of
from projections.views.cases.ask import NAME, find


class Asked(When):
    """Up to when, and with personal texts or without."""

    texts: bool = False


def routes(desk: Desk) -> APIRouter:
    """Return the routes of replay."""
    router = APIRouter(tags=["cases"])

    @router.get("/cases/{reference}")
    def case(request: Request, response: Response, reference: str, asked: Annotated[Asked, Query()]) -> CaseAsOf:
        """Show a case by number or id; as of a recorded time, a position or an occurred time if given."""
        stream = _stream(desk, reference)
        log = desk.opened(request, stream) if asked.texts else desk.log
        when = When(recorded=asked.recorded, occurred=asked.occurred, position=asked.position)
        found = case_as_of(log, stream, when, texts=asked.texts)
        response.headers["ETag"] = f'"{found.version}"'
        return found

    return router


def _stream(desk: Desk, reference: str) -> UUID:
    """An id needs no view; a number is looked up in one."""
    try:
        return UUID(reference)
    except ValueError:
        with desk.views.snapshot([NAME]) as snapshot:
            found = find(snapshot, reference)
    if found is None:
        raise NoSuchCase(reference)
    return found
