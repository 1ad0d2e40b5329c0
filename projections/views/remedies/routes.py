"""Questions about remedies over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from projections.api.desk import Desk
from projections.api.route import router_of
from projections.api.stream import AS_LINES, listed
from projections.replay.routes import stream_of
from projections.views.remedies.advice import CaseRemedies, case_remedies
from projections.views.remedies.ask import NAMES, CostFilter, Costs, Ledger, LedgerFilter
from projections.views.remedies.ask import costs as added_up
from projections.views.remedies.ask import ledger as entries
from projections.views.remedies.watch import Watch, WatchFilter
from projections.views.remedies.watch import watch as compared


def routes(desk: Desk) -> APIRouter:
    """Return the routes of this view."""
    router = router_of("remedies")

    @router.get("/remedies")
    def costs(wanted: Annotated[CostFilter, Query()]) -> Costs:
        """Add up remedies and what they cost."""
        with desk.views.snapshot(NAMES, wanted.at_least) as snapshot:
            return added_up(snapshot, wanted)

    @router.get("/remedies/ledger", response_model=Ledger, responses=AS_LINES)
    def ledger(request: Request, wanted: Annotated[LedgerFilter, Query()]) -> Ledger | Response:
        """List remedies."""

        def page(wanted: LedgerFilter) -> Ledger:
            with desk.views.snapshot(NAMES, wanted.at_least) as snapshot:
                return entries(snapshot, wanted)

        return listed(request, wanted, page, "remedies")

    @router.get("/remedies/watch")
    def watch(wanted: Annotated[WatchFilter, Query()]) -> Watch:
        """Show who was given unusually much, against all others."""
        with desk.views.snapshot(NAMES, wanted.at_least) as snapshot:
            return compared(snapshot, wanted)

    @router.get("/cases/{reference}/remedies")
    def proposals(request: Request, response: Response, reference: str) -> CaseRemedies:
        """Show what the table of remedies proposes for a case, by which rule, and what else would have held."""
        case = stream_of(desk, reference)
        history = desk.log_for(request, "case", case, texts=False).stream(case)
        with desk.views.snapshot(NAMES) as snapshot:
            found = case_remedies(snapshot, case, history, desk.now())
        response.headers["ETag"] = f'"{found.version}"'
        return found

    return router
