"""Questions about survey campaigns over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query

from projections.api.desk import Desk
from projections.api.route import router_of
from projections.views.campaigns import ask
from projections.views.campaigns.ask import AnswerFilter, CampaignAnswers, CampaignFilter, Campaigns


def routes(desk: Desk) -> APIRouter:
    """Return the routes of this view."""
    router = router_of("campaigns")

    @router.get("/campaigns")
    def campaigns(wanted: Annotated[CampaignFilter, Query()]) -> Campaigns:
        """Show how many of those asked answered, and their marks; ratings of complaints stand in /satisfaction."""
        with desk.views.snapshot(ask.NAMES, wanted.at_least) as snapshot:
            return ask.campaigns(snapshot, wanted)

    @router.get("/campaigns/answers")
    def answers(wanted: Annotated[AnswerFilter, Query()]) -> CampaignAnswers:
        """List answers to campaigns, the latest first; no words, no names."""
        with desk.views.snapshot(ask.NAMES, wanted.at_least) as snapshot:
            return ask.answers(snapshot, wanted)

    return router
