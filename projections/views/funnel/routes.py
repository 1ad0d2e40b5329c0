"""Questions about the funnel over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query

from projections.api.desk import Desk
from projections.views.funnel.ask import NAME, Funnel, FunnelFilter, counts


def routes(desk: Desk) -> APIRouter:
    """Return the routes of this view."""
    router = APIRouter(tags=["funnel"])

    @router.get("/funnel")
    def funnel(wanted: Annotated[FunnelFilter, Query()]) -> Funnel:
        """Count complaints by stage; for every stage entered = passed + exited + there now."""
        with desk.views.snapshot([NAME], wanted.at_least) as snapshot:
            return counts(snapshot, wanted)

    return router
