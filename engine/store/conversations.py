"""Where a conversation goes on, and whom a contact reaches: keyed hash -> stream, -> data subject.

Only hashes are kept. The first to claim a key keeps it; a conversation may be moved. Where a
whole stream goes on as another one, that is a row of ``plaint.continued`` and all its
conversations follow.
"""

from collections.abc import Collection
from typing import Final
from uuid import UUID

from psycopg import Connection
from psycopg.rows import TupleRow

from engine.store.batch import ConversationKey, KnownContact
from engine.store.columns import Hashes, Uuids, key_of, teach
from engine.store.database.pool import Pool
from engine.store.session import reading

_STANDS: Final = """
    SELECT coalesce(f.stream, c.stream) FROM plaint.conversations c
    LEFT JOIN plaint.continued f ON f.ended = c.stream WHERE c.key = w.key
"""
CONVERSATIONS_DIFFER: Final = f"""ARRAY(
    SELECT w.key
    FROM unnest(%(conversation_keys)b::uuid[], %(conversation_streams)b::uuid[]) AS w (key, stream)
    WHERE ({_STANDS}) IS DISTINCT FROM w.stream)"""  # noqa: S608 # our own words
"""Conversations that belong to another stream than the batch was planned on."""
CONTACTS_DIFFER: Final = """ARRAY(
    SELECT w.key FROM unnest(%(contact_keys)b::uuid[], %(contact_subjects)b::uuid[]) AS w (key, subject)
    WHERE (SELECT c.subject FROM plaint.contacts c WHERE c.key = w.key) IS DISTINCT FROM w.subject)"""
"""Contacts that reach another data subject than the batch was planned on."""
ENDED: Final = "ARRAY(SELECT f.ended FROM plaint.continued f WHERE f.ended = ANY(%(ended)b::uuid[]))"
"""Streams that go on elsewhere already."""
_BETWEEN: Final = """
    SELECT e.stream FROM unnest(%b::uuid[], %b::uuid[]) AS w (low, high)
    CROSS JOIN LATERAL (
        SELECT e.stream, e.name FROM plaint.events e
        WHERE e.stream BETWEEN w.low AND w.high AND e.version = 1 OFFSET 0
    ) AS e
    WHERE e.name LIKE 'complaint.%%'
"""
_GOES_ON: Final = """
    WITH again AS (
        UPDATE plaint.continued f SET stream = w.stream
        FROM unnest(%b::uuid[], %b::uuid[]) AS w (ended, stream) WHERE f.stream = w.ended
    )
    INSERT INTO plaint.continued (ended, stream) SELECT * FROM unnest(%b::uuid[], %b::uuid[])
"""
_CLAIM: Final = """
    INSERT INTO plaint.conversations (key, stream) SELECT * FROM unnest(%b::uuid[], %b::uuid[])
    ON CONFLICT (key) DO NOTHING
"""
_MOVE: Final = """
    INSERT INTO plaint.conversations (key, stream) SELECT * FROM unnest(%b::uuid[], %b::uuid[])
    ON CONFLICT (key) DO UPDATE SET stream = excluded.stream
"""
_KNOW: Final = """
    INSERT INTO plaint.contacts (key, subject) SELECT * FROM unnest(%b::uuid[], %b::uuid[])
    ON CONFLICT (key) DO NOTHING
"""


def claim(
    connection: Connection[TupleRow],
    keys: Collection[ConversationKey],
    contacts: Collection[KnownContact],
    continued: Collection[tuple[UUID, UUID]],
) -> None:
    """Keep the keys of conversations and contacts, within the commit. The last move of a key wins."""
    if continued:
        ended, streams = Uuids([old for old, _ in continued]), Uuids([new for _, new in continued])
        connection.execute(_GOES_ON, (ended, streams, ended, streams))
    claims = [(each.key, each.stream) for each in keys if not each.moves]
    moves = {each.key: each.stream for each in keys if each.moves}
    for statement, rows in (
        (_CLAIM, claims),
        (_MOVE, list(moves.items())),
        (_KNOW, [(each.key, each.subject) for each in contacts]),
    ):
        if rows:
            connection.execute(statement, (Hashes([key for key, _ in rows]), Uuids([owner for _, owner in rows])))


class Conversations:
    """Looks up where conversations go on."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def look_up(self, keys: Collection[bytes]) -> dict[bytes, UUID]:
        """Key -> stream; no entry for an unknown one. One query."""
        query = """
            SELECT c.key, coalesce(f.stream, c.stream) FROM plaint.conversations c
            LEFT JOIN plaint.continued f ON f.ended = c.stream WHERE c.key = ANY(%b)
        """
        return _look_up(self._pool, query, keys)

    def between(self, ranges: Collection[tuple[UUID, UUID]]) -> set[UUID]:
        """Every complaint whose id lies in one of these ranges, both ends included; one query of an index.

        For case numbers, each of which is a range of ids with hardly ever more than one complaint in it.
        """
        with reading(self._pool) as connection:
            teach(connection)
            columns = (Uuids([low for low, _ in ranges]), Uuids([high for _, high in ranges]))
            return {row[0] for row in connection.execute(_BETWEEN, columns, binary=True)}

    def standing(self, streams: Collection[UUID]) -> dict[UUID, UUID]:
        """Stream that has ended -> the one where its conversations go on; no entry for others. One query."""
        with reading(self._pool) as connection:
            query = "SELECT ended, stream FROM plaint.continued WHERE ended = ANY(%s)"
            return dict(connection.execute(query, (list(streams),)).fetchall())


class Contacts:
    """Looks up whom contacts reach."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def look_up(self, keys: Collection[bytes]) -> dict[bytes, UUID]:
        """Key -> data subject; no entry for an unknown one. One query."""
        return _look_up(self._pool, "SELECT key, subject FROM plaint.contacts WHERE key = ANY(%b)", keys)


def _look_up(pool: Pool, query: str, keys: Collection[bytes]) -> dict[bytes, UUID]:
    asked = {key_of(key): key for key in keys}
    with reading(pool) as connection:
        teach(connection)
        rows = connection.execute(query, (Uuids(asked),), binary=True).fetchall()
    return {asked[key]: owner for key, owner in rows}
