"""Whole columns as PostgreSQL's binary arrays, packed in one pass.

psycopg asks each item of a list for its type and its dumper; for the thousands of ids and hashes
of one batch that is most of a commit's work in this process. Here the type is known beforehand.
"""

import struct
from collections.abc import Collection, Iterable
from typing import ClassVar, Final
from uuid import UUID

from psycopg import Connection
from psycopg.adapt import Buffer, Dumper
from psycopg.pq import Format
from psycopg.rows import TupleRow

_HEAD: Final = struct.Struct("!iiIii").pack
_LENGTH: Final = struct.Struct("!i").pack
_INTEGER: Final = struct.Struct("!ii").pack
_BIG: Final = struct.Struct("!iq").pack
_NULL: Final = _LENGTH(-1)
_SIXTEEN: Final = _LENGTH(16)


class Column:
    """An array on its way to the database. Its subclass says of what."""

    __slots__ = ("octets",)
    array_oid: ClassVar[int]
    item_oid: ClassVar[int]

    def __init__(self, items: Collection[object], packed: Iterable[bytes]) -> None:
        head = _HEAD(1, 1, self.item_oid, len(items), 1) if items else _HEAD(0, 0, self.item_oid, 0, 0)[:12]
        self.octets = head + b"".join(packed)


class Uuids(Column):
    """``uuid[]``"""

    array_oid, item_oid = 2951, 2950

    def __init__(self, items: Collection[UUID | None]) -> None:
        packed = [_NULL if item is None else _SIXTEEN + item.int.to_bytes(16, "big") for item in items]
        super().__init__(items, packed)


class Hashes(Column):
    """``uuid[]`` of keyed hashes: the first 16 octets of each, see ``key_of``."""

    array_oid, item_oid = 2951, 2950

    def __init__(self, items: Collection[bytes]) -> None:
        super().__init__(items, [_SIXTEEN + item[:16].ljust(16, b"\0") for item in items])


class Octets(Column):
    """``bytea[]``"""

    array_oid, item_oid = 1001, 17

    def __init__(self, items: Collection[bytes]) -> None:
        super().__init__(items, [_LENGTH(len(item)) + item for item in items])


class Texts(Column):
    """``text[]``; of text, or of its UTF-8 octets."""

    array_oid, item_oid = 1009, 25

    def __init__(self, items: Collection[str | bytes]) -> None:
        encoded = (item.encode() if isinstance(item, str) else item for item in items)
        super().__init__(items, (_LENGTH(len(item)) + item for item in encoded))


class Integers(Column):
    """``integer[]``"""

    array_oid, item_oid = 1007, 23

    def __init__(self, items: Collection[int | None]) -> None:
        super().__init__(items, (_NULL if item is None else _INTEGER(4, item) for item in items))


class BigIntegers(Column):
    """``bigint[]``"""

    array_oid, item_oid = 1016, 20

    def __init__(self, items: Collection[int | None]) -> None:
        super().__init__(items, (_NULL if item is None else _BIG(8, item) for item in items))


class Truths(Column):
    """``boolean[]``"""

    array_oid, item_oid = 1000, 16

    def __init__(self, items: Collection[bool]) -> None:
        super().__init__(items, (b"\0\0\0\1\1" if item else b"\0\0\0\1\0" for item in items))


def key_of(hashed: bytes) -> UUID:
    """Return a keyed hash as the store keeps it: its first 16 octets. 128 bits cannot be aimed at without the key."""
    return UUID(bytes=hashed[:16].ljust(16, b"\0"))


class _Packed(Dumper):
    format = Format.BINARY

    def dump(self, obj: Column) -> Buffer:
        return obj.octets


def _dumper(column: type[Column]) -> type[Dumper]:
    return type(f"{column.__name__}Dumper", (_Packed,), {"oid": column.array_oid})


_DUMPERS: Final = {column: _dumper(column) for column in (Uuids, Hashes, Octets, Texts, Integers, BigIntegers, Truths)}


def teach(connection: Connection[TupleRow]) -> None:
    """Let a connection send columns; its placeholders for them are ``%b``."""
    for column, dumper in _DUMPERS.items():
        connection.adapters.register_dumper(column, dumper)
