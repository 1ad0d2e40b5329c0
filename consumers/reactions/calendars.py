"""A calendar version that holds for open complaints too re-dates them: each case decides what that means for it.

The log says which versions hold and the timers view which clocks are still pinned to older ones, so
nothing has to be remembered between two looks, and one that was interrupted goes on where it stood.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from engine.configuration.in_force import Book
from engine.incoming import Asked, Circumstances, Sender
from engine.sla.policy import version_for_open
from schemas.complaint.clocks import ReapplySla
from schemas.envelope import RuleSource

_CALENDARS: Final = Sender(workload="timers", actor="rule:calendars", identity="workload")

Version = tuple[str, int]
"""Id and version of a calendar."""


class Pin(NamedTuple):
    """A clock that runs or is paused, and the calendar it is pinned to."""

    stream: UUID
    cycle: int
    calendar: str
    version: int


def outdated(book: Book) -> Mapping[Version, int]:
    """Return the versions that no open clock should be pinned to any more, each with the one to be held to.

    Empty where no version ever applied to open complaints: then there is nothing to look for.
    """
    found = {pinned: version_for_open(book.calendars, *pinned) for pinned in book.calendars}
    return {pinned: newer for pinned, newer in found.items() if newer != pinned[1]}


def commands(pins: Iterable[Pin], book: Book, now: datetime) -> Iterator[Asked]:
    """Return one command per case that has a pin which is outdated; to give it twice changes nothing.

    The id names the cycle and what the case is held to: a case that was closed before the command came
    is asked again once it is reopened.
    """
    newer = outdated(book)
    asked: dict[str, UUID] = {}
    for pin in pins:
        if version := newer.get((pin.calendar, pin.version)):
            asked[f"{pin.stream}/{pin.cycle}/{pin.calendar}@{version}"] = pin.stream
    around = Circumstances(_CALENDARS, RuleSource(), now)
    for command_id, stream in asked.items():
        yield Asked(stream, ReapplySla(), command_id, around)
