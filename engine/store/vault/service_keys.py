"""Keys that belong to no person: the fingerprint key, kept for good, and one a week for messages set aside."""

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
_ADD: Final = """
    INSERT INTO plaint_keys.service_keys (purpose, period, key_id, master_id, wrapped)
    VALUES (%s, %s, %s, %s, %s) ON CONFLICT (purpose, period) DO NOTHING
"""


class ServiceKeys:
    """Finds or makes them. A new one is stored before it is handed out."""

    def __init__(self, pool: Pool, master: MasterKeys) -> None:
        self._pool = pool
        self._master = master

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
        return {key.key_id: key for key in keys}

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
        stored = self._master.wrap(secret, _context(purpose, period))
        connection.execute(_ADD, (purpose, period, DataKey.of(secret).key_id, *stored))

    def _unwrap(self, purpose: str, period: date, master_id: str, wrapped: bytes) -> bytes:
        return self._master.unwrap(WrappedKey(master_id, bytes(wrapped)), _context(purpose, period))


def _context(purpose: str, period: date) -> bytes:
    return f"plaint service key 1\0{purpose}\0{period.isoformat()}".encode()
