"""Questions about clocks over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from projections.api.desk import Desk
from projections.api.route import RIGHT, router_of
from projections.api.stream import AS_LINES, listed
from projections.views.sla_timers.ask import NAME, TimerFilter, TimerList, listing
from projections.views.sla_timers.attainment import Attainment, AttainmentFilter, attainment


def routes(desk: Desk) -> APIRouter:
    """Return the routes of this view."""
    router = router_of("sla")

    @router.get("/sla/timers", response_model=TimerList, responses=AS_LINES)
    def timers(request: Request, wanted: Annotated[TimerFilter, Query()]) -> TimerList | Response:
        """List clocks as they stand now, what is due next first."""

        def page(wanted: TimerFilter) -> TimerList:
            with desk.views.snapshot([NAME], wanted.at_least) as snapshot:
                return listing(snapshot, wanted, desk.now())

        return listed(request, wanted, page, "clocks")

    @router.get("/sla/attainment", openapi_extra={RIGHT: "figures"})
    def kept(wanted: Annotated[AttainmentFilter, Query()]) -> Attainment:
        """Count promises of time that were kept and missed, by kind, team, unit or policy."""
        with desk.views.snapshot([NAME], wanted.at_least) as snapshot:
            return attainment(snapshot, wanted, desk.now())

    return router
