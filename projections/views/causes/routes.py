"""Questions about causes over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from projections.api.desk import Desk
from projections.api.route import router_of
from projections.api.stream import AS_LINES, listed
from projections.views.causes.ask import (
    NAMES,
    NAMES_OF_TABLE,
    CauseTable,
    Pareto,
    ParetoFilter,
    TableFilter,
    pareto,
    table,
)


def routes(desk: Desk) -> APIRouter:
    """Return the routes of this view."""
    router = router_of("causes")

    @router.get("/causes")
    def causes(wanted: Annotated[ParetoFilter, Query()]) -> Pareto:
        """Count complaints by cause or by another word, the most frequent first."""
        with desk.views.snapshot(NAMES, wanted.at_least) as snapshot:
            return pareto(snapshot, wanted)

    @router.get("/causes/complaints", response_model=CauseTable, responses=AS_LINES)
    def complaints(request: Request, wanted: Annotated[TableFilter, Query()]) -> CauseTable | Response:
        """List complaints with cause, decision and result."""

        def page(wanted: TableFilter) -> CauseTable:
            with desk.views.snapshot(NAMES_OF_TABLE, wanted.at_least) as snapshot:
                return table(snapshot, wanted)

        return listed(request, wanted, page, "complaints")

    return router
