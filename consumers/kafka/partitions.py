"""The partitions in this member's hands: where each is read from, and which of them stand still, and why.

The stored position decides, never the group's. A partition whose position is not there, or whose
topic is another one than before, stops with an alarm until a person adopts it: to go on by itself
would be to skip or to double in silence.
"""

from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal, Protocol
from uuid import UUID

import structlog

from consumers.kafka.access import BrokerUnavailable
from consumers.kafka.breaker import Breaker, Rule
from consumers.kafka.protocol import Bounds, Cluster, Consumer, Partition
from consumers.kafka.records import Reader
from engine.store.batch import SourceMove
from engine.store.standings import Standing, State

_log = structlog.get_logger()

Why = Literal["topic_replaced", "topic_missing", "below_start", "beyond_end", "truncated", "no_answer"]
"""``topic_replaced``: the name means another topic, or one of another cluster. ``topic_missing``: there is none.
``below_start``: what comes next was deleted unread. ``beyond_end``: the log is shorter than what was read of it.
``truncated``: the broker says that the position is of a history that is no more.
``no_answer``: nobody says which offsets it has, as while it has no leader; it is asked again."""
RETRY_SECONDS = 30.0
"""After so long a partition that did not answer is asked again."""
_ASKING_SECONDS: Final = 20.0
"""For so long partitions are asked one by one, where one of them makes the question to all fail."""


_FOR_GOOD: Final[Mapping[str, Why]] = {
    "below_start": "below_start",
    "beyond_end": "beyond_end",
    "truncated": "truncated",
}
"""What does not pass by itself: a log that has grown again is not the one that was read."""


_ADOPT: Final = "nothing of it is read; see `plaint consumers status`, and adopt it once you know what was lost"
_ASKED_AGAIN: Final = "nothing of it is read before the cluster says which offsets it has; it is asked again"


class Positions(Protocol):
    """The store's positions."""

    def look_up(self, sources: Collection[str]) -> dict[str, int]: ...


class Topics(Protocol):
    """The store's knowledge of which topic a name means."""

    def admitted(self, cluster: str, topics: Mapping[str, UUID]) -> Mapping[str, int]: ...


class Standings(Protocol):
    """What was last said of partitions."""

    def stopped(self, sources: Collection[str]) -> dict[str, str]: ...

    def say(self, partitions: Collection[Standing]) -> None: ...


class Store(Protocol):
    """What of the store partitions are looked up in."""

    @property
    def positions(self) -> Positions: ...
    @property
    def topics(self) -> Topics: ...
    @property
    def standings(self) -> Standings: ...


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
        alarms: Counter[str],
    ) -> None:
        self._cluster, self._reader_of = cluster, reader_of
        self._positions, self._topics, self._standings = store.positions, store.topics, store.standings
        self._pass_over = pass_over
        self._member, self._rule, self._clock, self._alarms = member, rule, clock, alarms
        self._breakers: dict[str, Breaker] = {}
        self.rebalances = 0
        """How often partitions came or went."""
        self._consumer: Consumer | None = None
        self._told: deque[tuple[Literal["assigned", "taken"], Partition]] = deque()
        self._fresh: set[Partition] = set()
        self._places: dict[Partition, Place] = {}
        self._unsaid: dict[str, Standing] = {}
        """What was stopped and nobody knows of yet; it outlives the partition's being here."""
        self._ask_again: dict[Partition, datetime] = {}
        """When those may be asked again that did not answer."""
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
            self._places.pop(partition, None)
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
        places = [self._places[partition] for partition in partitions if partition in self._places]
        try:
            self._judge(places)
        finally:
            for place in places:
                if place.state != "stopped":
                    self._stop(place, "truncated")

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
        if self._unsaid:
            self._standings.say(list(self._unsaid.values()))
            self._unsaid.clear()

    def say(self) -> None:
        """Have it kept how every partition in hand stands, for people.

        Raises:
            DatabaseUnavailable: it is not kept.
        """
        self.say_stops()
        self._standings.say([self._standing(place) for place in self._places.values()])

    def _standing(self, place: Place) -> Standing:
        where = (place.source, *place.partition, self._member)
        return Standing(*where, place.state, place.why, place.since, place.end, place.reached, place.measured)

    # --- taking up and judging ------------------------------------------------------------------

    @property
    def _client(self) -> Consumer:
        if self._consumer is None:
            raise AssertionError("there is no consumer yet")
        return self._consumer

    def _take_up(self, partitions: Collection[Partition]) -> None:
        ids = self._cluster.topic_ids({partition.topic for partition in partitions})
        here = [partition for partition in partitions if partition.topic in ids]
        admitted = self._topics.admitted(self._cluster.cluster_id(), ids)
        bounds, silent = self._bounds(here)
        readers = {topic: self._reader_of(topic, topic_id) for topic, topic_id in ids.items()}
        sources = {
            each: readers[each.topic].origin.source(each.number) for each in here if each in bounds or each in silent
        }
        stopped = self._standings.stopped(list(sources.values()))
        stored = self._begun(
            {source: bounds[each] for each, source in sources.items() if each in bounds and each.topic in admitted}
        )
        for partition, source in sources.items():
            place = self._place(partition, readers[partition.topic], stored.get(source))
            place.adopted = admitted.get(partition.topic, 0)
            if (why := _FOR_GOOD.get(stopped.get(source, ""))) is not None:
                self._stop(place, why)
            elif partition in silent:
                self._stop(place, "no_answer")
            else:
                self._compare(place, bounds[partition], admitted=partition.topic in admitted)

    def _place(self, partition: Partition, reader: Reader, position: int | None) -> Place:
        breaker = self._breakers.get(reader.origin.source(partition.number)) or Breaker(self._rule)
        place = Place(partition, reader, position, 0, breaker, self._clock(), state="stopped")
        self._places[partition] = place
        self._fresh.discard(partition)
        return place

    def _begun(self, sources: Mapping[str, Bounds]) -> dict[str, int]:
        """Return stored positions. What has none gets its beginning, so that what goes from there unread is missed.

        Raises:
            Conflict: another member has done so at this moment.
        """
        stored = self._positions.look_up(list(sources))
        moves = [SourceMove(each, None, bounds.first) for each, bounds in sources.items() if each not in stored]
        if moves:
            self._pass_over(moves)
        return stored | {move.source: move.new for move in moves}

    def _bounds(self, partitions: Collection[Partition]) -> tuple[dict[Partition, Bounds], set[Partition]]:
        """Return what bounds there are, and the partitions that do not answer now: one of them stops no other."""
        now = self._clock()
        due = [each for each in partitions if self._ask_again.get(each, now) <= now]
        try:
            found = self._cluster.bounds(due)
            answered = set(due)
        except BrokerUnavailable:
            found, answered = self._one_by_one(due)
        return found, set(partitions) - answered

    def _one_by_one(self, partitions: Collection[Partition]) -> tuple[dict[Partition, Bounds], set[Partition]]:
        found: dict[Partition, Bounds] = {}
        answered: set[Partition] = set()
        until = self._clock() + timedelta(seconds=_ASKING_SECONDS)
        for each in partitions:
            if self._clock() > until:
                break
            try:
                found |= self._cluster.bounds([each])
                answered.add(each)
            except BrokerUnavailable as error:
                self._ask_again[each] = self._clock() + timedelta(seconds=RETRY_SECONDS)
                _log.warning("partitions_not_checked", topic=each.topic, partition=each.number, reason=str(error))
        return found, answered

    def _judge(self, places: Collection[Place]) -> None:
        if not places:
            return
        ids = self._cluster.topic_ids({place.partition.topic for place in places})
        admitted = self._topics.admitted(self._cluster.cluster_id(), ids)
        bounds, silent = self._bounds([place.partition for place in places if place.partition.topic in ids])
        same = [place for place in places if ids.get(place.partition.topic) == place.reader.origin.topic_id]
        still = [each for each in same if each.state == "stopped" and each.partition in bounds]
        stored = self._begun(
            {each.source: bounds[each.partition] for each in still if each.partition.topic in admitted}
        )
        for place in places:
            topic, topic_id = place.partition.topic, ids.get(place.partition.topic)
            if topic_id is None or place.partition not in (bounds.keys() | silent):
                self._stop(place, "topic_missing")
            elif topic_id != place.reader.origin.topic_id:
                self._replaced(place, admitted=topic in admitted)
            elif place.partition in silent:
                continue
            elif place.state != "stopped":
                self._compare(place, bounds[place.partition], admitted=topic in admitted)
            elif place.why not in _FOR_GOOD or admitted.get(topic, 0) > place.adopted:
                place.position, place.adopted = stored.get(place.source), admitted.get(topic, 0)
                self._compare(place, bounds[place.partition], admitted=topic in admitted)

    def _replaced(self, place: Place, *, admitted: bool) -> None:
        """The name means another topic now: where that was adopted, it is read from its own position."""
        if admitted:
            del self._places[place.partition]
            self._fresh.add(place.partition)
            self._client.pause([place.partition])
        else:
            self._stop(place, "topic_replaced")

    def _compare(self, place: Place, bounds: Bounds, *, admitted: bool) -> None:
        place.end, place.measured = bounds.end, self._clock()
        if place.position is None and place.state == "stopped":
            place.begin = bounds.first
        if not admitted:
            self._stop(place, "topic_replaced")
        elif place.next < bounds.first:
            self._stop(place, "below_start")
        elif place.next > bounds.end:
            self._stop(place, "beyond_end")
        elif place.state == "stopped":
            self._client.seek(place.partition, place.next)
            self._runs(place, "running")
            if place.breaker.state == "open":
                self._rest(place)

    def _stop(self, place: Place, why: Why) -> None:
        if (place.state, place.why) != ("stopped", why):
            self._still(place, "stopped", why)
            self._alarms[why] += 1
            self._unsaid[place.source] = self._standing(place)
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
        self._alarms["spoiled"] += 1
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
        self._unsaid.pop(place.source, None)
        if not self._holding:
            self._client.resume([place.partition])

    def _enter(self, place: Place, state: State, why: Why | Literal["spoiled"] | None) -> None:
        if (place.state, place.why) != (state, why):
            place.state, place.why, place.since = state, why, self._clock()
