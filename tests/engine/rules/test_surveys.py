from datetime import UTC, datetime, timedelta

import pytest

from engine.rules.surveys import Ended, is_bad, not_asked, survey_for, taken_until
from schemas.complaint.lifecycle import Score
from schemas.configuration.survey import FollowUp, Survey

SURVEY = Survey.model_validate(
    {
        "id": "all",
        "version": 1,
        "title": {"en": "?"},
        "intro": {"en": "?"},
        "questions": [{"parameter": "overall", "text": {"en": "?"}}],
        "send": {"en": "!"},
        "thanks": {"en": "!"},
        "follow_up": {"within": "4 hours", "calendar": "desk"},
    }
)
WEST = SURVEY.model_copy(update={"id": "west", "business_unit": ("west",)})
BY_HAND = SURVEY.model_copy(update={"id": "a", "ask": "by_hand"})


def test_a_survey_of_the_unit_goes_before_one_for_all_and_one_by_hand_is_never_sent_of_itself() -> None:
    surveys = [BY_HAND, SURVEY, WEST]
    assert survey_for(Ended("west"), surveys) == WEST
    assert survey_for(Ended("east"), surveys) == SURVEY
    assert survey_for(Ended("east"), [BY_HAND, WEST]) is None


@pytest.mark.parametrize(
    ("ended", "because"),
    [
        (Ended("main"), None),
        (Ended("main", exit="clarified"), None),
        (Ended("main", is_open=True), "open"),
        (Ended("main", rated=True), "rated"),
        (Ended("main", exit="spam_or_bot"), "left"),
        (Ended("main", opted_out=True), "opted_out"),
    ],
)
def test_who_is_not_asked_and_why(ended: Ended, because: str | None) -> None:
    assert not_asked(ended, SURVEY) == because


def test_the_link_is_taken_for_the_days_of_the_survey() -> None:
    noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
    assert taken_until(noon, SURVEY) == noon + timedelta(days=30)


@pytest.mark.parametrize(
    ("marks", "bad"), [([(5, 5), (3, 5)], False), ([(5, 5), (2, 5)], True), ([(5, 10)], True), ([(6, 10)], False)]
)
def test_the_worst_mark_decides_whether_somebody_follows_up(marks: list[tuple[int, int]], bad: bool) -> None:  # noqa: FBT001 -- a table
    scores = [Score(parameter=f"p{n}", score=score, out_of=out_of) for n, (score, out_of) in enumerate(marks)]
    assert is_bad(scores, SURVEY) is bad
    assert is_bad(scores, None) is False
    assert is_bad(scores, SURVEY.model_copy(update={"follow_up": None})) is False


def test_half_of_the_best_mark_is_bad_unless_the_survey_says_otherwise() -> None:
    assert FollowUp.model_validate({"within": "4 hours", "calendar": "desk"}).bad_percent == 50
