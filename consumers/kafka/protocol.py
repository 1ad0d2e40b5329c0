"""What the loop asks of a cluster and of a consumer of its topics: the client keeps to it, and a simulated one."""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple, Protocol
from uuid import UUID

LOG_APPEND_TIME = 1
"""``timestamp_type`` of a record whose time is the broker's own; any other is the sender's."""


class Partition(NamedTuple):
    """A topic's partition."""

    topic: str
    number: int


class Bounds(NamedTuple):
    """The offsets that a partition has: from ``first`` up to but without ``end``."""

    first: int
    end: int


class Record(Protocol):
    """A record of a topic as octets. The client's own records are of this shape, so none is copied."""

    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def timestamp(self) -> int:
        """Milliseconds since 1970; -1 where there is none."""

    @property
    def timestamp_type(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Sequence[tuple[str, bytes | None]]:
        """A name that is not UTF-8 holds its octets as lone surrogates (``surrogateescape``)."""


class PlainRecord(NamedTuple):
    """A record that was not made by the client."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    timestamp_type: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]] = ()


class Damaged(NamedTuple):
    """What the client cannot read: a record, or a whole batch of them, up to but without ``next_offset``."""

    record: PlainRecord
    """A batch is its first record, with the octets of the batch as its value."""
    next_offset: int
    error_class: str
    """``encoding`` or ``codec``, see ``schemas.published.dead_letter``."""
    code: str


class OutOfRange(Exception):
    """The positions of these partitions are not there (any more): deleted, truncated, or of another topic."""

    def __init__(self, partitions: Collection[Partition]) -> None:
        self.partitions = frozenset(partitions)
        super().__init__(f"{len(self.partitions)} partitions do not have the position that they are read at")


class Fenced(Exception):
    """Another process has taken this member's place (the same group instance id); this one must end."""


class Listener(Protocol):
    """Told of rebalances on the client's own thread, within ``poll`` or ``close``: may seek and pause, nothing else."""

    def assigned(self, partitions: Collection[Partition]) -> None:
        """Partitions are new to this member; those that it keeps are not named."""

    def taken(self, partitions: Collection[Partition]) -> None:
        """Partitions were given up, or lost."""


class Consumer(Protocol):
    """One member of a group. For one thread, but for what a listener may do."""

    def subscribe(self, topics: Collection[str], listener: Listener) -> None:
        """Take part in the group's work on these topics."""

    def poll(self, timeout_seconds: float, most: int) -> Mapping[Partition, Sequence[Record]]:
        """Return the next records, ``most`` at most.

        Raises:
            OutOfRange: seek these partitions; the consumer may be used on.
            Fenced: this process must end.
            Exception: anything else; ``poll`` must not be called again on this object.
        """

    def assignment(self) -> frozenset[Partition]: ...

    def seek(self, partition: Partition, offset: int) -> None: ...

    def pause(self, partitions: Collection[Partition]) -> None: ...

    def resume(self, partitions: Collection[Partition]) -> None: ...

    def end(self, partition: Partition) -> int | None:
        """Return the partition's end as the last fetch told it; asks nobody."""

    def position(self, partition: Partition) -> int | None:
        """Return the offset from which the next ``poll`` reads, behind what is no record too; asks nobody.

        None where the partition is not this member's.
        """

    def topic_id(self, topic: str) -> UUID | None:
        """Return which topic the name meant when the client was told last; asks nobody."""

    def hint(self, positions: Mapping[Partition, int]) -> None:
        """Tell the cluster how far this group is, for tools that show lag. Waits for nothing; nothing depends on it.

        Raises:
            Fenced: an earlier hint was refused, since another process has this member's place.
        """

    def close(self, timeout_seconds: float) -> None:
        """Leave the group; returns in time whatever happens."""


class Cluster(Protocol):
    """A cluster of brokers. Every call is bounded in time."""

    def cluster_id(self) -> str: ...

    def topic_ids(self, names: Collection[str]) -> dict[str, UUID]:
        """Return the ids of those topics that are there."""

    def bounds(self, partitions: Collection[Partition]) -> dict[Partition, Bounds]:
        """Return which offsets these partitions have now."""

    def consumer(self, *, group: str, client: str) -> Consumer:
        """Return a new member of a group, which has joined nothing yet."""

    def read_raw(self, partition: Partition, offset: int) -> Sequence[PlainRecord | Damaged]:
        """Return what stands from ``offset`` on, in order, also where the client's own reader fails; one fetch.

        It need not reach the end; nothing at all where nothing is there.
        """
