"""Record batches of a few kilobytes that unpack to more than fits, made without ever being in memory unpacked."""

import struct
import zlib
from collections.abc import Callable, Iterator

import lz4.frame  # type: ignore[import-untyped] # it has no types
import snappy  # type: ignore[import-untyped] # it has no types
import zstandard
from kafka.record.util import calc_crc32c, encode_varint

_PIECE = bytes(1024 * 1024)


def bomb(codec: int, mebibytes: int) -> bytes:
    """Return a batch of one record whose value is so many mebibytes of nothing; codec by its number in Kafka."""
    packed = _PACK[codec](_record(mebibytes))
    rest = struct.pack(">hiqqqhii", codec, 0, 1_700_000_000_000, 1_700_000_000_000, -1, -1, -1, 1) + packed
    return struct.pack(">qiibI", 0, len(rest) + 9, 0, 2, calc_crc32c(memoryview(rest))) + rest


def _record(mebibytes: int) -> Iterator[bytes]:
    size = mebibytes * len(_PIECE)
    before = b"\x00" + _varint(0) + _varint(0) + _varint(-1) + _varint(size)
    after = _varint(0)
    yield _varint(len(before) + size + len(after)) + before
    for _ in range(mebibytes):
        yield _PIECE
    yield after


def _varint(number: int) -> bytes:
    out = bytearray()
    encode_varint(number, out.append)
    return bytes(out)


def _gzip(pieces: Iterator[bytes]) -> bytes:
    packer = zlib.compressobj(9, wbits=31)
    return b"".join(packer.compress(each) for each in pieces) + packer.flush()


def _xerial(pieces: Iterator[bytes]) -> bytes:
    blocks = [bytes(snappy.compress(each)) for each in pieces]
    return b"\x82SNAPPY\x00" + struct.pack(">ii", 1, 1) + b"".join(struct.pack(">i", len(b)) + b for b in blocks)


def _lz4(pieces: Iterator[bytes]) -> bytes:
    packer = lz4.frame.LZ4FrameCompressor(block_linked=False)
    return bytes(packer.begin() + b"".join(packer.compress(each) for each in pieces) + packer.flush())


def _zstd(pieces: Iterator[bytes]) -> bytes:
    packer = zstandard.ZstdCompressor().compressobj()
    return b"".join(packer.compress(each) for each in pieces) + packer.flush()


_PACK: dict[int, Callable[[Iterator[bytes]], bytes]] = {1: _gzip, 2: _xerial, 3: _lz4, 4: _zstd}
