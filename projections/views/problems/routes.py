"""Questions about problems over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request

from projections.api.desk import Desk
from projections.api.route import RIGHT, router_of
from projections.replay.routes import stream_of
from projections.views.problems import ask
from projections.views.problems.ask import Effect, EffectFilter, Lessons, ProblemFilter, ProblemList, WholeProblem
from projections.views.similar import ask as alike
from projections.views.similar.ask import ClusterFilter, Clusters, SimilarCases, SimilarFilter


def routes(desk: Desk) -> APIRouter:
    """Return the routes of this view."""
    router = router_of("problems")

    @router.get("/problems")
    def problems(wanted: Annotated[ProblemFilter, Query()]) -> ProblemList:
        """List systemic causes, suspected and known, those with most complaints first."""
        with desk.views.snapshot(ask.NAMES, wanted.at_least) as snapshot:
            return ask.problems(snapshot, wanted)

    @router.get("/problems/lessons")
    def lessons() -> Lessons:
        """Show the board of lessons: what happened, what was changed, what it brought."""
        with desk.views.snapshot(ask.NAMES) as snapshot:
            return ask.lessons(snapshot)

    @router.get("/problems/{problem}")
    def problem(problem: UUID) -> WholeProblem:
        """Show one problem with its complaints and actions."""
        with desk.views.snapshot(ask.NAMES) as snapshot:
            return ask.problem(snapshot, problem)

    @router.get("/problems/{problem}/effect")
    def effect(problem: UUID, wanted: Annotated[EffectFilter, Query()]) -> Effect:
        """Count the complaints of a problem a day, before its first completed action and after it."""
        with desk.views.snapshot(ask.NAMES_OF_EFFECT, wanted.at_least) as snapshot:
            return ask.effect(snapshot, problem, wanted, desk.now().date())

    @router.get("/complaints/clusters")
    def clusters(wanted: Annotated[ClusterFilter, Query()]) -> Clusters:
        """Group the complaints of the latest days by what they say, the largest group first."""
        with desk.views.snapshot(alike.NAMES, wanted.at_least) as snapshot:
            return alike.grouped(snapshot, wanted)

    @router.get("/cases/{reference}/similar", openapi_extra={RIGHT: "see"})
    def similar(request: Request, reference: str, wanted: Annotated[SimilarFilter, Query()]) -> SimilarCases:
        """List complaints that say much the same as this one, and the problems they belong to; no texts."""
        case = stream_of(desk, reference)
        desk.log_for(request, "case", case, texts=False)
        with desk.views.snapshot(alike.NAMES, wanted.at_least) as snapshot:
            return alike.similar(snapshot, case, wanted)

    return router
