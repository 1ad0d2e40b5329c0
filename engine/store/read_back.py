"""Was a batch written whose commit got no answer? The log and the side rows tell."""

from collections.abc import Collection, Sequence
from datetime import datetime

from psycopg import Connection
from psycopg.rows import TupleRow

from engine.store.batch import Batch
from engine.store.columns import key_of
from engine.store.mapper import Sealed


def is_written(
    connection: Connection[TupleRow], batch: Batch, rows: Sequence[Sealed], before: int, recorded_at: datetime
) -> bool:
    """Return whether exactly these rows stand there. The first kind of row that the batch has, decides.

    The caller holds the lock, so the transaction that is asked about is over.
    """
    if rows:
        first = rows[0]
        return _there(
            connection,
            "plaint.events WHERE position = %s AND stream = %s AND version = %s AND state = %s",
            (before + 1, first.stream, first.version, first.state),
        )
    if batch.answers:
        answer = batch.answers[0]
        return _there(
            connection,
            "plaint.answers WHERE command_id = %s AND fingerprint = %s AND recorded_at = %s",
            (answer.command_id, answer.fingerprint, recorded_at),
        )
    if batch.messages:
        seen = batch.messages[0]
        return _there(
            connection,
            "plaint.messages WHERE fingerprint = %s AND message = %s",
            (key_of(seen.fingerprint), seen.message),
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
