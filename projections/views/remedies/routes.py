"""Questions about remedies over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query

from projections.api.desk import Desk
from projections.views.remedies.ask import NAMES, CostFilter, Costs, Ledger, LedgerFilter
from projections.views.remedies.ask import costs as added_up
from projections.views.remedies.ask import ledger as entries
from projections.views.remedies.watch import Watch, WatchFilter
from projections.views.remedies.watch import watch as compared


def routes(desk: Desk) -> APIRouter:
    """Return the routes of this view."""
    router = APIRouter(tags=["remedies"])

    @router.get("/remedies")
    def costs(wanted: Annotated[CostFilter, Query()]) -> Costs:
        """Add up remedies and what they cost."""
        with desk.views.snapshot(NAMES, wanted.at_least) as snapshot:
            return added_up(snapshot, wanted)

    @router.get("/remedies/ledger")
    def ledger(wanted: Annotated[LedgerFilter, Query()]) -> Ledger:
        """List remedies."""
        with desk.views.snapshot(NAMES, wanted.at_least) as snapshot:
            return entries(snapshot, wanted)

    @router.get("/remedies/watch")
    def watch(wanted: Annotated[WatchFilter, Query()]) -> Watch:
        """Show who was given unusually much, against all others."""
        with desk.views.snapshot(NAMES, wanted.at_least) as snapshot:
            return compared(snapshot, wanted)

    return router
