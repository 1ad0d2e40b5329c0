"""Questions about cases over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query, Request

from projections.api.desk import Desk
from projections.views.cases.ask import CaseFilter, CaseList, listing, names


def routes(desk: Desk) -> APIRouter:
    """Return the routes of this view."""
    router = APIRouter(tags=["cases"])

    @router.get("/cases")
    def cases(request: Request, wanted: Annotated[CaseFilter, Query()]) -> CaseList:
        """List complaints and feedback; no personal data. A search in what was said is noted before it is answered."""
        if wanted.search is not None or wanted.reference is not None:
            desk.noted(request, "search", None)
        with desk.views.snapshot(names(wanted), wanted.at_least) as snapshot:
            return listing(snapshot, wanted)

    return router
