"""Packed octets of a record batch -> its records, never more than fit: a few kilobytes can unpack to gigabytes.

The library unpacks without a limit; from the import of this module on it uses these functions. A batch
that unpacks to more than ``MOST_OF_A_BATCH`` is damaged for us: it goes aside whole, as it came. What one
poll unpacks altogether has a limit too (``MOST_AT_ONCE``, as much as 500 records of one mebibyte take): the
poll ends early by it, and what was left is read by the next consumer.
"""

import io
import struct
import threading
import zlib
from collections.abc import Callable, Mapping
from typing import Any, Final

import lz4.frame  # type: ignore[import-untyped] # it has no types
import snappy  # type: ignore[import-untyped] # it has no types
import zstandard
from kafka import codec
from kafka.record import default_records, legacy_records

Octets = bytes | bytearray | memoryview

MOST_OF_A_BATCH: Final = 64 * 1024 * 1024
MOST_AT_ONCE: Final = 512 * 1024 * 1024
_GZIP_WINDOW: Final = 31
_XERIAL: Final = b"\x82SNAPPY\x00"
_XERIAL_HEAD: Final = 16


class TooLarge(Exception):
    """A batch unpacks to more than is taken."""

    def __init__(self) -> None:
        super().__init__(f"a batch unpacks to more than {MOST_OF_A_BATCH} octets")


class TooMuchAtOnce(Exception):
    """One poll has unpacked as much as may be in memory; nothing is wrong with the batch that came next."""


class _Left(threading.local):
    """What the poll of this thread may still unpack; None: nobody counts."""

    octets: int | None = None


_left = _Left()


def begin_poll() -> None:
    """Count from here on what this thread unpacks."""
    _left.octets = MOST_AT_ONCE


def bounded(unpack: Callable[[bytes, int], bytes], packed: Octets) -> bytes:
    """Return what ``unpack`` makes of the octets.

    Raises:
        TooLarge: more than ``MOST_OF_A_BATCH``.
        Exception: they are no such octets; each codec's library has errors of its own.
    """
    unpacked = unpack(bytes(packed), MOST_OF_A_BATCH + 1)
    if len(unpacked) > MOST_OF_A_BATCH:
        raise TooLarge
    return unpacked


def gunzip(packed: bytes, most: int) -> bytes:
    """Return at most so many octets of all members of a gzip stream."""
    out = bytearray()
    while packed and len(out) < most:
        member = zlib.decompressobj(_GZIP_WINDOW)
        out += member.decompress(packed, most - len(out))
        if not member.eof and len(out) < most:
            raise EOFError("a gzip stream ends too early")
        packed = member.unused_data
    return bytes(out)


def unzstd(packed: bytes, most: int) -> bytes:
    """Return at most so many octets of all frames of a zstd stream."""
    _must_be_there(codec.has_zstd)
    with zstandard.ZstdDecompressor().stream_reader(io.BytesIO(packed), read_across_frames=True) as reader:
        return reader.read(most)


def unlz4(packed: bytes, most: int) -> bytes:
    """Return at most so many octets of all frames of an lz4 stream."""
    _must_be_there(codec.has_lz4)
    out = bytearray()
    while packed and len(out) < most:
        frame = lz4.frame.LZ4FrameDecompressor()
        out += frame.decompress(packed, most - len(out))
        if not frame.eof and len(out) < most:
            raise EOFError("an lz4 stream ends too early")
        packed = frame.unused_data or b""
    return bytes(out)


def unsnappy(packed: bytes, most: int) -> bytes:
    """Return what snappy has packed, in one block or in those of xerial; stops where it would be too much."""
    _must_be_there(codec.has_snappy)
    if not packed.startswith(_XERIAL):
        return _block(packed, most)
    out, at = bytearray(), _XERIAL_HEAD
    while at < len(packed) and len(out) < most:
        (size,) = struct.unpack_from(">i", packed, at)
        if size < 0:
            raise ValueError("a block of snappy has no length")
        out += _block(packed[at + 4 : at + 4 + size], most - len(out))
        at += 4 + size
    return bytes(out)


def _block(packed: bytes, most: int) -> bytes:
    """Return a block, or nothing but zeros where the length that stands before it is too much already."""
    size, shift = 0, 0
    for octet in packed[:5]:
        size |= (octet & 0x7F) << shift
        shift += 7
        if octet < 0x80:
            break
    return bytes(most) if size >= most else bytes(snappy.decompress(packed))


def _must_be_there(has: Callable[[], bool]) -> None:
    if not has():
        raise NotImplementedError("the library of this codec is not installed")


UNPACK: Final[Mapping[int, Callable[[bytes, int], bytes]]] = {1: gunzip, 2: unsnappy, 3: unlz4, 4: unzstd}
"""By the number of the codec in a batch's attributes."""


def _for_the_library(unpack: Callable[[bytes, int], bytes]) -> Callable[[Octets], bytes]:
    def counted(packed: Octets) -> bytes:
        unpacked = bounded(unpack, packed)
        if _left.octets is not None:
            if len(unpacked) > _left.octets:
                raise TooMuchAtOnce
            _left.octets -= len(unpacked)
        return unpacked

    return counted


def _guard(module: Any) -> None:
    for name, unpack in {"gzip_decode": gunzip, "snappy_decode": unsnappy, "lz4_decode": unlz4,
                         "zstd_decode": unzstd}.items():  # fmt: skip
        if hasattr(module, name):
            setattr(module, name, _for_the_library(unpack))


_guard(default_records)
_guard(legacy_records)
