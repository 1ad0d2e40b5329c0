"""Whom to ask how satisfied he is, when to remind him, and which answer calls for somebody at once. Pure."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final, Literal, NamedTuple

from schemas.complaint.lifecycle import Score
from schemas.configuration.survey import Survey
from schemas.words import ExitReason

OPT_OUT: Final = ("surveys", "none")
"""Field of a case, and its value, by which a complainant is not asked."""

Because = Literal["open", "unanswered", "rated", "left", "opted_out"]
"""Why nobody is asked."""


class Ended(NamedTuple):
    """What a case shows at the end of a cycle."""

    business_unit: str
    is_open: bool = False
    answered: bool = True
    """The complainant has his final reply, or the cycle is closed."""
    rated: bool = False
    exit: ExitReason | None = None
    opted_out: bool = False


def survey_for(ended: Ended, surveys: Iterable[Survey]) -> Survey | None:
    """Return the survey that is sent of itself: one that names the unit before one for all, then by name."""
    fitting = [
        one
        for one in surveys
        if one.ask == "after_cycle" and (not one.business_unit or ended.business_unit in one.business_unit)
    ]
    return min(fitting, key=lambda one: (not one.business_unit, one.id), default=None)


def not_asked(ended: Ended, survey: Survey) -> Because | None:
    """Return why the complainant is not asked; None: he is."""
    if ended.is_open:
        return "open"
    if not ended.answered:
        return "unanswered"
    if ended.rated:
        return "rated"
    if ended.exit in survey.unless_exit:
        return "left"
    return "opted_out" if ended.opted_out else None


def taken_until(asked_at: datetime, survey: Survey) -> datetime:
    """Return until when the invitation's link is taken."""
    return asked_at + timedelta(days=survey.valid_days)


def survey_of(name: str, surveys: Mapping[str, Survey]) -> Survey | None:
    """Return the survey that a rating answers; one of another origin is judged by the first that is sent of itself."""
    own = sorted((one for one in surveys.values() if one.ask == "after_cycle"), key=lambda one: one.id)
    return surveys.get(name) or next(iter(own), None)


def is_bad(scores: Iterable[Score], survey: Survey | None) -> bool:
    """Tell whether a mark is so bad that somebody follows it up; the worst one counts."""
    if survey is None or survey.follow_up is None:
        return False
    bad = survey.follow_up.bad_percent
    return any(one.score * 100 <= bad * one.out_of for one in scores)
