"""Two plain pages for people: the overview, and one case's history. They show no personal text."""

from importlib import resources
from typing import Annotated, Literal
from urllib.parse import parse_qsl

from fastapi import APIRouter, Depends, HTTPException, Query, Request
from fastapi.exceptions import RequestValidationError
from jinja2 import Environment, FunctionLoader, select_autoescape
from pydantic import BaseModel, Field, ValidationError
from starlette.responses import HTMLResponse

from projections.api.desk import Desk
from projections.pages.words import WORDS, clock, spoken, stamp, word
from projections.replay.files import files
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
_PAGE = 50


class Listed(BaseModel):
    """What the page of cases is asked for."""

    language: Language = "en"
    sort: Literal["opened", "due"] = "opened"
    cursor: str = ""


class Shown(Listed):
    """What its form sends, a field that is left empty as an empty text: in the body, since addresses end up in logs."""

    search: Annotated[str, Field(max_length=500)] = ""


async def _form(request: Request) -> Shown:
    try:
        return Shown.model_validate(dict(parse_qsl((await request.body()).decode())))
    except ValidationError as error:
        raise RequestValidationError(error.errors(include_input=False)) from None
    except UnicodeDecodeError:
        raise HTTPException(400, "the form is not UTF-8") from None


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

    @router.get("/cases", response_class=HTMLResponse)
    def listed(shown: Annotated[Listed, Query()]) -> HTMLResponse:
        return found_cases(Shown(**shown.model_dump()))

    @router.post("/cases", response_class=HTMLResponse)
    def found(request: Request, shown: Annotated[Shown, Depends(_form)]) -> HTMLResponse:
        if shown.search:
            desk.noted(request, "search", None)
        return found_cases(shown)

    def found_cases(shown: Shown) -> HTMLResponse:
        wanted = CaseFilter(
            kind="complaint", search=shown.search or None, sort=shown.sort, cursor=shown.cursor or None, limit=_PAGE
        )
        with desk.views.snapshot(cases.names(wanted), None) as snapshot:
            found = cases.listing(snapshot, wanted)
        return _page("cases.html", shown.language, found=found, shown=shown)

    @router.get("/cases/{reference}", response_class=HTMLResponse)
    def case(request: Request, reference: str, language: Annotated[Language, Query()] = "en") -> HTMLResponse:
        with desk.views.snapshot([cases.NAME, timers.NAME, trails.NAME]) as snapshot:
            stream = cases.find(snapshot, reference)
            if stream is None:
                raise HTTPException(404, "no case of that number or id")
            desk.noted(request, "page", stream)
            item = cases.listing(snapshot, CaseFilter(number=reference.upper(), limit=1)).cases
            return _page(
                "case.html",
                language,
                reference=reference,
                item=item[0] if item else None,
                clocks=timers.listing(snapshot, TimerFilter(case=stream, limit=100), desk.now()).clocks,
                files=files(stream, desk.log.stream(stream)).files,
                trail=trails.trail(snapshot, TrailFilter(case=stream, limit=trails.MOST), language),
            )

    return router
