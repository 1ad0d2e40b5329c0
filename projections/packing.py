"""Rows of a view's table as PostgreSQL's binary COPY takes them, packed column by column.

psycopg would look for a dumper for every value; here the table says what its columns are. What stands
often in a column (a unit, an origin, an instant of several clocks) is packed once for many rows. The
format is described in ``engine/store/copying.py``.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import chain, islice, repeat
from struct import Struct
from typing import Any, Final

from sqlalchemy import ARRAY, BigInteger, Boolean, Date, DateTime, Double, Integer, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeEngine

_BEGIN: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_END: Final = b"\xff\xff"
_NULL: Final = b"\xff\xff\xff\xff"
_COUNT: Final = Struct("!h").pack
_LENGTH: Final = Struct("!i").pack
_INTEGER: Final = Struct("!ii").pack
_BIG: Final = Struct("!iq").pack
_DOUBLE: Final = Struct("!id").pack
_ARRAY: Final = Struct("!iiIii").pack
_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
_FIRST_DAY: Final = date(2000, 1, 1).toordinal()
_MICROSECOND: Final = timedelta(microseconds=1)
_CHUNK: Final = 512
"""Rows sent at once: the server works on one chunk while the next is packed."""

_One = Callable[[Any], bytes]
"""Packs a value that is not None, its length before it."""
_Column = Callable[[Sequence[Any]], list[bytes]]


def packed(table: Table, rows: Iterable[Sequence[Any]]) -> Iterator[bytes] | None:
    """Return the octets of rows, each in the order of the table's columns; None: a column is of a type without packer.

    Raises, while the octets are taken, what a value raises that is not of its column's type.
    """
    columns = _columns(table)
    return None if columns is None else _chunks(columns, rows)


def _chunks(columns: Sequence[_Column], rows: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    left, count, head = iter(rows), repeat(_COUNT(len(columns))), _BEGIN
    while chunk := list(islice(left, _CHUNK)):
        values = zip(*chunk, strict=True)
        octets = [pack(column) for pack, column in zip(columns, values, strict=True)]
        yield head + b"".join(chain.from_iterable(zip(count, *octets, strict=False)))
        head = b""
    yield head + _END


@lru_cache(maxsize=256)
def _columns(table: Table) -> tuple[_Column, ...] | None:
    found = [_column(column.type) for column in table.columns]
    known = tuple(one for one in found if one is not None)
    return known if len(known) == len(found) else None


def _column(type_: TypeEngine[Any]) -> _Column | None:
    one = _packer(type_)
    if one is None:
        return None
    # A UUID is slow to hash; documents and arrays are long, and rarely the same.
    return _each(one) if isinstance(type_, Uuid | JSONB | ARRAY) else _distinct(one)


def _each(one: _One) -> _Column:
    return lambda values: [_NULL if value is None else one(value) for value in values]


def _distinct(one: _One) -> _Column:
    def column(values: Sequence[Any]) -> list[bytes]:
        known = {value: _NULL if value is None else one(value) for value in set(values)}
        return [known[value] for value in values]

    return column


def _packer(type_: TypeEngine[Any]) -> _One | None:
    match type_:
        case ARRAY():
            item = _packer(type_.item_type)
            oid = next((oid for kind, oid in _OIDS.items() if isinstance(type_.item_type, kind)), None)
            return None if item is None or oid is None else _array(item, oid)
        case JSONB():
            return lambda value: _sized(b"\1" + (value.encode() if isinstance(value, str) else value))
        case Uuid():
            return lambda value: b"\0\0\0\x10" + value.int.to_bytes(16, "big")
        case Text():
            return lambda value: _sized(value.encode())
        case Boolean():
            return lambda value: b"\0\0\0\1\1" if value else b"\0\0\0\1\0"
        case BigInteger():
            return lambda value: _BIG(8, value)
        case Integer():
            return lambda value: _INTEGER(4, value)
        case Double():
            return lambda value: _DOUBLE(8, value)
        case DateTime(timezone=True):
            return lambda value: _BIG(8, (value - _EPOCH) // _MICROSECOND)
        case Date():
            return lambda value: _INTEGER(4, value.toordinal() - _FIRST_DAY)
        case _:
            return None


_OIDS: Final[dict[type[TypeEngine[Any]], int]] = {Text: 25, DateTime: 1184}
"""What an array says its items are."""


def _sized(octets: bytes) -> bytes:
    return _LENGTH(len(octets)) + octets


def _array(item: _One, oid: int) -> _One:
    def pack(values: Sequence[Any]) -> bytes:
        if not values:
            return _sized(_ARRAY(0, 0, oid, 0, 0)[:12])
        items = [_NULL if value is None else item(value) for value in values]
        return _sized(_ARRAY(1, int(_NULL in items), oid, len(values), 1) + b"".join(items))

    return pack
