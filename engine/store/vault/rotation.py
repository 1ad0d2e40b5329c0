"""Which master keys the database needs, and how it comes to need another one, without touching an event.

A rotation puts a new master key first into the key file and wraps every key again that an older
master key wrapped: the service keys, among them one wrapping key a month, and the data keys that
were wrapped before there were wrapping keys (these go under the wrapping key of this month). Rows
change in batches of their own, each compared with what was read; so it may be interrupted,
repeated and run twice at once. While rows under an older master key are left, no further one is
made: the rotation under way is finished first.

Running processes need no restart: ``KeyFile`` looks into the file again before it wraps, and before
it calls a master key unknown. A line is removed under a lock that excludes every process that is
storing a wrapped key, so none is stored under a line that has just gone.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final
from uuid import UUID

from engine.store.database.pool import Pool
from engine.store.session import reading
from engine.store.vault import master
from engine.store.vault.keys import wrap_context
from engine.store.vault.master import MasterKeys, UnknownMasterKey, WrappedKey
from engine.store.vault.service_keys import ServiceKeys, context_of
from engine.store.vault.wrapping import WrappingKeys, name_of

BATCH_ROWS: Final = 500
_ALONE: Final = "SELECT pg_advisory_xact_lock(1886151017, 3)"
_SERVICE_KEYS: Final = "SELECT purpose, period, key_id, master_id, wrapped FROM plaint_keys.service_keys ORDER BY 1, 2"
_NAMED: Final = "SELECT master_id, count(*) FROM plaint_keys.service_keys GROUP BY master_id"
_DATA_KEYS: Final = """
    SELECT master_id, count(*) FROM plaint_keys.data_keys WHERE master_id IS NOT NULL GROUP BY master_id
"""
_REWRAP_SERVICE_KEY: Final = """
    UPDATE plaint_keys.service_keys SET master_id = %s, wrapped = %s
    WHERE purpose = %s AND period = %s AND wrapped = %s
"""
_DIRECT: Final = """
    SELECT subject, stream, master_id, wrapped FROM plaint_keys.data_keys
    WHERE (subject, stream) > (%s, %s) AND master_id IS NOT NULL AND master_id <> ALL(%s)
    ORDER BY subject, stream LIMIT %s
"""
_REWRAP_DATA_KEYS: Final = """
    UPDATE plaint_keys.data_keys k SET master_id = w.master_id, wrapped = w.wrapped
    FROM (SELECT k.subject, k.stream, w.master_id, w.wrapped
          FROM unnest(%s::uuid[], %s::uuid[], %s::bytea[], %s::text[], %s::bytea[])
               AS w (subject, stream, before, master_id, wrapped)
          JOIN plaint_keys.data_keys k ON (k.subject, k.stream, k.wrapped) = (w.subject, w.stream, w.before)
          ORDER BY k.subject, k.stream FOR UPDATE OF k SKIP LOCKED) w
    WHERE (k.subject, k.stream) = (w.subject, w.stream)
"""


@dataclass(frozen=True, slots=True)
class MasterUse:
    """How many rows one master key wraps."""

    master_id: str
    service_keys: int
    data_keys: int
    """Wrapped by it directly, from before there were wrapping keys."""

    @property
    def rows(self) -> int:
        return self.service_keys + self.data_keys


@dataclass(frozen=True, slots=True)
class WrappingUse:
    """One wrapping key: the month that it was made for, what wraps it, and how many data keys it wraps."""

    wrapping_id: str
    month: date
    master_id: str
    data_keys: int


@dataclass(frozen=True, slots=True)
class Usage:
    """What the keys of a database are wrapped by."""

    masters: tuple[MasterUse, ...]
    wrapping: tuple[WrappingUse, ...]

    def rows_of(self, master_id: str) -> int:
        """How many rows need this master key."""
        return sum(use.rows for use in self.masters if use.master_id == master_id)


@dataclass(frozen=True, slots=True)
class Rotated:
    """What a rotation did. ``left`` are rows that an older master key still wraps: run it again."""

    current: str
    made: bool
    """A new key was put into the file; False: a rotation under way was finished."""
    service_keys: int
    data_keys: int
    left: int


def masters_named(pool: Pool) -> tuple[str, ...]:
    """Ids of the master keys without which this database's keys cannot be unwrapped; none if it has no keys yet.

    Those that wrap data keys alone are left out, which spares reading them all.
    """
    with reading(pool) as connection:
        return tuple(sorted(row[0] for row in connection.execute(_NAMED).fetchall()))


def usage(pool: Pool) -> Usage:
    """What wraps what. Reads every row of the data keys: about a second for five million."""
    with reading(pool) as connection:
        service_keys = connection.execute(_SERVICE_KEYS).fetchall()
        under = dict(connection.execute(_DATA_KEYS).fetchall())
    wrapping = tuple(
        WrappingUse(name_of(key_id), period, master_id, under.pop(name_of(key_id), 0))
        for purpose, period, key_id, master_id, _ in service_keys
        if purpose == "wrapping"
    )
    named = [row[3] for row in service_keys]
    masters = tuple(MasterUse(one, named.count(one), under.get(one, 0)) for one in sorted({*named, *under}))
    return Usage(masters, wrapping)


def rotate(pool: Pool, path: Path, *, add: bool = True, told: Callable[[int], None] = lambda _: None) -> Rotated:
    """Have a new master key wrap everything, or finish the rotation under way.

    ``add`` False: finish only. ``told`` hears how many rows have been wrapped anew.

    Raises:
        UnknownMasterKey: the database names a master key that is not in the file; nothing was changed.
        KeyFileRefused: the file is not what it should be.
        OSError: the file or its directory cannot be written to; nothing was changed.
        DatabaseUnavailable: run it again, it goes on where it stopped.
    """
    with reading(pool) as connection, connection.transaction():
        connection.execute(_ALONE)
        keys = master.load_key_file(path)
        needed = [use.master_id for use in usage(pool).masters]
        for master_id in needed:
            if master_id not in keys.ids:
                raise UnknownMasterKey(master_id)
        made = add and set(needed) <= {keys.current}
        if made:
            master.add_key(path)
            keys = master.load_key_file(path)
    services = ServiceKeys(pool, keys)
    of_services = rewrap_service_keys(pool, keys, keys.current)
    told(of_services)
    of_data = 0
    for count in rewrap_data_keys(pool, keys, WrappingKeys(services)):
        of_data += count
        told(of_services + of_data)
    left = sum(use.rows for use in usage(pool).masters if use.master_id != keys.current)
    return Rotated(keys.current, made, of_services, of_data, left)


def rewrap_service_keys(pool: Pool, masters: MasterKeys, current: str) -> int:
    """Wrap every service key again that another master key than ``current`` wraps; how many there were.

    Each is a transaction of its own. Any ``MasterKeys`` will do.
    """
    with reading(pool) as connection:
        rows = connection.execute(_SERVICE_KEYS).fetchall()
        count = 0
        for purpose, period, _, master_id, wrapped in rows:
            if master_id != current:
                context = context_of(purpose, period)
                fresh = masters.wrap(masters.unwrap(WrappedKey(master_id, wrapped), context), context)
                count += connection.execute(_REWRAP_SERVICE_KEY, (*fresh, purpose, period, wrapped)).rowcount
    return count


def rewrap_data_keys(
    pool: Pool, masters: MasterKeys, wrapping: MasterKeys, *, at_once: int = BATCH_ROWS
) -> Iterator[int]:
    """Wrap by a wrapping key every data key that a master key wraps directly; yields how many, batch by batch.

    A batch is one transaction that waits for nobody: a row that somebody changes meanwhile, such as an
    erasure, is left as that one leaves it.
    """
    names = [use.wrapping_id for use in usage(pool).wrapping]
    place = (UUID(int=0), UUID(int=0))
    while True:
        with reading(pool) as connection:
            rows = connection.execute(_DIRECT, (*place, names, at_once)).fetchall()
        if not rows:
            return
        place = rows[-1][:2]
        fresh = [
            wrapping.wrap(masters.unwrap(WrappedKey(master_id, wrapped), context), context)
            for subject, stream, master_id, wrapped in rows
            for context in [wrap_context(stream, subject)]
        ]
        subjects, streams, _, before = (list(column) for column in zip(*rows, strict=True))
        new = [list(column) for column in zip(*fresh, strict=True)]
        with reading(pool) as connection:
            yield connection.execute(_REWRAP_DATA_KEYS, (subjects, streams, before, *new)).rowcount


def remove_old(pool: Pool, path: Path) -> tuple[str, ...]:
    """Take every line out of the key file that does not wrap and that no row names; which ones.

    A backup of the database from before names them still: keep the old file with it.

    Raises:
        KeyFileRefused, OSError, DatabaseUnavailable: as ``rotate``.
    """
    with reading(pool) as connection, connection.transaction():
        connection.execute(_ALONE)
        _, *others = master.load_key_file(path).ids
        gone = removable(usage(pool), others)
        if gone:
            master.remove_keys(path, gone)
    return gone


def removable(used: Usage, others: Sequence[str]) -> tuple[str, ...]:
    """Those of the keys that no longer wrap which no row names."""
    return tuple(one for one in others if used.rows_of(one) == 0)
