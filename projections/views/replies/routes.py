"""Questions about replies over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query

from projections.answers import Question
from projections.api.desk import Desk
from projections.api.route import router_of
from projections.views.replies.ask import NAMES, Sample, SampleFilter, Trend, TrendFilter, Usage
from projections.views.replies.ask import sample as drawn
from projections.views.replies.ask import trend as figures
from projections.views.replies.ask import usage as used


def routes(desk: Desk) -> APIRouter:
    """Return the routes of this view."""
    router = router_of("replies")

    @router.get("/replies/quality")
    def quality(wanted: Annotated[TrendFilter, Query()]) -> Trend:
        """Show how good replies were by the check and by colleagues, by team or person and period."""
        with desk.views.snapshot(NAMES, wanted.at_least) as snapshot:
            return figures(snapshot, wanted)

    @router.get("/replies/sample")
    def sample(wanted: Annotated[SampleFilter, Query()]) -> Sample:
        """List the replies of a week that a colleague of their author should score."""
        with desk.views.snapshot(NAMES, wanted.at_least) as snapshot:
            return drawn(snapshot, wanted)

    @router.get("/knowledge/usage")
    def usage(wanted: Annotated[Question, Query()]) -> Usage:
        """Show how often replies were written by which article of the knowledge base."""
        with desk.views.snapshot(NAMES, wanted.at_least) as snapshot:
            return used(snapshot)

    return router
