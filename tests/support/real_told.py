"""What every complaint of the two real files must come to, told from the files alone by the rules of the mappings.

Nothing of the product is used: a complaint is its cycles, a cycle the five instants at which a stage can begin,
and a history the names of what happened, each with its line. All published figures are counted from these.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

STAGES = ("registration", "investigation", "corrective_action", "satisfaction_check", "closed")


@dataclass(frozen=True)
class Happened:
    """One thing that the log must hold, in its order."""

    name: str
    at: datetime
    line: int
    actor: str = "service:import"
    facts: dict[str, Any] = field(default_factory=dict)
    """Without opaque ids and without what every such event says alike."""


@dataclass
class Cycle:
    """When each stage was begun, if it was."""

    begun: datetime
    investigated: datetime | None = None
    acted: datetime | None = None
    resolved: datetime | None = None
    closed: datetime | None = None


@dataclass(frozen=True)
class Stay:
    """One stage of one cycle."""

    cycle: int
    stage: str
    entered: datetime
    left: datetime | None
    skipped: bool = False


@dataclass(eq=False)
class Told:
    """One complaint."""

    name: str
    line: int
    by_day: bool
    zone: ZoneInfo
    unit: str
    channel: str
    complainant: str
    cycles: list[Cycle]
    history: list[Happened]
    type: str | None = None
    product: str | None = None
    subtype: str | None = None
    location: str | None = None
    segment: str | None = None
    vulnerable: bool = False
    team: str | None = None
    assignee: str | None = None
    priority: str | None = None
    outcome: str | None = None
    """Of the running cycle."""
    disputed: bool = False
    waits: int = 0
    first_reply: tuple[datetime, str, str | None] | None = None
    """When, by whom, and of which team."""
    tags: tuple[str, ...] = ()
    fields: dict[str, Any] = field(default_factory=dict)

    @property
    def opened(self) -> datetime:
        return self.cycles[0].begun

    @property
    def latest(self) -> datetime:
        return max(one.at for one in self.history)

    @property
    def running(self) -> Cycle:
        return self.cycles[-1]

    @property
    def stage(self) -> str:
        return self.stays[-1].stage

    def day(self, at: datetime) -> date:
        """Return the day of an instant as the complaint counts days."""
        return at.astimezone(self.zone).date()

    @property
    def stays(self) -> list[Stay]:
        """Every stage of every cycle, those passed over too."""
        found = []
        for number, cycle in enumerate(self.cycles, 1):
            ends = self.cycles[number].begun if number < len(self.cycles) else None
            found += list(_stays(number, cycle, ends))
        return found


def _stays(number: int, cycle: Cycle, ends: datetime | None) -> Iterator[Stay]:
    first = cycle.begun if number == 1 else None
    second = cycle.investigated if number == 1 else cycle.begun
    began = dict(zip(STAGES, (first, second, cycle.acted, cycle.resolved, cycle.closed), strict=True))
    stages = list(STAGES[0 if number == 1 else 1 :])
    while began[stages[-1]] is None:
        stages.pop()
    for place, stage in enumerate(stages):
        entered = began[stage]
        following = next((at for later in stages[place + 1 :] if (at := began[later]) is not None), None)
        if entered is None:
            assert following is not None
            yield Stay(number, stage, following, following, skipped=True)
        else:
            yield Stay(number, stage, entered, following or ends)


def code(text: str, prefix: str = "") -> str:
    """Return the code that a text becomes: small Latin letters and digits, one dash for all else."""
    return prefix + re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
