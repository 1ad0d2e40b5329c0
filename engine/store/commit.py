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

**Conflicts** are found by one statement under the lock that compares everything the batch
expects, and names all that differs.

**Unknown outcome.** If the connection is lost while the commit is on its way, the lock is taken
on another connection, which waits until the first transaction is over, and the log is asked
whether exactly these rows stand in it.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import psycopg
from eventsourcing.persistence import StoredEvent
from psycopg import Connection, IsolationLevel
from psycopg.rows import TupleRow
from psycopg_pool import PoolClosed, PoolTimeout

from engine.store import answers, conversations, positions, set_aside
from engine.store.batch import Batch, Committed, Conflict
from engine.store.columns import BigIntegers, Column, Integers, Octets, Texts, Truths, Uuids, teach
from engine.store.database.errors import DatabaseUnavailable
from engine.store.database.pool import Pool
from engine.store.herald import Herald
from engine.store.mapper import Mapper, pairs_of
from engine.store.set_aside import SealedAside, SetAsideBox
from engine.store.vault import content
from engine.store.vault import keys as keys_of_subjects
from engine.store.vault.keys import DataKey, Keys, Pair

LOCK: Final = "SELECT pg_advisory_xact_lock(1886151017, 1)"
"""Two-key space ("plai" as a number, 1): one log in a database. Migrations use the one-key space."""
_CHECKS: Final = f"""
    WITH head AS (SELECT position, recorded_at FROM plaint.events ORDER BY position DESC LIMIT 1)
    SELECT coalesce((SELECT position FROM head), 0),
           greatest(clock_timestamp(), (SELECT recorded_at FROM head)),
           ARRAY(SELECT w.stream
                 FROM unnest(%(streams)b::uuid[], %(versions)b::integer[]) AS w (stream, version)
                 WHERE w.version <> coalesce(
                     (SELECT max(e.version) FROM plaint.events e WHERE e.stream = w.stream), 0)),
           {positions.DIFFER},
           {answers.KNOWN_COMMANDS},
           {answers.KNOWN_MESSAGES},
           {keys_of_subjects.DIFFER},
           {set_aside.GONE},
           {set_aside.OVERLOOKED},
           {conversations.CONVERSATIONS_DIFFER},
           {conversations.CONTACTS_DIFFER}
"""  # noqa: S608 # our own words
_COPY: Final = "COPY plaint.events (position, recorded_at, stream, version, name, state) FROM STDIN (FORMAT BINARY)"
_TYPES: Final = ("int8", "timestamptz", "uuid", "int4", "text", "bytea")
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
    rows: Sequence[StoredEvent]
    keys: Mapping[Pair, DataKey]
    aside: Sequence[SealedAside]
    expected: Mapping[str, Column]

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
        _must_be_sound(batch)
        ready = self._prepare(batch)
        committed = self._write(ready)
        self._keys.kept(pair for pair, key in ready.keys.items() if key.stored is not None)
        self._herald.announce()
        return committed

    def _prepare(self, batch: Batch) -> _Ready:
        drafts = [
            self._mapper.draft(append.stream, append.expected + number, new)
            for append in batch.appends
            for number, new in enumerate(append.events, start=1)
        ]
        pairs = dict.fromkeys([*pairs_of(drafts), *((each.stream, each.subject) for each in batch.contents)])
        begun = {append.stream for append in batch.appends if append.expected == 0}
        keys = self._keys.for_writing(pairs, begun) if pairs else {}
        self._must_fit_contents(batch, keys)
        rows = [self._mapper.seal(draft, keys) for draft in drafts]
        return _Ready(batch, rows, keys, self._aside.seal(batch.set_aside), _expected(batch, keys))

    def _must_fit_contents(self, batch: Batch, keys: Mapping[Pair, DataKey]) -> None:
        others = [each for each in batch.contents if keys[each.stream, each.subject].key_id != each.key_id]
        if others:
            self._keys.drop((each.stream, each.subject) for each in others)
            raise Conflict(keys=frozenset(each.subject for each in others))

    def _write(self, ready: _Ready) -> Committed:
        for attempt in range(1, _ATTEMPTS + 1):
            sent: list[_Sent] = []
            try:
                with self._pool.connection() as connection:
                    return self._transaction(connection, ready, sent)
            except _LOST as error:
                found = self._read_back(ready, sent[0], error) if sent else None
                if found is not None:
                    return found
                if attempt == _ATTEMPTS or isinstance(error, PoolTimeout | PoolClosed):
                    raise DatabaseUnavailable(f"the database takes no writes now: {type(error).__name__}") from error
        raise AssertionError("unreachable")

    def _transaction(self, connection: Connection[TupleRow], ready: _Ready, sent: list[_Sent]) -> Committed:
        connection.isolation_level = IsolationLevel.READ_COMMITTED
        teach(connection)
        with connection.pipeline():
            connection.execute(LOCK)
            cursor = connection.execute(_CHECKS, ready.expected)
        before, recorded_at, *conflicts = cursor.fetchone() or (0, None)
        if any(conflicts):
            connection.rollback()
            raise self._conflict(ready, conflicts)
        copy_events(connection, before, recorded_at, ready.rows)
        last = before + len(ready.rows)
        sent.append(_Sent(before, recorded_at))
        with connection.pipeline():
            _write_side_rows(connection, ready, last, recorded_at)
            connection.commit()
        return Committed(last, recorded_at, ready.versions)

    def _conflict(self, ready: _Ready, found: Sequence[Iterable[Any]]) -> Conflict:
        streams, sources, commands, messages, subjects, gone, overlooked, *others = map(frozenset, found)
        self._keys.drop(pair for pair in ready.keys if pair[1] in subjects)
        conversations_, contacts = others
        return Conflict(
            streams=streams,
            sources=sources,
            commands=commands,
            messages=messages,
            keys=subjects,
            parked=gone | overlooked,
            conversations=conversations_,
            contacts=contacts,
        )

    def _read_back(self, ready: _Ready, sent: _Sent, cause: Exception) -> Committed | None:
        """Was it written? The lock is free only when the lost transaction is over."""
        try:
            with self._pool.connection() as connection:
                connection.isolation_level = IsolationLevel.READ_COMMITTED
                connection.execute(LOCK)
                written = _is_written(connection, ready, sent)
        except _LOST:
            raise OutcomeUnknown("the connection was lost during a commit, and it cannot be read back now") from cause
        return Committed(sent.before + len(ready.rows), sent.recorded_at, ready.versions) if written else None


def copy_events(
    connection: Connection[TupleRow], before: int, recorded_at: datetime, rows: Sequence[StoredEvent]
) -> None:
    """Append rows behind position ``before``. The caller holds the lock."""
    if not rows:
        return
    with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
        copy.set_types(_TYPES)
        for position, row in enumerate(rows, start=before + 1):
            copy.write_row((position, recorded_at, row.originator_id, row.originator_version, row.topic, row.state))


def _write_side_rows(connection: Connection[TupleRow], ready: _Ready, position: int, recorded_at: datetime) -> None:
    batch = ready.batch
    keys_of_subjects.store(connection, ready.keys)
    content.store(connection, batch.contents)
    positions.move(connection, batch.sources)
    answers.keep(connection, batch.answers, batch.messages, ready.versions, position, recorded_at)
    conversations.claim(connection, batch.conversations, batch.contacts, batch.continued)
    set_aside.write(connection, ready.aside, batch.released, recorded_at)


def _expected(batch: Batch, keys: Mapping[Pair, DataKey]) -> dict[str, Column]:
    return {
        "streams": Uuids([append.stream for append in batch.appends]),
        "versions": Integers([append.expected for append in batch.appends]),
        "sources": Texts([move.source for move in batch.sources]),
        "source_positions": BigIntegers([move.expected for move in batch.sources]),
        "commands": Uuids([answer.command_id for answer in batch.answers]),
        "messages": Octets([message.fingerprint for message in batch.messages]),
        "key_streams": Uuids([stream for stream, _ in keys]),
        "key_subjects": Uuids([subject for _, subject in keys]),
        "key_ids": Octets([key.key_id for key in keys.values()]),
        "new_keys": Truths([key.stored is not None for key in keys.values()]),
        "released": Uuids(batch.released),
        "openings": Octets(batch.premises.openings),
        "waiting": Uuids(batch.premises.waiting),
        "conversation_keys": Octets([key for key, _ in batch.premises.conversations]),
        "conversation_streams": Uuids([stream for _, stream in batch.premises.conversations]),
        "contact_keys": Octets([key for key, _ in batch.premises.contacts]),
        "contact_subjects": Uuids([subject for _, subject in batch.premises.contacts]),
    }


def _must_be_sound(batch: Batch) -> None:
    for what, names in (
        ("stream", [append.stream for append in batch.appends]),
        ("source", [move.source for move in batch.sources]),
        ("command", [answer.command_id for answer in batch.answers]),
        ("message", [message.fingerprint.hex() for message in batch.messages]),
    ):
        for name, count in Counter[object](names).items():
            if count > 1:
                raise ValueError(f"a batch names each {what} once, this one has {name} {count} times")


def _is_written(connection: Connection[TupleRow], ready: _Ready, sent: _Sent) -> bool:
    """Do exactly these rows stand there? The first kind of row that the batch has, decides."""
    batch = ready.batch
    if ready.rows:
        first = ready.rows[0]
        return _there(
            connection,
            "plaint.events WHERE position = %s AND stream = %s AND version = %s AND state = %s",
            (sent.before + 1, first.originator_id, first.originator_version, first.state),
        )
    if batch.answers:
        answer = batch.answers[0]
        return _there(
            connection,
            "plaint.answers WHERE command_id = %s AND fingerprint = %s AND recorded_at = %s",
            (answer.command_id, answer.fingerprint, sent.recorded_at),
        )
    if batch.messages:
        seen = batch.messages[0]
        return _there(
            connection, "plaint.messages WHERE fingerprint = %s AND message = %s", (seen.fingerprint, seen.message)
        )
    if batch.sources:
        moved = batch.sources[0]
        return _there(connection, "plaint.sources WHERE source = %s AND position = %s", (moved.source, moved.new))
    if batch.contents:
        return _there(connection, "plaint.contents WHERE content_id = %s", (batch.contents[0].content_id,))
    return False  # what is left (conversations, contacts, messages set aside or released) may be written again


def _there(connection: Connection[TupleRow], rows: str, parameters: Collection[object]) -> bool:
    found = connection.execute(f"SELECT EXISTS (SELECT FROM {rows})", tuple(parameters)).fetchone()  # noqa: S608 # fixed words
    return bool(found and found[0])
