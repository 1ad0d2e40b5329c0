"""What the clocks of a complaint have brought about already, and what each will ask for next."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Literal, NamedTuple

from engine.complaint.assignment import Told, told_of
from engine.complaint.escalating import pending_step, told_to
from engine.sla.judge import Threshold, Verdict
from schemas.complaint.assignment import ComplaintEscalated
from schemas.complaint.base import Event
from schemas.complaint.clocks import DeadlineMissed
from schemas.complaint.correspondence import ComplaintReplied
from schemas.complaint.lifecycle import ComplaintReopened, OutcomeAccepted, OutcomeDisputed

Key = tuple[str, int, int]
"""Kind, cycle and instance: which clock of its complaint it is."""
Asks = Literal["warning", "miss", "term", "escalation"]
SATISFACTION: Final = "stage:satisfaction_check"
"""Its due is the end of the complainant's time for a word, not a promise of ours."""


def key_of(one: Verdict) -> Key:
    """Return which clock of its complaint a verdict is of."""
    return one.kind, one.cycle, one.instance


@dataclass(frozen=True, slots=True)
class Reported:
    """What stands in the record of a complaint's clocks beside what they are judged by."""

    missed: tuple[Key, ...] = ()
    told: tuple[Told, ...] = ()
    at: datetime | None = None
    """When the door last found something."""
    answered: bool = False
    """A final reply stands in the running cycle."""
    disputed: bool = False
    """The complainant's last word in it is that he is not content."""


NOTHING: Final = Reported()


def step(known: Reported, event: Event) -> Reported:
    """Return what is known after an event; the same object where it says nothing of this."""
    match event:
        case DeadlineMissed():
            key = event.clock, event.cycle, event.instance
            return replace(known, missed=(*known.missed, key), at=_later(known.at, event.detected_at))
        case ComplaintEscalated():
            told = told_of(event)
            return known if told is None else replace(known, told=(*known.told, told), at=_later(known.at, told.at))
        case ComplaintReplied() if event.final:
            return replace(known, answered=True)
        case OutcomeDisputed():
            return replace(known, disputed=True)
        case OutcomeAccepted():
            return replace(known, disputed=False)
        case ComplaintReopened():
            return replace(known, answered=False, disputed=False)
        case _:
            return known


def _later(one: datetime | None, other: datetime) -> datetime:
    return other if one is None else max(one, other)


class Action(NamedTuple):
    """What a clock asks for next if nothing happens, and when; nothing at all where ``asks`` is None."""

    asks: Asks | None = None
    at: datetime | None = None
    level: int | None = None


def action_of(clock: Verdict, known: Reported, warning: Threshold | None) -> Action:
    """Return what a clock asks for next. ``warning`` is the next one that it would give.

    A miss is asked for until it stands in the record, also where the clock has ended since; a level
    only while it is open.
    """
    if clock.state not in ("running", "missed"):
        return Action()
    if clock.state == "running" and warning is not None:
        return Action("warning", warning.at, 0)
    at = clock.due_at if clock.missed_at is None else clock.missed_at
    if clock.kind == SATISFACTION:
        waits = clock.open and known.answered and not known.disputed
        return Action("term", at) if waits else Action()
    if key_of(clock) not in known.missed:
        return Action("miss", at)
    step = pending_step(clock, told_to(known.told, clock)) if clock.open else None
    return Action() if step is None else Action("escalation", step.at, step.level)


def to_json(known: Reported) -> dict[str, Any]:
    """Return it as plain JSON data, for a row."""
    return {
        "missed": known.missed,
        "told": [
            (one.clock, one.cycle, one.instance, one.level, one.percent, one.at.isoformat()) for one in known.told
        ],
        "at": None if known.at is None else known.at.isoformat(),
        "answered": known.answered,
        "disputed": known.disputed,
    }


def from_json(data: Mapping[str, Any]) -> Reported:
    """Return what ``to_json`` made ``data`` of."""
    return Reported(
        missed=tuple((kind, cycle, instance) for kind, cycle, instance in data["missed"]),
        told=tuple(
            Told(clock, cycle, instance, level, percent, datetime.fromisoformat(at))
            for clock, cycle, instance, level, percent, at in data["told"]
        ),
        at=None if data["at"] is None else datetime.fromisoformat(data["at"]),
        answered=data["answered"],
        disputed=data["disputed"],
    )
