"""What a story is written in: steps in time, and the time of people who sleep and of a desk that closes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, timezone
from random import Random
from typing import Any, Final
from uuid import UUID, uuid5

from schemas.complaint.base import Command
from schemas.words import Sense

NAMESPACE: Final = uuid5(UUID(int=0), "plaint/sample")
UNKNOWN: Final = UUID(int=0)
"""Stands in a command for the stream of ``Did.other``."""
_DESK_ZONE: Final = timezone(timedelta(hours=3))
"""Moscow, as the shipped calendar of the desk."""
_OPENS, _CLOSES = 9, 18
_WAKES, _SLEEPS = 7, 23


@dataclass(frozen=True, slots=True)
class Said:
    """A channel message arrives: its JSON form, and what its writer means by it."""

    payload: Mapping[str, Any]
    sense: Sense
    opens: bool = False
    """The first message of its case."""


@dataclass(frozen=True, slots=True)
class Did:
    """Somebody of the desk, or a rule, wants something of the case."""

    command: Command
    who: str
    why: str | None = None
    other: str | None = None
    """The case whose stream the command names in ``of`` or ``other``: it is known only once that case is opened."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happens to one case. ``id`` is the same whenever the same sample is played."""

    at: datetime
    case: str
    act: Said | Did
    id: UUID


class Script:
    """Writes the steps of one case down while its time goes on. All times are UTC."""

    def __init__(self, run: str, case: str, at: datetime, draw: Random, steps: list[Step]) -> None:
        self.run, self.case, self.at, self.draw = run, case, at, draw
        self._steps = steps

    def id(self, label: str) -> UUID:
        """Return the id of something in this case; another one at every call."""
        return uuid5(NAMESPACE, f"{self.run}/{self.case}/{label}/{len(self._steps)}")

    def add(self, act: Said | Did) -> None:
        """Write down what happens now."""
        self._steps.append(Step(self.at, self.case, act, self.id("step")))

    @property
    def last(self) -> Said | Did:
        """What happened last."""
        return self._steps[-1].act

    def withhold(self) -> Said | Did:
        """Take back what happened last: it is still on its way."""
        return self._steps.pop().act

    def seconds(self, least: float, most: float) -> None:
        """Let a short time pass."""
        self.at += timedelta(seconds=round(self.draw.uniform(least, most)))

    def people(self, least_hours: float, most_hours: float) -> None:
        """Let time pass for somebody at home: whoever would write at night writes in the morning."""
        self.at += timedelta(hours=self.draw.uniform(least_hours, most_hours))
        self.at = awake(self.at.replace(microsecond=0), self.draw)

    def desk(self, least_hours: float, most_hours: float) -> None:
        """Let open hours of the desk pass."""
        self.at = worked(self.at, self.draw.uniform(least_hours, most_hours))

    def days(self, count: float) -> None:
        """Let whole days pass, and go on while the desk is open."""
        self.at = worked(self.at + timedelta(days=count), self.draw.uniform(0, 2))


def awake(at: datetime, draw: Random) -> datetime:
    """Return ``at``, or some minute of the next morning if people sleep then."""
    local = at.astimezone(_DESK_ZONE)
    if _WAKES <= local.hour < _SLEEPS:
        return at
    day = local.date() if local.hour < _WAKES else local.date() + timedelta(days=1)
    morning = datetime.combine(day, time(_WAKES), tzinfo=_DESK_ZONE) + timedelta(seconds=draw.randrange(4 * 3600))
    return morning.astimezone(UTC)


def worked(at: datetime, hours: float) -> datetime:
    """Return the instant at which the desk has been open for ``hours`` since ``at`` (Monday to Friday, 9 to 18)."""
    local, left = at.astimezone(_DESK_ZONE), timedelta(hours=hours)
    while True:
        day = local.date()
        opens = datetime.combine(day, time(_OPENS), tzinfo=_DESK_ZONE)
        closes = datetime.combine(day, time(_CLOSES), tzinfo=_DESK_ZONE)
        begins = max(local, opens)
        if day.weekday() < 5 and begins < closes:
            if begins + left < closes:
                return (begins + left).astimezone(UTC).replace(microsecond=0)
            left -= closes - begins
        local = datetime.combine(day + timedelta(days=1), time(_OPENS), tzinfo=_DESK_ZONE)
