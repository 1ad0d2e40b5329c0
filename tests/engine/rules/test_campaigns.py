from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from engine.rules.campaigns import CATCHES_UP, Wave, gathers_since, next_wave, reminder_due, wave
from schemas.configuration.survey import Campaign, Survey

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def campaign(**fields: Any) -> Campaign:
    return Campaign.model_validate(fields)


def test_without_a_schedule_whoever_comes_is_asked_at_once() -> None:
    assert wave(campaign(), NOON) == Wave(None, NOON)
    assert next_wave(campaign(), NOON) is None


def test_a_wave_begins_at_its_hour_in_the_zone_of_the_campaign_and_ends_after_three_days() -> None:
    one = campaign(dates=["2026-03-02", "2026-06-01"], at="15:00", timezone="Europe/Moscow")
    begun = Wave(date(2026, 3, 2), NOON)
    assert wave(one, NOON - timedelta(seconds=1)) is None
    assert wave(one, NOON) == begun
    assert wave(one, NOON + CATCHES_UP - timedelta(seconds=1)) == begun
    assert wave(one, NOON + CATCHES_UP) is None
    assert next_wave(one, NOON) == Wave(date(2026, 6, 1), datetime(2026, 6, 1, 12, tzinfo=UTC))
    assert next_wave(one, datetime(2026, 6, 1, 12, tzinfo=UTC)) is None


def test_an_hour_stays_what_the_clock_on_the_wall_shows_when_summer_time_begins() -> None:
    weekly = campaign(begins="2026-03-23", every_weeks=1, at="10:00", timezone="Europe/Berlin")
    first, second = (wave(weekly, datetime(2026, 3, day, 23, tzinfo=UTC)) for day in (23, 30))
    assert first is not None
    assert second is not None
    assert second.at - first.at == timedelta(days=7)  # on the wall
    assert second.at.astimezone(UTC) - first.at.astimezone(UTC) == timedelta(days=7, hours=-1)


@given(st.integers(1, 20), st.integers(0, 4000), st.integers(0, 23))
def test_the_waves_of_every_so_many_weeks_stand_so_far_apart_and_the_next_follows(
    weeks: int, days: int, hour: int
) -> None:
    one = campaign(begins="2026-03-02", every_weeks=weeks, at="10:00")
    now = datetime(2026, 3, 1, hour, tzinfo=UTC) + days * DAY
    coming, begun = next_wave(one, now), wave(one, now)
    assert coming is not None
    assert coming.day is not None
    assert (coming.day - date(2026, 3, 2)).days % (7 * weeks) == 0
    assert now < coming.at
    assert coming.day == date(2026, 3, 2) or coming.at - now <= timedelta(weeks=weeks)
    if begun is not None:
        assert begun.at <= now < begun.at + CATCHES_UP
        assert coming.at - begun.at == timedelta(weeks=weeks)


def test_people_of_cases_are_gathered_from_the_days_before_a_wave() -> None:
    assert gathers_since(campaign(who=["feedback"], dates=["2026-03-02"], within_days=7), Wave(None, NOON)) == (
        NOON - 7 * DAY
    )


def test_the_latest_reminder_is_due_once() -> None:
    said = {"en": "Words"}
    survey = Survey.model_validate(
        {
            "id": "s", "version": 1, "ask": "campaign", "campaign": {}, "remind_after_days": [7, 14], "title": said,
            "intro": said, "send": said, "thanks": said, "questions": [{"parameter": "overall", "text": said}],
        }
    )  # fmt: skip
    found = [reminder_due(survey, NOON, given, NOON + days * DAY) for given, days in ((0, 6), (0, 7), (1, 13), (1, 14))]
    assert found == [None, 1, None, 2]
    assert reminder_due(survey, NOON, 0, NOON + 20 * DAY) == 2
    assert reminder_due(survey, NOON, 2, NOON + 20 * DAY) is None
