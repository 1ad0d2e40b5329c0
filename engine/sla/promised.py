"""When somebody who complains may expect his answer: the promise in force, as his clocks stand now. Pure."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final, Protocol

from engine.sla.calendar import compile_calendar
from engine.sla.fact import from_stored
from engine.sla.judge import Verdict, judge
from engine.sla.marks import steps
from schemas.complaint.base import Event
from schemas.complaint.clocks import SlaApplied
from schemas.configuration.calendar import Calendar
from schemas.envelope import Envelope

_ANSWERS: Final = ("resolution", "total_resolution")
"""Clocks whose end is an answer, before those of a law; a first reply may still be an interim one."""
_STATUTORY: Final = "statutory:"
_FIRST: Final = "first_reply"


class Stored(Protocol):
    """A fact as the store gives it back."""

    @property
    def event(self) -> Event: ...
    @property
    def envelope(self) -> Envelope: ...
    @property
    def recorded_at(self) -> datetime: ...


def expected_by(
    history: Iterable[Stored], calendars: Mapping[tuple[str, int], Calendar], now: datetime
) -> datetime | None:
    """Return the due of the answer that was promised; None where nothing was, or where it has passed.

    That is the resolution's, else the earliest that a law asks for, else that of the first reply.
    """
    known = list(history)
    pins = {
        (clock.calendar, clock.calendar_version)
        for one in known
        if isinstance(one.event, SlaApplied)
        for clock in one.event.clocks
    }
    if not pins or not pins <= calendars.keys():
        return None
    compiled = {pin: compile_calendar(calendars[pin]) for pin in pins}
    facts = (from_stored(one.event, one.envelope, one.recorded_at) for one in known)
    running = [one for one in judge(steps(facts), compiled, now) if one.open and one.due_at > now]
    for wanted in (_resolves, _is_statutory, _is_first):
        if dues := [one.due_at for one in running if wanted(one)]:
            return min(dues)
    return None


def _resolves(clock: Verdict) -> bool:
    return clock.kind in _ANSWERS


def _is_statutory(clock: Verdict) -> bool:
    return clock.kind.startswith(_STATUTORY)


def _is_first(clock: Verdict) -> bool:
    return clock.kind == _FIRST
