"""Questions about cases over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query

from projections.api.desk import Desk
from projections.views.cases.ask import NAME, CaseFilter, CaseList, listing


def routes(desk: Desk) -> APIRouter:
    """Return the routes of this view."""
    router = APIRouter(tags=["cases"])

    @router.get("/cases")
    def cases(wanted: Annotated[CaseFilter, Query()]) -> CaseList:
        """List complaints and feedback, the latest opened first; no personal data."""
        with desk.views.snapshot([NAME], wanted.at_least) as snapshot:
            return listing(snapshot, wanted)

    return router
