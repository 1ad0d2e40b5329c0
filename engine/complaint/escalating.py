"""What a clock asks for before and after its due: a warning to who answers, then levels of its chain.

The clock door only proposes; the clock as judged now decides. A warning holds for as long as it was
given at or after its share of the time was used up: where the due has moved away since, it is due again.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from engine.complaint import clocks
from engine.complaint.given import Given
from engine.sla.calendar import compile_calendar, from_us, to_us
from engine.sla.judge import Threshold, Verdict
from engine.sla.steps import StepAt
from engine.sla.worktime import add_open
from schemas.complaint.assignment import ComplaintEscalated, EscalateByClock
from schemas.complaint.base import Event
from schemas.refusals import Refusal

if TYPE_CHECKING:
    from engine.complaint.case import Case

WARNING, MISSED = "warning", "deadline_missed"
"""Reasons that the record gives."""


class Told(Protocol):
    """What a clock has brought about already."""

    @property
    def clock_key(self) -> tuple[str, int, int]: ...
    @property
    def level(self) -> int: ...
    @property
    def percent(self) -> int | None: ...
    @property
    def at(self) -> datetime: ...


def by_clock(command: EscalateByClock, case: Case, given: Given) -> tuple[Event, ...]:
    """Return the warning or the level that a clock asks for now; nothing where it was given already.

    Raises:
        Refusal: ``unknown_clock``, or ``not_due`` where the clock asks for none now.
    """
    clock = clocks.clock_of(command.clock, command.cycle, command.instance, given)
    told = told_to(case.assignment.told, clock)
    if command.level == 0:
        return _warn(clock, told, case, given)
    step = next((one for one in clock.escalations if one.level == command.level), None)
    if step is not None and step.level in {one.level for one in told}:
        return ()
    if step is None or not clock.open or step.at > given.now:
        raise Refusal("not_due", "the clock asks for no such level now", clock=clock.kind, state=clock.state)
    return (_escalated(clock, case, given, level=step.level, reason=MISSED, team=step.to),)


def _warn(clock: Verdict, told: tuple[Told, ...], case: Case, given: Given) -> tuple[Event, ...]:
    passed = [one for one in clock.warnings if one.at <= given.now] if clock.state == "running" else []
    if not passed:
        raise Refusal("not_due", "the clock asks for no warning now", clock=clock.kind, state=clock.state)
    if is_given(passed[-1], told):
        return ()
    held = case.assignment
    event = _escalated(clock, case, given, level=0, reason=WARNING, team=held.team)
    return (event.model_copy(update={"to": held.assignee, "percent": passed[-1].percent}),)


def _escalated(
    clock: Verdict, case: Case, given: Given, *, level: int, reason: str, team: str | None
) -> ComplaintEscalated:
    return ComplaintEscalated(
        subject_id=case.subject(given),
        level=level,
        reason=reason,
        team=team,
        clock=clock.kind,
        cycle=clock.cycle,
        instance=clock.instance,
        due_at=clock.due_at,
        detected_at=given.now,
        notify_from=_notify_from(given),
    )


def _notify_from(given: Given) -> datetime | None:
    """Return when the desk opens next; None where it is open, or where no calendar of its hours is named."""
    name = given.book.desk.notify_calendar
    if name is None or name not in given.book.latest_calendar:
        return None
    opens = from_us(add_open(compile_calendar(given.book.calendar(name)), to_us(given.now), 1) - 1)
    return opens if opens > given.now else None


def told_to(told: Iterable[Told], clock: Verdict) -> tuple[Told, ...]:
    """Return what this very clock has brought about."""
    key = clock.kind, clock.cycle, clock.instance
    return tuple(one for one in told if one.clock_key == key)


def is_given(threshold: Threshold, told: Iterable[Told]) -> bool:
    """Whether a warning of this share, or of a larger one, was given since the share was used up."""
    return any(one.percent is not None and one.percent >= threshold.percent and one.at >= threshold.at for one in told)


def pending_warning(clock: Verdict, told: Iterable[Told]) -> Threshold | None:
    """Return the next warning of a running clock that was not given."""
    given = tuple(told)
    return next((one for one in clock.warnings if not is_given(one, given)), None)


def pending_step(clock: Verdict, told: Iterable[Told]) -> StepAt | None:
    """Return the next level of a missed clock that was not called in."""
    levels = {one.level for one in told}
    return next((one for one in clock.escalations if one.level not in levels), None)
