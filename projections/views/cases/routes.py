"""Questions about cases over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from projections.api.desk import Desk
from projections.api.route import router_of
from projections.api.stream import AS_LINES, listed
from projections.views.cases.ask import CaseFilter, CaseList, ListFilter, listing, names


def routes(desk: Desk) -> APIRouter:
    """Return the routes of this view."""
    router = router_of("cases")

    @router.get("/cases", response_model=CaseList, responses=AS_LINES)
    def cases(request: Request, wanted: Annotated[ListFilter, Query()]) -> CaseList | Response:
        """List complaints and feedback; no personal data. To search, see `POST /cases/search`."""
        return _listed(desk, request, CaseFilter.model_validate(wanted.model_dump(exclude_unset=True)))

    @router.post("/cases/search", response_model=CaseList, responses=AS_LINES)
    def search(request: Request, wanted: CaseFilter) -> CaseList | Response:
        """List cases by what was said in them, or by a number of them; changes nothing.

        The words are in the body, since addresses end up in logs. The search is noted, without them, before it
        is answered.
        """
        if wanted.search is not None or wanted.reference is not None:
            desk.noted(request, "search", None)
        return _listed(desk, request, wanted)

    return router


def _listed(desk: Desk, request: Request, wanted: CaseFilter) -> CaseList | Response:
    def page(wanted: CaseFilter) -> CaseList:
        with desk.views.snapshot(names(wanted), wanted.at_least) as snapshot:
            return listing(snapshot, wanted)

    return listed(request, wanted, page, "cases")
