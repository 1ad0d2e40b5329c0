"""Questions about the funnel over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from projections.api.desk import Desk
from projections.api.route import router_of
from projections.api.stream import AS_LINES, listed
from projections.views.funnel.ask import NAME, Funnel, FunnelFilter, counts
from projections.views.funnel.drill import BehindFilter, BehindList, Cohorts, behind
from projections.views.funnel.drill import cohorts as by_month
from projections.views.funnel.narrow import Narrowed


def routes(desk: Desk) -> APIRouter:
    """Return the routes of this view."""
    router = router_of("funnel")

    @router.get("/funnel")
    def funnel(wanted: Annotated[FunnelFilter, Query()]) -> Funnel:
        """Count complaints by stage; for every stage entered = passed + exited + there now."""
        with desk.views.snapshot([NAME], wanted.at_least) as snapshot:
            return counts(snapshot, wanted)

    @router.get("/funnel/cases", response_model=BehindList, responses=AS_LINES)
    def cases(request: Request, wanted: Annotated[BehindFilter, Query()]) -> BehindList | Response:
        """List exactly the cases behind a number of the funnel."""

        def page(wanted: BehindFilter) -> BehindList:
            with desk.views.snapshot([NAME], wanted.at_least) as snapshot:
                return behind(snapshot, wanted)

        return listed(request, wanted, page, "cases")

    @router.get("/funnel/cohorts")
    def cohorts(wanted: Annotated[Narrowed, Query()]) -> Cohorts:
        """Show how far the complaints of each month have come."""
        with desk.views.snapshot([NAME], wanted.at_least) as snapshot:
            return by_month(snapshot, wanted)

    return router
