"""The one way to write: a batch becomes events and side rows in one transaction, or nothing.

**Order.** A transaction takes the log's advisory lock, as a statement of its own under READ
COMMITTED, before it looks at anything; the next statement therefore sees every earlier commit.
It gives its events the positions behind the last one and one recorded time, never below the
last one's. The lock ends with the transaction, after its commit has become visible: so no reader
ever sees position n+1 and later a position <= n that was not there, and there are no gaps (no
sequence is used: it would lose numbers with every rollback). Other than a table lock, this one
neither blocks nor is blocked by VACUUM, index builds, backups or SELECT ... FOR UPDATE. It makes
writers queue; what makes them quick is that sealing is done before it, that it is held for four
round trips whatever the batch holds, and that a batch may hold many streams.

**Conflicts**: a short question under the lock names what differs from what the batch expects;
what the unique keys of the tables tell anyway is left to them, and asked in full only when one of
them was violated (see ``checks``). Either way the caller learns all that conflicts.

**Unknown outcome.** If the connection is lost while the commit is on its way, the lock is taken
on another connection, which waits until the first transaction is over, and the log is asked
whether exactly these rows stand in it (see ``read_back``).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import psycopg
from psycopg import Connection, IsolationLevel
from psycopg.rows import TupleRow
from psycopg_pool import PoolClosed, PoolTimeout

from engine.store import answers, checks, conversations, positions, set_aside
from engine.store.batch import Batch, Committed, Conflict
from engine.store.columns import teach
from engine.store.copying import copy_events
from engine.store.database.errors import DatabaseUnavailable
from engine.store.database.pool import Pool
from engine.store.herald import Herald
from engine.store.mapper import Mapper, Sealed, keys_of
from engine.store.read_back import is_written
from engine.store.set_aside import SealedAside, SetAsideBox
from engine.store.vault import content
from engine.store.vault import keys as keys_of_subjects
from engine.store.vault.keys import DataKey, KeyName, Keys, key_name

LOCK: Final = "SELECT pg_advisory_xact_lock(1886151017, 1)"
"""Two-key space ("plai" as a number, 1): one log in a database. Migrations use the one-key space."""
_ATTEMPTS: Final = 3
_LOST: Final = (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout, PoolClosed)


class OutcomeUnknown(DatabaseUnavailable):
    """The connection was lost while the commit was on its way, and the log cannot be asked now.

    Submit the same again later: command ids, message fingerprints and source positions tell
    whether it has had its effect.
    """


@dataclass(frozen=True, slots=True)
class _Ready:
    """A batch with everything done that needs no lock."""

    batch: Batch
    rows: Sequence[Sealed]
    keys: Mapping[KeyName, DataKey]
    aside: Sequence[SealedAside]

    @property
    def versions(self) -> dict[UUID, int]:
        return {append.stream: append.expected + len(append.events) for append in self.batch.appends}


@dataclass(frozen=True, slots=True)
class _Sent:
    """The commit of these was sent: where the batch stands if it arrived."""

    before: int
    recorded_at: datetime


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
        return self._finish(self._prepare(batch))

    def commit_all(self, batches: Iterable[Batch]) -> Iterator[Committed]:
        """Write batches one after the other, each as ``commit`` does, and yield what each did.

        While the database writes one, the next is taken from ``batches`` and sealed, in a thread of
        its own; so it is a way to load much, not to decide on what was just written. The first that
        fails ends it, with the error of ``commit``: those yielded before stand, nothing after is written.
        """
        upcoming = iter(batches)
        with ThreadPoolExecutor(1, thread_name_prefix="plaint seal") as ahead:
            ready = ahead.submit(self._prepare_next, upcoming)
            while (prepared := ready.result()) is not None:
                ready = ahead.submit(self._prepare_next, upcoming)
                yield self._finish(prepared)

    def _prepare_next(self, batches: Iterator[Batch]) -> _Ready | None:
        batch = next(batches, None)
        return None if batch is None else self._prepare(batch)

    def _prepare(self, batch: Batch) -> _Ready:
        _must_be_sound(batch)
        draft = self._mapper.draft
        drafts = [
            draft(append.stream, append.expected + number, new)
            for append in batch.appends
            for number, new in enumerate(append.events, start=1)
        ]
        names = keys_of(drafts)
        names.update(dict.fromkeys(key_name(each.stream, each.subject) for each in batch.contents))
        begun = {append.stream.bytes for append in batch.appends if append.expected == 0}
        keys = self._keys.to_seal(names, begun) if names else {}
        self._must_fit_contents(batch, keys)
        return _Ready(batch, self._mapper.seal_all(drafts, keys), keys, self._aside.seal(batch.set_aside))

    def _must_fit_contents(self, batch: Batch, keys: Mapping[KeyName, DataKey]) -> None:
        others = [each for each in batch.contents if keys[key_name(each.stream, each.subject)].key_id != each.key_id]
        if others:
            self._keys.drop((each.stream, each.subject) for each in others)
            raise Conflict(keys=frozenset(each.subject for each in others))

    def _finish(self, ready: _Ready) -> Committed:
        committed = self._write(ready)
        self._keys.kept(ready.keys)
        self._herald.announce()
        return committed

    def _write(self, ready: _Ready) -> Committed:
        for attempt in range(1, _ATTEMPTS + 1):
            sent: list[_Sent] = []
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
        self, connection: Connection[TupleRow], ready: _Ready, sent: list[_Sent], *, again: bool
    ) -> Committed:
        connection.isolation_level = IsolationLevel.READ_COMMITTED
        teach(connection)
        with connection.pipeline():
            connection.execute(LOCK)
            cursor = connection.execute(checks.SHORT, checks.expected(ready.batch, ready.keys, full=False))
        before, recorded_at, differs = checks.answered(cursor.fetchone())
        if any(differs):
            found = checks.diagnose(connection, ready.batch, ready.keys)
            connection.rollback()
            raise self._dropped(ready, found)
        copy_events(connection, before, recorded_at, ready.rows)
        last = before + len(ready.rows)
        sent.append(_Sent(before, recorded_at))
        with connection.pipeline():
            _write_side_rows(connection, ready, last, recorded_at, again=again)
            connection.commit()
        return Committed(last, recorded_at, ready.versions)

    def _explain(self, ready: _Ready, error: psycopg.errors.UniqueViolation, *, again: bool) -> None:
        """Name what was there already; nothing of it, if a thread beside this one has stored our own key."""
        try:
            with self._pool.connection() as connection:
                teach(connection)
                found = checks.diagnose(connection, ready.batch, ready.keys)
        except _LOST as lost:
            raise _unavailable(lost) from lost
        if found is not None:
            raise self._dropped(ready, found) from None
        if not again:
            raise error

    def _dropped(self, ready: _Ready, found: Conflict | None) -> Conflict:
        """Forget the keys that are others by now, so that the next try looks them up."""
        if found is None:
            return Conflict()
        others = {subject.bytes for subject in found.keys}
        self._keys.drop_named(name for name in ready.keys if name[16:] in others)
        return found

    def _read_back(self, ready: _Ready, sent: _Sent, cause: Exception) -> Committed | None:
        """Was it written? The lock is free only when the lost transaction is over."""
        try:
            with self._pool.connection() as connection:
                connection.isolation_level = IsolationLevel.READ_COMMITTED
                connection.execute(LOCK)
                written = is_written(connection, ready.batch, ready.rows, sent.before, sent.recorded_at)
        except _LOST:
            raise OutcomeUnknown("the connection was lost during a commit, and it cannot be read back now") from cause
        return Committed(sent.before + len(ready.rows), sent.recorded_at, ready.versions) if written else None


def _write_side_rows(
    connection: Connection[TupleRow], ready: _Ready, position: int, recorded_at: datetime, *, again: bool
) -> None:
    batch = ready.batch
    keys_of_subjects.store(connection, ready.keys, missing=again)
    content.store(connection, batch.contents)
    positions.move(connection, batch.sources)
    answers.keep(connection, batch.answers, batch.messages, ready.versions, position, recorded_at)
    conversations.claim(connection, batch.conversations, batch.contacts, batch.continued)
    set_aside.write(connection, ready.aside, batch.released, recorded_at)


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
