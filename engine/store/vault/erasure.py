"""The destruction of a person's keys: one transaction under the log's lock, and its line in the ledger.

What is to go is decided outside of the lock, since it takes reading whole cases. The decision names
the version of every stream that it rests on; under the lock nothing may have changed, else ``Stale``
is raised, nothing has happened, and it is decided anew. So a legal hold that is placed between the
look and the destruction is always seen.

The order, and what a crash leaves, stands in ``ledger``. The keys of these pairs and the person's
entries in the contact look-up go, small contents and messages set aside go in the same
transaction, large contents after it. Rows of contents stay as tombstones without octets, so that
the history still knows that there was a file.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import psycopg
from psycopg import Connection, IsolationLevel
from psycopg.rows import TupleRow
from psycopg_pool import PoolClosed, PoolTimeout

from engine.store.batch import NewEvent
from engine.store.commit import LOCK
from engine.store.copying import copy_events
from engine.store.database.errors import DatabaseUnavailable
from engine.store.database.pool import Pool
from engine.store.frame import unpacked
from engine.store.mapper import Mapper, Sealed
from engine.store.session import reading
from engine.store.vault.comparing import Comparing
from engine.store.vault.content import Contents
from engine.store.vault.keys import Keys
from engine.store.vault.ledger import Discarded, Entry, Ledger

_LOOK: Final = """
    WITH head AS (SELECT position, recorded_at FROM plaint.events ORDER BY position DESC LIMIT 1)
    SELECT coalesce((SELECT position FROM head), 0),
           greatest(clock_timestamp(), (SELECT recorded_at FROM head)),
           (SELECT incarnation FROM plaint.log ORDER BY number DESC LIMIT 1),
           EXISTS (SELECT FROM unnest(%(streams)s::uuid[], %(versions)s::integer[]) AS w (stream, version)
                   WHERE w.version <> coalesce(
                       (SELECT max(e.version) FROM plaint.events e WHERE e.stream = w.stream), 0)),
           ARRAY(SELECT k.stream FROM plaint_keys.data_keys k
                 WHERE k.subject = %(subject)s AND k.wrapped IS NOT NULL),
           EXISTS (SELECT FROM plaint.set_aside s WHERE s.id <> ALL (%(seen)s::uuid[]))
"""
_DESTROY: Final = """
    UPDATE plaint_keys.data_keys SET wrapped = NULL, master_id = NULL
    WHERE subject = %s AND stream = ANY(%s) AND wrapped IS NOT NULL
"""
_BLOCK: Final = """
    INSERT INTO plaint_keys.data_keys (stream, subject, key_id)
    SELECT stream, %s, '\\x' FROM unnest(%s::uuid[]) AS stream ON CONFLICT DO NOTHING
"""
"""A pair whose key a restore has lost too: so that none is made for it anew."""
_COUNT: Final = "UPDATE plaint_keys.destructions SET count = count + 1"
_PERSON: Final = """
    INSERT INTO plaint_keys.erased_subjects (subject, erased_at) VALUES (%s, %s) ON CONFLICT DO NOTHING
"""
_CONTACTS: Final = """
    DELETE FROM plaint.contacts WHERE subject = %(subject)s AND (%(whole)s OR NOT EXISTS (
        SELECT FROM plaint_keys.data_keys k WHERE k.subject = %(subject)s AND k.wrapped IS NOT NULL))
"""
_CONTENTS: Final = """
    UPDATE plaint.contents SET ciphertext = NULL
    WHERE subject = %s AND stream = ANY(%s) AND ciphertext IS NOT NULL
"""
_SEEN: Final = """
    INSERT INTO plaint.messages (fingerprint, stream, message)
    SELECT w.fingerprint, %s, w.id FROM unnest(%s::uuid[], %s::uuid[]) AS w (id, fingerprint)
    WHERE w.fingerprint IS NOT NULL
    ON CONFLICT DO NOTHING
"""
"""The same message again must not bring it back: it counts as handled."""
_DISCARD: Final = "DELETE FROM plaint.set_aside WHERE id = ANY(%s)"
_LIVE: Final = "SELECT stream FROM plaint_keys.data_keys WHERE subject = %s AND wrapped IS NOT NULL ORDER BY stream"
_ALL: Final = "SELECT stream, wrapped IS NOT NULL FROM plaint_keys.data_keys WHERE subject = %s ORDER BY stream"
_STATES: Final = "SELECT state FROM plaint.events WHERE stream = %s"
_OF_STREAM: Final = """
    SELECT subject FROM plaint_keys.data_keys
    WHERE subject = ANY(%(sealed)s || ARRAY(SELECT c.subject FROM plaint.contents c WHERE c.stream = %(stream)s))
      AND stream = %(stream)s AND wrapped IS NOT NULL
    ORDER BY subject
"""
"""Keys lie by person: who has one in a stream is told by what is sealed there."""
_LEFT_OUT: Final = """
    SELECT e.subject FROM plaint_keys.erased_subjects e
    WHERE (SELECT true FROM plaint_keys.data_keys k WHERE k.subject = e.subject AND k.wrapped IS NOT NULL LIMIT 1)
    ORDER BY e.subject
"""
"""A question for each erased person, through the primary key: as a join it reads the keys of all others too."""
_FILES: Final = "SELECT content_id FROM plaint.contents WHERE subject = %s AND stream = ANY(%s)"
_LOST: Final = (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout, PoolClosed)


class Stale(Exception):
    """What the decision rests on has changed meanwhile: nothing has happened, look and decide again."""


@dataclass(frozen=True, slots=True)
class Order:
    """One destruction, as it was decided; ``new`` is the ``subject.erased`` that records it."""

    subject: UUID
    new: NewEvent
    streams: tuple[UUID, ...]
    """Where the person's keys go."""
    versions: Mapping[UUID, int]
    """Every stream that the decision rests on, left out ones and the person's own too, as it was looked at."""
    own_version: int
    """Of the person's own stream, before the event."""
    left_out: tuple[UUID, ...] = ()
    whole: bool = True
    """See ``ledger.Entry``."""
    discard: tuple[Discarded, ...] = ()
    """Messages set aside that are his."""
    seen: frozenset[UUID] | None = None
    """The messages set aside that were looked through; None: they are no part of it."""
    decided: bool = True
    """False: it was decided once for all, as the ledger names it; nothing is compared."""


class Erasures:
    """Carries out what was decided. For any number of threads and processes."""

    def __init__(self, pool: Pool, keys: Keys, contents: Contents, ledger: Ledger) -> None:
        self._pool = pool
        self._keys = keys
        self._contents = contents
        self._mapper = Mapper()
        self.ledger = ledger
        self.comparing = Comparing(pool, ledger)

    def carry_out(self, order: Order) -> Entry:
        """Destroy, record and enter into the ledger; done for good when this returns.

        Raises:
            Stale: nothing has happened; decide again.
            LedgerUnavailable: nothing has happened, or the next opening completes it.
            DatabaseUnavailable: nothing has happened, or the next opening completes it.
        """
        try:
            with self._pool.connection() as connection:
                entry = self._transaction(connection, order)
        except _LOST as error:
            raise DatabaseUnavailable(f"an erasure could not be carried out now: {type(error).__name__}") from error
        self.finish(entry)
        return entry

    def finish(self, entry: Entry) -> int:
        """Do what follows the commit: delete large contents, then say in the ledger that it is done; how many files."""
        self._keys.forget(entry.event.subject)
        files = self._contents.discard(self._files(entry))
        self.ledger.complete(entry.event_id)
        return files

    def _transaction(self, connection: Connection[TupleRow], order: Order) -> Entry:
        connection.isolation_level = IsolationLevel.READ_COMMITTED
        connection.execute(LOCK)
        row = connection.execute(
            _LOOK,
            {
                "streams": list(order.versions),
                "versions": list(order.versions.values()),
                "subject": order.subject,
                "seen": None if order.seen is None else list(order.seen),
            },
        ).fetchone()
        if row is None:
            raise Stale("the log does not answer")
        before, recorded_at, incarnation, moved, live, more_aside = row
        if moved or (order.decided and (more_aside or not _still_so(order, live))):
            connection.rollback()
            raise Stale("the person's cases went on meanwhile")
        self._write(connection, order, recorded_at)
        sealed = self._recorded(order)
        copy_events(connection, before, recorded_at, [sealed])
        entry = Entry(order.new, before + 1, incarnation, recorded_at, order.whole, discarded=order.discard)
        self.ledger.intend(entry)
        connection.commit()
        return entry

    def _recorded(self, order: Order) -> Sealed:
        return self._mapper.seal(self._mapper.draft(order.subject, order.own_version + 1, order.new), {})

    def _write(self, connection: Connection[TupleRow], order: Order, at: datetime) -> None:
        subject, streams = order.subject, list(order.streams)
        connection.execute(_DESTROY, (subject, streams))
        connection.execute(_BLOCK, (subject, streams))
        connection.execute(_COUNT)
        connection.execute(_CONTENTS, (subject, streams))
        connection.execute(_CONTACTS, {"subject": subject, "whole": order.whole})
        if order.whole:
            connection.execute(_PERSON, (subject, at))
        if order.discard:
            ids = [one.id for one in order.discard]
            connection.execute(_SEEN, (subject, ids, [one.fingerprint for one in order.discard]))
            connection.execute(_DISCARD, (ids,))

    def _files(self, entry: Entry) -> list[UUID]:
        with reading(self._pool) as connection:
            rows = connection.execute(_FILES, (entry.event.subject, list(entry.event.streams))).fetchall()
        return [row[0] for row in rows]

    # --- looking ------------------------------------------------------------------------------

    def live(self, subject: UUID) -> list[UUID]:
        """The streams in which a person still has a key."""
        with reading(self._pool) as connection:
            return [row[0] for row in connection.execute(_LIVE, (subject,)).fetchall()]

    def streams(self, subject: UUID) -> dict[UUID, bool]:
        """Every stream in which a person has or had a key, and whether it is there still."""
        with reading(self._pool) as connection:
            return dict(connection.execute(_ALL, (subject,)).fetchall())

    def subjects(self, stream: UUID) -> list[UUID]:
        """The persons who have a key in a stream still."""
        with reading(self._pool) as connection:
            states = connection.execute(_STATES, (stream,), binary=True).fetchall()
            sealed = {UUID(bytes=part.subject) for (state,) in states for part in unpacked(state).parts}
            return [row[0] for row in connection.execute(_OF_STREAM, {"sealed": list(sealed), "stream": stream})]

    def contacts(self, subject: UUID) -> list[bytes]:
        """The keyed hashes of the contacts by which a person is found."""
        with reading(self._pool) as connection:
            rows = connection.execute("SELECT key FROM plaint.contacts WHERE subject = %s", (subject,)).fetchall()
        return [row[0].bytes for row in rows]

    def left_out(self) -> list[UUID]:
        """Erased persons of whom a key is there still, since a legal hold forbade to destroy it."""
        with reading(self._pool) as connection:
            return [row[0] for row in connection.execute(_LEFT_OUT).fetchall()]

    def erase_again(self, entry: Entry, discard: tuple[Discarded, ...]) -> None:
        """Have an erasure hold again in a database that has its event already."""
        order = Order(entry.event.subject, entry.new, entry.event.streams, {}, 0, whole=entry.whole, discard=discard)
        try:
            with self._pool.connection() as connection:
                connection.execute(LOCK)
                self._write(connection, order, entry.recorded_at)
        except _LOST as error:
            raise DatabaseUnavailable(f"an erasure could not be applied again: {type(error).__name__}") from error
        self.finish(entry)


def _still_so(order: Order, live: Collection[UUID]) -> bool:
    """Whether the person has keys exactly where he had when it was decided."""
    named = {*order.streams, *order.left_out}
    return set(live) == named if order.whole else set(order.streams) <= set(live)
