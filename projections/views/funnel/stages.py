"""Where a complaint stands in the funnel, event by event.

The stage table of the design as a pure function. Histories of other systems may contradict it
(resolved twice, closed without an outcome, entries after the end). What was said last then holds until the
end: an outcome takes an exit back, a second exit gives the reason; after ``closed`` only a reopening moves.
"""

from dataclasses import dataclass, replace
from typing import Final

from schemas.complaint.base import Event
from schemas.complaint.investigation import ActionAssigned, CauseEstablished, InvestigationStarted
from schemas.complaint.lifecycle import ComplaintClosed, ComplaintDiscontinued, ComplaintReopened, ComplaintResolved
from schemas.complaint.registration import ComplaintRegistered
from schemas.complaint.remedies import RemedyApproved
from schemas.words import ExitReason, Stage

ORDER: Final[tuple[Stage, ...]] = (
    "registration", "investigation", "corrective_action", "satisfaction_check", "closed",
)  # fmt: skip
FIRST_OF_LATER_CYCLES: Final[Stage] = "investigation"


@dataclass(frozen=True, slots=True)
class Place:
    """The stage in which a complaint stands in its running cycle, or from which it left by an exit."""

    cycle: int
    stage: Stage
    exit: ExitReason | None = None
    ended: bool = False
    """Closed after that exit."""


BEGINNING: Final = Place(1, "registration")


def move(place: Place, event: Event) -> Place:
    """Return the place after an event; the same object where the event moves nothing."""
    if isinstance(event, ComplaintReopened):
        return Place(max(place.cycle + 1, event.cycle), FIRST_OF_LATER_CYCLES)
    if place.stage == "closed" or place.ended:
        return place
    if isinstance(event, ComplaintDiscontinued):
        return replace(place, exit=event.reason)
    if place.exit is not None:
        return _after_exit(place, event)
    stage = _entered(place.stage, event)
    return place if stage is None or stage == place.stage else replace(place, stage=stage)


def _after_exit(place: Place, event: Event) -> Place:
    match event:
        case ComplaintResolved():
            return Place(place.cycle, "satisfaction_check")
        case ComplaintClosed():
            return replace(place, ended=True)
        case _:
            return place


def _entered(stage: Stage, event: Event) -> Stage | None:
    match event:
        case ComplaintRegistered(starts_investigation=True) if stage == "registration":
            return "investigation"
        case InvestigationStarted() if stage in {"registration", "corrective_action"}:
            return "investigation"
        case RemedyApproved() | ActionAssigned() | CauseEstablished() if stage in {"registration", "investigation"}:
            return "corrective_action"
        case ComplaintResolved():
            return "satisfaction_check"
        case ComplaintClosed():
            return "closed"
        case _:
            return None
