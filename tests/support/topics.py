"""What stands in a topic, read back by a plain client from its first record."""

from typing import Any, NamedTuple

from kafka import KafkaConsumer, TopicPartition


class Seen(NamedTuple):
    """One record as any consumer gets it; a header given twice is an error of the test's subject."""

    partition: int
    offset: int
    key: bytes | None
    headers: dict[str, bytes]
    value: bytes | None

    @property
    def id(self) -> str:
        return self.headers["ce_id"].decode()

    @property
    def sequence(self) -> str:
        return self.headers["ce_sequence"].decode()

    @property
    def octets(self) -> bytes:
        """Everything of it, to be searched."""
        parts = [self.key or b"", self.value or b""]
        return b"\0".join([*parts, *(name.encode() + b"=" + value for name, value in self.headers.items())])


def read_topic(servers: str, topic: str, *, seconds: float = 20.0) -> list[Seen]:
    """Return all records that the topic has now, partition by partition in their order."""
    consumer = KafkaConsumer(
        bootstrap_servers=servers.split(","), enable_auto_commit=False, auto_offset_reset="earliest", group_id=None
    )
    try:
        partitions = [TopicPartition(topic, number) for number in sorted(consumer.partitions_for_topic(topic) or ())]
        consumer.assign(partitions)
        ends = consumer.end_offsets(partitions)
        consumer.seek_to_beginning(*partitions)
        found: list[Any] = []
        while any(consumer.position(each) < ends[each] for each in partitions) and seconds > 0:
            seconds -= 0.5
            for records in consumer.poll(timeout_ms=500).values():
                found.extend(records)
    finally:
        consumer.close()
    return [_seen(record) for record in sorted(found, key=lambda record: (record.partition, record.offset))]


def _seen(record: Any) -> Seen:
    headers = dict(record.headers)
    assert len(headers) == len(record.headers)
    return Seen(record.partition, record.offset, record.key, headers, record.value)
