"""Was a batch committed whose commit got no answer? What only this batch can have written tells.

The server's own word (``pg_xact_status``) does not: after a crash that lost a transaction before
any of it was on the disk, its number is given to another one.
"""

from collections.abc import Sequence
from typing import Final

from psycopg import Connection
from psycopg.rows import TupleRow

from engine.store.checks import Place
from engine.store.mapper import Sealed

_FIRST_EVENT: Final = """
    SELECT EXISTS (SELECT FROM plaint.events
                   WHERE position = %s AND recorded_at = %s AND stream = %s AND version = %s AND state = %s)
"""
_LEFT: Final = "SELECT EXISTS (SELECT FROM plaint.outcomes WHERE token = %s)"
_LEAVE: Final = """
    WITH over AS (
        DELETE FROM plaint.outcomes WHERE token IN (
            SELECT token FROM plaint.outcomes WHERE at < now() - interval '1 hour' ORDER BY at LIMIT 10
            FOR UPDATE SKIP LOCKED)
    )
    INSERT INTO plaint.outcomes (token) VALUES (%s)
"""


def leave_token(connection: Connection[TupleRow], rows: Sequence[Sealed], place: Place) -> None:
    """Leave what ``is_committed`` will look for, within the commit. Events are that themselves."""
    if not rows:
        connection.execute(_LEAVE, (place.token,))


def is_committed(connection: Connection[TupleRow], rows: Sequence[Sealed], place: Place) -> bool:
    """Return whether the batch stands there. The caller holds the lock, so its transaction is over."""
    if rows:
        first = rows[0]
        given = (place.before + 1, place.recorded_at, first.stream, first.version, first.state)
        row = connection.execute(_FIRST_EVENT, given).fetchone()
    else:
        row = connection.execute(
            "SELECT EXISTS (SELECT FROM plaint.outcomes WHERE token = %s)", (place.token,)
        ).fetchone()
    return bool(row and row[0])
