"""What a member does when something fails: it waits within its group, or gives its consumer up and reads otherwise."""

from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

import structlog

from consumers.kafka.access import BrokerUnavailable
from consumers.kafka.backoff import Backoff
from consumers.kafka.effect import OUTAGES, Effect, World
from consumers.kafka.figures import Figures
from consumers.kafka.lots import salvaged
from consumers.kafka.partitions import Partitions
from consumers.kafka.place import Place
from consumers.kafka.protocol import Cluster, OutOfRange
from engine.store.batch import Conflict
from engine.store.database.errors import DatabaseUnavailable

_log = structlog.get_logger()

SHORTLY = 2.0
"""For so long it is waited whether a database that was down is back, or still there at the end."""


class Reachable(Protocol):
    """A store of which it can be asked whether it is there."""

    def reachable(self, seconds: float) -> bool:
        """Whether the database answers within this time; all else may wait for much longer."""


class Trouble:
    """Counts failures in a row; each makes the wait longer in which nothing is read."""

    def __init__(
        self, store: Reachable, partitions: Partitions, figures: Figures, backoff: Backoff, world: World
    ) -> None:
        self._store, self._partitions, self._figures = store, partitions, figures
        self._backoff, self._world = backoff, world
        self._failures = 0
        self._down = False
        """Whether it is held for the database's sake."""
        self.held_until: float | None = None
        self.why: str | None = None
        """For people: why nothing is read."""

    def over(self) -> None:
        """Something went well: the next wait is a short one."""
        self._failures, self.why = 0, None

    def put_off(self, what: str, error: BaseException, *, joined: bool) -> None:
        """Read nothing for a while, and stay in the group where the member has joined it."""
        self._failures += 1
        self._figures.failed(what)
        self.why = f"reading Kafka is put off ({what}): {told(error)}"
        seconds = self._backoff.seconds(self._failures, self._world.chance())
        _log.warning(
            "consumption_put_off",
            what=what,
            kind=type(error).__name__,
            reason=told(error),
            seconds=round(seconds, 2),
            failures=self._failures,
        )
        if not joined:
            self._world.wait(seconds)
            return
        self.held_until = self._world.ticks() + seconds
        self._down = what == "store"
        self._partitions.hold()
        if not self._down:
            with suppress(*OUTAGES):
                self._partitions.say_stops()

    def go_on(self) -> None:
        """Read on from what is stored.

        Raises:
            DatabaseUnavailable, BrokerUnavailable: not yet.
        """
        if self._down and not self._store.reachable(SHORTLY):
            raise DatabaseUnavailable("the database does not answer yet")
        self._partitions.say_stops()
        self._partitions.settle()
        self._partitions.go_on()
        self.held_until = None

    def gave_up(self, error: Exception, close: Callable[[], None]) -> None:
        """Let go of a consumer whose poll has failed; where that happens again and again, wait in between."""
        self.held_until = None
        self._figures.failed("poll")
        self._failures += 1
        _log.error("consumer_rebuilt", kind=type(error).__name__, failures=self._failures)
        close()
        if self._failures > 1:
            self._world.wait(self._backoff.seconds(self._failures - 1, self._world.chance()))


class Salvage:
    """Takes what the client cannot read by other means: record by record, what is damaged goes aside."""

    def __init__(self, cluster: Cluster, partitions: Partitions, effect: Effect, world: World) -> None:
        self._cluster, self._partitions, self._effect, self._world = cluster, partitions, effect, world

    def from_all(self) -> bool:
        """Look at every partition that is read; whether something damaged was passed."""
        running = [place for place in self._partitions.places if self._partitions.running(place.partition) is not None]
        passed = [self._from(place) for place in running]
        return any(passed)

    def _from(self, place: Place) -> bool:
        try:
            found = self._cluster.read_raw(place.partition, place.next)
        except OutOfRange:
            return False
        made = salvaged(place, found, self._world.ticks())
        if made is None:
            return False
        with suppress(Conflict):
            self._effect.have(made)
            for stretch in made.stretches:
                self._partitions.keep(place, stretch.breaker)
                _log.warning(
                    "damage_passed",
                    topic=place.partition.topic,
                    partition=place.partition.number,
                    first=place.next,
                    next=stretch.end,
                )
            return bool(made.stretches)
        return False


def told(error: BaseException) -> str:
    """Return the text of errors that are our own words, and of others only their kind."""
    return str(error) if isinstance(error, BrokerUnavailable | DatabaseUnavailable) else type(error).__name__
