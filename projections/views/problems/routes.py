"""Questions about problems over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from projections.api.desk import Desk
from projections.api.route import router_of
from projections.views.problems import ask
from projections.views.problems.ask import Lessons, ProblemFilter, ProblemList, WholeProblem


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

    return router
