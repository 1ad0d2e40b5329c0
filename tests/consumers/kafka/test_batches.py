"""Batches as octets: the healthy is read, the damaged told apart, nothing lost between them."""

import struct
from collections.abc import Callable, Sequence
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kafka.record.default_records import DefaultRecordBatchBuilder
from kafka.record.util import calc_crc32c

from consumers.kafka.batches import Aborted, read_batches
from consumers.kafka.protocol import Damaged, Partition, PlainRecord

HERE = Partition("complaints.inbound", 2)
CODECS = {"none": 0, "gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}
Header = tuple[str, bytes | None]


def batch(
    base: int,
    values: Sequence[bytes | None],
    *,
    codec: str = "none",
    headers: Sequence[Header] = (),
    producer: int | None = None,
) -> bytes:
    """Return a batch as the library writes it; the broker gives it its first offset."""
    builder = DefaultRecordBatchBuilder(
        magic=2,
        compression_type=CODECS[codec],
        is_transactional=producer is not None,
        producer_id=-1 if producer is None else producer,
        producer_epoch=-1 if producer is None else 0,
        base_sequence=-1 if producer is None else 0,
        batch_size=1 << 20,
    )
    for number, value in enumerate(values):
        builder.append(number, 1_700_000_000_000 + number, b"case", value, list(headers))
    return struct.pack(">q", base) + bytes(builder.build())[8:]


def sealed(octets: bytes) -> bytes:
    """Return a batch with the checksum that its octets have now."""
    return octets[:17] + struct.pack(">I", calc_crc32c(memoryview(octets)[21:])) + octets[21:]


def marker(base: int, producer: int, kind: int) -> bytes:
    """Return the broker's word that a transaction was committed (1) or taken back (0)."""
    builder = DefaultRecordBatchBuilder(
        magic=2,
        compression_type=0,
        is_transactional=True,
        producer_id=producer,
        producer_epoch=0,
        base_sequence=-1,
        batch_size=1 << 16,
    )
    builder.append(0, 1_700_000_000_000, struct.pack(">hh", 0, kind), b"", [])
    octets = bytearray(builder.build())
    octets[22] |= 0x20
    return sealed(struct.pack(">q", base) + bytes(octets)[8:])


def values(found: Sequence[PlainRecord | Damaged]) -> list[bytes | None]:
    return [each.value for each in found if isinstance(each, PlainRecord)]


@pytest.mark.parametrize("codec", CODECS)
def test_a_healthy_batch_is_read_whole_whatever_packs_it(codec: str) -> None:
    octets = batch(7, [b"one", None, b"\xff"], codec=codec, headers=[("trace", b"\x00"), ("none", None)])
    found, behind = read_batches(HERE, octets, 0)
    assert behind == 10
    headers = [("trace", b"\x00"), ("none", None)]
    assert found == [
        PlainRecord("complaints.inbound", 2, 7, 1_700_000_000_000, 0, b"case", b"one", headers),
        PlainRecord("complaints.inbound", 2, 8, 1_700_000_000_001, 0, b"case", None, headers),
        PlainRecord("complaints.inbound", 2, 9, 1_700_000_000_002, 0, b"case", b"\xff", headers),
    ]


def test_reading_begins_within_a_batch_and_ends_before_one_that_is_cut_off() -> None:
    octets = batch(0, [b"a", b"b", b"c"]) + batch(3, [b"d"]) + batch(4, [b"e"])[:-1]
    found, behind = read_batches(HERE, octets, 2)
    assert (values(found), behind) == ([b"c", b"d"], 4)


def test_the_brokers_clock_counts_where_the_topic_says_so() -> None:
    octets = bytearray(batch(0, [b"a", b"b"]))
    octets[22] |= 0x08
    octets[35:43] = struct.pack(">q", 1_800_000_000_000)
    found, _ = read_batches(HERE, sealed(bytes(octets)), 0)
    assert [(each.timestamp, each.timestamp_type) for each in found if isinstance(each, PlainRecord)] == [
        (1_800_000_000_000, 1)
    ] * 2


def test_a_headers_name_that_is_not_utf_8_damages_its_record_alone_and_keeps_its_octets() -> None:
    octets = batch(0, [b"before"]) + batch(1, [b"bad"], headers=[("~~", b"x")]) + batch(2, [b"after"])
    found, behind = read_batches(HERE, _spoil_name(octets), 0)
    assert (values(found), behind) == ([b"before", b"after"], 3)
    damaged = next(each for each in found if isinstance(each, Damaged))
    assert (damaged.next_offset, damaged.error_class, damaged.code) == (2, "encoding", "header_name")
    assert damaged.record.value == b"bad"
    ((name, value),) = damaged.record.headers
    assert (name.encode("utf-8", "surrogateescape"), value) == (b"\xff\xfe", b"x")


def _spoil_name(octets: bytes) -> bytes:
    """Put a name that is not UTF-8 into the second of three batches."""
    first = 12 + struct.unpack(">i", octets[8:12])[0]
    end = first + 12 + struct.unpack(">i", octets[first + 8 : first + 12])[0]
    return octets[:first] + sealed(octets[first:end].replace(b"~~", b"\xff\xfe")) + octets[end:]


@pytest.mark.parametrize(
    ("harm", "error_class", "code"),
    [
        (lambda octets: octets[:-1] + bytes([octets[-1] ^ 1]), "codec", "checksum"),
        (lambda octets: sealed(octets[:22] + bytes([octets[22] | 5]) + octets[23:]), "codec", "compression"),
        (lambda octets: sealed(octets[:22] + bytes([octets[22] | 2]) + octets[23:]), "codec", "compression"),
        (lambda octets: octets[:16] + b"\x01" + octets[17:], "codec", "format"),
        (lambda octets: sealed(octets[:57] + struct.pack(">i", 0) + octets[61:]), "encoding", "record"),
    ],
    ids=["flipped bit", "unknown codec", "not what it says", "old format", "no records"],
)
def test_a_damaged_batch_is_kept_whole_and_its_neighbours_are_read(
    harm: Callable[[bytes], bytes], error_class: str, code: str
) -> None:
    spoiled = harm(batch(1, [b"one", b"two"]))
    found, behind = read_batches(HERE, batch(0, [b"before"]) + spoiled + batch(3, [b"after"]), 0)
    assert (values(found), behind) == ([b"before", b"after"], 4)
    damaged = found[1]
    assert isinstance(damaged, Damaged)
    assert (damaged.error_class, damaged.code, damaged.next_offset) == (error_class, code, 3)
    assert (damaged.record.offset, damaged.record.value) == (1, spoiled)


def test_what_stands_before_the_fault_in_a_batch_is_read_and_the_batch_is_kept_from_there_on() -> None:
    octets = batch(5, [b"one", b"two", b"three"])
    spoiled = sealed(octets[:57] + struct.pack(">i", 2) + octets[61:])
    found, _ = read_batches(HERE, spoiled, 5)
    assert values(found) == [b"one", b"two"]
    assert isinstance(found[-1], Damaged)
    assert (found[-1].record.offset, found[-1].next_offset, found[-1].record.value) == (7, 8, spoiled)


def test_a_fault_behind_the_last_record_of_a_batch_costs_no_offset() -> None:
    octets = batch(5, [b"one", b"two"])
    found, behind = read_batches(HERE, sealed(octets[:57] + struct.pack(">i", 3) + octets[61:]), 5)
    assert (values(found), len(found), behind) == ([b"one", b"two"], 2, 7)


def test_what_a_transaction_took_back_does_not_count_and_what_it_committed_does() -> None:
    octets = b"".join(
        [
            batch(0, [b"aborted"], producer=4),
            batch(1, [b"other"], producer=5),
            batch(2, [b"plain"]),
            marker(3, producer=4, kind=0),
            marker(4, producer=5, kind=1),
            batch(5, [b"second try"], producer=4),
            marker(6, producer=4, kind=1),
        ]
    )
    found, behind = read_batches(HERE, octets, 0, [Aborted(producer=4, first_offset=0)])
    assert (values(found), behind) == ([b"other", b"plain", b"second try"], 7)


@given(st.lists(st.tuples(st.integers(12, 160), st.integers(0, 255)), max_size=6), st.sampled_from(sorted(CODECS)))
def test_whatever_stands_in_a_batch_nothing_is_raised_and_offsets_only_grow(
    changes: list[tuple[int, int]], codec: str
) -> None:
    octets = bytearray(batch(10, [b"one" * 9, b"two" * 9, sha256(b"x").digest()], codec=codec, headers=[("h", b"v")]))
    for place, octet in changes:
        if place < len(octets) and not 23 <= place < 27:  # how many offsets a batch has is the broker's own word
            octets[place] = octet
    found, behind = read_batches(HERE, sealed(bytes(octets)), 10)
    assert behind in (10, 13)
    ends = [each.next_offset if isinstance(each, Damaged) else each.offset + 1 for each in found]
    assert ends == sorted(set(ends))
    assert all(10 < end <= 13 for end in ends)
