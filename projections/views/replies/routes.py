"""Questions about replies over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query, Request

from projections.answers import Question
from projections.api.desk import Desk
from projections.api.route import RIGHT, router_of
from projections.views.replies.ask import NAMES, Sample, SampleFilter, Trend, TrendFilter, Usage
from projections.views.replies.ask import sample as drawn
from projections.views.replies.ask import trend as figures
from projections.views.replies.ask import usage as used
from projections.views.replies.check import FittingArticles, Judged, ReplyDraft, articles, judged


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

    @router.post("/replies/check", openapi_extra={RIGHT: "texts"})
    def check(request: Request, draft: ReplyDraft) -> Judged:
        """Judge a reply before it goes out: what to mend, where, and its score; changes nothing."""
        return judged(desk, request, draft)

    @router.get("/cases/{reference}/articles", openapi_extra={RIGHT: "texts"})
    def fitting(request: Request, reference: str, limit: Annotated[int, Query(ge=1, le=20)] = 3) -> FittingArticles:
        """Show the articles that fit what the complainant wrote, the best first; noted as a reading."""
        return articles(desk, request, reference, limit)

    return router
