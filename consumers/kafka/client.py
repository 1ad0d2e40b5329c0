"""A real cluster by kafka-python: raw octets in and out, no setting of its that loses, doubles or skips silently.

The library's own mistakes are kept here: its errors become ours, its partitions ours, and every call
has an end.
"""

import threading
import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final, NamedTuple, Protocol
from uuid import UUID

from kafka import ConsumerRebalanceListener, KafkaConsumer, KafkaProducer, TopicPartition, errors
from kafka.admin import KafkaAdminClient
from kafka.protocol.consumer import OffsetSpec
from kafka.structs import OffsetAndMetadata

from consumers.kafka.access import REQUEST_SECONDS, Access, BrokerUnavailable
from consumers.kafka.dealing import ByNumber
from consumers.kafka.probe import probe
from consumers.kafka.protocol import Bounds, Damaged, Fenced, Listener, OutOfRange, Partition, PlainRecord, Record
from consumers.kafka.raw import fetch_raw
from consumers.kafka.unpacking import begin_poll

KafkaHeaders = list[tuple[str, bytes]]
_ENVELOPE_OCTETS: Final = 256 * 1024
"""What key and headers may add to the largest value that is sent."""


class Measures(NamedTuple):
    """How much is asked for at once, and how long a member of a group may be silent."""

    record_octets: int = 1_048_576
    """The largest value that is sent; what is received is judged by the loop."""
    poll_records: int = 2_000
    session_seconds: float = 15.0
    """For so long the partitions of a member that was killed wait for another."""
    poll_interval_seconds: float = 300.0
    """A member whose loop asks for nothing for so long loses its partitions."""


class Acknowledgement(Protocol):
    """The cluster's word on one record."""

    def get(self, timeout: float | None = None) -> object:
        """Return once all replicas in sync have it; raises what went wrong."""


class Producer(Protocol):
    """Sends records: idempotent, and acknowledged by all replicas in sync. For any thread."""

    def send(
        self, topic: str, *, key: bytes | None = None, value: bytes | None = None, headers: KafkaHeaders | None = None
    ) -> Acknowledgement:
        """Hand one record over; records of one key keep their order."""

    def flush(self, timeout_seconds: float) -> None:
        """Wait until everything handed over is acknowledged or has failed.

        Raises:
            BrokerUnavailable: it is not within the time.
        """

    def close(self, timeout_seconds: float) -> None:
        """Send what is left, within the time, and nothing after it; never raises."""


class Broker:
    """A cluster and how it lets us in. Nothing is connected before something is asked. For any thread."""

    def __init__(self, access: Access, measures: Measures | None = None, *, instance: str | None = None) -> None:
        """``instance``: the group instance id of a member that keeps its place over a restart."""
        self._access = access
        self._measures = measures or Measures()
        self._instance = instance
        self._admin: KafkaAdminClient | None = None
        self._lock = threading.RLock()

    def probe(self) -> None:
        """Connect and authenticate once.

        Raises:
            BrokerUnavailable: no node lets us in; names the cause.
        """
        probe(self._access)

    def consumer(self, *, group: str, client: str) -> "ClientConsumer":
        """Return a new member of a group, which has joined nothing yet.

        Raises:
            BrokerUnavailable: no node answers; names the cause.
        """
        options = {
            **self._access.options(client),
            "group_id": group,
            "group_instance_id": self._instance,
            "enable_auto_commit": False,
            "auto_offset_reset": "none",
            "isolation_level": "read_committed",
            "partition_assignment_strategy": (ByNumber,),
            "allow_auto_create_topics": False,
            "check_crcs": True,
            "max_poll_records": self._measures.poll_records,
            "max_poll_interval_ms": int(self._measures.poll_interval_seconds * 1000),
            "session_timeout_ms": int(self._measures.session_seconds * 1000),
            "heartbeat_interval_ms": int(self._measures.session_seconds * 1000 / 15),
            "metadata_max_age_ms": 5_000,  # a topic that was made anew is known for that so soon
        }
        return ClientConsumer(self._made(KafkaConsumer, options))

    def producer(self, *, client: str) -> "ClientProducer":
        """Return a new producer.

        Raises:
            BrokerUnavailable: no node answers; names the cause.
        """
        options = {
            **self._access.options(client),
            "acks": "all",
            "enable_idempotence": True,
            "allow_auto_create_topics": False,
            "linger_ms": 5,
            "batch_size": 65_536,
            "max_request_size": self._measures.record_octets + _ENVELOPE_OCTETS,
            "max_block_ms": int(REQUEST_SECONDS * 1000),
            "delivery_timeout_ms": int(REQUEST_SECONDS * 3000),
        }
        return ClientProducer(self._made(KafkaProducer, options))

    def cluster_id(self) -> str:
        """Return the id that the cluster was given when it was made.

        Raises:
            BrokerUnavailable: it does not answer.
        """
        return str(self.administer(lambda admin: admin.describe_cluster()["cluster_id"]))

    def topic_ids(self, names: Collection[str]) -> dict[str, UUID]:
        """Return the ids of those topics that are there; one that is made anew has another.

        Raises:
            BrokerUnavailable: it does not answer.
        """
        described = self.administer(lambda admin: admin.describe_topics(sorted(names)))
        return {each["name"]: UUID(str(each["topic_id"])) for each in described if not each["error_code"]}

    def partitions(self, names: Collection[str]) -> list[Partition]:
        """Return all partitions of those topics that are there.

        Raises:
            BrokerUnavailable: it does not answer.
        """
        described = self.administer(lambda admin: admin.describe_topics(sorted(names)))
        there = [each for each in described if not each["error_code"]]
        return [Partition(each["name"], one["partition_index"]) for each in there for one in each["partitions"]]

    def bounds(self, partitions: Collection[Partition]) -> dict[Partition, Bounds]:
        """Return which offsets these partitions have now.

        Raises:
            BrokerUnavailable: it does not answer, or a partition is not there.
        """
        asked = [TopicPartition(*each) for each in partitions]
        if not asked:
            return {}
        first = self.administer(lambda admin: admin.list_partition_offsets(dict.fromkeys(asked, OffsetSpec.EARLIEST)))
        end = self.administer(lambda admin: admin.list_partition_offsets(dict.fromkeys(asked, OffsetSpec.LATEST)))
        return {Partition(*each): Bounds(first[each].offset, end[each].offset) for each in asked}

    def read_raw(self, partition: Partition, offset: int) -> Sequence[PlainRecord | Damaged]:
        """Return what stands from ``offset`` on, in order, also where the library's own reader fails; one fetch.

        Raises:
            BrokerUnavailable: it does not answer.
            OutOfRange: the partition does not have that offset.
        """
        found: Sequence[PlainRecord | Damaged] = self.administer(lambda admin: fetch_raw(admin, partition, offset))
        return found

    def administer(self, ask: Any) -> Any:
        """Return ``ask(admin client)``; after a failure the next call connects anew.

        Raises:
            BrokerUnavailable: the cluster did not answer, or refused.
        """
        with self._lock:
            try:
                if self._admin is None:
                    self._admin = self._made(KafkaAdminClient, self._access.options("plaint-admin"))
                return ask(self._admin)
            except errors.KafkaError as error:
                self.close()
                raise _unavailable(error) from error

    def close(self) -> None:
        """Let go of the connection for questions; consumers and producers are closed by whoever made them."""
        with self._lock:
            admin, self._admin = self._admin, None
            if admin is not None:
                with suppress(errors.KafkaError, OSError, RuntimeError):
                    admin.close()

    def _made(self, client: Any, options: dict[str, Any]) -> Any:
        """Make a client of the library, if a probe finds the way in: the library itself would not say why not."""
        self.probe()
        try:
            return client(**options)
        except errors.KafkaError as error:
            raise _unavailable(error) from error


class ClientConsumer:
    """One member of a group; see ``protocol.Consumer``."""

    def __init__(self, consumer: KafkaConsumer) -> None:
        self._consumer = consumer
        self._fenced = False

    def subscribe(self, topics: Collection[str], listener: Listener) -> None:
        self._consumer.subscribe(sorted(topics), listener=_Told(listener))
        self._know(topics)

    def _know(self, topics: Collection[str]) -> None:
        """Learn the partitions before joining: a leader that knows none deals out none, and leaves it so."""
        cluster, deadline = self._consumer._cluster, time.monotonic() + REQUEST_SECONDS  # noqa: SLF001, TID251
        while any(cluster.partitions_for_topic(each) is None for each in topics):
            if time.monotonic() > deadline:  # noqa: TID251 # how long is waited, nothing that is kept
                return
            with suppress(errors.KafkaError):
                wait = (self._consumer._manager.wait_for, cluster.request_update(), 1_000)  # noqa: SLF001
                self._consumer._net.run(*wait)  # noqa: SLF001

    def poll(self, timeout_seconds: float, most: int) -> Mapping[Partition, Sequence[Record]]:
        begin_poll()
        self._take_up_joining()
        try:
            polled = self._consumer.poll(timeout_ms=int(timeout_seconds * 1000), max_records=most)
        except (errors.OffsetOutOfRangeError, errors.NoOffsetForPartitionError, errors.LogTruncationError) as error:
            raise OutOfRange(_named(error)) from error
        except errors.FencedInstanceIdError as error:
            raise Fenced from error
        return {Partition(*each): records for each, records in polled.items()}

    def _take_up_joining(self) -> None:
        """Have a joining that outlived the poll that began it be waited for again.

        The library forgets one that began since partitions came or went, once its answer is on the way: heartbeats
        stay off, and what the group dealt out is never taken (as in Java before KAFKA-9815).
        """
        coordinator = self._consumer._coordinator  # noqa: SLF001 # nothing public tells of it
        if coordinator.rejoining:
            coordinator.request_rejoin()

    def assignment(self) -> frozenset[Partition]:
        return frozenset(Partition(*each) for each in self._consumer.assignment())

    def seek(self, partition: Partition, offset: int) -> None:
        self._consumer.seek(TopicPartition(*partition), offset)

    def pause(self, partitions: Collection[Partition]) -> None:
        self._consumer.pause(*(TopicPartition(*each) for each in partitions))

    def resume(self, partitions: Collection[Partition]) -> None:
        self._consumer.resume(*(TopicPartition(*each) for each in partitions))

    def end(self, partition: Partition) -> int | None:
        found: int | None = self._consumer.highwater(TopicPartition(*partition))
        return found

    def position(self, partition: Partition) -> int | None:
        state = self._consumer._subscription.assignment.get(TopicPartition(*partition))  # noqa: SLF001 # its own method asks the cluster
        return None if state is None or state.position is None else int(state.position.offset)

    def topic_id(self, topic: str) -> UUID | None:
        found = self._consumer._cluster.topic_id(topic)  # noqa: SLF001 # public there, and reached in no other way
        return None if found is None else UUID(str(found))

    def hint(self, positions: Mapping[Partition, int]) -> None:
        if self._fenced:
            raise Fenced
        if positions:
            told = {TopicPartition(*each): OffsetAndMetadata(offset, "", -1) for each, offset in positions.items()}
            try:
                self._consumer.commit_async(told, callback=self._heard)
            except errors.FencedInstanceIdError as error:  # of an earlier hint, which it tells in its own way, too
                raise Fenced from error

    def _heard(self, _offsets: object, answer: object) -> None:
        """A hint that fails is repeated by the next one; only a lost place matters."""
        if isinstance(answer, errors.FencedInstanceIdError):
            self._fenced = True

    def close(self, timeout_seconds: float) -> None:
        def leave() -> None:
            with suppress(Exception):  # whoever leaves is owed nothing
                self._consumer.close(autocommit=False, timeout_ms=int(timeout_seconds * 1000))

        leaving = threading.Thread(target=leave, name="kafka-close", daemon=True)
        leaving.start()
        leaving.join(timeout_seconds + 1)


class ClientProducer:
    """See ``Producer``."""

    def __init__(self, producer: KafkaProducer) -> None:
        self._producer = producer

    def send(
        self, topic: str, *, key: bytes | None = None, value: bytes | None = None, headers: KafkaHeaders | None = None
    ) -> Acknowledgement:
        acknowledgement: Acknowledgement = self._producer.send(topic, key=key, value=value, headers=headers)
        return acknowledgement

    def flush(self, timeout_seconds: float) -> None:
        try:
            self._producer.flush(timeout_seconds)
        except errors.KafkaTimeoutError as error:
            raise BrokerUnavailable("what was sent is not acknowledged in time", lasting=False) from error

    def close(self, timeout_seconds: float) -> None:
        try:
            self._producer.close(timeout=timeout_seconds)
        except errors.KafkaError:
            # What is not acknowledged was not promised. The library leaves its thread at work here, which would
            # send it later, behind what another producer has sent since.
            self._producer._sender.force_close()  # noqa: SLF001
            self._producer._closed = True  # noqa: SLF001 # else it waits again when it is collected


class _Told(ConsumerRebalanceListener):  # type: ignore[misc] # kafka-python has no types
    def __init__(self, listener: Listener) -> None:
        self._listener = listener

    def on_partitions_assigned(self, assigned: Collection[Any]) -> None:
        self._listener.assigned([Partition(*each) for each in assigned])

    def on_partitions_revoked(self, revoked: Collection[Any]) -> None:
        self._listener.taken([Partition(*each) for each in revoked])

    def on_partitions_lost(self, lost: Collection[Any]) -> None:
        self._listener.taken([Partition(*each) for each in lost])


def _named(error: Exception) -> list[Partition]:
    """Return the partitions that the library's error is about: keys of a mapping, or a collection of them."""
    about = getattr(error, "divergent_offsets", None) or (error.args[0] if error.args else ())
    return [Partition(*each) for each in about]


def _unavailable(error: Exception) -> BrokerUnavailable:
    lasting = isinstance(error, errors.AuthorizationError | errors.UnsupportedVersionError)
    return BrokerUnavailable(f"the cluster refuses or does not answer: {type(error).__name__}", lasting=lasting)
