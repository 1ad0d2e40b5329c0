"""Keys that belong to no person, each wrapped by the master key.

The fingerprint key is kept for good; so is one wrapping key a month, under which data keys are
wrapped; and there is one key a week for messages set aside, destroyed after that week.
"""

import os
from collections.abc import Collection
from datetime import date
from typing import Final

from psycopg import Connection
from psycopg.rows import TupleRow

from engine.store.database.pool import Pool
from engine.store.session import reading
from engine.store.vault.fingerprint import Fingerprint
from engine.store.vault.keys import DataKey
from engine.store.vault.master import MasterKeys, WrappedKey

_FOR_GOOD: Final = date(1, 1, 1)
_FIND: Final = """
    SELECT period, master_id, wrapped FROM plaint_keys.service_keys WHERE purpose = %s AND period = ANY(%s::date[])
"""
KEEP_MASTERS: Final = "SELECT pg_advisory_xact_lock_shared(1886151017, 3)"
"""Held while a key is wrapped by the master and stored: no master key is removed meanwhile."""
_ADD: Final = """
    INSERT INTO plaint_keys.service_keys (purpose, period, key_id, master_id, wrapped)
    VALUES (%s, %s, %s, %s, %s) ON CONFLICT (purpose, period) DO NOTHING
"""
_THIS_MONTH: Final = "SELECT date_trunc('month', now() AT TIME ZONE 'UTC')::date"
_WRAPPING_NAMED: Final = """
    SELECT period, master_id, wrapped FROM plaint_keys.service_keys
    WHERE purpose = 'wrapping' AND substr(key_id, 1, 4) = %b
"""


class ServiceKeys:
    """Finds or makes them. A new one is stored before it is handed out.

    What the master has unwrapped is remembered, so that it is asked once for each key. A key of the
    past is forgotten when its row is found to be gone.
    """

    def __init__(self, pool: Pool, master: MasterKeys) -> None:
        self._pool = pool
        self.master = master
        self._known: dict[tuple[str, date], tuple[bytes, bytes]] = {}

    def fingerprint(self) -> Fingerprint:
        """The keyed hash of this database; the same for every process and for good."""
        return Fingerprint(self._secrets("fingerprint", {_FOR_GOOD})[_FOR_GOOD])

    def set_aside(self, weeks: Collection[date]) -> dict[date, DataKey]:
        """The key of each week (its Monday), made where there is none."""
        return {week: DataKey.of(secret) for week, secret in self._secrets("set_aside", set(weeks)).items()}

    def existing_set_aside(self) -> dict[bytes, DataKey]:
        """Key id -> key, of all weeks whose key was not destroyed yet."""
        with reading(self._pool) as connection:
            rows = connection.execute(
                "SELECT period, master_id, wrapped FROM plaint_keys.service_keys WHERE purpose = 'set_aside'"
            ).fetchall()
        keys = [DataKey.of(self._unwrap("set_aside", *row)) for row in rows]
        weeks = {row[0] for row in rows}
        for purpose, period in list(self._known):
            if purpose == "set_aside" and period not in weeks:
                self._known.pop((purpose, period), None)
        return {key.key_id: key for key in keys}

    def wrapping(self, month: date | None = None) -> DataKey:
        """The wrapping key of a month (its first day), made where there is none.

        ``month`` None: the present one, UTC, by the database's clock.
        """
        month = month or self._this_month()
        return DataKey.of(self._secrets("wrapping", {month})[month])

    def wrapping_named(self, beginning: bytes) -> DataKey | None:
        """The wrapping key whose key id begins so; None if there is none."""
        with reading(self._pool) as connection:
            row = connection.execute(_WRAPPING_NAMED, (beginning,)).fetchone()
        return None if row is None else DataKey.of(self._unwrap("wrapping", *row))

    def _this_month(self) -> date:
        with reading(self._pool) as connection:
            row = connection.execute(_THIS_MONTH).fetchone()
        if row is None:
            raise LookupError("the database does not tell the time")
        month: date = row[0]
        return month

    def _secrets(self, purpose: str, periods: set[date]) -> dict[date, bytes]:
        with reading(self._pool) as connection:
            found = self._find(connection, purpose, periods)
            missing = periods - set(found)
            if not missing:
                return found
            for period in missing:
                self._add(connection, purpose, period)
            return self._find(connection, purpose, periods)

    def _find(self, connection: Connection[TupleRow], purpose: str, periods: set[date]) -> dict[date, bytes]:
        rows = connection.execute(_FIND, (purpose, list(periods))).fetchall()
        return {row[0]: self._unwrap(purpose, *row) for row in rows}

    def _add(self, connection: Connection[TupleRow], purpose: str, period: date) -> None:
        secret = os.urandom(32)
        while purpose == "wrapping" and _is_taken(connection, DataKey.of(secret).key_id[:4]):
            secret = os.urandom(32)
        with connection.transaction():
            connection.execute(KEEP_MASTERS)
            stored = self.master.wrap(secret, context_of(purpose, period))
            connection.execute(_ADD, (purpose, period, DataKey.of(secret).key_id, *stored))
        self._known[purpose, period] = (stored.wrapped, secret)

    def _unwrap(self, purpose: str, period: date, master_id: str, wrapped: bytes) -> bytes:
        known = self._known.get((purpose, period))
        if known is not None and known[0] == wrapped:
            return known[1]
        secret = self.master.unwrap(WrappedKey(master_id, wrapped), context_of(purpose, period))
        self._known[purpose, period] = (wrapped, secret)
        return secret


def _is_taken(connection: Connection[TupleRow], beginning: bytes) -> bool:
    """Rows of data keys name a wrapping key by the beginning of its key id, so no two may share one."""
    return connection.execute(_WRAPPING_NAMED, (beginning,)).fetchone() is not None


def context_of(purpose: str, period: date) -> bytes:
    """What a wrapped service key is bound to: its row."""
    return f"plaint service key 1\0{purpose}\0{period.isoformat()}".encode()
