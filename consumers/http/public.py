"""Pages for people outside, by a signed link alone: how we did, and how a complaint stands. No script, no cookie.

A link says what it is good for; whoever has it may do that and nothing else, and sees no text of the case. A
cycle is rated once, so a link that was used shows thanks from then on.
"""

from typing import Final

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse

from consumers.http import campaign, page, rating
from consumers.http.campaign import OUTSIDER
from consumers.http.door import Door
from consumers.http.rating import Filled
from engine import links
from engine.complaint.case import Case
from engine.incoming import Asked, Circumstances, Refused
from engine.links import BadLink, Link, LinkOver
from engine.loading import load
from engine.rules.surveys import survey_of
from engine.streams.survey import Respondent
from schemas.complaint.lifecycle import Rate
from schemas.configuration.survey import Survey, SurveyLanguage, said_in
from schemas.envelope import RequestSource

_PATH: Final = f"{links.PATH}{{token}}"
_LARGEST: Final = 64_000
_FORM: Final = "application/x-www-form-urlencoded"


def router(door: Door) -> APIRouter:
    """Return the routes of the pages for people outside."""
    routes = APIRouter(include_in_schema=False)
    pages = _Public(door)

    @routes.get(_PATH, response_class=HTMLResponse)
    def show(request: Request, token: str) -> HTMLResponse:
        return pages.shown(token, page.preferred(request))

    @routes.post(_PATH, response_class=HTMLResponse)
    async def answer(request: Request, token: str) -> HTMLResponse:
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        body = await request.body() if kind == _FORM else b""
        return await run_in_threadpool(pages.answered, token, body[:_LARGEST], page.preferred(request))

    return routes


class _Public:
    """The pages over one door."""

    def __init__(self, door: Door) -> None:
        self._door = door

    def shown(self, token: str, language: SurveyLanguage) -> HTMLResponse:
        """Return the page that a link leads to."""
        found = self._found(token, language)
        if isinstance(found, HTMLResponse):
            return found
        link, case = found
        if isinstance(case, Respondent):
            return campaign.shown(self._door, link, case, language)
        language = _of(case) or language
        if link.purpose == "status":
            return page.said(language, page.text("title", language), *_standing(case, language))
        survey = self._survey(link, case)
        if survey is None:
            return page.unknown(language)
        if case.lifecycle.rating(link.cycle) is not None:
            return page.said(language, said_in(survey.title, language), page.text("already", language))
        return page.form(survey, language, Filled())

    def answered(self, token: str, body: bytes, language: SurveyLanguage) -> HTMLResponse:
        """Take a rating, and return the page that says thanks or what is missing."""
        found = self._found(token, language)
        if isinstance(found, HTMLResponse):
            return found
        link, case = found
        if isinstance(case, Respondent):
            return campaign.answered(self._door, link, case, body, language)
        language, survey = _of(case) or language, self._survey(link, case)
        if survey is None or link.purpose != "rate":
            return page.unknown(language)
        answers = rating.filled(body, survey)
        if answers.missing or not answers.scores:
            return page.form(survey, language, answers, wrong=page.text("missing", language))
        refused = self._refused(link, survey, answers)
        thanks = said_in(survey.thanks, language) if refused is None else page.text(refused, language)
        return page.said(language, said_in(survey.title, language), thanks)

    def _found(self, token: str, language: SurveyLanguage) -> tuple[Link, Case | Respondent] | HTMLResponse:
        try:
            link = links.read(token, self._door.store.fingerprint.of, self._door.clock())
        except BadLink:
            return page.unknown(language)
        except LinkOver:
            return page.said(language, page.text("title", language), page.text("over", language), status=410)
        loaded = load(self._door.store, [link.stream]).get(link.stream)
        if loaded is None or not isinstance(loaded.state, Case | Respondent):
            return page.unknown(language)
        return link, loaded.state

    def _survey(self, link: Link, case: Case) -> Survey | None:
        """Return the survey that he was invited to for this cycle, as it is in force now."""
        invited = [survey for cycle, survey, _ in case.lifecycle.invited if cycle == link.cycle]
        return survey_of(invited[-1] if invited else "", self._door.service.book().surveys)

    def _refused(self, link: Link, survey: Survey, answers: Filled) -> str | None:
        """Record the rating, and return what to say where it is refused; the same one again changes nothing."""
        now = self._door.clock()
        wish = Rate(
            survey=survey.id,
            survey_version=survey.version,
            cycle=link.cycle,
            scores=answers.scores,
            comment=answers.comment,
        )
        around = Circumstances(OUTSIDER, RequestSource(request=self._door.new_id()), now)
        asked = Asked(link.stream, wish, f"link/{link.stream}/{link.cycle}", around)
        (result,) = self._door.service.submit([asked], now)
        if not isinstance(result, Refused):
            return None
        return "already" if result.code in ("already_rated", "command_reused") else "over"


def _standing(case: Case, language: SurveyLanguage) -> tuple[str, ...]:
    number = case.registration.number
    told = (f"{page.text('number', language)}: {number}",) if number else ()
    return (*told, page.text(case.stage.name, language))


def _of(case: Case) -> SurveyLanguage | None:
    language = case.registration.language or ""
    return "ru" if language.startswith("ru") else "en" if language.startswith("en") else None
