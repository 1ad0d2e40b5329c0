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

from engine.store.columns import Hashes, Octets, Texts, teach
from engine.store.database.pool import Pool
from engine.store.session import reading
from engine.store.vault.master import MasterKeys, WrappedKey

Pair = tuple[UUID, UUID]
"""Stream and data subject."""
KeyName = bytes
"""A pair as 32 octets: the stream's, then the subject's. A batch asks for its keys many times, and ``UUID`` is slow
to hash."""
_KEY_OCTETS: Final = 32
_CONTEXT: Final = b"plaint data key 1\0"

_LOOK_UP: Final = """
    SELECT d.count, k.number, k.master_id, k.wrapped
    FROM plaint_keys.destructions d
    LEFT JOIN (SELECT w.number, k.master_id, k.wrapped
               FROM unnest(%b::uuid[], %b::uuid[]) WITH ORDINALITY AS w (stream, subject, number)
               JOIN plaint_keys.data_keys k USING (stream, subject)) k ON true
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


def key_name(stream: UUID, subject: UUID) -> KeyName:
    """Return the name of the key of a stream and data subject."""
    return stream.bytes + subject.bytes


def pair_of(name: KeyName) -> Pair:
    """Return the stream and the data subject whose key has this name."""
    return UUID(bytes=name[:16]), UUID(bytes=name[16:])


def wrap_context(stream: UUID, subject: UUID) -> bytes:
    """What a wrapped data key is bound to: its row."""
    return _CONTEXT + key_name(stream, subject)


def new_among(keys: Mapping[KeyName, DataKey]) -> dict[KeyName, WrappedKey]:
    """Return the keys that no commit has kept yet, as they would be stored.

    Taken once for a batch: another thread's commit may keep one of them at any moment.
    """
    return {name: stored for name, key in keys.items() if (stored := key.stored) is not None}


def store(
    connection: Connection[TupleRow],
    keys: Mapping[KeyName, DataKey],
    new: Mapping[KeyName, WrappedKey],
    *,
    missing: bool = False,
) -> None:
    """Store the new keys among these, within the commit; with ``missing`` only where none stands.

    Otherwise one that stands there already is a unique violation.
    """
    if new:
        teach(connection)
        columns = (
            Hashes(new),
            Hashes([name[16:] for name in new]),
            Octets([keys[name].key_id for name in new]),
            Texts([stored.master_id for stored in new.values()]),
            Octets([stored.wrapped for stored in new.values()]),
        )
        connection.execute(_STORE_MISSING if missing else _STORE, columns)


class Keys:
    """The data keys of one database, under its master keys. For any number of threads."""

    def __init__(self, pool: Pool, master: MasterKeys, *, remembered: int = 20_000) -> None:
        self._pool = pool
        self._master = master
        self._bound = remembered
        self._guard = threading.Lock()
        self._known: OrderedDict[KeyName, DataKey] = OrderedDict()
        self._new: OrderedDict[KeyName, DataKey] = OrderedDict()
        self._destructions = -1

    def for_writing(self, pairs: Collection[Pair], begun: Collection[UUID] = frozenset()) -> dict[Pair, DataKey]:
        """The key of every pair, as ``to_seal`` gives them by name."""
        names = {pair: key_name(*pair) for pair in pairs}
        found = self.to_seal(names.values(), {stream.bytes for stream in begun})
        return {pair: found[name] for pair, name in names.items()}

    def for_reading(self, pairs: Collection[Pair]) -> Mapping[Pair, DataKey | None]:
        """The key of every pair, as ``to_open`` gives them by name."""
        names = {pair: key_name(*pair) for pair in pairs}
        found = self.to_open(names.values())
        return {pair: found[name] for pair, name in names.items() if name in found}

    def to_seal(self, names: Collection[KeyName], begun: Collection[bytes] = frozenset()) -> dict[KeyName, DataKey]:
        """The key of every name; one that is not there yet is made and handed out until ``kept``.

        Nothing is looked up for streams (their octets) that are ``begun`` by this very commit: they have
        no keys yet, and should one begin elsewhere meanwhile, the commit finds another key and refuses the batch.

        Raises:
            SubjectErased: a key was destroyed.
            DatabaseUnavailable: as ``reading``.
        """
        found, missing = self._remembered(names, new=True)
        asked = [name for name in missing if name[:16] not in begun]
        stored = self._look_up(asked) if asked else {}
        for name, key in stored.items():
            if key is None:
                raise SubjectErased(*pair_of(name))
            found[name] = key
        made = [name for name in missing if name not in stored] if stored else missing
        if made:
            self._make(made, found)
        return found

    def to_open(self, names: Collection[KeyName]) -> Mapping[KeyName, DataKey | None]:
        """The key of every name; None where it was destroyed, no entry where none is stored.

        Raises:
            DatabaseUnavailable: as ``reading``.
        """
        before = self._destructions
        found, missing = self._remembered(names, new=False)
        stored = self._look_up(missing)
        if found and before != self._destructions:
            return self._look_up(list(names))
        return {**found, **stored} if found else stored

    def streams_of(self, subjects: Collection[UUID]) -> dict[UUID, list[UUID]]:
        """The streams in which something of these persons is kept and can be read; an empty list for none.

        Raises:
            DatabaseUnavailable: as ``reading``.
        """
        found: dict[UUID, list[UUID]] = {subject: [] for subject in subjects}
        query = "SELECT subject, stream FROM plaint_keys.data_keys WHERE subject = ANY(%s) AND wrapped IS NOT NULL"
        with reading(self._pool) as connection:
            for subject, stream in connection.execute(query, (list(found),)).fetchall():
                found[subject].append(stream)
        return found

    def kept(self, keys: Mapping[KeyName, DataKey]) -> None:
        """A commit stored the new keys among these: who sealed with them meanwhile need not store them again.

        They are not remembered: one may have been destroyed since, which only a look-up can tell.
        """
        with self._guard:
            for name, key in keys.items():
                if key.stored is not None:
                    key.stored = None
                    self._new.pop(name, None)

    def drop(self, names: Iterable[KeyName]) -> None:
        """Forget the keys of these names: a commit found that others stand in the database."""
        with self._guard:
            for name in names:
                self._known.pop(name, None)
                self._new.pop(name, None)

    def forget(self, subject: UUID) -> None:
        """Forget all keys of a data subject in this process."""
        octets = subject.bytes
        with self._guard:
            for remembered in (self._known, self._new):
                for name in [name for name in remembered if name.endswith(octets)]:
                    del remembered[name]

    def _remembered(self, names: Iterable[KeyName], *, new: bool) -> tuple[dict[KeyName, DataKey], list[KeyName]]:
        """The keys that are remembered, and the names of which none is."""
        found: dict[KeyName, DataKey] = {}
        missing: list[KeyName] = []
        with self._guard:
            known, made = self._known, self._new
            for name in names:
                key = known.get(name) or (made.get(name) if new else None)
                if key is None:
                    missing.append(name)
                else:
                    found[name] = key
        return found, missing

    def _look_up(self, names: list[KeyName]) -> dict[KeyName, DataKey | None]:
        columns = (Hashes(names), Hashes([name[16:] for name in names]))
        with reading(self._pool) as connection:
            teach(connection)
            rows = connection.execute(_LOOK_UP, columns, binary=True).fetchall()
        found: dict[KeyName, DataKey | None] = {}
        unwrap = self._master.unwrap
        for _, number, master_id, wrapped in rows:
            if number is not None:
                name = names[number - 1]
                found[name] = (
                    DataKey.of(unwrap(WrappedKey(master_id, wrapped), _CONTEXT + name)) if wrapped is not None else None
                )
        self._learn(rows[0][0] if rows else -1, found)
        return found

    def _learn(self, destructions: int, found: Mapping[KeyName, DataKey | None]) -> None:
        with self._guard:
            if destructions > self._destructions:
                self._known.clear()
                self._destructions = destructions
            if destructions == self._destructions:
                known = self._known
                for name, key in found.items():
                    if key is not None:
                        known[name] = key
                while len(known) > self._bound:
                    known.popitem(last=False)

    def _make(self, names: Sequence[KeyName], found: dict[KeyName, DataKey]) -> None:
        """Make a key for each name, or take the one that another thread has made meanwhile."""
        octets, wrap = os.urandom(_KEY_OCTETS * len(names)), self._master.wrap
        for number, name in enumerate(names):
            key = octets[number * _KEY_OCTETS : (number + 1) * _KEY_OCTETS]
            found[name] = DataKey.of(key, wrap(key, _CONTEXT + name))
        with self._guard:
            new = self._new
            for name in names:
                found[name] = new.setdefault(name, found[name])
            while len(new) > self._bound:
                new.popitem(last=False)
