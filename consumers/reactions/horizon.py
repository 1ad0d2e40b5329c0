"""Up to which instant everything that happened is known here, so that no backlog makes a kept promise a miss.

Each source of what happens says through which instant it has been read. The earliest of them is as far
as clocks may act. One that holds this back for longer than the patience is named and passed over.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from engine.store.standings import StandingRow

MARGIN: Final = timedelta(seconds=5)
"""What reached us a moment ago may still be on its way into the log, and clocks of machines differ."""
TOLERATED: Final = timedelta(minutes=1)
"""A source that is behind by less is at work."""


@dataclass(frozen=True, slots=True)
class Source:
    """One source and the instant through which it has been read; None: nothing is known of it."""

    name: str
    through: datetime | None
    reason: str | None = None
    """Why it stands still, if it says so."""


@dataclass(frozen=True, slots=True)
class Horizon:
    """How far clocks may act, and which sources hold that back or were passed over."""

    through: datetime
    held_by: tuple[Source, ...] = ()
    passed_over: tuple[Source, ...] = ()


def of_partitions(rows: Iterable[StandingRow]) -> list[Source]:
    """Return every partition as a source: read to its end when that was measured, else up to its last record."""
    return [Source(f"{row.said.topic}/{row.said.partition}", _read_through(row), row.said.reason) for row in rows]


def _read_through(row: StandingRow) -> datetime | None:
    said = row.said
    read_all = said.end_offset is not None and (row.position or 0) >= said.end_offset
    return said.measured if read_all and said.measured is not None else said.reached


@dataclass(slots=True)
class Guard:
    """Remembers since when each source has held the clocks back, in seconds that never go backwards."""

    patience: timedelta
    _since: dict[str, float] = field(default_factory=dict)

    def look(self, sources: Collection[Source], now: datetime, ticks: float) -> Horizon:
        """Return how far clocks may act at ``now``; ``ticks`` are the seconds that the patience is measured in."""
        behind = [one for one in sources if one.through is None or one.through < now - TOLERATED]
        self._since = {one.name: self._since.get(one.name, ticks) for one in behind}
        over = [one for one in behind if ticks - self._since[one.name] >= self.patience.total_seconds()]
        waited_for = [one for one in sources if one not in over]
        through = min((_MIN if one.through is None else one.through for one in waited_for), default=now)
        return Horizon(
            max(_MIN, min(now, through)) - MARGIN, tuple(one for one in behind if one not in over), tuple(over)
        )


_MIN: Final = datetime.fromisoformat("1970-01-02T00:00:00+00:00")
