"""How the pages for people outside look: their words in each language, and their templates. No script, no cookie."""

from collections.abc import Mapping
from importlib import resources
from typing import Any, Final

from fastapi import Request
from jinja2 import Environment, FunctionLoader, select_autoescape
from starlette.responses import HTMLResponse

from consumers.http import rating
from consumers.http.rating import Filled
from schemas.configuration.survey import Survey, SurveyLanguage

_NO_STORE: Final = {"Cache-Control": "no-store"}
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
    "no_more": {
        "en": "Shall we ask you no more how satisfied you are?",
        "ru": "Больше не спрашивать вас, насколько вы довольны?",
    },
    "decline": {"en": "Ask me no more", "ru": "Больше не спрашивать"},
    "declined": {"en": "We will ask you no more.", "ru": "Мы больше не будем вас спрашивать."},
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


def form(survey: Survey, language: SurveyLanguage, answers: Filled, wrong: str | None = None) -> HTMLResponse:
    """Return the form of a survey, with what was filled in already and what is wrong with it."""
    values = rating.shown(survey, language, answers)
    return _page("rating.html", language, 200 if wrong is None else 422, wrong=wrong, **values)


def button(language: SurveyLanguage, title: str, line: str, send: str) -> HTMLResponse:
    """Return a page that asks for one click: programs that follow links have decided nothing by that."""
    return _page("button.html", language, 200, title=title, line=line, send=send)


def unknown(language: SurveyLanguage) -> HTMLResponse:
    """Return what a link shows that is none of ours."""
    return said(language, text("title", language), text("unknown", language), status=404)


def said(language: SurveyLanguage, title: str, *lines: str, status: int = 200) -> HTMLResponse:
    """Return a page that only says something."""
    return _page("said.html", language, status, title=title, lines=lines)


def text(name: str, language: SurveyLanguage) -> str:
    """Return words of ours."""
    return _SAID[name][language]


def preferred(request: Request) -> SurveyLanguage:
    """Return the language that a browser asks for."""
    return "ru" if request.headers.get("accept-language", "").lower().startswith("ru") else "en"


def _page(name: str, language: SurveyLanguage, status: int, **values: Any) -> HTMLResponse:
    shown = _PAGES.get_template(name).render(language=language, **values)
    return HTMLResponse(shown, status, headers=_NO_STORE)
