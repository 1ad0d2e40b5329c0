"""The ledger of erasures beside the database: does every erasure still hold there, and did the log lose events?"""

from collections.abc import Collection, Sequence
from typing import Final
from uuid import UUID

import psycopg
from psycopg_pool import PoolClosed, PoolTimeout

from engine.store.commit import LOCK
from engine.store.database.errors import DatabaseUnavailable
from engine.store.database.pool import Pool
from engine.store.session import reading
from engine.store.vault.keys import Pair
from engine.store.vault.ledger import Entry, Ledger

_NOTED: Final = """
    SELECT d.count, l.octets, l.destructions, l.octets IS NULL OR l.position = 0 OR EXISTS (
        SELECT FROM plaint.events e
        WHERE (e.position, e.stream, e.recorded_at) = (l.position, l.stream, l.recorded_at))
    FROM plaint_keys.destructions d LEFT JOIN plaint_keys.ledger l ON true
"""
"""What was noted stands beside the keys; whether the log still holds the event that was its last by then tells
that the log was restored without them."""
_NOTE: Final = """
    INSERT INTO plaint_keys.ledger (octets, destructions, position, stream, recorded_at)
    SELECT %s, d.count, coalesce(e.position, 0), e.stream, e.recorded_at
    FROM plaint_keys.destructions d LEFT JOIN (
        SELECT position, stream, recorded_at FROM plaint.events ORDER BY position DESC LIMIT 1) e ON true
    ON CONFLICT (only_row) DO UPDATE SET octets = excluded.octets, destructions = excluded.destructions,
        position = excluded.position, stream = excluded.stream, recorded_at = excluded.recorded_at
"""
_UNDONE: Final = """
    SELECT w.id FROM unnest(%s::uuid[], %s::uuid[]) AS w (id, subject)
    WHERE (SELECT e.subject FROM plaint_keys.erased_subjects e WHERE e.subject = w.subject) IS NULL
       OR EXISTS (SELECT FROM plaint.contacts c WHERE c.subject = w.subject)
"""
_LIVE_PAIRS: Final = """
    SELECT k.stream, k.subject FROM unnest(%s::uuid[], %s::uuid[]) AS w (stream, subject)
    JOIN plaint_keys.data_keys k USING (stream, subject) WHERE k.wrapped IS NOT NULL
"""
_INCARNATION: Final = """
    INSERT INTO plaint.log (number, incarnation, after_position)
    SELECT number + 1, gen_random_uuid(), %s FROM plaint.log WHERE incarnation = %s
    ON CONFLICT DO NOTHING RETURNING incarnation
"""
_LOST: Final = (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout, PoolClosed)


class Comparing:
    """Asks the questions of an opening. For any number of processes."""

    def __init__(self, pool: Pool, ledger: Ledger) -> None:
        self._pool = pool
        self._ledger = ledger

    def agrees(self) -> bool:
        """Whether nothing has changed since the database was last compared with the ledger. One query."""
        with reading(self._pool) as connection:
            row = connection.execute(_NOTED).fetchone() or (0, None, None, False)
        count, octets, destructions, held = row
        return bool(held) and (octets or 0, destructions or 0) == (self._ledger.octets(), count)

    def note_agreement(self, octets: int) -> None:
        """Remember that the database agrees with the ledger as far as this."""
        with reading(self._pool) as connection:
            connection.execute(_NOTE, (octets,))

    def brought_back(self, entries: Sequence[Entry]) -> set[UUID]:
        """Event ids of the erasures that do not hold in this database, though they were done."""
        pairs: dict[Pair, set[UUID]] = {}
        for entry in entries:
            for stream in entry.event.streams:
                pairs.setdefault((stream, entry.event.subject), set()).add(entry.event_id)
        whole = [entry for entry in entries if entry.whole]
        with reading(self._pool) as connection:
            live = connection.execute(_LIVE_PAIRS, _columns(pairs)).fetchall()
            undone = connection.execute(
                _UNDONE, ([entry.event_id for entry in whole], [entry.event.subject for entry in whole])
            ).fetchall()
        found = {row[0] for row in undone}
        for stream, subject in live:
            found |= pairs[stream, subject]
        return found

    def destroyed(self) -> list[UUID]:
        """Every person of whom a key was destroyed, or who was erased though holds kept all his keys."""
        query = """
            SELECT subject FROM plaint_keys.data_keys WHERE wrapped IS NULL
            UNION SELECT subject FROM plaint_keys.erased_subjects
        """
        with reading(self._pool) as connection:
            return [row[0] for row in connection.execute(query).fetchall()]

    def begin_incarnation(self, after: int, lost: UUID) -> UUID | None:
        """Begin a new incarnation of the log behind ``after``; None if ``lost`` is in force no more."""
        try:
            with self._pool.connection() as connection:
                connection.execute(LOCK)
                row = connection.execute(_INCARNATION, (after, lost)).fetchone()
        except _LOST as error:
            raise DatabaseUnavailable(f"the log could not be marked: {type(error).__name__}") from error
        return row[0] if row else None


def _columns(pairs: Collection[Pair]) -> tuple[list[UUID], list[UUID]]:
    return [stream for stream, _ in pairs], [subject for _, subject in pairs]
