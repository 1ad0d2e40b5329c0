"""Where a conversation goes on, and whom a contact reaches: keyed hash -> stream, -> data subject.

Only hashes are kept. The first to claim a key keeps it; a conversation may be moved.
"""

from collections.abc import Collection
from typing import Final
from uuid import UUID

from psycopg import Connection
from psycopg.rows import TupleRow

from engine.store.batch import ConversationKey, KnownContact
from engine.store.database.pool import Pool
from engine.store.session import reading

CONVERSATIONS_DIFFER: Final = """ARRAY(
    SELECT w.key
    FROM unnest(%(conversation_keys)b::bytea[], %(conversation_streams)b::uuid[]) AS w (key, stream)
    WHERE (SELECT c.stream FROM plaint.conversations c WHERE c.key = w.key) IS DISTINCT FROM w.stream)"""
"""Conversations that belong to another stream than the batch was planned on."""
CONTACTS_DIFFER: Final = """ARRAY(
    SELECT w.key FROM unnest(%(contact_keys)b::bytea[], %(contact_subjects)b::uuid[]) AS w (key, subject)
    WHERE (SELECT c.subject FROM plaint.contacts c WHERE c.key = w.key) IS DISTINCT FROM w.subject)"""
"""Contacts that reach another data subject than the batch was planned on."""
_CONTINUE: Final = """
    UPDATE plaint.conversations c SET stream = w.new
    FROM unnest(%b::uuid[], %b::uuid[]) AS w (old, new) WHERE c.stream = w.old
"""
_CLAIM: Final = """
    INSERT INTO plaint.conversations (key, stream) SELECT * FROM unnest(%b::bytea[], %b::uuid[])
    ON CONFLICT (key) DO NOTHING
"""
_MOVE: Final = """
    INSERT INTO plaint.conversations (key, stream) SELECT * FROM unnest(%b::bytea[], %b::uuid[])
    ON CONFLICT (key) DO UPDATE SET stream = excluded.stream
"""
_KNOW: Final = """
    INSERT INTO plaint.contacts (key, subject) SELECT * FROM unnest(%b::bytea[], %b::uuid[])
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
        connection.execute(_CONTINUE, ([old for old, _ in continued], [new for _, new in continued]))
    claims = [(each.key, each.stream) for each in keys if not each.moves]
    moves = {each.key: each.stream for each in keys if each.moves}
    for statement, rows in (
        (_CLAIM, claims),
        (_MOVE, list(moves.items())),
        (_KNOW, [(each.key, each.subject) for each in contacts]),
    ):
        if rows:
            connection.execute(statement, ([key for key, _ in rows], [owner for _, owner in rows]))


class Conversations:
    """Looks up where conversations go on."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def look_up(self, keys: Collection[bytes]) -> dict[bytes, UUID]:
        """Key -> stream; no entry for an unknown one. One query."""
        return _look_up(self._pool, "SELECT key, stream FROM plaint.conversations WHERE key = ANY(%b)", keys)


class Contacts:
    """Looks up whom contacts reach."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def look_up(self, keys: Collection[bytes]) -> dict[bytes, UUID]:
        """Key -> data subject; no entry for an unknown one. One query."""
        return _look_up(self._pool, "SELECT key, subject FROM plaint.contacts WHERE key = ANY(%b)", keys)


def _look_up(pool: Pool, query: str, keys: Collection[bytes]) -> dict[bytes, UUID]:
    with reading(pool) as connection, connection.cursor(binary=True) as cursor:
        return dict(cursor.execute(query, (list(keys),)).fetchall())
