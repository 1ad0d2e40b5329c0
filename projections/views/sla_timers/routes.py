"""Questions about clocks over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query

from projections.api.desk import Desk
from projections.api.route import router_of
from projections.views.sla_timers.ask import NAME, TimerFilter, TimerList, listing


def routes(desk: Desk) -> APIRouter:
    """Return the routes of this view."""
    router = router_of("sla")

    @router.get("/sla/timers")
    def timers(wanted: Annotated[TimerFilter, Query()]) -> TimerList:
        """List clocks as they stand now, what is due next first."""
        with desk.views.snapshot([NAME], wanted.at_least) as snapshot:
            return listing(snapshot, wanted, desk.now())

    return router
