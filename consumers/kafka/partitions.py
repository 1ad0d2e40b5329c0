"""The partitions in this member's hands: where each is read from, and which of them stand still, and why.

The stored position decides, never the group's. A partition whose position is not there, or whose
topic is another one than before, stops with an alarm until a person adopts it: to go on by itself
would be to skip or to double in silence.
"""

from collections import deque
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from typing import Final, Literal, Protocol
from uuid import UUID

import structlog

from consumers.kafka.breaker import Breaker, Rule
from consumers.kafka.judging import Inquiry, Known, Positions, Topics
from consumers.kafka.place import FOR_GOOD, Place, Why
from consumers.kafka.protocol import Cluster, Consumer, Partition
from consumers.kafka.records import Reader
from consumers.kafka.saying import Standings, Words
from engine.store.batch import SourceMove
from engine.store.standings import State

_log = structlog.get_logger()

_ADOPT: Final = "nothing of it is read; see `plaint consumers status`, and adopt it once you know what was lost"
_ASKED_AGAIN: Final = "nothing of it is read before the cluster says which offsets it has; it is asked again"


class Store(Protocol):
    """What of the store partitions are looked up in."""

    @property
    def positions(self) -> Positions: ...
    @property
    def topics(self) -> Topics: ...
    @property
    def standings(self) -> Standings: ...


class Partitions:
    """Listens to rebalances; all else is for the thread that polls.

    ``reader_of`` makes the reader of a topic of this name and id; ``member`` is who says how they stand;
    ``pass_over`` moves positions by compare-and-set.
    """

    def __init__(
        self,
        cluster: Cluster,
        store: Store,
        reader_of: Callable[[str, UUID], Reader],
        *,
        pass_over: Callable[[Sequence[SourceMove]], None],
        member: str,
        rule: Rule,
        clock: Callable[[], datetime],
        alarm: Callable[[str, str], None],
    ) -> None:
        self._reader_of, self._positions, self._standings = reader_of, store.positions, store.standings
        self._inquiry = Inquiry(cluster, store.positions, store.topics, pass_over, clock)
        self._words = Words(store.standings, member)
        self._rule, self._clock, self._alarm = rule, clock, alarm
        self._breakers: dict[str, Breaker] = {}
        self.rebalances = 0
        """How often partitions came or went."""
        self._consumer: Consumer | None = None
        self._told: deque[tuple[Literal["assigned", "taken"], Partition]] = deque()
        self._fresh: set[Partition] = set()
        self._places: dict[Partition, Place] = {}
        self._holding = False

    def of(self, consumer: Consumer) -> None:
        """Be the partitions of a new member, which has none yet."""
        self._consumer, self._holding = consumer, False
        self._told.clear()
        self._fresh.clear()
        self._places.clear()

    # --- on the client's thread -----------------------------------------------------------------

    def assigned(self, partitions: Collection[Partition]) -> None:
        """Keep new partitions still until their positions are known."""
        for partition in partitions:
            self._client.seek(partition, 0)
        self._client.pause(partitions)
        self._told.extend(("assigned", partition) for partition in partitions)

    def taken(self, partitions: Collection[Partition]) -> None:
        """Let partitions go."""
        self._told.extend(("taken", partition) for partition in partitions)

    # --- on the thread that polls ---------------------------------------------------------------

    @property
    def places(self) -> Iterable[Place]:
        """All partitions in hand whose positions are known."""
        return self._places.values()

    def running(self, partition: Partition) -> Place | None:
        """Return a partition that may be read now."""
        place = self._places.get(partition)
        return place if place is not None and place.state in ("running", "trying") else None

    def settle(self) -> None:
        """Follow what was told of rebalances: look positions up, seek, and let them be read.

        Raises:
            DatabaseUnavailable, BrokerUnavailable: the new ones keep still; call it again.
        """
        if self._told:
            self.rebalances += 1
        while self._told:
            what, partition = self._told.popleft()
            if (place := self._places.pop(partition, None)) is not None and what == "taken":
                self._words.gone(place)
            (self._fresh.add if what == "assigned" else self._fresh.discard)(partition)
        if self._fresh:
            self._take_up(self._fresh)

    def seek_back(self, partitions: Collection[Partition]) -> None:
        """Read on from where the store says, whatever was read since.

        Raises:
            DatabaseUnavailable: nothing has moved; call it again before the next poll.
        """
        places = [self._places[partition] for partition in partitions if partition in self._places]
        stored = self._positions.look_up([place.source for place in places])
        for place in places:
            place.position = stored.get(place.source)
            self._client.seek(place.partition, place.next)

    def hold(self) -> None:
        """Read nothing for a while, and stay a member."""
        self._holding = True
        self._client.pause(self._client.assignment())

    def go_on(self) -> None:
        """Read again what stands still for no reason of its own.

        Raises:
            DatabaseUnavailable: they are still held.
        """
        self.seek_back(list(self._places))
        self._holding = False
        self._client.resume([place.partition for place in self._places.values() if self.running(place.partition)])

    def moved(self, place: Place, end: int, breaker: Breaker, reached: datetime | None) -> None:
        """Remember that records up to ``end`` have had their effect; a partition whose breaker is open rests."""
        place.position, place.reached = end, reached or place.reached
        self.keep(place, breaker)
        if breaker.state == "open":
            self._rest(place)

    def keep(self, place: Place, breaker: Breaker) -> None:
        """Remember a breaker, also for when the partition is assigned to this process again."""
        place.breaker = self._breakers[place.source] = breaker

    def wake(self, at: float) -> None:
        """Try those again that have rested enough; ``at`` is in the breakers' seconds."""
        for place in self._places.values():
            if place.state == "tripped" and place.breaker.rested(at):
                place.breaker.give_another_try()
                self._runs(place, "trying")
            elif place.state == "trying" and place.breaker.state == "closed":
                self._enter(place, "running", None)

    def lost(self, partitions: Collection[Partition]) -> None:
        """Stop what the cluster no longer has.

        Raises:
            DatabaseUnavailable, BrokerUnavailable: they are stopped all the same.
        """
        places = {self._places[each].source: self._places[each] for each in partitions if each in self._places}
        asked = {source: place.position for source, place in places.items()}
        try:
            self._judge(list(places.values()))
            self._make_sure([place for place in places.values() if place.state != "stopped"])
        finally:
            for source, place in places.items():
                if place.state != "stopped" and place.position == asked[source]:
                    self._stop(place, "truncated")

    def doubtful(self, partitions: Collection[Partition]) -> bool:
        """Whether the client has been told that one of these is of another topic than the one that is read."""
        places = [self._places[each] for each in partitions if each in self._places]
        told = {place.partition.topic: self._client.topic_id(place.partition.topic) for place in places}
        return any(
            told[place.partition.topic] not in (None, place.reader.origin.topic_id)
            for place in places
            if place.state != "stopped"
        )

    def check(self) -> None:
        """Compare ids and bounds with what is known; stop what does not agree, resume what was adopted.

        Raises:
            DatabaseUnavailable, BrokerUnavailable: nothing was compared.
        """
        self._judge(list(self._places.values()))

    def say_stops(self) -> None:
        """Have it kept what was stopped: whoever reads a partition next must find it so. Before every poll.

        Raises:
            DatabaseUnavailable: it is not kept; call it again.
        """
        self._words.say_stops()

    def say(self) -> None:
        """Have it kept how every partition in hand stands, for people.

        Raises:
            DatabaseUnavailable: it is not kept.
        """
        self._words.say(self._places.values())

    # --- taking up and judging ------------------------------------------------------------------

    @property
    def _client(self) -> Consumer:
        if self._consumer is None:
            raise AssertionError("there is no consumer yet")
        return self._consumer

    def _take_up(self, partitions: Collection[Partition]) -> None:
        known = self._inquiry.known(partitions)
        readers = {topic: self._reader_of(topic, topic_id) for topic, topic_id in known.ids.items()}
        here = [each for each in partitions if each in known.bounds or each in known.silent]
        sources = {each: readers[each.topic].origin.source(each.number) for each in here}
        stopped = self._standings.stopped(list(sources.values()))
        stored = self._inquiry.begun({sources[each]: known.bounds[each] for each in here if known.may_begin(each)})
        for partition, source in sources.items():
            place = self._place(partition, readers[partition.topic], stored.get(source))
            place.adopted = known.admitted.get(partition.topic, 0)
            if (why := FOR_GOOD.get(stopped.get(source, ""))) is not None:
                self._stop(place, why)
            elif partition in known.silent:
                self._stop(place, "no_answer")
            else:
                self._follow(place, known)

    def _place(self, partition: Partition, reader: Reader, position: int | None) -> Place:
        breaker = self._breakers.get(reader.origin.source(partition.number)) or Breaker(self._rule)
        place = Place(partition, reader, position, 0, breaker, self._clock(), state="stopped")
        self._places[partition] = place
        self._fresh.discard(partition)
        return place

    def _judge(self, places: Collection[Place]) -> None:
        if not places:
            return
        known = self._inquiry.known([place.partition for place in places])
        still = [each for each in places if known.of(each) and each.state == "stopped"]
        stored = self._inquiry.begun(
            {each.source: known.bounds[each.partition] for each in still if known.may_begin(each.partition)}
        )
        self._make_sure([each for each in places if each.state != "stopped" and known.verdict(each) in FOR_GOOD])
        for place in places:
            if known.asked_anew(place):
                place.position = stored.get(place.source)
            self._follow(place, known)

    def _make_sure(self, places: Collection[Place]) -> None:
        """Look up again where these are, before they are stopped for good: another may have read on meanwhile."""
        stored = self._positions.look_up([place.source for place in places]) if places else {}
        for place in places:
            if place.position != stored.get(place.source):
                place.position = stored.get(place.source)
                self._client.seek(place.partition, place.next)

    def _follow(self, place: Place, known: Known) -> None:
        """Do with a partition what it is judged to."""
        if compared := known.compared(place):
            place.has(known.bounds[place.partition], self._clock())
        verdict = known.verdict(place)
        if compared:
            place.adopted = known.admitted.get(place.partition.topic, 0)
        if verdict == "anew":
            self._again(place)
        elif verdict == "fits":
            self._fits(place)
        elif verdict != "as_it_was":
            self._stop(place, verdict)

    def _again(self, place: Place) -> None:
        """Take a partition up whose name means another topic now, from that one's own position."""
        del self._places[place.partition]
        self._fresh.add(place.partition)
        self._client.pause([place.partition])

    def _fits(self, place: Place) -> None:
        if place.state == "stopped":
            self._client.seek(place.partition, place.next)
            self._runs(place, "running")
            if place.breaker.state == "open":
                self._rest(place)

    def _stop(self, place: Place, why: Why) -> None:
        if (place.state, place.why) != ("stopped", why):
            self._still(place, "stopped", why)
            self._alarm(place.partition.topic, why)
            self._words.stops(place)
            _log.error(
                "partition_stopped",
                topic=place.partition.topic,
                partition=place.partition.number,
                reason=why,
                position=place.next,
                end=place.end,
                note=_ASKED_AGAIN if why == "no_answer" else _ADOPT,
            )

    def _rest(self, place: Place) -> None:
        self._client.seek(place.partition, place.next)
        self._still(place, "tripped", "spoiled")
        self._alarm(place.partition.topic, "spoiled")
        _log.error(
            "partition_rests",
            topic=place.partition.topic,
            partition=place.partition.number,
            spoiled=round(place.breaker.share, 2),
            position=place.next,
            note="too much of it is spoiled: see `plaint dead-letters list`; it is tried again later",
        )

    def _still(self, place: Place, state: State, why: Why | Literal["spoiled"]) -> None:
        self._client.pause([place.partition])
        self._enter(place, state, why)

    def _runs(self, place: Place, state: State) -> None:
        self._enter(place, state, None)
        self._words.runs(place)
        if not self._holding:
            self._client.resume([place.partition])

    def _enter(self, place: Place, state: State, why: Why | Literal["spoiled"] | None) -> None:
        if (place.state, place.why) != (state, why):
            place.state, place.why, place.since = state, why, self._clock()
