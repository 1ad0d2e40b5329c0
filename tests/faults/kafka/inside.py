"""An installation opened within this process, and a member of its group whose clock and listener can be bent."""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from consumers.kafka.access import Access
from consumers.kafka.breaker import Rule
from consumers.kafka.client import Broker
from consumers.kafka.effect import World
from consumers.kafka.loop import Consumption, Options
from consumers.kafka.records import Reader
from consumers.wiring import build, clock
from consumers.wiring.broker import limits_of
from consumers.wiring.build import Installation
from consumers.wiring.consumption import reader_of
from consumers.wiring.settings import from_environment
from faults.kafka.site import Site
from support.broker import unique

NEVER: Final = Rule(least=1_000_000)
"""Of a partition that does not rest."""


@dataclass(frozen=True, slots=True)
class Inside:
    """An installation that reads the topic of a site."""

    site: Site
    here: Installation
    broker: Broker

    def member(self, *, now: Callable[[], datetime] = clock.now, rule: Rule = NEVER) -> Consumption:
        """Return a new member of the group; ``now`` is its clock."""
        given = self.here.settings
        readers = reader_of(self.here, self.broker.cluster_id())

        def reader(topic: str, topic_id: UUID) -> Reader:
            return Reader(readers(topic, topic_id).origin, limits_of(given), now)

        options = Options(given.kafka_group, unique("inside"), poll_seconds=0.3, check_seconds=1.0, rule=rule)
        world = World(now, time.monotonic, time.sleep, random.random)
        return Consumption(self.broker, self.here.service, self.here.store, [self.site.topic], reader, options, world)

    def sources(self) -> dict[int, str]:
        """Return by partition the name under which its position is kept."""
        cluster = self.broker.cluster_id()
        return {number: f"kafka:{cluster}/{self.site.topic_id}/{number}" for number in self.site.ends()}

    def behind(self) -> bool:
        """Whether something of the topic is left to be read."""
        ends, sources = self.site.ends(), self.sources()
        stored = self.here.store.positions.look_up(list(sources.values()))
        return any(stored.get(source, 0) < ends[number] for number, source in sources.items())


@contextmanager
def inside(site: Site, database: str, **settings: str) -> Iterator[Inside]:
    """Open the installation of a site on this database, beside every wire."""
    given = {**site.settings, **settings, "PLAINT_DATABASE": database, "PLAINT_KAFKA_SERVERS": site.broker.inside}
    with (
        build.opened(from_environment(given)) as here,
        closing(Broker(Access(tuple(site.broker.inside.split(","))))) as broker,
    ):
        yield Inside(site, here, broker)


def within(member: Consumption, holds: Callable[[], bool], seconds: float) -> bool:
    """Let a member work until something holds; whether it did in time."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        member.step()
    return True
