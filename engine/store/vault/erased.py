"""Which persons were erased: for them no key is ever made again."""

from collections.abc import Collection
from uuid import UUID

from engine.store.database.pool import Pool
from engine.store.session import reading


class ErasedSubjects:
    """Looks them up. For any number of threads."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def among(self, subjects: Collection[UUID]) -> frozenset[UUID]:
        """Return those of these persons who were erased. One query, none for nobody."""
        if not subjects:
            return frozenset()
        query = "SELECT subject FROM plaint_keys.erased_subjects WHERE subject = ANY(%s)"
        with reading(self._pool) as connection:
            return frozenset(row[0] for row in connection.execute(query, (list(subjects),)).fetchall())
