"""The data key of each stream and data subject: found, made, remembered, forgotten.

A data key is 32 random octets, known by its SHA-256. It is stored wrapped by a master key;
in the clear it lives in this process's memory only. A new key is stored by the transaction of
the first event or content that it seals. A destroyed key leaves its row behind without the
wrapped key, so that nothing is ever sealed for that pair again.

Keys are remembered within bounds. Every look-up for reading also reads how often keys were
destroyed in the whole database; when that moved, everything remembered is dropped first. So
nothing is opened by a key whose destruction was committed before the look-up. Writers recheck
their keys under the log's lock.
"""

import hashlib
import os
import threading
from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from psycopg import Connection
from psycopg.rows import TupleRow

from engine.store.columns import Octets, Texts, Uuids, teach
from engine.store.database.pool import Pool
from engine.store.session import reading
from engine.store.vault.master import MasterKeys, WrappedKey

Pair = tuple[UUID, UUID]
"""Stream and data subject."""
_KEY_OCTETS: Final = 32

_LOOK_UP: Final = """
    SELECT d.count, k.stream, k.subject, k.key_id, k.master_id, k.wrapped
    FROM plaint_keys.destructions d
    LEFT JOIN (plaint_keys.data_keys k
               JOIN unnest(%b::uuid[], %b::uuid[]) AS wanted (stream, subject) USING (stream, subject)) ON true
"""
DIFFER: Final = """ARRAY(
    SELECT w.subject
    FROM unnest(%(key_streams)b::uuid[], %(key_subjects)b::uuid[], %(key_ids)b::bytea[], %(new_keys)b::boolean[])
         AS w (stream, subject, key_id, new)
    LEFT JOIN plaint_keys.data_keys k USING (stream, subject)
    WHERE CASE WHEN k.key_id IS NULL THEN NOT w.new ELSE k.wrapped IS NULL OR k.key_id <> w.key_id END
    UNION ALL
    SELECT e.subject FROM plaint_keys.erased_subjects e WHERE e.subject = ANY(%(new_subjects)b::uuid[]))"""
"""Data subjects whose data key is destroyed, or another one than the batch was sealed with, and erased ones
for whom the batch would store a new key."""
_STORE: Final = """
    INSERT INTO plaint_keys.data_keys (stream, subject, key_id, master_id, wrapped)
    SELECT * FROM unnest(%b::uuid[], %b::uuid[], %b::bytea[], %b::text[], %b::bytea[])
"""
_STORE_MISSING: Final = f"{_STORE} ON CONFLICT (subject, stream) DO NOTHING"


class SubjectErased(Exception):
    """Nothing may be sealed here any more: the key of this stream and subject was destroyed."""

    def __init__(self, stream: UUID, subject: UUID) -> None:
        self.stream, self.subject = stream, subject
        super().__init__(f"the key of subject {subject} in stream {stream} was destroyed: nothing can be added for it")


class DataKey:
    """A data key ready for use, known by its id. ``stored`` is its wrapped form while no commit has kept it yet."""

    __slots__ = ("box", "key_id", "stored")

    def __init__(self, key_id: bytes, box: AESGCM, stored: WrappedKey | None = None) -> None:
        self.key_id, self.box, self.stored = key_id, box, stored

    @classmethod
    def of(cls, key: bytes, stored: WrappedKey | None = None) -> "DataKey":
        return cls(hashlib.sha256(key).digest(), AESGCM(key), stored)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DataKey) and self.key_id == other.key_id

    def __hash__(self) -> int:
        return hash(self.key_id)

    def __repr__(self) -> str:
        return f"DataKey({self.key_id.hex()})"


def wrap_context(stream: UUID, subject: UUID) -> bytes:
    """What a wrapped data key is bound to: its row."""
    return b"plaint data key 1\0" + stream.bytes + subject.bytes


def store(connection: Connection[TupleRow], keys: Mapping[Pair, DataKey], *, missing: bool = False) -> None:
    """Store the new keys among these, within the commit; with ``missing`` only where none stands.

    Otherwise one that stands there already is a unique violation.
    """
    rows = [(*pair, key.key_id, *key.stored) for pair, key in keys.items() if key.stored is not None]
    if rows:
        streams, subjects, key_ids, masters, wrapped = zip(*rows, strict=True)
        teach(connection)
        columns = (Uuids(streams), Uuids(subjects), Octets(key_ids), Texts(masters), Octets(wrapped))
        connection.execute(_STORE_MISSING if missing else _STORE, columns)


class Keys:
    """The data keys of one database, under its master keys. For any number of threads."""

    def __init__(self, pool: Pool, master: MasterKeys, *, remembered: int = 20_000) -> None:
        self._pool = pool
        self._master = master
        self._bound = remembered
        self._guard = threading.Lock()
        self._known: OrderedDict[Pair, DataKey] = OrderedDict()
        self._new: OrderedDict[Pair, DataKey] = OrderedDict()
        self._destructions = -1

    def for_writing(self, pairs: Collection[Pair], begun: Collection[UUID] = frozenset()) -> dict[Pair, DataKey]:
        """The key of every pair; one that is not there yet is made and handed out until ``kept``.

        Nothing is looked up for streams that are ``begun`` by this very commit: they have no keys yet,
        and should one begin elsewhere meanwhile, the commit finds another key and refuses the batch.

        Raises:
            SubjectErased: the key of a pair was destroyed.
            DatabaseUnavailable: as ``reading``.
        """
        found, missing = self._remembered(pairs, new=True)
        asked = [pair for pair in missing if pair[0] not in begun]
        stored = self._look_up(asked) if asked else {}
        for pair, key in stored.items():
            if key is None:
                raise SubjectErased(*pair)
            found[pair] = key
        made = [pair for pair in missing if pair not in stored] if stored else missing
        if made:
            self._make(made, found)
        return found

    def for_reading(self, pairs: Collection[Pair]) -> Mapping[Pair, DataKey | None]:
        """The key of every pair; None where it was destroyed, no entry where none is stored.

        Raises:
            DatabaseUnavailable: as ``reading``.
        """
        before = self._destructions
        found, missing = self._remembered(pairs, new=False)
        stored = self._look_up(missing)
        if found and before != self._destructions:
            return self._look_up(list(pairs))
        return {**found, **stored}

    def kept(self, keys: Mapping[Pair, DataKey]) -> None:
        """A commit stored the new keys among these: who sealed with them meanwhile need not store them again.

        They are not remembered: one may have been destroyed since, which only a look-up can tell.
        """
        with self._guard:
            for pair, key in keys.items():
                if key.stored is not None:
                    key.stored = None
                    self._new.pop(pair, None)

    def drop(self, pairs: Iterable[Pair]) -> None:
        """Forget the keys of these pairs: a commit found that others stand in the database."""
        with self._guard:
            for pair in pairs:
                self._known.pop(pair, None)
                self._new.pop(pair, None)

    def forget(self, subject: UUID) -> None:
        """Forget all keys of a data subject in this process."""
        with self._guard:
            for remembered in (self._known, self._new):
                for pair in [pair for pair in remembered if pair[1] == subject]:
                    del remembered[pair]

    def _remembered(self, pairs: Iterable[Pair], *, new: bool) -> tuple[dict[Pair, DataKey], list[Pair]]:
        """The keys that are remembered, and the pairs of which none is."""
        found: dict[Pair, DataKey] = {}
        missing: list[Pair] = []
        with self._guard:
            for pair in pairs:
                key = self._known.get(pair) or (self._new.get(pair) if new else None)
                if key is None:
                    missing.append(pair)
                else:
                    found[pair] = key
        return found, missing

    def _look_up(self, pairs: list[Pair]) -> dict[Pair, DataKey | None]:
        columns = (Uuids([stream for stream, _ in pairs]), Uuids([subject for _, subject in pairs]))
        with reading(self._pool) as connection:
            teach(connection)
            rows = connection.execute(_LOOK_UP, columns, binary=True).fetchall()
        found: dict[Pair, DataKey | None] = {}
        for _, stream, subject, key_id, master_id, wrapped in rows:
            if key_id is not None:
                pair = (stream, subject)
                found[pair] = None if wrapped is None else self._unwrap(pair, master_id, wrapped)
        self._learn(rows[0][0] if rows else -1, found)
        return found

    def _unwrap(self, pair: Pair, master_id: str, wrapped: bytes) -> DataKey:
        return DataKey.of(self._master.unwrap(WrappedKey(master_id, wrapped), wrap_context(*pair)))

    def _learn(self, destructions: int, found: Mapping[Pair, DataKey | None]) -> None:
        with self._guard:
            if destructions > self._destructions:
                self._known.clear()
                self._destructions = destructions
            if destructions == self._destructions:
                for pair, key in found.items():
                    if key is not None:
                        self._remember(self._known, pair, key)

    def _make(self, pairs: Sequence[Pair], found: dict[Pair, DataKey]) -> None:
        """Make a key for each pair, or take the one that another thread has made meanwhile."""
        octets, wrap = os.urandom(_KEY_OCTETS * len(pairs)), self._master.wrap
        for number, pair in enumerate(pairs):
            key = octets[number * _KEY_OCTETS : (number + 1) * _KEY_OCTETS]
            found[pair] = DataKey.of(key, wrap(key, wrap_context(*pair)))
        with self._guard:
            new = self._new
            for pair in pairs:
                found[pair] = new.setdefault(pair, found[pair])
            while len(new) > self._bound:
                new.popitem(last=False)

    def _remember(self, where: OrderedDict[Pair, DataKey], pair: Pair, key: DataKey) -> None:
        where[pair] = key
        while len(where) > self._bound:
            where.popitem(last=False)
