"""Who answers for the complaint, and how high it has been escalated."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, assert_never

from engine.complaint import escalating
from engine.complaint.change import changed
from engine.complaint.given import Circumstances, Given
from schemas.complaint.assignment import Assign, ComplaintAssigned, ComplaintEscalated, Escalate, EscalateByClock
from schemas.complaint.base import Event
from schemas.refusals import Refusal

if TYPE_CHECKING:
    from engine.complaint.case import Case

Events = ComplaintAssigned | ComplaintEscalated
Commands = Assign | Escalate | EscalateByClock


@dataclass(frozen=True, slots=True)
class Told:
    """A warning (level 0) or a level that a clock has brought about."""

    clock: str
    cycle: int
    instance: int
    level: int
    percent: int | None
    at: datetime

    @property
    def clock_key(self) -> tuple[str, int, int]:
        """Which clock of the complaint."""
        return self.clock, self.cycle, self.instance


def told_of(event: ComplaintEscalated) -> Told | None:
    """Return what a clock has brought about; None where it was somebody's own decision."""
    if event.clock is None or event.cycle is None or event.instance is None or event.detected_at is None:
        return None
    return Told(event.clock, event.cycle, event.instance, event.level, event.percent, event.detected_at)


@dataclass(frozen=True, slots=True)
class Assignment:
    """Who answers now. ``level`` 0: never escalated."""

    team: str | None = None
    assignee: str | None = None
    business_unit: str | None = None
    level: int = 0
    told: tuple[Told, ...] = ()
    """What clocks have brought about, in the order of the record."""


def decide(command: Commands, case: Case, given: Given) -> tuple[Event, ...]:
    """Return what follows from a command of this concern."""
    match command:
        case Assign():
            return _assign(command, case, given)
        case Escalate():
            return _escalate(command, case, given)
        case EscalateByClock():
            return escalating.by_clock(command, case, given)
    assert_never(command)


def _assign(command: Assign, case: Case, given: Given) -> tuple[Event, ...]:
    """A team without a person takes the case from the person who had it; a person alone stays in his team."""
    held = case.assignment
    if command.team is None and command.assignee is None and command.business_unit is None:
        raise Refusal("nothing_to_do", "an assignment needs a team, a person or a business unit")
    keeps_person = command.assignee is None and command.team is None
    event = ComplaintAssigned(
        subject_id=case.subject(given),
        team=command.team or held.team,
        assignee=held.assignee if keeps_person else command.assignee,
        business_unit=command.business_unit,
        previous_team=held.team,
        previous_assignee=held.assignee,
        reason=command.reason,
        considered=command.considered or None,
    )
    return () if _evolve_assigned(held, event) == held else (event,)


def _escalate(command: Escalate, case: Case, given: Given) -> tuple[Event, ...]:
    """Levels only rise: a level that is reached or passed already holds."""
    if command.level <= case.assignment.level:
        return ()
    return (
        ComplaintEscalated(
            subject_id=case.subject(given), level=command.level, reason=command.reason, to=command.to, team=command.team
        ),
    )


def evolve(part: Assignment, event: Events, _: Circumstances) -> Assignment:
    """Apply one stored fact."""
    match event:
        case ComplaintAssigned():
            return _evolve_assigned(part, event)
        case ComplaintEscalated():
            found = told_of(event)
            told = part.told if found is None else (*part.told, found)
            return changed(part, level=max(part.level, event.level), told=told)
    assert_never(event)


def _evolve_assigned(part: Assignment, event: ComplaintAssigned) -> Assignment:
    return changed(
        part,
        team=event.team or part.team,
        assignee=event.assignee,
        business_unit=event.business_unit or part.business_unit,
    )
