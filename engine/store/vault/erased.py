"""For whom nothing is sealed any more: persons who were erased, and single streams in which they were."""

from collections.abc import Collection
from typing import Final
from uuid import UUID

from engine.store.database.pool import Pool
from engine.store.session import reading
from engine.store.vault.keys import Pair

_PAIRS: Final = """
    SELECT s.stream, p.subject
    FROM unnest(%s::uuid[]) AS s (stream) CROSS JOIN unnest(%s::uuid[]) AS p (subject)
    LEFT JOIN plaint_keys.data_keys k ON k.subject = p.subject AND k.stream = s.stream
    WHERE k.wrapped IS NULL AND (
        k.key_id IS NOT NULL OR EXISTS (SELECT FROM plaint_keys.erased_subjects e WHERE e.subject = p.subject))
"""


class ErasedSubjects:
    """Looks them up. For any number of threads."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def among(self, subjects: Collection[UUID]) -> frozenset[UUID]:
        """Return those of these persons who were erased as a whole. One query, none for nobody."""
        if not subjects:
            return frozenset()
        query = "SELECT subject FROM plaint_keys.erased_subjects WHERE subject = ANY(%s)"
        with reading(self._pool) as connection:
            return frozenset(row[0] for row in connection.execute(query, (list(subjects),)).fetchall())

    def pairs(self, streams: Collection[UUID], subjects: Collection[UUID]) -> frozenset[Pair]:
        """Return the pairs of these streams and persons for which nothing is sealed. One query, none for nobody.

        A person who was erased has his key still where a legal hold keeps it.
        """
        if not streams or not subjects:
            return frozenset()
        with reading(self._pool) as connection:
            return frozenset(connection.execute(_PAIRS, (list(streams), list(subjects))).fetchall())
