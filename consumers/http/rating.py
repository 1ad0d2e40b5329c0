"""What the page of a survey asks and what its form says, without the web around it. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qs

from schemas.complaint.lifecycle import Score
from schemas.configuration.survey import Survey, SurveyLanguage, said_in

_LONGEST_COMMENT: Final = 4_000
_MOST_FIELDS: Final = 50
_MARK: Final = "mark."
"""Of the form's fields for marks, so that no parameter meets the comment."""


@dataclass(frozen=True, slots=True)
class Filled:
    """What a form says, as far as the survey asks for it."""

    scores: tuple[Score, ...] = ()
    comment: str | None = None
    missing: tuple[str, ...] = ()
    """Parameters without the mark that they need."""
    given: Mapping[str, int] = field(default_factory=dict)


def filled(body: bytes, survey: Survey) -> Filled:
    """Return the answers in a form's octets. What the survey does not ask for, or no mark could be, is passed over."""
    said = _said(body)
    given = {
        one.parameter: mark
        for one in survey.questions
        if (mark := _mark(said.get(f"{_MARK}{one.parameter}", ()), one.out_of)) is not None
    }
    scores = (
        Score(parameter=one.parameter, score=given[one.parameter], out_of=one.out_of)
        for one in survey.questions
        if one.parameter in given
    )
    comment = "".join(said.get("comment", ())[:1]).strip()[:_LONGEST_COMMENT] if survey.comment else ""
    missing = tuple(one.parameter for one in survey.questions if one.required and one.parameter not in given)
    return Filled(tuple(scores), comment or None, missing, given)


def _said(body: bytes) -> Mapping[str, Sequence[str]]:
    """Return the fields of a form; none where it has more than any form of ours."""
    try:
        return parse_qs(body.decode("utf-8", "replace"), max_num_fields=_MOST_FIELDS)
    except ValueError:
        return {}


def _mark(values: Sequence[str], out_of: int) -> int | None:
    text = values[0] if values else ""
    mark = int(text) if text.isascii() and text.isdecimal() and len(text) < 3 else 0
    return mark if 1 <= mark <= out_of else None


def shown(survey: Survey, language: SurveyLanguage, answers: Filled) -> dict[str, Any]:
    """Return what the page of a survey shows, with what was filled in already."""
    return {
        "title": said_in(survey.title, language),
        "intro": said_in(survey.intro, language),
        "incentive": said_in(survey.incentive, language) if survey.incentive else None,
        "comment": said_in(survey.comment, language) if survey.comment else None,
        "said": answers.comment or "",
        "send": said_in(survey.send, language),
        "questions": [
            {
                "name": f"{_MARK}{one.parameter}",
                "text": said_in(one.text, language),
                "out_of": one.out_of,
                "required": one.required,
                "given": answers.given.get(one.parameter),
            }
            for one in survey.questions
        ],
    }
