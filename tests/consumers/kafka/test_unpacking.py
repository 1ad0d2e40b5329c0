"""What unpacks to more than fits goes aside whole, as it came; the partition goes on, and memory stays bounded."""

import resource
import struct

import pytest
from kafka.record import default_records

from consumers.kafka import unpacking
from consumers.kafka.batches import read_batches
from consumers.kafka.protocol import Damaged, Partition, PlainRecord
from consumers.kafka.unpacking import MOST_OF_A_BATCH, UNPACK, TooLarge, TooMuchAtOnce, bounded
from support.bombs import bomb
from support.broker import RunningBroker, unique
from support.consuming import Group, broker, chat, letters, produce, produce_batch, running, step_until, texts
from support.installation import Desk

P = Partition("in", 0)
CODECS = {"gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}
BY_LIBRARY = {"gzip": default_records.gzip_decode, "snappy": default_records.snappy_decode,
              "lz4": default_records.lz4_decode, "zstd": default_records.zstd_decode}  # fmt: skip


@pytest.mark.parametrize("codec", CODECS)
def test_a_bomb_is_damaged_as_a_whole_and_what_stands_beside_it_is_read(codec: str) -> None:
    octets = bomb(CODECS[codec], 80)
    behind = struct.pack(">q", 1) + bomb(CODECS[codec], 1)[8:]
    found, reached = read_batches(P, octets + behind, 0)
    damaged, healthy = found
    assert isinstance(damaged, Damaged)
    assert (damaged.error_class, damaged.code, damaged.next_offset) == ("codec", "too_large", 1)
    assert damaged.record.value == octets
    assert isinstance(healthy, PlainRecord)
    assert (healthy.offset, len(healthy.value or b""), reached) == (1, 1024 * 1024, 2)


@pytest.mark.parametrize("codec", CODECS)
def test_the_librarys_own_reader_unpacks_no_more_than_ours(codec: str) -> None:
    with pytest.raises(TooLarge):
        BY_LIBRARY[codec](memoryview(bomb(CODECS[codec], 80))[61:])


def test_a_poll_unpacks_no_more_than_fits_however_many_batches_it_meets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "MOST_AT_ONCE", 3 * 1024 * 1024)
    packed = bomb(4, 1)[61:]
    unpacking.begin_poll()
    try:
        for _ in range(2):
            assert len(BY_LIBRARY["zstd"](packed)) > 1024 * 1024
        with pytest.raises(TooMuchAtOnce):
            BY_LIBRARY["zstd"](packed)
        assert len(bounded(UNPACK[4], packed)) > 1024 * 1024, "our own reader counts by itself"
    finally:
        monkeypatch.undo()
        unpacking.begin_poll()


def test_what_is_read_at_once_of_many_small_bombs_is_bounded_and_the_rest_comes_next() -> None:
    octets = b"".join(struct.pack(">q", at) + bomb(4, 30)[8:] for at in range(6))
    found, reached = read_batches(P, octets, 0)
    assert ([each.offset for each in found if isinstance(each, PlainRecord)], reached) == ([0, 1, 2], 3)
    more, end = read_batches(P, octets, 3)
    assert ([each.offset for each in more if isinstance(each, PlainRecord)], end) == ([3, 4, 5], 6)


def test_a_batch_of_records_without_number_is_damaged_as_a_whole() -> None:
    octets = bytearray(bomb(4, 1))
    octets[57:61] = struct.pack(">i", 1_000_001)
    octets[17:21] = struct.pack(">I", default_records.calc_crc32c(memoryview(octets)[21:]))
    (damaged,), _ = read_batches(P, bytes(octets), 0)
    assert isinstance(damaged, Damaged)
    assert damaged.code == "too_large"


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("cut", [1, 20])
def test_what_is_cut_off_is_damaged_and_no_shorter_value(codec: str, cut: int) -> None:
    whole = bomb(CODECS[codec], 1)
    octets = bytearray(whole[:-cut])
    octets[8:12] = struct.pack(">i", len(octets) - 12)
    octets[17:21] = struct.pack(">I", default_records.calc_crc32c(memoryview(octets)[21:]))
    (damaged,), _ = read_batches(P, bytes(octets), 0)
    assert isinstance(damaged, Damaged)
    assert damaged.code in ("compression", "record")


def test_streams_of_several_pieces_are_read_whole() -> None:
    for number in (1, 3, 4):
        packed = bomb(number, 1)[61:]
        assert bounded(UNPACK[number], packed + packed) == bounded(UNPACK[number], packed) * 2


def test_a_block_of_snappy_that_says_it_is_huge_is_not_believed() -> None:
    with pytest.raises(TooLarge):
        bounded(UNPACK[2], b"\xff\xff\xff\xff\x0f" + b"\x00" * 10)


def test_real_bombs_on_a_real_broker_go_aside_and_the_partition_goes_on(kafka: RunningBroker, desk: Desk) -> None:
    topic = kafka.new_topic()
    produce(kafka.servers, topic, [chat("before")])
    bombs = [bomb(CODECS["zstd"], 1_500), bomb(CODECS["lz4"], 200), bomb(CODECS["gzip"], 600)]
    for each in bombs:
        assert len(each) < 1_048_588
        produce_batch(kafka, topic, each)
    produce(kafka.servers, topic, [chat("behind")])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with broker(kafka.servers) as cluster:
        group = Group(desk, cluster, {topic: "messages"}, unique("group"))
        member = group.member()
        with running(member):
            step_until([member], lambda: group.positions() == {(topic, 0): 5}, seconds=60)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak) / 1024
    assert grown < 4 * MOST_OF_A_BATCH / 1024 / 1024, f"{grown} MiB"
    assert texts(desk) == ["It is broken, before", "It is broken, behind"]
    kept = letters(desk)
    assert [each.offset for each in kept] == [1, 2, 3]
    assert {(each.error_class, each.code) for each in kept} == {("codec", "too_large")}
    assert [(each.value or b"")[61:] for each in kept] == [each[61:] for each in bombs]
