"""When is who called in: the steps of an escalation, counted from where the clock was missed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from engine.sla.calendar import OpenTime, from_us
from engine.sla.kinds import Step
from engine.sla.target import counts_after, day_due, days_of, due_after_time, duration, end_day, end_of_day
from schemas.configuration.policy import Target


@dataclass(frozen=True, slots=True)
class StepAt:
    """A level of an escalation, who is called in, and when."""

    level: int
    to: str
    at: datetime


def steps_at(steps: Sequence[Step], calendar: OpenTime, missed: int) -> tuple[StepAt, ...]:
    """Return when each step is due after a clock was missed, in their order; waiting does not hold them up.

    Raises:
        BeyondCalendar: a step leaves the years that can be counted.
    """
    return tuple(StepAt(one.level, one.to, from_us(_after(one.after, calendar, missed))) for one in steps)


def _after(target: Target | None, calendar: OpenTime, missed: int) -> int:
    if target is None:
        return missed
    if not target.in_days:
        return due_after_time(calendar, target.unit, missed, duration(target), ())
    day = day_due(calendar, missed)
    after = counts_after(calendar, target, missed, day)
    day = end_day(calendar, target.unit, after, days_of(target, day), (), target.by)
    return end_of_day(calendar, target.unit, day, target.by)
