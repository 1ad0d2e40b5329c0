"""The digest of the weekly meeting over HTTP: as data, as a page, or as Markdown."""

from datetime import date, timedelta
from typing import Annotated, Any, Final, Self

from fastapi import APIRouter, Query, Request
from pydantic import Field, model_validator
from starlette.responses import Response

from projections.answers import Question
from projections.api.accepting import chosen
from projections.api.desk import Desk
from projections.api.route import JSON, router_of
from projections.replay.sentence import Language
from projections.report.digest import Digest, Period, digest
from projections.report.render import Form, render
from projections.views import all_views

LONGEST: Final = timedelta(days=1_100)
"""Of a period."""
_EARLIEST: Final = date(1905, 1, 1)
_FORMS: Final[dict[str, Form]] = {"text/html": "html", "text/markdown": "md"}
_ANSWERS: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {media: {"schema": {"type": "string"}} for media in _FORMS}}
}


class ReportQuestion(Question):
    """Which days, both included; the period of equal length before them is what they are compared with."""

    from_: Annotated[date, Field(alias="from", ge=_EARLIEST)]
    to: date
    language: Language = "en"
    """Of a page or of Markdown."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not timedelta() <= self.to - self.from_ <= LONGEST:
            raise ValueError(f"to: not before 'from', and at most {LONGEST.days} days after it")
        return self


def routes(desk: Desk) -> APIRouter:
    """Return the route of the digest."""
    router = router_of("report")

    @router.get("/report", response_model=Digest, responses=_ANSWERS)
    def report(request: Request, wanted: Annotated[ReportQuestion, Query()]) -> Digest | Response:
        """Write the digest for the weekly meeting: figures, what changed, worst cases. Nobody is named."""
        names = [(one.name, one.version) for one in all_views()]
        with desk.views.snapshot(names, wanted.at_least) as snapshot:
            found = digest(snapshot, Period(wanted.from_, wanted.to))
        media = chosen(request.headers.get("accept"), (JSON, *_FORMS))
        if media is None or media == JSON:
            return found
        return Response(render(found, wanted.language, _FORMS[media]), media_type=f"{media}; charset=utf-8")

    return router
