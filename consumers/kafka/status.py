"""How every partition stands: what its consumer said last, beside the stored position and the broker's end."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol
from uuid import UUID

from consumers.kafka.access import BrokerUnavailable
from consumers.kafka.judging import Positions, Topics, bounds_one_by_one
from consumers.kafka.protocol import Bounds, Partition
from engine.store.batch import SourceMove
from engine.store.standings import StandingRow, State

SILENT_SECONDS = 30.0
"""Whoever has said nothing for so long does not read it any more."""


class Cluster(Protocol):
    """What of a cluster is asked here."""

    def cluster_id(self) -> str: ...

    def topic_ids(self, names: Collection[str]) -> dict[str, UUID]: ...

    def partitions(self, names: Collection[str]) -> list[Partition]:
        """Return all partitions of those topics that are there."""

    def bounds(self, partitions: Collection[Partition]) -> dict[Partition, Bounds]: ...


class Kept(Protocol):
    """What was last said of partitions."""

    def all(self) -> list[StandingRow]: ...


class Store(Protocol):
    """What of the store is asked here."""

    @property
    def positions(self) -> Positions: ...
    @property
    def topics(self) -> Topics: ...
    @property
    def standings(self) -> Kept: ...


@dataclass(frozen=True, slots=True)
class PartitionStatus:
    """One partition. ``position`` is the next offset to be read, ``lag_seconds`` the age of the last record read.

    ``first``, ``end`` and ``lag`` are None where nobody says now which offsets it has, as without a leader.
    """

    topic: str
    partition: int
    state: State | Literal["unread"]
    """``unread``: no process has spoken of it lately."""
    reason: str | None
    since: datetime | None
    member: str | None
    position: int | None
    first: int | None
    end: int | None
    lag: int | None
    lag_seconds: float | None


def status(
    cluster: Cluster, store: Store, topics: Collection[str], clock: Callable[[], datetime]
) -> list[PartitionStatus]:
    """Return all partitions of the topics that are there, by topic and number; one that is silent hides no other.

    Raises:
        BrokerUnavailable, DatabaseUnavailable: one of the two does not answer.
    """
    name, ids = cluster.cluster_id(), cluster.topic_ids(topics)
    partitions = sorted(cluster.partitions(list(ids)))
    bounds = _bounds(cluster, partitions, clock)
    sources = {each: source_of(name, ids[each.topic], each) for each in partitions}
    stored = store.positions.look_up(list(sources.values()))
    said = {row.said.source: row for row in store.standings.all()}
    return [_status(each, bounds.get(each), stored.get(source), _said(said, source, each), clock())
            for each, source in sources.items()]  # fmt: skip


def _bounds(
    cluster: Cluster, partitions: Collection[Partition], clock: Callable[[], datetime]
) -> Mapping[Partition, Bounds]:
    try:
        return cluster.bounds(partitions)
    except BrokerUnavailable:
        answers = bounds_one_by_one(cluster, partitions, clock)
        return {each: answer for each, answer in answers.items() if isinstance(answer, Bounds)}


def source_of(cluster: str, topic_id: UUID, partition: Partition) -> str:
    """Return the name under which a partition's position is kept."""
    return f"kafka:{cluster}/{topic_id}/{partition.number}"


def _said(said: Mapping[str, StandingRow], source: str, partition: Partition) -> StandingRow | None:
    """Return the word on a partition; on one made anew, the word on the one before, where that stands still."""
    if source in said:
        return said[source]
    same = [row for row in said.values() if (row.said.topic, row.said.partition) == partition]
    return max((row for row in same if row.said.state == "stopped"), key=lambda row: row.seen, default=None)


def _status(
    partition: Partition, bounds: Bounds | None, position: int | None, row: StandingRow | None, now: datetime
) -> PartitionStatus:
    silent = row is None or row.silent_seconds > SILENT_SECONDS
    lag = None if bounds is None else max(0, bounds.end - max(bounds.first, position or 0))
    reached = row.said.reached if row is not None else None
    return PartitionStatus(
        topic=partition.topic,
        partition=partition.number,
        state=row.said.state if row is not None and (not silent or row.said.state == "stopped") else "unread",
        reason=row.said.reason if row is not None else None,
        since=row.said.since if row is not None else None,
        member=row.said.member if row is not None and not silent else None,
        position=position,
        first=bounds.first if bounds is not None else None,
        end=bounds.end if bounds is not None else None,
        lag=lag,
        lag_seconds=0.0 if lag == 0 else _age(reached, now),
    )


def _age(reached: datetime | None, now: datetime) -> float | None:
    return None if reached is None else round((now - reached).total_seconds(), 1)


@dataclass(frozen=True, slots=True)
class Adopted:
    """What the adoption of a topic did to one partition."""

    partition: int
    before: int | None
    after: int | None
    """None: it is read from its beginning."""


def adoption(cluster: Cluster, store: Store, topic: str) -> tuple[str, UUID, list[tuple[Adopted, SourceMove | None]]]:
    """Return what adopting a topic would do: its cluster, its id, and for each partition the move that mends it.

    A position below the log's start moves to the start, one beyond its end moves to the end.

    Raises:
        LookupError: there is no such topic.
        BrokerUnavailable, DatabaseUnavailable: one of the two does not answer.
    """
    name, ids = cluster.cluster_id(), cluster.topic_ids([topic])
    if topic not in ids:
        raise LookupError(topic)
    partitions = sorted(cluster.partitions([topic]))
    bounds = cluster.bounds(partitions)
    sources = {each: source_of(name, ids[topic], each) for each in partitions}
    stored = store.positions.look_up(list(sources.values()))
    planned = [_mended(each, source, stored.get(source), bounds[each]) for each, source in sources.items()]
    return name, ids[topic], planned


def _mended(
    partition: Partition, source: str, position: int | None, bounds: Bounds
) -> tuple[Adopted, SourceMove | None]:
    if position is None or bounds.first <= position <= bounds.end:
        return Adopted(partition.number, position, position), None
    after = min(max(position, bounds.first), bounds.end)
    return Adopted(partition.number, position, after), SourceMove(source, position, after)
