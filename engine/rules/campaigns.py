"""Which wave of a campaign has begun, from when on whom it asks, and which reminder is due. Pure."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from schemas.configuration.survey import Campaign, Survey

CATCHES_UP: Final = timedelta(days=3)
"""A wave that began longer ago, while nothing ran, is passed over: who is asked late is not asked on a schedule."""


class Wave(NamedTuple):
    """One day of a campaign's schedule, and when it began; no day: whoever comes is asked at once."""

    day: date | None
    at: datetime


def wave(campaign: Campaign, now: datetime) -> Wave | None:
    """Return the wave that people are invited in at ``now``; None while there is none."""
    if not campaign.dates and campaign.every_weeks is None:
        return Wave(None, now)
    begun = (Wave(day, _instant(campaign, day)) for day in reversed(_days(campaign, now)))
    latest = next((one for one in begun if one.at <= now), None)
    return latest if latest is not None and now < latest.at + CATCHES_UP else None


def next_wave(campaign: Campaign, now: datetime) -> Wave | None:
    """Return the wave that begins next; None where none does any more, or people are asked at once."""
    waves = (Wave(day, _instant(campaign, day)) for day in _days(campaign, now))
    return next((one for one in waves if one.at > now), None)


def gathers_since(campaign: Campaign, begun: Wave) -> datetime:
    """Return since when a case must have been closed, or feedback received, for its person to be asked in a wave."""
    return begun.at - timedelta(days=campaign.within_days)


def reminder_due(survey: Survey, invited_at: datetime, given: int, now: datetime) -> int | None:
    """Return which reminder is due; one at a time, and none twice."""
    passed = sum(invited_at + timedelta(days=days) <= now for days in survey.remind_after_days)
    return passed if passed > given else None


def _days(campaign: Campaign, now: datetime) -> Sequence[date]:
    """Return the days of the schedule: of one without end the two around ``now``."""
    if campaign.begins is None or campaign.every_weeks is None:
        return campaign.dates
    step = timedelta(weeks=campaign.every_weeks)
    today = now.astimezone(ZoneInfo(campaign.timezone)).date()
    passed = max(0, (today - campaign.begins) // step)
    first = campaign.begins + max(0, passed - 1) * step
    return tuple(first + count * step for count in range(3))


def _instant(campaign: Campaign, day: date) -> datetime:
    return datetime.combine(day, time.fromisoformat(campaign.at), ZoneInfo(campaign.timezone))
