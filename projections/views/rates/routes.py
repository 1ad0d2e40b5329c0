"""Questions about rates over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query

from projections.api.desk import Desk
from projections.api.route import router_of
from projections.views.rates.ask import NAMES, RateFilter, Rates
from projections.views.rates.ask import rates as found


def routes(desk: Desk) -> APIRouter:
    """Return the routes of this view."""
    router = router_of("rates")

    @router.get("/rates")
    def rates(wanted: Annotated[RateFilter, Query()]) -> Rates:
        """Set complaints against praise, customers and orders, and name the channels that are unusually quiet."""
        with desk.views.snapshot(NAMES, wanted.at_least) as snapshot:
            return found(snapshot, wanted, desk.now())

    return router
