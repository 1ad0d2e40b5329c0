"""A cluster in memory that keeps to the protocols of ``consumers.kafka.protocol``, with the real client's bad habits.

What is reproduced of it: kept partitions keep their positions over a rebalance; a member that was
given up for dead keeps its assignment, and gets records, until it is told; a record that cannot be
decoded makes ``poll`` raise once, and that object must never be polled again; no position is ever
reset. Nothing waits here: every call returns at once.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID, uuid5

from consumers.kafka.protocol import (
    LOG_APPEND_TIME,
    Bounds,
    Damaged,
    Fenced,
    Listener,
    OutOfRange,
    Partition,
    PlainRecord,
    Record,
)  # fmt: skip

CLUSTER = "simulated"
_NAMESPACE = UUID(int=4)
_BEGIN_MS = 1_767_225_600_000


class Undecodable(Exception):
    """What the client's fetcher raises: it names neither partition nor offset."""


class NoPosition(Exception):
    """A partition is to be read and nobody has said from where."""


class Spinning(AssertionError):
    """The real client would never return from here."""


@dataclass
class Log:
    """One partition. Offsets that are no records (marks of transactions) are left out of ``records``."""

    records: dict[int, PlainRecord] = field(default_factory=dict)
    damaged: set[int] = field(default_factory=set)
    first: int = 0
    end: int = 0


@dataclass
class Group:
    """Who is alive in the group's eyes, and what belongs to whom."""

    members: list["SimulatedConsumer"] = field(default_factory=list)
    owner: dict[Partition, "SimulatedConsumer"] = field(default_factory=dict)


class SimulatedCluster:
    """Brokers that never fail, and what they know of groups."""

    def __init__(self, topics: Mapping[str, int]) -> None:
        self.logs: dict[Partition, Log] = {}
        self.ids: dict[str, UUID] = {}
        self.groups: dict[str, Group] = {}
        self.hints: dict[tuple[str, Partition], int] = {}
        self.lent: dict[str, SimulatedConsumer] = {}
        """The last consumer of each client."""
        self._made = 0
        for topic, partitions in topics.items():
            self.create(topic, partitions)

    # ---------------------------------------------------------------------------------------- what a test does

    def create(self, topic: str, partitions: int) -> None:
        """Make a topic, or make it anew: another id, and nothing in it."""
        self._made += 1
        self.ids[topic] = uuid5(_NAMESPACE, f"{topic}/{self._made}")
        self.logs.update({Partition(topic, number): Log() for number in range(partitions)})

    def produce(
        self,
        partition: Partition,
        value: bytes | None,
        *,
        key: bytes | None = None,
        headers: Sequence[tuple[str, bytes | None]] = (),
        damaged: bool = False,
    ) -> int:
        """Add a record; returns its offset."""
        log = self.logs[partition]
        offset = log.end
        log.records[offset] = PlainRecord(
            *partition, offset, _BEGIN_MS + offset, LOG_APPEND_TIME, key, value, tuple(headers)
        )
        log.end += 1
        if damaged:
            log.damaged.add(offset)
        return offset

    def mark(self, partition: Partition) -> None:
        """End a transaction: an offset that is no record."""
        self.logs[partition].end += 1

    def delete_before(self, partition: Partition, offset: int) -> None:
        """Let retention take what stands before ``offset``."""
        log = self.logs[partition]
        log.first = max(log.first, min(offset, log.end))
        log.records = {at: record for at, record in log.records.items() if at >= log.first}

    def evict(self, member: "SimulatedConsumer") -> None:
        """Give a member up for dead; it does not know."""
        for group in self.groups.values():
            if member in group.members:
                group.members.remove(member)
                _share_out(self, group)

    # ---------------------------------------------------------------------------------------- the protocol

    def cluster_id(self) -> str:
        return CLUSTER

    def topic_ids(self, names: Collection[str]) -> dict[str, UUID]:
        return {name: self.ids[name] for name in names if name in self.ids}

    def bounds(self, partitions: Collection[Partition]) -> dict[Partition, Bounds]:
        return {each: Bounds(self.logs[each].first, self.logs[each].end) for each in partitions if each in self.logs}

    def consumer(self, *, group: str, client: str) -> "SimulatedConsumer":
        self.lent[client] = SimulatedConsumer(self, group, client)
        return self.lent[client]

    def read_raw(self, partition: Partition, offset: int) -> Sequence[PlainRecord | Damaged]:
        log = self.logs[partition]
        found: list[PlainRecord | Damaged] = []
        for at in sorted(each for each in log.records if each >= offset):
            record = log.records[at]
            found.append(Damaged(record, at + 1, "encoding", "header_name") if at in log.damaged else record)
        return found

    # ---------------------------------------------------------------------------------------- groups

    def join(self, member: "SimulatedConsumer") -> None:
        group = self.groups.setdefault(member.group, Group())
        if member not in group.members:
            group.members.append(member)
            _share_out(self, group)

    def leave(self, member: "SimulatedConsumer") -> None:
        self.evict(member)

    def owned(self, member: "SimulatedConsumer") -> frozenset[Partition]:
        group = self.groups.get(member.group, Group())
        return frozenset(each for each, owner in group.owner.items() if owner is member)

    def alive(self, member: "SimulatedConsumer") -> bool:
        return member in self.groups.get(member.group, Group()).members


def _share_out(cluster: SimulatedCluster, group: Group) -> None:
    """Whoever has a partition keeps it, as far as that is fair; the rest goes around."""
    wanted = sorted(each for each in cluster.logs if any(each.topic in member.topics for member in group.members))
    share = -(-len(wanted) // len(group.members)) if group.members else 0
    given: dict[Partition, SimulatedConsumer] = {}
    for each in wanted:
        keeper = group.owner.get(each)
        if keeper is not None and keeper in group.members and list(given.values()).count(keeper) < share:
            given[each] = keeper
    for each in wanted:
        if each not in given:
            given[each] = min(group.members, key=lambda member: list(given.values()).count(member))
    group.owner = given


class SimulatedConsumer:
    """One member, as the real client behaves."""

    def __init__(self, cluster: SimulatedCluster, group: str, client: str) -> None:
        self.cluster, self.group, self.client = cluster, group, client
        self.topics: frozenset[str] = frozenset()
        self.deaf = False
        """It has been stopped: it learns of no rebalance, while what it was given goes on being its own to it."""
        self.fenced = False
        """Another one has its group instance id."""
        self.closed = False
        self._listener: Listener | None = None
        self._mine: frozenset[Partition] = frozenset()
        self._paused: set[Partition] = set()
        self._at: dict[Partition, int] = {}
        self._broken = False

    def subscribe(self, topics: Collection[str], listener: Listener) -> None:
        self.topics, self._listener = frozenset(topics), listener

    def poll(self, timeout_seconds: float, most: int) -> Mapping[Partition, Sequence[Record]]:
        if self._broken:
            raise Spinning("poll after a record that could not be decoded never returns")
        if self.closed:
            raise AssertionError("poll after close")
        if not (self.deaf or self.fenced):
            self._rebalance()
        outside = [each for each in self._active() if not self._inside(each)]
        if outside:
            raise OutOfRange(outside)
        found: dict[Partition, list[Record]] = {}
        for each in sorted(self._active()):
            left = most - sum(map(len, found.values()))
            if records := self._next(each, left, first=not found):
                found[each] = records
        return found

    def assignment(self) -> frozenset[Partition]:
        return self._mine

    def seek(self, partition: Partition, offset: int) -> None:
        if partition not in self._mine:
            raise AssertionError(f"{partition} is not assigned to this member")
        self._at[partition] = offset

    def pause(self, partitions: Collection[Partition]) -> None:
        self._paused |= set(partitions) & self._mine

    def resume(self, partitions: Collection[Partition]) -> None:
        self._paused -= set(partitions)

    def end(self, partition: Partition) -> int | None:
        log = self.cluster.logs.get(partition)
        return None if log is None else log.end

    def position(self, partition: Partition) -> int | None:
        return self._at.get(partition)

    def topic_id(self, topic: str) -> UUID | None:
        return self.cluster.ids.get(topic)

    def hint(self, positions: Mapping[Partition, int]) -> None:
        if self.fenced:
            raise Fenced
        if self.cluster.alive(self):
            self.cluster.hints.update({(self.group, each): at for each, at in positions.items()})

    def close(self, timeout_seconds: float) -> None:
        if not self.closed:
            self.closed = True
            self.cluster.leave(self)

    def die(self) -> None:
        """End as by ``kill -9``; the group has seen it."""
        self.closed = True
        self.cluster.evict(self)

    def _rebalance(self) -> None:
        self.cluster.join(self)
        owned = self.cluster.owned(self)
        lost, new = self._mine - owned, owned - self._mine
        self._mine = owned
        self._paused &= owned
        self._at = {each: at for each, at in self._at.items() if each in owned}
        if self._listener is not None and lost:
            self._listener.taken(lost)
        if self._listener is not None and new:
            self._listener.assigned(new)

    def _active(self) -> list[Partition]:
        active = [each for each in self._mine if each not in self._paused]
        if any(each not in self._at for each in active):
            raise NoPosition("a partition is to be read from nowhere")
        return active

    def _inside(self, partition: Partition) -> bool:
        log = self.cluster.logs[partition]
        return log.first <= self._at[partition] <= log.end

    def _next(self, partition: Partition, most: int, *, first: bool) -> list[Record]:
        """The records up to the first that cannot be decoded; if there is nothing before it, the client breaks."""
        log, at = self.cluster.logs[partition], self._at[partition]
        found: list[Record] = []
        for offset in range(at, log.end):
            if len(found) >= most:
                break
            if offset in log.damaged:
                if first and not found:
                    self._broken = True
                    raise Undecodable("invalid header name")
                break
            self._at[partition] = offset + 1
            if offset in log.records:
                found.append(log.records[offset])
        return found
