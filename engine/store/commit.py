"""The one way to write: a batch becomes events and side rows in one transaction, or nothing.

**Order.** A transaction takes the log's advisory lock, as a statement of its own under READ
COMMITTED, before it looks at anything; the next statement therefore sees every earlier commit.
It gives its events the positions behind the last one and one recorded time, never below the
last one's. The lock ends with the transaction, after its commit has become visible: so no reader
ever sees position n+1 and later a position <= n that was not there, and there are no gaps (no
sequence is used: it would lose numbers with every rollback). Other than a table lock, this one
neither blocks nor is blocked by VACUUM, index builds, backups or SELECT ... FOR UPDATE. It makes
writers queue; what makes them quick is that events are written and sealed while the lock is
awaited and while the server stores the side rows, that it is held for four round trips whatever
the batch holds, two for a few events, and that a batch may hold many streams. (The library has a switch that takes no
lock at all, POSTGRES_ENABLE_DB_FUNCTIONS: with it a reader can pass an event that shows up later.)

**Conflicts**: a short question under the lock names what differs from what the batch expects;
what the unique keys of the tables tell anyway is left to them, and asked in full only when one of
them was violated (see ``checks``). Either way the caller learns all that conflicts.

**Unknown outcome.** If the connection is lost while the commit is on its way, the lock is taken
on another connection, which waits until the first transaction is over, and what only this batch
can have written is looked for (see ``read_back``).

**A writer that stands still** under the lock would keep all others waiting. One whose machine is
gone is noticed by keep-alives within a minute; one that is merely stopped loses its transaction
after a minute on PostgreSQL 17 and newer. Before 17 nothing can end it there, so events are sealed
before the lock is asked for, and what is left of that danger is the COPY.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import psycopg
from psycopg import Connection, IsolationLevel
from psycopg.rows import TupleRow
from psycopg_pool import PoolClosed, PoolTimeout

from engine.store import answers, checks, conversations, positions, set_aside
from engine.store.batch import Append, Batch, Committed, Conflict
from engine.store.checks import Place
from engine.store.columns import teach
from engine.store.copying import FEW, copy_events, insert_events
from engine.store.database.errors import DatabaseUnavailable
from engine.store.database.pool import Pool
from engine.store.herald import Herald
from engine.store.mapper import Draft, Mapper, Prewritten, Sealed, keys_of
from engine.store.mould import Moulded
from engine.store.read_back import is_committed, leave_token
from engine.store.set_aside import SealedAside, SetAsideBox
from engine.store.vault import content
from engine.store.vault import keys as keys_of_subjects
from engine.store.vault.keys import DataKey, KeyName, Keys, key_name, new_among
from engine.store.vault.master import WrappedKey

LOCK: Final = "SELECT pg_advisory_xact_lock(1886151017, 1)"
"""Two-key space ("plai" as a number, 1): one log in a database. Migrations use the one-key space."""
_ATTEMPTS: Final = 3
_LOST: Final = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    psycopg.errors.ReadOnlySqlTransaction,
    PoolTimeout,
    PoolClosed,
)
_BOUND: Final = "SET LOCAL transaction_timeout = '60s'"
_CAN_BOUND: Final = 170_000
"""The first server version with that setting."""


class OutcomeUnknown(DatabaseUnavailable):
    """The connection was lost while the commit was on its way, and the log cannot be asked now.

    Submit the same again later: command ids, message fingerprints and source positions tell
    whether it has had its effect.
    """


@dataclass(slots=True)
class _Ready:
    """A batch with everything known that needs no lock. ``rows`` are sealed once, on the way."""

    batch: Batch
    drafts: Sequence[Draft | Prewritten]
    keys: Mapping[KeyName, DataKey]
    new: Mapping[KeyName, WrappedKey]
    """Those of the keys that this batch stores."""
    aside: Sequence[SealedAside]
    rows: Sequence[Sealed] | None = None

    @property
    def versions(self) -> dict[UUID, int]:
        return {append.stream: append.expected + len(append.events) for append in self.batch.appends}


class Writer:
    """Commits batches. For any number of threads and processes; see the module for what it promises."""

    def __init__(
        self, pool: Pool, keys: Keys, aside: SetAsideBox, herald: Herald, mapper: Mapper | None = None
    ) -> None:
        self._pool = pool
        self._keys = keys
        self._aside = aside
        self._herald = herald
        self._mapper = mapper or Mapper()

    def commit(self, batch: Batch) -> Committed:
        """Write a batch, all or nothing; it is durable when this returns.

        Raises:
            Conflict: nothing was written, somebody else was first; names all that conflicted.
            NotSealable: an event has personal text that belongs to nobody.
            SubjectErased: an event or content is for a subject whose key was destroyed.
            DatabaseUnavailable: nothing was written; try again later.
            OutcomeUnknown: it may have been written; submit the same again later.
            ValueError: the batch contradicts itself.
        """
        ready = self._prepare(batch)
        committed = self._write(ready)
        self._keys.kept(ready.keys)
        self._herald.announce()
        return committed

    def _prepare(self, batch: Batch) -> _Ready:
        _must_be_sound(batch)
        drafts = [draft for append in batch.appends for draft in self._drafts(append)]
        names = keys_of(drafts)
        names.update(dict.fromkeys(key_name(each.stream, each.subject) for each in batch.contents))
        begun = {append.stream.bytes for append in batch.appends if append.expected == 0}
        keys = self._keys.to_seal(names, begun) if names else {}
        self._must_fit_contents(batch, keys)
        return _Ready(batch, drafts, keys, new_among(keys), self._aside.seal(batch.set_aside))

    def _drafts(self, append: Append) -> Sequence[Draft | Prewritten]:
        if isinstance(append.events, Moulded) and append.expected == 0:
            return (append.events,)
        draft = self._mapper.draft
        numbered = enumerate(append.events, start=append.expected + 1)
        return [draft(append.stream, number, new) for number, new in numbered]

    def _must_fit_contents(self, batch: Batch, keys: Mapping[KeyName, DataKey]) -> None:
        others = [each for each in batch.contents if keys[key_name(each.stream, each.subject)].key_id != each.key_id]
        if others:
            self._keys.drop(key_name(each.stream, each.subject) for each in others)
            raise Conflict(keys=frozenset(each.subject for each in others))

    def _write(self, ready: _Ready) -> Committed:
        for attempt in range(1, _ATTEMPTS + 1):
            sent: list[Place] = []
            try:
                with self._pool.connection() as connection:
                    return self._transaction(connection, ready, sent, again=attempt > 1)
            except psycopg.errors.UniqueViolation as error:
                self._explain(ready, error, again=attempt < _ATTEMPTS)
            except _LOST as error:
                found = self._read_back(ready, sent[0], error) if sent else None
                if found is not None:
                    return found
                if attempt == _ATTEMPTS or isinstance(error, PoolTimeout | PoolClosed):
                    raise _unavailable(error) from error
        raise AssertionError("unreachable")

    def _transaction(
        self, connection: Connection[TupleRow], ready: _Ready, sent: list[Place], *, again: bool
    ) -> Committed:
        connection.isolation_level = IsolationLevel.READ_COMMITTED
        teach(connection)
        asked = checks.expected(ready.batch, ready.keys, ready.new, full=False, again=again)
        bounded = connection.info.server_version >= _CAN_BOUND
        if not bounded:
            self._sealed(ready)
        with connection.pipeline():
            connection.execute(LOCK)
            if bounded:
                connection.execute(_BOUND)
            cursor = connection.execute(checks.SHORT, asked)
            _write_side_rows(connection, ready, again=again)
            rows = self._sealed(ready)
            place, differs = checks.answered(cursor.fetchone())
        if any(differs):
            connection.rollback()
            raise self._conflict(ready, checks.conflict(ready.batch, differs), connection)
        few = len(rows) <= FEW
        if not few:
            copy_events(connection, place.before, place.recorded_at, rows)
        committed = Committed(place.before + len(rows), place.recorded_at, place.incarnation, ready.versions)
        sent.append(place)
        with connection.pipeline():
            if few:
                insert_events(connection, place.before, place.recorded_at, rows)
            answers.keep(connection, ready.batch.answers, ready.versions, committed.position, place.recorded_at)
            set_aside.write(connection, ready.aside, ready.batch.released, place.recorded_at)
            leave_token(connection, rows, place)
            connection.commit()
        return committed

    def _sealed(self, ready: _Ready) -> Sequence[Sealed]:
        if ready.rows is None:
            ready.rows = self._mapper.seal_all(ready.drafts, ready.keys)
        return ready.rows

    def _conflict(self, ready: _Ready, seen: Conflict, connection: Connection[TupleRow]) -> Conflict:
        """Name everything that differs, what was seen under the lock and what is there beside it."""
        found = checks.joined(seen, checks.diagnose(connection, ready.batch, ready.keys, ready.new))
        others = {subject.bytes for subject in found.keys}
        self._keys.drop(name for name in ready.keys if name[16:] in others)
        return found

    def _explain(self, ready: _Ready, error: psycopg.errors.UniqueViolation, *, again: bool) -> None:
        """Name what was there already; if nothing was, a thread beside this one has stored our own key: try again.

        Raises:
            Conflict: somebody else was first.
        """
        try:
            with self._pool.connection() as connection:
                teach(connection)
                found = self._conflict(ready, Conflict(), connection)
        except _LOST as lost:
            raise _unavailable(lost) from lost
        if found.named:
            raise found from None
        if not again:
            raise error

    def _read_back(self, ready: _Ready, place: Place, cause: Exception) -> Committed | None:
        """Was it written? The lock is free only when the lost transaction is over."""
        try:
            with self._pool.connection() as connection:
                connection.isolation_level = IsolationLevel.READ_COMMITTED
                connection.execute(LOCK)
                written = is_committed(connection, self._sealed(ready), place)
        except _LOST:
            raise OutcomeUnknown("the connection was lost during a commit, and it cannot be read back now") from cause
        last = place.before + len(self._sealed(ready))
        return Committed(last, place.recorded_at, place.incarnation, ready.versions) if written else None


def _write_side_rows(connection: Connection[TupleRow], ready: _Ready, *, again: bool) -> None:
    """Write all that needs no position."""
    batch = ready.batch
    keys_of_subjects.store(connection, ready.keys, ready.new, missing=again)
    content.store(connection, batch.contents)
    positions.move(connection, batch.sources)
    answers.remember(connection, batch.messages)
    conversations.claim(connection, batch.conversations, batch.contacts, batch.continued)


def _unavailable(error: Exception) -> DatabaseUnavailable:
    return DatabaseUnavailable(f"the database takes no writes now: {type(error).__name__}")


def _must_be_sound(batch: Batch) -> None:
    named: tuple[tuple[str, list[object]], ...] = (
        ("stream", [append.stream for append in batch.appends]),
        ("source", [move.source for move in batch.sources]),
        ("command", [answer.command_id for answer in batch.answers]),
        ("message", [message.fingerprint.hex() for message in batch.messages]),
    )
    for what, names in named:
        if len(set(names)) < len(names):
            name = next(name for number, name in enumerate(names) if name in names[:number])
            raise ValueError(f"a batch names each {what} once, this one has {name} {names.count(name)} times")
