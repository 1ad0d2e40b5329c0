"""Two plain pages for people: the overview, and one case's history. They show no personal text."""

from importlib import resources
from typing import Annotated, Literal

from fastapi import APIRouter, HTTPException, Query
from jinja2 import Environment, FunctionLoader, select_autoescape
from starlette.responses import HTMLResponse

from projections.api.desk import Desk
from projections.pages.words import WORDS, clock, spoken, stamp, word
from projections.views.audit_trail import ask as trails
from projections.views.audit_trail.ask import TrailFilter
from projections.views.cases import ask as cases
from projections.views.cases.ask import CaseFilter
from projections.views.funnel import ask as funnels
from projections.views.funnel.ask import FunnelFilter
from projections.views.sla_timers import ask as timers
from projections.views.sla_timers.ask import TimerFilter

Language = Literal["en", "ru"]
_ROWS = 12


def _source(name: str) -> str:
    return resources.files("projections.pages").joinpath("templates", name).read_text(encoding="utf-8")


_PAGES = Environment(
    loader=FunctionLoader(_source), autoescape=select_autoescape(), trim_blocks=True, lstrip_blocks=True
)
_PAGES.filters.update(stamp=stamp, spoken=spoken, clock=clock, word=word)


def _page(name: str, language: Language, **values: object) -> HTMLResponse:
    return HTMLResponse(_PAGES.get_template(name).render(language=language, words=WORDS[language], **values))


def routes(desk: Desk) -> APIRouter:
    """Return the routes of the pages."""
    router = APIRouter(include_in_schema=False)

    @router.get("/", response_class=HTMLResponse)
    def overview(language: Annotated[Language, Query()] = "en") -> HTMLResponse:
        names = [funnels.NAME, timers.NAME, cases.NAME]
        with desk.views.snapshot(names) as snapshot:
            return _page(
                "overview.html",
                language,
                funnel=funnels.counts(snapshot, FunnelFilter()),
                due=timers.listing(snapshot, TimerFilter(state="running", limit=_ROWS), desk.now()),
                missed=timers.listing(snapshot, TimerFilter(state="missed", open=True, limit=_ROWS), desk.now()),
                cases=cases.listing(snapshot, CaseFilter(kind="complaint", limit=_ROWS)),
            )

    @router.get("/cases/{reference}", response_class=HTMLResponse)
    def case(reference: str, language: Annotated[Language, Query()] = "en") -> HTMLResponse:
        with desk.views.snapshot([cases.NAME, timers.NAME, trails.NAME]) as snapshot:
            stream = cases.find(snapshot, reference)
            if stream is None:
                raise HTTPException(404, "no case of that number or id")
            item = cases.listing(snapshot, CaseFilter(number=reference.upper(), limit=1)).cases
            return _page(
                "case.html",
                language,
                reference=reference,
                item=item[0] if item else None,
                clocks=timers.listing(snapshot, TimerFilter(case=stream, limit=100), desk.now()).clocks,
                trail=trails.trail(snapshot, TrailFilter(case=stream, limit=trails.MOST), language),
            )

    return router
