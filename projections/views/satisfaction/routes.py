"""Questions about satisfaction over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from projections.api.desk import Desk
from projections.api.route import router_of
from projections.api.stream import AS_LINES, listed
from projections.views.satisfaction.ask import (
    NAMES,
    NegativeFilter,
    NegativeList,
    Satisfaction,
    SatisfactionFilter,
)
from projections.views.satisfaction.ask import negative as below
from projections.views.satisfaction.ask import satisfaction as figures


def routes(desk: Desk) -> APIRouter:
    """Return the routes of this view."""
    router = router_of("satisfaction")

    @router.get("/satisfaction")
    def satisfaction(wanted: Annotated[SatisfactionFilter, Query()]) -> Satisfaction:
        """Show marks by parameter, and how many of those asked gave any."""
        with desk.views.snapshot(NAMES, wanted.at_least) as snapshot:
            return figures(snapshot, wanted)

    @router.get("/satisfaction/negative", response_model=NegativeList, responses=AS_LINES)
    def negative(request: Request, wanted: Annotated[NegativeFilter, Query()]) -> NegativeList | Response:
        """List negative ratings, the latest first."""

        def page(wanted: NegativeFilter) -> NegativeList:
            with desk.views.snapshot(NAMES, wanted.at_least) as snapshot:
                return below(snapshot, wanted)

        return listed(request, wanted, page, "ratings")

    return router
