"""Which commands and channel messages have had their effect, and what was answered.

Command ids, their fingerprints and the fingerprints of messages are kept for good; only the
answer itself has a retention.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson
from psycopg import Connection
from psycopg.rows import TupleRow

from engine.store.batch import Answer, SeenMessage
from engine.store.columns import Hashes, Integers, Octets, Texts, Uuids, key_of, teach
from engine.store.database.pool import Pool
from engine.store.session import reading

KNOWN_COMMANDS: Final = "ARRAY(SELECT command_id FROM plaint.answers WHERE command_id = ANY(%(commands)b::uuid[]))"
KNOWN_MESSAGES: Final = "ARRAY(SELECT fingerprint FROM plaint.messages WHERE fingerprint = ANY(%(messages)b::uuid[]))"
_KEEP_ANSWERS: Final = """
    INSERT INTO plaint.answers (command_id, fingerprint, recorded_at, position, stream, version, result)
    SELECT w.command_id, w.fingerprint, %s::timestamptz, %s::bigint, w.stream,
           coalesce(w.version, (SELECT max(e.version) FROM plaint.events e WHERE e.stream = w.stream)), w.result::json
    FROM unnest(%b::uuid[], %b::bytea[], %b::uuid[], %b::integer[], %b::text[])
         AS w (command_id, fingerprint, stream, version, result)
"""
_KEEP_MESSAGES: Final = """
    INSERT INTO plaint.messages (fingerprint, stream, message)
    SELECT * FROM unnest(%b::uuid[], %b::uuid[], %b::uuid[])
"""


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """What a command was answered. ``result`` is None after its retention."""

    command_id: UUID
    fingerprint: bytes
    recorded_at: datetime
    position: int
    stream: UUID | None
    version: int | None
    """Of the stream, right after the command."""
    result: Mapping[str, Any] | None


def keep(
    connection: Connection[TupleRow],
    answers: Collection[Answer],
    versions: Mapping[UUID, int],
    position: int,
    recorded_at: datetime,
) -> None:
    """Keep answers, within the commit, after its events are written.

    ``versions`` are those of the streams that the commit touches; others are looked up.
    """
    if answers:
        columns = (
            Uuids([each.command_id for each in answers]),
            Octets([each.fingerprint for each in answers]),
            Uuids([each.stream for each in answers]),
            Integers([versions.get(each.stream) if each.stream else None for each in answers]),
            Texts([orjson.dumps(each.result) for each in answers]),
        )
        connection.execute(_KEEP_ANSWERS, (recorded_at, position, *columns))


def remember(connection: Connection[TupleRow], messages: Collection[SeenMessage]) -> None:
    """Keep the fingerprints of messages, within the commit."""
    if messages:
        seen = (
            Hashes([each.fingerprint for each in messages]),
            Uuids([each.stream for each in messages]),
            Uuids([each.message for each in messages]),
        )
        connection.execute(_KEEP_MESSAGES, seen)


class Answers:
    """Looks up what has been handled already."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def look_up(self, command_ids: Collection[UUID]) -> dict[UUID, KeptAnswer]:
        """Command id -> what it was answered; no entry for an unknown one. One query."""
        query = """
            SELECT command_id, fingerprint, recorded_at, position, stream, version, result
            FROM plaint.answers WHERE command_id = ANY(%s)
        """
        with reading(self._pool) as connection:
            rows = connection.execute(query, (list(command_ids),)).fetchall()
        return {row[0]: KeptAnswer(*row) for row in rows}

    def messages(self, fingerprints: Collection[bytes]) -> dict[bytes, SeenMessage]:
        """Fingerprint -> the message that it was; no entry for a new one. One query."""
        query = "SELECT fingerprint, stream, message FROM plaint.messages WHERE fingerprint = ANY(%b)"
        asked = {key_of(fingerprint): fingerprint for fingerprint in fingerprints}
        with reading(self._pool) as connection:
            teach(connection)
            rows = connection.execute(query, (Uuids(asked),), binary=True).fetchall()
        return {asked[key]: SeenMessage(asked[key], stream, message) for key, stream, message in rows}
