"""The leaf of an event: one hash over everything its row says, for later proofs that nothing was changed.

SHA-256 of these octets, integers big-endian and signed::

    0x00                    a leaf, no inner node: a Merkle tree as in RFC 6962 can stand on it
    "plaint leaf 1" 0x00    what it is, so that no other hash of ours is ever equal
    position                8 octets
    recorded_at             8 octets: microseconds since 1970-01-01T00:00:00Z
    stream                  16 octets
    version                 4 octets
    length of name          4 octets, then the name in UTF-8
    length of state         4 octets, then the state as it is stored

The state is hashed as it stands in the row, whatever its format and with its personal parts still
encrypted: a leaf needs no key, and an erasure, which destroys keys and touches no row, changes none.
"""

import hashlib
import struct
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

SQL: Final = """sha256(
    '\\x00'::bytea || convert_to('plaint leaf 1', 'UTF8') || '\\x00'::bytea
    || int8send(position) || int8send((extract(epoch FROM recorded_at) * 1000000)::bigint)
    || uuid_send(stream) || int4send(version)
    || int4send(octet_length(convert_to(name, 'UTF8'))) || convert_to(name, 'UTF8')
    || int4send(octet_length(state)) || state)"""
"""The same as an expression over the columns of ``plaint.events``; core functions only."""
_PREFIX: Final = b"\0plaint leaf 1\0"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def leaf(position: int, recorded_at: datetime, stream: UUID, version: int, name: str, state: bytes) -> bytes:
    """The 32 octets of an event's leaf; arguments in the order of the row's columns.

    Raises:
        ValueError: ``recorded_at`` has no time zone.
    """
    if recorded_at.tzinfo is None:
        raise ValueError("recorded_at has no time zone: the row's own is an instant")
    named = name.encode()
    head = struct.pack("!qq16sii", position, (recorded_at - _EPOCH) // _MICROSECOND, stream.bytes, version, len(named))
    return hashlib.sha256(b"".join((_PREFIX, head, named, struct.pack("!i", len(state)), state))).digest()
