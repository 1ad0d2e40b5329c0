"""One fetch past the library's reader: the octets of a partition from an offset on, as the broker keeps them."""

from collections.abc import Sequence
from typing import Any, Final

from kafka import errors
from kafka.protocol.consumer import FetchRequest, IsolationLevel

from consumers.kafka.batches import Aborted, read_batches
from consumers.kafka.protocol import Damaged, OutOfRange, Partition, PlainRecord

_OCTETS: Final = 1_048_576
"""What a fetch asks for; one batch comes whole even if it is larger."""
_WAIT_MS: Final = 500
_BY_NAME: Final = 12
"""The newest version of the request that names topics by name."""


def fetch_raw(admin: Any, partition: Partition, offset: int) -> Sequence[PlainRecord | Damaged]:
    """Return what stands from ``offset`` on, in order; what aborted transactions wrote is passed over.

    Raises:
        OutOfRange: the partition does not have that offset.
        kafka.errors.KafkaError: the broker does not answer, or refuses.
    """
    while True:
        answer = _fetch(admin, partition, offset)
        if answer.error_code == errors.OffsetOutOfRangeError.errno:
            raise OutOfRange([partition])
        if answer.error_code:
            raise errors.for_code(answer.error_code)
        aborted = [Aborted(each.producer_id, each.first_offset) for each in answer.aborted_transactions or ()]
        found, behind = read_batches(partition, bytes(answer.records or b""), offset, aborted)
        if found or behind == offset:
            return found
        offset = behind


def _fetch(admin: Any, partition: Partition, offset: int) -> Any:
    topic, number = partition
    described = admin.describe_topics([topic])[0]
    leaders = [each["leader_id"] for each in described["partitions"] if each["partition_index"] == number]
    if not leaders or leaders[0] < 0:
        raise errors.UnknownTopicOrPartitionError
    wanted = FetchRequest.FetchTopic(
        topic=topic,
        partitions=[
            FetchRequest.FetchTopic.FetchPartition(
                partition=number, fetch_offset=offset, log_start_offset=-1, partition_max_bytes=_OCTETS
            )
        ],
    )
    request = FetchRequest(
        max_wait_ms=_WAIT_MS,
        min_bytes=1,
        max_bytes=_OCTETS,
        isolation_level=IsolationLevel.READ_COMMITTED,
        topics=[wanted],
        forgotten_topics_data=[],
        max_version=_BY_NAME,
    )
    manager = admin._manager  # noqa: SLF001 # the library has no other way to fetch octets

    async def ask() -> Any:
        return await manager.send(request, node_id=leaders[0])

    return manager.run(ask).responses[0].partitions[0]
