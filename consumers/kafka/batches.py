"""Record batches as octets -> records, one by one; what cannot be read is told apart from its healthy neighbours. Pure.

The library's own reader gives up on the first fault, for good and without saying where. This one is
slower and is for that moment alone. It knows the format of batches since Kafka 0.11 (magic 2).
"""

import struct
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from kafka.record.util import calc_crc32c, decode_varint

from consumers.kafka.protocol import LOG_APPEND_TIME, Damaged, Partition, PlainRecord
from consumers.kafka.unpacking import MOST_OF_A_BATCH, UNPACK, TooLarge, bounded

_HEAD: Final = struct.Struct(">qiibIhiqqqhii")
_PREFIX: Final = struct.Struct(">qi")
"""Base offset, and how many octets follow."""
_CHECKED_FROM: Final = struct.calcsize(">qiibI")
_CODEC, _LOG_APPEND, _TRANSACTIONAL, _CONTROL = 0x07, 0x08, 0x10, 0x20
_ABORT: Final = 0
_OBJECT_OCTETS: Final = 200
_UNPACK: Final = dict(UNPACK)
_MOST_RECORDS: Final = 1_000_000
"""Of one batch; each takes some hundred octets of memory, and only a few in its batch."""


class Aborted(NamedTuple):
    """A transaction that was taken back: no record of its producer from here to its marker counts."""

    producer: int
    first_offset: int


class _Batch(NamedTuple):
    octets: bytes
    base: int
    magic: int
    checksum: int
    attributes: int
    last_delta: int
    first_timestamp: int
    max_timestamp: int
    producer: int
    size: int
    """How many records."""

    @property
    def next_offset(self) -> int:
        return self.base + self.last_delta + 1


def read_batches(
    partition: Partition, octets: bytes, offset: int, aborted: Iterable[Aborted] = ()
) -> tuple[list[PlainRecord | Damaged], int]:
    """Return what stands from ``offset`` on, and the offset behind all of it.

    Records of aborted transactions and the broker's own markers are left out. A batch that is cut off at
    the end, as a fetch may do, is not there. What would be too much in memory is left for another call.
    """
    waiting = sorted(aborted, key=lambda each: each.first_offset)
    dead: set[int] = set()
    found: list[PlainRecord | Damaged] = []
    behind, weight = offset, 0
    for batch in _batches(octets):
        behind = max(behind, batch.next_offset)
        while waiting and waiting[0].first_offset < batch.next_offset:
            dead.add(waiting.pop(0).producer)
        if batch.attributes & _CONTROL:
            if _is_abort(batch):
                dead.discard(batch.producer)
        elif not (batch.attributes & _TRANSACTIONAL and batch.producer in dead):
            read = [each for each in _records(partition, batch, offset) if _end(each) > offset]
            found += read
            weight += sum(map(_weight, read))
            if weight > MOST_OF_A_BATCH:
                break
    return found, behind


def _end(found: PlainRecord | Damaged) -> int:
    return found.next_offset if isinstance(found, Damaged) else found.offset + 1


def _weight(found: PlainRecord | Damaged) -> int:
    """Return how much memory a record takes, roughly."""
    record = found.record if isinstance(found, Damaged) else found
    fields = (record.key, record.value, *(content for _, content in record.headers))
    return _OBJECT_OCTETS + sum(len(each or b"") for each in fields)


def _batches(octets: bytes) -> Iterator[_Batch]:
    at = 0
    while at + _HEAD.size <= len(octets):
        _, length = _PREFIX.unpack_from(octets, at)
        end = at + _PREFIX.size + length
        if end > len(octets) or length < _HEAD.size - _PREFIX.size:
            return
        base, _, _, magic, checksum, attributes, delta, first, last, producer, _, _, count = _HEAD.unpack_from(
            octets, at
        )
        yield _Batch(octets[at:end], base, magic, checksum, attributes, delta, first, last, producer, count)
        at = end


def _is_abort(batch: _Batch) -> bool:
    try:
        key = next(_parsed(Partition("", 0), batch)).key or b""
        return bool(struct.unpack(">hh", key[:4])[1] == _ABORT)
    except (StopIteration, struct.error, ValueError, IndexError, TooLarge, _CannotUnpack):
        return False


def _records(partition: Partition, batch: _Batch, offset: int) -> Iterator[PlainRecord | Damaged]:
    if batch.magic != 2:
        yield _damaged(partition, batch, max(batch.base, offset), "codec", "format")
        return
    if calc_crc32c(memoryview(batch.octets)[_CHECKED_FROM:]) != batch.checksum:
        yield _damaged(partition, batch, max(batch.base, offset), "codec", "checksum")
        return
    if batch.size > _MOST_RECORDS:
        yield _damaged(partition, batch, max(batch.base, offset), "codec", "too_large")
        return
    reached = batch.base
    fault: tuple[str, str] | None = None
    try:
        for record in _parsed(partition, batch):
            reached = record.offset + 1
            yield _judged(record)
    except TooLarge:
        fault = "codec", "too_large"
    except _CannotUnpack:
        fault = "codec", "compression"
    except (ValueError, IndexError):
        fault = "encoding", "record"
    if fault and reached < batch.next_offset:  # else every offset of the batch has its record
        yield _damaged(partition, batch, max(reached, offset), *fault)


def _judged(record: PlainRecord) -> PlainRecord | Damaged:
    try:
        for name, _ in record.headers:
            name.encode()
    except UnicodeEncodeError:
        return Damaged(record, record.offset + 1, "encoding", "header_name")
    return record


def _damaged(partition: Partition, batch: _Batch, offset: int, error_class: str, code: str) -> Damaged:
    whole = PlainRecord(
        partition.topic, partition.number, offset, batch.max_timestamp, _timestamp_type(batch), None, batch.octets
    )
    return Damaged(whole, batch.next_offset, error_class, code)


class _CannotUnpack(Exception):
    """The batch's compression is unknown or broken."""


def _unpacked(batch: _Batch) -> bytes:
    packed = batch.octets[_HEAD.size :]
    codec = batch.attributes & _CODEC
    if not codec:
        return packed
    try:
        return bounded(_UNPACK[codec], packed)
    except TooLarge:
        raise
    except Exception as error:  # each codec's library has errors of its own
        raise _CannotUnpack from error


def _timestamp_type(batch: _Batch) -> int:
    return LOG_APPEND_TIME if batch.attributes & _LOG_APPEND else 0


def _parsed(partition: Partition, batch: _Batch) -> Iterator[PlainRecord]:
    """Yield the records of a batch; a header's name that is not UTF-8 keeps its octets as lone surrogates.

    Raises:
        TooLarge: it unpacks to more than is taken.
        ValueError: a length, a number or an offset is wrong.
        IndexError: it ends too early.
    """
    octets, at, least = _unpacked(batch), 0, batch.base
    for _ in range(batch.size):
        length, at = decode_varint(octets, at)
        end = at + length
        if length < 0 or end > len(octets):
            raise IndexError("a record is longer than its batch")
        record = _record(partition, batch, octets, at, end)
        if not least <= record.offset < batch.next_offset:
            raise ValueError("a record stands out of order")
        yield record
        at, least = end, record.offset + 1
    if at != len(octets):
        raise ValueError("records are left over")


def _record(partition: Partition, batch: _Batch, octets: bytes, at: int, end: int) -> PlainRecord:
    at += 1  # attributes, unused so far
    timestamp_delta, at = decode_varint(octets, at)
    offset_delta, at = decode_varint(octets, at)
    key, at = _sized(octets, at, end)
    value, at = _sized(octets, at, end)
    count, at = decode_varint(octets, at)
    headers: list[tuple[str, bytes | None]] = []
    for _ in range(count):
        name, at = _sized(octets, at, end)
        content, at = _sized(octets, at, end)
        headers.append(((name or b"").decode("utf-8", "surrogateescape"), content))
    if at != end or count < 0:
        raise ValueError("a record is not as long as it says")
    append_time = _timestamp_type(batch)
    timestamp = batch.max_timestamp if append_time else batch.first_timestamp + timestamp_delta
    return PlainRecord(
        partition.topic, partition.number, batch.base + offset_delta, timestamp, append_time, key, value, headers
    )


def _sized(octets: bytes, at: int, end: int) -> tuple[bytes | None, int]:
    length, at = decode_varint(octets, at)
    if length < 0:
        return None, at
    if at + length > end:
        raise IndexError("a field is longer than its record")
    return octets[at : at + length], at + length
