"""The pages of a survey campaign's mail: what it asks, and the click by which nobody is asked again."""

from typing import Final

from starlette.responses import HTMLResponse

from consumers.http import page, rating
from consumers.http.door import Door
from consumers.http.rating import Filled
from engine.incoming import Asked, Circumstances, Refused, Result, Sender
from engine.links import Link
from engine.streams.survey import Respondent
from schemas.configuration.survey import Survey, SurveyLanguage, said_in
from schemas.envelope import RequestSource
from schemas.streams.survey import AnswerSurvey, DeclineSurveys

OUTSIDER: Final = Sender("public", "service:public-link", "link", groups=frozenset({"complainant"}))
"""Whoever has a link."""


def shown(door: Door, link: Link, known: Respondent, language: SurveyLanguage) -> HTMLResponse:
    """Return the page that a link leads to. Looking at it changes nothing."""
    language, survey = _of(known) or language, _survey(door, link, known)
    if survey is None or link.purpose == "status":
        return page.unknown(language)
    title = said_in(survey.title, language)
    if link.purpose == "decline":
        if known.declined:
            return page.said(language, title, page.text("declined", language))
        return page.button(language, title, page.text("no_more", language), page.text("decline", language))
    if _answered(link, known):
        return page.said(language, title, page.text("already", language))
    return page.form(survey, language, Filled())


def answered(door: Door, link: Link, known: Respondent, body: bytes, language: SurveyLanguage) -> HTMLResponse:
    """Take an answer, or that he wants to be asked no more, and say so."""
    language, survey = _of(known) or language, _survey(door, link, known)
    if survey is None or link.purpose == "status":
        return page.unknown(language)
    title = said_in(survey.title, language)
    if link.purpose == "decline":
        anew = f"/{known.allowed}" if known.allowed else ""  # a click after he had allowed it counts once more
        _give(door, link, DeclineSurveys(number=link.cycle), f"decline{anew}")
        return page.said(language, title, page.text("declined", language))
    answers = rating.filled(body, survey)
    if answers.missing or not answers.scores:
        return page.form(survey, language, answers, wrong=page.text("missing", language))
    wish = AnswerSurvey(number=link.cycle, scores=answers.scores, comment=answers.comment, channel="web_form")
    result = _give(door, link, wish, "answer")
    if not isinstance(result, Refused):
        return page.said(language, title, said_in(survey.thanks, language))
    taken = result.code in ("already_rated", "command_reused")
    return page.said(language, title, page.text("already" if taken else "over", language))


def _give(door: Door, link: Link, wish: AnswerSurvey | DeclineSurveys, what: str) -> Result:
    now = door.clock()
    around = Circumstances(OUTSIDER, RequestSource(request=door.new_id()), now)
    asked = Asked(link.stream, wish, f"link/{what}/{link.stream}/{link.cycle}", around)
    (result,) = door.service.submit([asked], now)
    return result


def _survey(door: Door, link: Link, known: Respondent) -> Survey | None:
    """Return what he was asked by this invitation, as it is in force now."""
    invitation = known.invitation(link.cycle) if link.cycle else None
    return None if invitation is None else door.service.book().surveys.get(invitation.survey)


def _answered(link: Link, known: Respondent) -> bool:
    invitation = known.invitation(link.cycle)
    return invitation is not None and bool(invitation.scores)


def _of(known: Respondent) -> SurveyLanguage | None:
    language = known.language or ""
    return "ru" if language.startswith("ru") else "en" if language.startswith("en") else None
