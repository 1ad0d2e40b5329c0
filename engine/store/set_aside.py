"""Messages kept whole outside of any case: dead letters, and parked ones that wait for their opener.

Each is encrypted under the key of the week in which its ``until`` lies, or of the present week if
that is over, so that destroying that key after the week ends all of them at once, in backups too
once those have passed. A week's key is destroyed a day after the week at the earliest, so that no
commit on its way loses the key that it was sealed with.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final, Literal, NamedTuple
from uuid import UUID

from psycopg import Connection
from psycopg.rows import TupleRow

from engine.store.batch import SetAside
from engine.store.database.pool import Pool
from engine.store.session import reading
from engine.store.vault.keys import DataKey
from engine.store.vault.seal import close_box, new_nonce, open_box
from engine.store.vault.service_keys import ServiceKeys

Kind = Literal["dead_letter", "parked"]

DEFAULT_KEPT: Final = timedelta(days=90)
GONE: Final = """ARRAY(
    SELECT w.id FROM unnest(%(released)b::uuid[]) AS w (id)
    WHERE NOT EXISTS (SELECT FROM plaint.set_aside s WHERE s.id = w.id))"""
"""Messages to be released that are not there any more."""
OVERLOOKED: Final = """ARRAY(
    SELECT s.id FROM plaint.set_aside s
    WHERE s.kind = 'parked' AND s.keys && %(openings)b::bytea[] AND s.id <> ALL (%(waiting)b::uuid[]))"""
"""Messages that wait for something in the batch, parked since it was planned."""
_ADD: Final = """
    INSERT INTO plaint.set_aside (id, kind, fingerprint, reason, source, keys, since, until, key_id, box)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING
"""
_COLUMNS: Final = "id, kind, fingerprint, reason, source, keys, since, until"
_LIST: Final = f"""
    SELECT {_COLUMNS} FROM plaint.set_aside
    WHERE (%(kind)s::text IS NULL OR kind = %(kind)s) AND (since, id) > (%(since)s, %(id)s)
    ORDER BY since, id LIMIT %(limit)s
"""  # noqa: S608 # our own words
_WAITING: Final = f"""
    SELECT {_COLUMNS} FROM plaint.set_aside WHERE kind = 'parked' AND keys && %b::bytea[] ORDER BY since, id
"""  # noqa: S608 # our own words
_PARKED: Final = "SELECT id, until FROM plaint.set_aside WHERE kind = 'parked' AND id = ANY(%b::uuid[])"
_EXPIRED: Final = f"""
    SELECT {_COLUMNS} FROM plaint.set_aside
    WHERE kind = %(kind)s AND until <= now() AND (until, id) > (%(until)s, %(id)s)
    ORDER BY until, id LIMIT %(limit)s
"""  # noqa: S608 # our own words
_UNRELAYED: Final = f"""
    SELECT {_COLUMNS} FROM plaint.set_aside
    WHERE kind = 'dead_letter' AND relayed_at IS NULL AND (since, id) > (%(since)s, %(id)s)
    ORDER BY since, id LIMIT %(limit)s
"""  # noqa: S608 # our own words
_RELAYED: Final = """
    UPDATE plaint.set_aside s SET relayed_at = now() FROM unnest(%b::uuid[], %b::timestamptz[]) AS w (id, since)
    WHERE s.id = w.id AND s.since = w.since AND s.relayed_at IS NULL
"""
_END_DEAD_LETTERS: Final = """
    WITH ended AS (
        DELETE FROM plaint.set_aside WHERE id IN (
            SELECT id FROM plaint.set_aside
            WHERE kind = 'dead_letter' AND until < date_trunc('week', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'
            ORDER BY until LIMIT %s FOR UPDATE SKIP LOCKED)
        RETURNING relayed_at)
    SELECT count(*), count(*) FILTER (WHERE relayed_at IS NULL) FROM ended
"""
_DESTROY_WEEKS: Final = """
    DELETE FROM plaint_keys.service_keys k
    WHERE purpose = 'set_aside' AND period < date_trunc('week', (now() - interval '1 day') AT TIME ZONE 'UTC')::date
      AND NOT EXISTS (SELECT FROM plaint.set_aside s WHERE s.key_id = k.key_id)
"""


_STANDING: Final = """
    SELECT count(*) FILTER (WHERE kind = 'dead_letter'),
           count(*) FILTER (WHERE kind = 'dead_letter' AND relayed_at IS NULL),
           count(*) FILTER (WHERE kind = 'parked')
    FROM plaint.set_aside
"""


class NotSetAside(LookupError):
    """No such message: it was released, replayed or discarded, or its end has come."""

    def __init__(self, id: UUID) -> None:
        self.id = id
        super().__init__(f"nothing is set aside under {id}")


@dataclass(frozen=True, slots=True)
class AsideRow:
    """What is known of a message set aside without opening it."""

    id: UUID
    kind: Kind
    fingerprint: bytes
    reason: str
    source: str
    keys: tuple[bytes, ...]
    since: datetime
    until: datetime


class Ended(NamedTuple):
    """What ended with the weeks that are over."""

    keys: int
    unrelayed: int
    """Dead letters that never stood in their topic."""


class Standing(NamedTuple):
    """How many messages are set aside."""

    dead_letters: int
    unrelayed: int
    """Of these, how many do not stand in their topic yet."""
    parked: int


@dataclass(frozen=True, slots=True)
class SealedAside:
    """A message on its way to its row."""

    message: SetAside
    until: datetime
    key_id: bytes
    box: bytes


def write(
    connection: Connection[TupleRow], sealed: Collection[SealedAside], released: Collection[UUID], since: datetime
) -> None:
    """Release and add messages, within the commit. The same message twice is kept once.

    One that is released and added by the same batch is there anew: a dead letter that failed again.
    """
    if released:
        connection.execute("DELETE FROM plaint.set_aside WHERE id = ANY(%s)", (list(released),))
    for each in sealed:
        given = each.message
        row = (given.id, given.kind, given.fingerprint, given.reason, given.source, list(given.keys))
        connection.execute(_ADD, (*row, since, each.until, each.key_id, each.box))


class SetAsideBox:
    """Seals, lists, shows and ends messages that were set aside."""

    def __init__(self, pool: Pool, keys: ServiceKeys) -> None:
        self._pool = pool
        self._keys = keys

    def seal(self, messages: Sequence[SetAside]) -> list[SealedAside]:
        """Encrypt, before the commit that writes them."""
        if not messages:
            return []
        now = self._now()
        ends = [message.until or now + DEFAULT_KEPT for message in messages]
        weeks = [_week(max(end, now)) for end in ends]
        keys = self._keys.set_aside(set(weeks))
        return [sealed(message, end, keys[week]) for message, end, week in zip(messages, ends, weeks, strict=True)]

    def listed(
        self, kind: Kind | None = None, *, limit: int = 100, after: tuple[datetime, UUID] | None = None
    ) -> list[AsideRow]:
        """The oldest first; ``after`` is (since, id) of the last one seen."""
        since, last = after or (datetime.min.replace(tzinfo=UTC), UUID(int=0))
        with reading(self._pool) as connection, connection.cursor(binary=True) as cursor:
            cursor.execute(_LIST, {"kind": kind, "since": since, "id": last, "limit": limit})
            return [_row(row) for row in cursor.fetchall()]

    def row(self, id: UUID) -> AsideRow | None:
        """Return what is known of a message without opening it; None where there is none."""
        query = f"SELECT {_COLUMNS} FROM plaint.set_aside WHERE id = %s"  # noqa: S608 # our own words
        with reading(self._pool) as connection, connection.cursor(binary=True) as cursor:
            found = cursor.execute(query, (id,)).fetchone()
        return None if found is None else _row(found)

    def show(self, id: UUID) -> tuple[AsideRow, bytes]:
        """One message, opened.

        Raises:
            NotSetAside: it is not there, or its key was destroyed.
            SealBroken: it was changed.
        """
        query = f"SELECT {_COLUMNS}, key_id, box FROM plaint.set_aside WHERE id = %s"  # noqa: S608 # our own words
        with reading(self._pool) as connection, connection.cursor(binary=True) as cursor:
            found = cursor.execute(query, (id,)).fetchone()
        key = self._keys.existing_set_aside().get(found[8]) if found else None
        if found is None or key is None:
            raise NotSetAside(id)
        return _row(found), open_box(key, found[9], _bound_to(id, found[1], key.key_id))

    def waiting_for(self, keys: Collection[bytes]) -> dict[bytes, list[AsideRow]]:
        """Conversation key -> parked messages that wait for it, the oldest first. One query."""
        waiting: dict[bytes, list[AsideRow]] = {}
        if keys:
            with reading(self._pool) as connection, connection.cursor(binary=True) as cursor:
                rows = [_row(row) for row in cursor.execute(_WAITING, (list(keys),)).fetchall()]
            for row in rows:
                for key in set(row.keys) & set(keys):
                    waiting.setdefault(key, []).append(row)
        return waiting

    def parked(self, ids: Collection[UUID]) -> dict[UUID, datetime]:
        """Id -> until when it waits, of those that are parked. One query, none for no ids."""
        if not ids:
            return {}
        with reading(self._pool) as connection, connection.cursor(binary=True) as cursor:
            return dict(cursor.execute(_PARKED, (list(ids),)).fetchall())

    def expired(self, kind: Kind, *, limit: int = 100, after: AsideRow | None = None) -> list[AsideRow]:
        """Messages of a kind whose end has come, by the database's clock: to be acted on, then released.

        Those that ended first come first; ``after`` is the last one seen, so that one that cannot be
        acted on keeps no other waiting.
        """
        until, last = (after.until, after.id) if after else (datetime.min.replace(tzinfo=UTC), UUID(int=0))
        with reading(self._pool) as connection, connection.cursor(binary=True) as cursor:
            cursor.execute(_EXPIRED, {"kind": kind, "until": until, "id": last, "limit": limit})
            return [_row(row) for row in cursor.fetchall()]

    def unrelayed(self, *, limit: int = 100, after: AsideRow | None = None) -> list[AsideRow]:
        """Dead letters that do not stand in their topic yet, the oldest first; ``after`` is the last one seen."""
        since, last = (after.since, after.id) if after else (datetime.min.replace(tzinfo=UTC), UUID(int=0))
        with reading(self._pool) as connection, connection.cursor(binary=True) as cursor:
            cursor.execute(_UNRELAYED, {"since": since, "id": last, "limit": limit})
            return [_row(row) for row in cursor.fetchall()]

    def standing(self) -> Standing:
        """Count what is set aside."""
        with reading(self._pool) as connection:
            return Standing(*connection.execute(_STANDING).fetchall()[0])

    def relayed(self, rows: Collection[AsideRow]) -> int:
        """Remember that these stand in their topic; how many. One that has failed again since is not among them."""
        with reading(self._pool) as connection:
            columns = ([row.id for row in rows], [row.since for row in rows])
            return connection.execute(_RELAYED, columns).rowcount

    def discard(self, ids: Collection[UUID]) -> int:
        """Delete messages; how many were there."""
        with reading(self._pool) as connection:
            return connection.execute("DELETE FROM plaint.set_aside WHERE id = ANY(%s)", (list(ids),)).rowcount

    def destroy_past_weeks(self, at_once: int = 500) -> Ended:
        """End dead letters of weeks that are over, and destroy those weeks' keys.

        Dead letters go in transactions of ``at_once`` rows. A parked message is never lost: while one
        of a week is still there, so is the week's key.
        """
        unrelayed, more = 0, True
        with reading(self._pool) as connection:
            while more:
                ((count, never),) = connection.execute(_END_DEAD_LETTERS, (at_once,)).fetchall()
                unrelayed, more = unrelayed + never, count == at_once
            return Ended(connection.execute(_DESTROY_WEEKS).rowcount, unrelayed)

    def _now(self) -> datetime:
        with reading(self._pool) as connection:
            row = connection.execute("SELECT now()").fetchone()
        if row is None:
            raise LookupError("the database does not tell the time")
        return row[0]  # type: ignore[no-any-return] # a column of psycopg


def _week(end: datetime) -> date:
    """Its Monday, in UTC."""
    day = end.astimezone(UTC).date()
    return day - timedelta(days=day.weekday())


def sealed(message: SetAside, until: datetime, key: DataKey) -> SealedAside:
    """Encrypt one message under the key of a week."""
    box = close_box(key, message.payload, _bound_to(message.id, message.kind, key.key_id), new_nonce())
    return SealedAside(message, until, key.key_id, box)


def _bound_to(id: UUID, kind: str, key_id: bytes) -> bytes:
    return b"".join((b"plaint set aside 1\0", id.bytes, key_id, kind.encode()))


def _row(row: TupleRow) -> AsideRow:
    id_, kind, fingerprint, reason, source, keys, since, until = row[:8]
    return AsideRow(id_, kind, fingerprint, reason, source, tuple(keys), since, until)
