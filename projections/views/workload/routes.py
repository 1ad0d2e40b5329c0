"""Questions about workload over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query

from projections.api.desk import Desk
from projections.api.route import router_of
from projections.views.workload.ask import NAMES, Workload, WorkloadFilter
from projections.views.workload.ask import workload as loads


def routes(desk: Desk) -> APIRouter:
    """Return the routes of this view."""
    router = router_of("workload")

    @router.get("/workload")
    def workload(wanted: Annotated[WorkloadFilter, Query()]) -> Workload:
        """Show what teams or persons have to do, what is overdue, and how soon they answer."""
        with desk.views.snapshot(NAMES, wanted.at_least) as snapshot:
            return loads(snapshot, wanted, desk.now())

    return router
