"""Events into the log: one binary COPY, its octets packed here; a few of them by one INSERT.

A COPY is quick for many rows, but has the server answer twice under the log's lock. An INSERT waits in
the pipeline together with the commit, and what it takes longer is nothing for a few rows.

PostgreSQL's COPY format (its manual, section "COPY", "Binary Format"): a head of 19 octets, then
for every row the number of its columns, and each column as its length and its octets, then -1.
psycopg would look up a dumper for every value; here the columns are known.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from struct import Struct
from typing import Final

from psycopg import Connection
from psycopg.rows import TupleRow

from engine.store.columns import Integers, Octets, Texts, Uuids, teach
from engine.store.mapper import Sealed

_COPY: Final = "COPY plaint.events (position, recorded_at, stream, version, name, state) FROM STDIN (FORMAT BINARY)"
FEW: Final = 32
"""Rows that are inserted rather than copied."""
_INSERT: Final = """
    INSERT INTO plaint.events (position, recorded_at, stream, version, name, state)
    SELECT %s + w.nth, %s, w.stream, w.version, w.name, w.state
    FROM unnest(%b::uuid[], %b::integer[], %b::text[], %b::bytea[]) WITH ORDINALITY
        AS w (stream, version, name, state, nth)
"""
_BEGIN: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_END: Final = b"\xff\xff"
_ROW: Final = Struct("!hiqiqi16siii")
_LENGTH: Final = Struct("!i")
_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""PostgreSQL counts microseconds from here."""
_MICROSECOND: Final = timedelta(microseconds=1)
_CHUNK: Final = 1024
"""Rows sent at once: the server works on one chunk while the next is packed."""


def copy_events(connection: Connection[TupleRow], before: int, recorded_at: datetime, rows: Sequence[Sealed]) -> None:
    """Append rows behind position ``before``. The caller holds the lock."""
    if not rows:
        return
    with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
        for chunk in _packed(before, (recorded_at - _EPOCH) // _MICROSECOND, rows):
            copy.write(chunk)


def insert_events(connection: Connection[TupleRow], before: int, recorded_at: datetime, rows: Sequence[Sealed]) -> None:
    """Append a few rows behind position ``before``, in the caller's pipeline. The caller holds the lock."""
    if not rows:
        return
    teach(connection)
    streams, versions, names, states = zip(*rows, strict=True)
    connection.execute(_INSERT, (before, recorded_at, Uuids(streams), Integers(versions), Texts(names), Octets(states)))


def _packed(before: int, recorded: int, rows: Sequence[Sealed]) -> Iterator[bytes]:
    names: dict[str, bytes] = {}
    octets = [_BEGIN]
    row, length = _ROW.pack, _LENGTH.pack
    for position, (stream, version, topic, state) in enumerate(rows, start=before + 1):
        name = names.get(topic)
        if name is None:
            name = names[topic] = topic.encode()
        octets += (
            row(6, 8, position, 8, recorded, 16, stream.bytes, 4, version, len(name)),
            name,
            length(len(state)),
            state,
        )
        if (position - before) % _CHUNK == 0:
            yield b"".join(octets)
            octets = []
    yield b"".join((*octets, _END))
