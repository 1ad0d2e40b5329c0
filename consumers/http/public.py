"""Pages for people outside, by a signed link alone: how we did, and how a complaint stands. No script, no cookie.

A link says what it is good for; whoever has it may do that and nothing else, and sees no text of the case. A
cycle is rated once, so a link that was used shows thanks from then on.
"""

from collections.abc import Mapping
from importlib import resources
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Request
from jinja2 import Environment, FunctionLoader, select_autoescape
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse

from consumers.http import rating
from consumers.http.door import Door
from consumers.http.rating import Filled
from engine import links
from engine.complaint.case import Case
from engine.incoming import Asked, Circumstances, Refused, Sender
from engine.links import BadLink, Link, LinkOver
from engine.loading import load
from engine.rules.surveys import survey_of
from schemas.complaint.lifecycle import Rate
from schemas.configuration.survey import Survey, SurveyLanguage
from schemas.envelope import RequestSource

_PATH: Final = f"{links.PATH}{{token}}"
_OUTSIDER: Final = Sender("public", "service:public-link", "link", groups=frozenset({"complainant"}))
_NO_STORE: Final = {"Cache-Control": "no-store"}
_LARGEST: Final = 64_000
_FORM: Final = "application/x-www-form-urlencoded"
_SAID: Final[Mapping[str, Mapping[SurveyLanguage, str]]] = {
    "unknown": {
        "en": "This link is not one of ours. Please copy it whole from our message.",
        "ru": "Это не наша ссылка. Скопируйте её из нашего сообщения целиком.",
    },
    "over": {
        "en": "This link is no longer taken. Answer our message, and we read what you write.",
        "ru": "Срок ссылки истёк. Ответьте на наше сообщение, и мы прочитаем ваш ответ.",
    },
    "missing": {
        "en": "Please give a mark where a star stands.",
        "ru": "Поставьте, пожалуйста, оценку там, где стоит звёздочка.",
    },
    "already": {
        "en": "You have rated this already. If something is not settled, answer our message.",
        "ru": "Вы уже поставили оценку. Если что-то не решено, ответьте на наше сообщение.",
    },
    "title": {"en": "Your complaint", "ru": "Ваша жалоба"},
    "number": {"en": "Number", "ru": "Номер"},
    "registration": {"en": "We have received it.", "ru": "Мы её получили."},
    "investigation": {"en": "We are looking into it.", "ru": "Мы разбираемся."},
    "corrective_action": {"en": "We are putting it right.", "ru": "Мы исправляем положение."},
    "satisfaction_check": {"en": "We have answered.", "ru": "Мы ответили."},
    "exited": {"en": "We have ended our work on it.", "ru": "Мы завершили работу над ней."},
    "closed": {"en": "It is closed.", "ru": "Она закрыта."},
}


def _source(name: str) -> str:
    return resources.files("consumers.http").joinpath("templates", name).read_text(encoding="utf-8")


_PAGES: Final = Environment(
    loader=FunctionLoader(_source), autoescape=select_autoescape(), trim_blocks=True, lstrip_blocks=True
)


def router(door: Door) -> APIRouter:
    """Return the routes of the pages for people outside."""
    routes = APIRouter(include_in_schema=False)
    pages = _Public(door)

    @routes.get(_PATH, response_class=HTMLResponse)
    def page(request: Request, token: str) -> HTMLResponse:
        return pages.shown(token, _preferred(request))

    @routes.post(_PATH, response_class=HTMLResponse)
    async def answer(request: Request, token: str) -> HTMLResponse:
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        body = await request.body() if kind == _FORM else b""
        return await run_in_threadpool(pages.answered, token, body[:_LARGEST], _preferred(request))

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
        language = _of(case) or language
        if link.purpose == "status":
            return _said(language, _text("title", language), *_standing(case, language))
        survey = self._survey(link, case)
        if survey is None:
            return _unknown(language)
        if case.lifecycle.rating(link.cycle) is not None:
            return _said(language, rating.said_in(survey.title, language), _text("already", language))
        return _form(survey, language, Filled())

    def answered(self, token: str, body: bytes, language: SurveyLanguage) -> HTMLResponse:
        """Take a rating, and return the page that says thanks or what is missing."""
        found = self._found(token, language)
        if isinstance(found, HTMLResponse):
            return found
        link, case = found
        language, survey = _of(case) or language, self._survey(link, case)
        if survey is None or link.purpose != "rate":
            return _unknown(language)
        answers = rating.filled(body, survey)
        if answers.missing or not answers.scores:
            return _form(survey, language, answers, wrong=_text("missing", language))
        refused = self._refused(link, survey, answers)
        thanks = rating.said_in(survey.thanks, language) if refused is None else _text(refused, language)
        return _said(language, rating.said_in(survey.title, language), thanks)

    def _found(self, token: str, language: SurveyLanguage) -> tuple[Link, Case] | HTMLResponse:
        try:
            link = links.read(token, self._door.store.fingerprint.of, self._door.clock())
        except BadLink:
            return _unknown(language)
        except LinkOver:
            return _said(language, _text("title", language), _text("over", language), status=410)
        case = self._case(link.stream)
        return _unknown(language) if case is None else (link, case)

    def _case(self, stream: UUID) -> Case | None:
        loaded = load(self._door.store, [stream]).get(stream)
        return loaded.state if loaded is not None and isinstance(loaded.state, Case) else None

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
        around = Circumstances(_OUTSIDER, RequestSource(request=self._door.new_id()), now)
        asked = Asked(link.stream, wish, f"link/{link.stream}/{link.cycle}", around)
        (result,) = self._door.service.submit([asked], now)
        if not isinstance(result, Refused):
            return None
        return "already" if result.code in ("already_rated", "command_reused") else "over"


def _form(survey: Survey, language: SurveyLanguage, answers: Filled, wrong: str | None = None) -> HTMLResponse:
    values = rating.shown(survey, language, answers)
    return _page("rating.html", language, 200 if wrong is None else 422, wrong=wrong, **values)


def _unknown(language: SurveyLanguage) -> HTMLResponse:
    return _said(language, _text("title", language), _text("unknown", language), status=404)


def _standing(case: Case, language: SurveyLanguage) -> tuple[str, ...]:
    number = case.registration.number
    told = (f"{_text('number', language)}: {number}",) if number else ()
    return (*told, _text(case.stage.name, language))


def _said(language: SurveyLanguage, title: str, *lines: str, status: int = 200) -> HTMLResponse:
    return _page("said.html", language, status, title=title, lines=lines)


def _page(name: str, language: SurveyLanguage, status: int, **values: Any) -> HTMLResponse:
    text = _PAGES.get_template(name).render(language=language, **values)
    return HTMLResponse(text, status, headers=_NO_STORE)


def _text(name: str, language: SurveyLanguage) -> str:
    return _SAID[name][language]


def _of(case: Case) -> SurveyLanguage | None:
    language = case.registration.language or ""
    return "ru" if language.startswith("ru") else "en" if language.startswith("en") else None


def _preferred(request: Request) -> SurveyLanguage:
    return "ru" if request.headers.get("accept-language", "").lower().startswith("ru") else "en"
