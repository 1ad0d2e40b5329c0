"""Is everything still as a batch expects it? Asked under the log's lock, answered with all that differs.

The short question leaves to the unique keys of the tables whatever an insert finds out by itself:
that a new stream, command, message or data key is there already. If an insert does find it, the
transaction is over and nobody knows what else differs; then the full question is asked, which
names everything.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from psycopg import Connection
from psycopg.rows import TupleRow

from engine.store import answers, conversations, positions, set_aside
from engine.store.batch import Batch, Conflict
from engine.store.columns import BigIntegers, Column, Hashes, Integers, Octets, Texts, Truths, Uuids
from engine.store.vault import keys as keys_of_subjects
from engine.store.vault.keys import DataKey, KeyName

_HEAD: Final = """
    WITH head AS (SELECT position, recorded_at FROM plaint.events ORDER BY position DESC LIMIT 1)
    SELECT coalesce((SELECT position FROM head), 0), greatest(clock_timestamp(), (SELECT recorded_at FROM head)),
           gen_random_uuid(), (SELECT incarnation FROM plaint.log ORDER BY number DESC LIMIT 1)
"""
_STREAMS: Final = """ARRAY(
    SELECT w.stream FROM unnest(%(streams)b::uuid[], %(versions)b::integer[]) AS w (stream, version)
    WHERE w.version <> coalesce(
        (SELECT e.version FROM plaint.events e WHERE e.stream = w.stream ORDER BY e.version DESC LIMIT 1), 0))"""
_NOTHING: Final = "ARRAY[]::uuid[]"
_ASKED: Final[Mapping[str, tuple[str, bool]]] = {
    "streams": (_STREAMS, True),
    "sources": (positions.DIFFER, True),
    "commands": (answers.KNOWN_COMMANDS, False),
    "messages": (answers.KNOWN_MESSAGES, False),
    "keys": (keys_of_subjects.DIFFER, True),
    "gone": (set_aside.GONE, True),
    "overlooked": (set_aside.OVERLOOKED, True),
    "conversations": (conversations.CONVERSATIONS_DIFFER, True),
    "contacts": (conversations.CONTACTS_DIFFER, True),
    "ended": (conversations.ENDED, False),
}
"""What is asked, and whether the short question asks it too."""
SHORT: Final = ",\n".join([_HEAD, *(query if both else _NOTHING for query, both in _ASKED.values())])
FULL: Final = ",\n".join([_HEAD, *(query for query, _ in _ASKED.values())])


def expected(
    batch: Batch, keys: Mapping[KeyName, DataKey], new: Collection[KeyName], *, full: bool, again: bool = False
) -> dict[str, Column]:
    """Return what a batch expects; for the short question only what it asks.

    ``new`` are the keys that the batch will store. ``again``: some of them may be there already, by a
    thread of this process, so they are asked too.
    """
    appends = [each for each in batch.appends if full or each.expected > 0 or not each.events]
    stored = [(name, key) for name, key in keys.items() if full or again or name not in new]
    premises = batch.premises
    return {
        "streams": Uuids([append.stream for append in appends]),
        "versions": Integers([append.expected for append in appends]),
        "sources": Texts([move.source for move in batch.sources]),
        "source_positions": BigIntegers([move.expected for move in batch.sources]),
        "commands": Uuids([answer.command_id for answer in batch.answers]) if full else Uuids(()),
        "messages": Hashes([message.fingerprint for message in batch.messages]) if full else Hashes(()),
        "key_streams": Hashes([name for name, _ in stored]),
        "key_subjects": Hashes([name[16:] for name, _ in stored]),
        "key_ids": Octets([key.key_id for _, key in stored]),
        "new_keys": Truths([name in new for name, _ in stored]),
        "new_subjects": Hashes([name[16:] for name in new]),
        "released": Uuids(batch.released),
        "openings": Octets(premises.openings),
        "waiting": Uuids(premises.waiting),
        "conversation_keys": Hashes([key for key, _ in premises.conversations]),
        "conversation_streams": Uuids([stream for _, stream in premises.conversations]),
        "contact_keys": Hashes([key for key, _ in premises.contacts]),
        "contact_subjects": Uuids([subject for _, subject in premises.contacts]),
        "ended": Uuids([ended for ended, _ in batch.continued]),
    }


def conflict(batch: Batch, found: Sequence[Iterable[Any]]) -> Conflict:
    """Return what differs, as the answer to a question names it."""
    by_name = dict(zip(_ASKED, map(frozenset, found), strict=True))
    return Conflict(
        streams=by_name["streams"] | by_name["ended"],
        sources=by_name["sources"],
        commands=by_name["commands"],
        messages=_given((each.fingerprint for each in batch.messages), by_name["messages"]),
        keys=by_name["keys"],
        parked=by_name["gone"] | by_name["overlooked"],
        conversations=_given((key for key, _ in batch.premises.conversations), by_name["conversations"]),
        contacts=_given((key for key, _ in batch.premises.contacts), by_name["contacts"]),
    )


def joined(one: Conflict, other: Conflict) -> Conflict:
    """Return what one of two names."""
    names = one.named.keys() | other.named.keys()
    nothing: frozenset[Any] = frozenset()
    return Conflict(**{name: one.named.get(name, nothing) | other.named.get(name, nothing) for name in names})


def diagnose(
    connection: Connection[TupleRow], batch: Batch, keys: Mapping[KeyName, DataKey], new: Collection[KeyName]
) -> Conflict:
    """Ask the full question, after something was found to differ, or to be there already."""
    row = connection.execute(FULL, expected(batch, keys, new, full=True)).fetchone()
    return conflict(batch, answered(row)[1])


class Place(NamedTuple):
    """Where a batch goes on from. ``token`` is of this try alone."""

    before: int
    recorded_at: datetime
    token: UUID
    incarnation: UUID


def answered(row: TupleRow | None) -> tuple[Place, Sequence[Iterable[Any]]]:
    """Return where the log goes on, and all that differs."""
    if row is None:
        raise AssertionError("a query without FROM gives one row")
    return Place(*row[:4]), row[4:]


def _given(hashes: Iterable[bytes], found: frozenset[UUID]) -> frozenset[bytes]:
    """Return the hashes of which the store names the first octets."""
    kept = {each.bytes for each in found}
    return frozenset(hashed for hashed in hashes if hashed[:16].ljust(16, b"\0") in kept) if kept else frozenset()
