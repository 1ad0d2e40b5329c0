"""Stop reading a partition whose records are spoiled one after the other: then it is rather we who are wrong.

A bad release of a sender, or of ours, would otherwise turn a whole topic into dead letters within
minutes. Nothing is lost either way, but a partition that rests needs no replay.
"""

import copy
from collections import deque
from dataclasses import dataclass
from typing import Literal, Self

BreakerState = Literal["closed", "open", "trying"]


@dataclass(frozen=True, slots=True)
class Rule:
    """When a partition rests, and for how long."""

    window: int = 100
    """How many of the last records count."""
    least: int = 20
    """Below this many nothing is judged; a try takes this many."""
    share: float = 0.5
    """From this part of spoiled ones on it rests."""
    rest_seconds: float = 60.0
    longest_rest_seconds: float = 900.0
    """The rest doubles with every try that failed."""


class Breaker:
    """One partition's. Times are seconds of a clock that never goes back, handed in."""

    def __init__(self, rule: Rule) -> None:
        self._rule = rule
        self._window: deque[bool] = deque(maxlen=rule.window)
        self._until = 0.0
        self._failed = 0
        self.state: BreakerState = "closed"

    @property
    def share(self) -> float:
        """Part of the window that was spoiled."""
        return sum(self._window) / len(self._window) if self._window else 0.0

    def copied(self) -> Self:
        """Return one that can count what may yet not have its effect."""
        other = copy.copy(self)
        other._window = self._window.copy()  # noqa: SLF001 # of its own kind
        return other

    def saw(self, at: float, *, spoiled: bool) -> None:
        """Count a record. It opens where too many were spoiled, and closes after a try that went well."""
        self._window.append(spoiled)
        if self.state == "open" or len(self._window) < self._rule.least:
            return
        if self.share >= self._rule.share:
            rest = self._rule.rest_seconds * 2.0 ** min(self._failed, 30)
            self.state, self._until = "open", at + min(rest, self._rule.longest_rest_seconds)
            self._failed += 1
        elif self.state == "trying":
            self.state, self._failed = "closed", 0

    def rested(self, at: float) -> bool:
        """Whether it is open and has rested enough to be tried again."""
        return self.state == "open" and at >= self._until

    def give_another_try(self) -> None:
        """Judge anew, by what comes from here on."""
        self.state = "trying"
        self._window.clear()
