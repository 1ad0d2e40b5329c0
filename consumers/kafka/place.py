"""One partition in a member's hands: where it is read from, and whether it stands still and why."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from consumers.kafka.breaker import Breaker
from consumers.kafka.protocol import Bounds, Partition
from consumers.kafka.records import Reader
from engine.store import standings
from engine.store.standings import State

Why = Literal["topic_replaced", "topic_missing", "below_start", "beyond_end", "truncated", "no_answer"]
"""``topic_replaced``: the name means another topic, or one of another cluster. ``topic_missing``: there is none.
``below_start``: what comes next was deleted unread. ``beyond_end``: the log is shorter than what was read of it.
``truncated``: the broker says that the position is of a history that is no more.
``no_answer``: nobody says which offsets it has, as while it has no leader; it is asked again."""
FOR_GOOD: Final[Mapping[str, Why]] = {each: each for each in standings.FOR_GOOD}
"""What does not pass by itself: a log that has grown again is not the one that was read."""


@dataclass(slots=True)
class Place:
    """One partition in hand. ``position`` is the stored one, None while its topic is not admitted."""

    partition: Partition
    reader: Reader
    position: int | None
    begin: int
    """Where it is read from while nothing is stored."""
    breaker: Breaker
    since: datetime
    state: State = "running"
    why: Why | Literal["spoiled"] | None = None
    end: int | None = None
    reached: datetime | None = None
    measured: datetime | None = None
    """When ``end`` was asked for."""
    adopted: int = 0
    """How often its topic had been adopted when it was judged last."""

    @property
    def source(self) -> str:
        """The name under which its position is kept."""
        return self.reader.origin.source(self.partition.number)

    @property
    def next(self) -> int:
        """The offset to be read next."""
        return self.begin if self.position is None else self.position

    @property
    def lag(self) -> int:
        """How many offsets are left, as far as is known; marks of transactions count."""
        return max(0, (self.end or 0) - self.next)

    def has(self, bounds: Bounds, at: datetime) -> None:
        """Remember which offsets it had at an instant; while nothing is stored, it is read from the first of them."""
        self.end, self.measured = bounds.end, at
        if self.position is None and self.state == "stopped":
            self.begin = bounds.first
