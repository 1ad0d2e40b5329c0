"""Whether a partition may be read: its topic's id, its adoption, its stored position, beside what the cluster has.

The cluster and the store are asked once for all partitions; the verdict on each is pure.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal, Protocol
from uuid import UUID

import structlog

from consumers.kafka.access import BrokerUnavailable
from consumers.kafka.place import FOR_GOOD, Place, Why
from consumers.kafka.protocol import Bounds, Cluster, Partition
from engine.store.batch import SourceMove

_log = structlog.get_logger()

RETRY_SECONDS = 30.0
"""After so long a partition that did not answer is asked again."""
_ASKING_SECONDS: Final = 20.0
"""For so long partitions are asked one by one, where one of them makes the question to all fail."""

Verdict = Why | Literal["fits", "anew", "as_it_was"]
"""Why it must stand still; ``fits``: it may be read; ``anew``: its name means another topic, and that was adopted;
``as_it_was``: nothing is known that would change it."""


class Positions(Protocol):
    """The store's positions."""

    def look_up(self, sources: Collection[str]) -> dict[str, int]: ...


class Topics(Protocol):
    """The store's knowledge of which topic a name means."""

    def admitted(self, cluster: str, topics: Mapping[str, UUID]) -> Mapping[str, int]: ...


@dataclass(frozen=True, slots=True)
class Known:
    """What the cluster and the store say of some partitions at one moment."""

    ids: Mapping[str, UUID]
    """Of the topics that are there."""
    admitted: Mapping[str, int]
    """Topics that may be read under these ids -> how often each was adopted."""
    bounds: Mapping[Partition, Bounds]
    silent: Collection[Partition]
    """Partitions of which nobody says now which offsets they have."""

    def of(self, place: Place) -> bool:
        """Whether the topic's name means what it meant when the partition was taken up."""
        return self.ids.get(place.partition.topic) == place.reader.origin.topic_id

    def may_begin(self, partition: Partition) -> bool:
        """Whether its beginning counts where no position of it is stored yet."""
        return partition in self.bounds and partition.topic in self.admitted

    def compared(self, place: Place) -> bool:
        """Whether its position is to be compared with what is there."""
        there = self.of(place) and place.partition in self.bounds
        return there and (place.state != "stopped" or self.asked_anew(place))

    def asked_anew(self, place: Place) -> bool:
        """Whether one that stands still may go on: its reason can pass, or it was adopted since."""
        there = self.of(place) and place.partition in self.bounds
        adopted = self.admitted.get(place.partition.topic, 0) > place.adopted
        return there and place.state == "stopped" and (place.why not in FOR_GOOD or adopted)

    def verdict(self, place: Place) -> Verdict:
        """Say what is to become of a partition."""
        topic, bounds = place.partition.topic, self.bounds.get(place.partition)
        if topic not in self.ids or (bounds is None and place.partition not in self.silent):
            return "topic_missing"
        if not self.of(place):
            return "anew" if topic in self.admitted else "topic_replaced"
        if bounds is None or not self.compared(place):
            return "as_it_was"
        return self._beside(place, bounds)

    def _beside(self, place: Place, bounds: Bounds) -> Verdict:
        if place.partition.topic not in self.admitted:
            return "topic_replaced"
        if place.next < bounds.first:
            return "below_start"
        if place.next > bounds.end:
            return "beyond_end"
        return "fits"


class Inquiry:
    """Asks the cluster and the store. ``pass_over`` moves positions by compare-and-set."""

    def __init__(
        self,
        cluster: Cluster,
        positions: Positions,
        topics: Topics,
        pass_over: Callable[[Sequence[SourceMove]], None],
        clock: Callable[[], datetime],
    ) -> None:
        self._cluster, self._positions, self._topics = cluster, positions, topics
        self._pass_over, self._clock = pass_over, clock
        self._ask_again: dict[Partition, datetime] = {}
        """When those may be asked again that did not answer."""

    def known(self, partitions: Collection[Partition]) -> Known:
        """Return what there is to know of these partitions now.

        Raises:
            DatabaseUnavailable, BrokerUnavailable: one of the two does not answer at all.
        """
        ids = self._cluster.topic_ids({partition.topic for partition in partitions})
        admitted = self._topics.admitted(self._cluster.cluster_id(), ids)
        bounds, silent = self._bounds([partition for partition in partitions if partition.topic in ids])
        return Known(ids, admitted, bounds, silent)

    def begun(self, sources: Mapping[str, Bounds]) -> dict[str, int]:
        """Return stored positions. What has none gets its beginning, so that what goes from there unread is missed.

        Raises:
            Conflict: another member has done so at this moment.
            DatabaseUnavailable: nothing is known.
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
        answers = bounds_one_by_one(self._cluster, partitions, self._clock)
        for each, answer in answers.items():
            if isinstance(answer, BrokerUnavailable):
                self._ask_again[each] = self._clock() + timedelta(seconds=RETRY_SECONDS)
                _log.warning("partitions_not_checked", topic=each.topic, partition=each.number, reason=str(answer))
        answered = {each for each, answer in answers.items() if not isinstance(answer, BrokerUnavailable)}
        return {each: answer for each, answer in answers.items() if isinstance(answer, Bounds)}, answered


class Bounded(Protocol):
    """A cluster that knows which offsets its partitions have."""

    def bounds(self, partitions: Collection[Partition]) -> dict[Partition, Bounds]: ...


def bounds_one_by_one(
    cluster: Bounded, partitions: Collection[Partition], clock: Callable[[], datetime]
) -> dict[Partition, Bounds | BrokerUnavailable | None]:
    """Return the bounds of each partition, or why it does not answer; None where there is none.

    Of so many that all cannot be asked in time, the last ones are left out.
    """
    answers: dict[Partition, Bounds | BrokerUnavailable | None] = {}
    until = clock() + timedelta(seconds=_ASKING_SECONDS)
    for each in partitions:
        if clock() > until:
            break
        try:
            answers[each] = cluster.bounds([each]).get(each)
        except BrokerUnavailable as error:
            answers[each] = error
    return answers
