"""Poll, have it its effect, poll again: each batch is one transaction with its partitions' positions.

What is in memory decides nothing. Whatever fails, the next thing is to look up the stored positions
and to read on from there; a batch that was written although it seemed lost, or that somebody else
has written, is then behind them.
"""

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

import structlog

from consumers.kafka import partitions, protocol, saying
from consumers.kafka.access import BrokerUnavailable
from consumers.kafka.backoff import Backoff
from consumers.kafka.breaker import Rule
from consumers.kafka.effect import OUTAGES, TOO_OLD, Effect, Service, World
from consumers.kafka.figures import Figures
from consumers.kafka.lots import Lot, lot, pass_marks
from consumers.kafka.partitions import Partitions
from consumers.kafka.protocol import Cluster, Consumer, Fenced, OutOfRange, Partition
from consumers.kafka.records import Reader
from consumers.kafka.trouble import SHORTLY, Reachable, Salvage, Trouble, told
from consumers.kafka.watchdog import Dog, NoDog, Watched
from consumers.tokens import KeysUnavailable
from engine.store.batch import Conflict

_log = structlog.get_logger()

Polled = Mapping[Partition, Sequence[protocol.Record]]


class Standings(saying.Standings, Protocol):
    """Where it is kept how partitions stand."""

    def forget(self, sources: Collection[str], *, of: str | None = None) -> None: ...


class Store(partitions.Store, Reachable, Protocol):
    """What of the store is asked directly."""

    @property
    def standings(self) -> Standings: ...


@dataclass(frozen=True, slots=True)
class Options:
    """How a member works. ``client`` is its name for people; the rest is in records and seconds."""

    group: str
    client: str
    batch: int = 500
    poll_seconds: float = 1.0
    """Not short: what the library does to join a group is lost where it is not within a poll when the answer comes."""
    check_seconds: float = 5.0
    hint_seconds: float = 1.0
    tell_seconds: float = 60.0
    close_seconds: float = 5.0
    backoff: Backoff = field(default_factory=Backoff)
    rule: Rule = field(default_factory=Rule)


class Consumption:
    """One member of the group that reads these topics. For one thread.

    ``reader_of`` makes the reader of a topic of this name and id.
    """

    def __init__(
        self,
        cluster: Cluster,
        service: Service,
        store: Store,
        topics: Collection[str],
        reader_of: Callable[[str, UUID], Reader],
        options: Options,
        world: World,
        dog: Dog | None = None,
    ) -> None:
        self._dog = dog or NoDog()
        self._cluster, self._store, self._topics = Watched(cluster, self._dog), store, tuple(topics)
        self._options, self._world = options, world
        self.figures = Figures(world.meter)
        self.partitions = Partitions(
            self._cluster,
            store,
            reader_of,
            pass_over=service.pass_over,
            member=options.client,
            rule=options.rule,
            clock=world.clock,
            alarm=self.figures.alarm,
        )
        self._effect = Effect(service, world, options.backoff, self.figures)
        self._consumer: Consumer | None = None
        self._trouble = Trouble(store, self.partitions, self.figures, options.backoff, world)
        self._salvage = Salvage(self._cluster, self.partitions, self._effect, world)
        self._due: dict[str, float] = {}
        self._missing: frozenset[str] = frozenset()
        self._hints: dict[Partition, int] = {}

    def run(self, stop: threading.Event) -> None:
        """Step until ``stop`` is set; what is under way then is finished, and the group is left.

        Raises:
            Fenced: another process has this member's place.
            UnknownEvent, UnknownMasterKey: this program cannot read the log.
        """
        try:
            while not stop.is_set():
                self.step()
        finally:
            self.close()

    def step(self) -> int:
        """Do one poll and all that follows of it; how many records had their effect.

        Raises:
            Fenced, UnknownEvent, UnknownMasterKey: as ``run``.
        """
        try:
            return self._step()
        except TOO_OLD:
            raise
        except BrokerUnavailable as error:
            self._put_off("broker", error)
        except Conflict as error:
            self._put_off("contended", error)
        except KeysUnavailable as error:
            self._put_off("identity", error)
        except OUTAGES as error:
            self._put_off("store", error)
        return 0

    def hindered(self) -> str | None:
        """Return why nothing is read just now; None where that is for want of nothing."""
        return self._trouble.why

    def close(self) -> None:
        """Leave the group, within its time; the partitions go to others."""
        consumer, self._consumer = self._consumer, None
        if consumer is None:
            return
        with suppress(Fenced):
            self._hint(consumer)
        going = [place.source for place in self.partitions.places if place.state != "stopped"]
        there = self._store.reachable(SHORTLY)
        with suppress(*OUTAGES):
            if there:
                self.partitions.say_stops()
        self._close(consumer)
        with suppress(*OUTAGES):
            if there:
                self._store.standings.forget(going, of=self._options.client)
        self._tell()

    # --- one step -------------------------------------------------------------------------------

    def _step(self) -> int:
        consumer = self._consumer or self._join()
        if self._trouble.held_until is not None:
            self._hold(consumer, self._trouble.held_until)
            return 0
        self.partitions.say_stops()
        polled = self._poll(consumer, self._options.poll_seconds)
        if polled is None:
            return 0
        self.partitions.settle()
        if self.partitions.doubtful(polled):
            self.partitions.check()
        done = self._take(self._lot(consumer, polled))
        self._trouble.over()
        self._look_around(consumer)
        return done

    def _join(self) -> Consumer:
        consumer = self._cluster.consumer(group=self._options.group, client=self._options.client)
        self._consumer = consumer
        self.partitions.of(consumer)
        consumer.subscribe(self._topics, self.partitions)
        return consumer

    def _poll(self, consumer: Consumer, seconds: float) -> Polled | None:
        """Return what came; None where a partition has lost its place, or the consumer is no more."""
        self._dog.work("poll")
        begun = self._world.ticks()
        try:
            polled = consumer.poll(seconds, self._options.batch)
            self.figures.polled(self._world.ticks() - begun)
            return polled
        except OutOfRange as error:
            self.figures.failed("out_of_range")
            lost = error.partitions
        except Fenced:
            raise
        except Exception as error:  # noqa: BLE001 # whatever it is, this object must not be polled again
            self._dog.rest()
            self._rebuild(consumer, error)
            return None
        finally:
            self._dog.rest()
        self.partitions.settle()
        self.partitions.lost(lost)
        return None

    def _lot(self, consumer: Consumer, polled: Polled) -> Lot:
        places = ((self.partitions.running(partition), records) for partition, records in polled.items())
        made = lot(((place, records) for place, records in places if place is not None), self._world.ticks())
        for place in self.partitions.places:
            if not polled.get(place.partition) and self.partitions.running(place.partition) is not None:
                pass_marks(made, place, consumer.position(place.partition))
        return made

    def _take(self, given: Lot) -> int:
        """Have a lot its effect, and remember how far the store is; where that is not known, look it up."""
        if not given.stretches:
            return 0
        try:
            self._effect.have(given)
        except Conflict as conflict:
            self.figures.failed("conflict")
            self.partitions.seek_back([stretch.place.partition for stretch in given.stretches])
            if not conflict.sources:
                raise
            _log.warning("batch_overtaken", sources=len(conflict.sources), records=len(given))
            return 0
        for stretch in given.stretches:
            self.partitions.moved(stretch.place, stretch.end, stretch.breaker, stretch.reached)
            self._hints[stretch.place.partition] = stretch.end
        return len(given)

    # --- when something is wrong ----------------------------------------------------------------

    def _put_off(self, what: str, error: BaseException) -> None:
        self._trouble.put_off(what, error, joined=self._consumer is not None)

    def _hold(self, consumer: Consumer, until: float) -> None:
        left = until - self._world.ticks()
        if left > 0:
            self._poll(consumer, min(left, self._options.poll_seconds))
        else:
            self._trouble.go_on()

    def _rebuild(self, consumer: Consumer, error: Exception) -> None:
        """Give up a consumer whose poll has failed, and take what it could not read by other means."""
        self._consumer = None
        self._trouble.gave_up(error, lambda: self._close(consumer))
        if self._salvage.from_all():
            self._trouble.over()

    def _close(self, consumer: Consumer) -> None:
        self._dog.work("close")
        consumer.close(self._options.close_seconds)
        self._dog.rest()

    # --- beside the records ---------------------------------------------------------------------

    def _look_around(self, consumer: Consumer) -> None:
        """Do what is due: hints, checks, what people are told."""
        self.partitions.wake(self._world.ticks())
        if self._hints and self._is_due("hint", self._options.hint_seconds):
            self._hint(consumer)
        if self._is_due("check", self._options.check_seconds):
            self._check()
        if self._is_due("tell", self._options.tell_seconds):
            self._tell()

    def _hint(self, consumer: Consumer) -> None:
        mine = consumer.assignment()
        consumer.hint({each: at for each, at in self._hints.items() if each in mine})
        self._hints.clear()

    def _check(self) -> None:
        try:
            self._miss()
            self.partitions.check()
            self.partitions.settle()
        except BrokerUnavailable as error:
            _log.warning("partitions_not_checked", reason=told(error))
        self.partitions.say()
        self._stand()
        # Also where nothing is new: a hint that is refused is how a member learns that another has its place.
        self._hints.update(
            {place.partition: place.position for place in self.partitions.places if place.position is not None}
        )

    def _miss(self) -> None:
        """Say of a topic that it is not there: the client only goes on asking for it, and deals out none of it."""
        missing = frozenset(self._topics) - self._cluster.topic_ids(self._topics).keys()
        for topic in sorted(missing - self._missing):
            self.figures.alarm(topic, "topic_missing")
            _log.error("topic_missing", topic=topic, note="`plaint topics create` makes it; the others are read")
        self._missing = missing

    def _is_due(self, what: str, seconds: float) -> bool:
        now = self._world.ticks()
        if now < self._due.get(what, now):
            return False
        self._due[what] = now + seconds
        return True

    def _stand(self) -> None:
        self.figures.stand(list(self.partitions.places), self.partitions.rebalances)

    def _tell(self) -> None:
        self._stand()
        _log.info("consumed", **self.figures.told(self.partitions.places))
