"""Questions about the audit trail over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from projections.api.desk import Desk
from projections.api.route import router_of
from projections.api.stream import AS_LINES, listed
from projections.replay.as_of import NoSuchCase
from projections.replay.sentence import Language
from projections.views.audit_trail.ask import NAME, Trail, TrailFilter, trail
from projections.views.cases.ask import NAME as CASES
from projections.views.cases.ask import find


class Asked(TrailFilter):
    """A question of the trail: in which language, and with personal texts or without."""

    language: Language = "en"
    texts: bool = False
    changes: bool = False
    """Also what each event changed, as a JSON Patch (RFC 6902)."""


def routes(desk: Desk) -> APIRouter:
    """Return the routes of this view."""
    router = router_of("audit")

    @router.get("/trail", response_model=Trail, responses=AS_LINES)
    def entries(request: Request, wanted: Annotated[TrailFilter, Query()]) -> Trail | Response:
        """List entries of any cases in the order of the log; no personal texts."""

        def page(wanted: TrailFilter) -> Trail:
            with desk.views.snapshot([NAME], wanted.at_least) as snapshot:
                return trail(snapshot, wanted)

        return listed(request, wanted, page, "entries")

    @router.get("/cases/{reference}/trail")
    def of_case(request: Request, reference: str, wanted: Annotated[Asked, Query()]) -> Trail:
        """List what happened to one case, by number or id; personal texts for who may see them."""
        with desk.views.snapshot([NAME, CASES], wanted.at_least) as snapshot:
            case = find(snapshot, reference)
            if case is None:
                raise NoSuchCase(reference)
            log = desk.log_for(request, "history", case, texts=wanted.texts)
            of_case = wanted.model_copy(update={"case": case})
            return trail(snapshot, of_case, wanted.language, log, texts=wanted.texts, changed=wanted.changes)

    return router
