"""Build a view anew beside the one that is read, read the new one, and go back to the old at any time.

The second copy begins empty at position 0 and is fed by whoever owns the group, as a cohort of its own
until it has caught up, then in the same transactions as the first. Nothing here sends or submits anything.
To empty or free a copy needs its tables for a moment; that is tried shortly and again, so that neither a
long question stalls it for good nor it stalls those who ask.
"""

from collections.abc import Callable
from typing import Any, Final

import psycopg
from psycopg import sql as text

from engine.store.database.pool import Pool
from projections.runtime import compare, copies, progress
from projections.runtime.copies import Copy
from projections.runtime.projection import Projection
from projections.sql import Link

LOCK_MILLISECONDS: Final = 200
"""For so long at most it is waited for a table; who asks meanwhile waits behind it."""
PAUSE_SECONDS: Final = 0.5
PATIENCE_SECONDS: Final = 60.0


class Held(Exception):
    """Somebody reads the copy's tables all the time; nothing has changed."""

    def __init__(self, view: str) -> None:
        self.view = view
        super().__init__(f"the second copy of {view} is being read for too long: try again, or end that question")


def begin(pool: Pool, view: Projection, *, pause: Callable[[float], Any]) -> bool:
    """Have a second copy of a view built; False where that is under way or done already, and nothing has changed.

    Raises:
        Held: its tables could not be emptied, for a minute.
    """
    return _shortly(pool, view, _begun, pause)


def drop(pool: Pool, view: Projection, *, pause: Callable[[float], Any]) -> bool:
    """Free the copy that is not read; False where there is none. There is no going back to it after that.

    Raises:
        Held: its tables could not be emptied, for a minute.
    """
    return _shortly(pool, view, _dropped, pause)


def switch(pool: Pool, view: Projection) -> Copy:
    """Have questions read the other copy from now on, by one UPDATE; who asks at this moment is answered from either.

    The former one is fed on, so the same call goes back to it.

    Raises:
        NoSecondCopy: the view stands once.
        Apart: the other copy stands at another position.
    """
    with pool.connection() as connection, connection.transaction():
        now, rebuilt = compare.both(connection, view)
        if now.position != rebuilt.position:
            raise compare.Apart(view.name, now.position, rebuilt.position)
        connection.execute(
            "UPDATE views.pointers SET copy = %s, switched_at = now() WHERE view = %s AND version = %s AND copy = %s",
            (rebuilt.copy, view.name, view.version, now.copy),
        )
        return rebuilt.copy


def _begun(connection: Link, view: Projection) -> bool:
    found = progress.copies_of(connection, [(view.name, view.version)])
    if len(found) > 1:
        return False
    copy = copies.other(found[0].copy)
    _empty(connection, view, copy)
    connection.execute(
        "INSERT INTO views.positions (view, version, copy, position) VALUES (%s, %s, %s, 0)",
        (view.name, view.version, copy),
    )
    return True


def _dropped(connection: Link, view: Projection) -> bool:
    found = progress.copies_of(connection, [(view.name, view.version)])
    if len(found) < 2:
        return False
    _empty(connection, view, found[1].copy)
    return True


def _empty(connection: Link, view: Projection, copy: Copy) -> None:
    """Take a copy from its owner, whose batch in between fails and is tried again without it; then empty its tables."""
    for runtime in ("positions", "stuck"):
        connection.execute(
            text.SQL("DELETE FROM {} WHERE view = %s AND version = %s AND copy = %s").format(
                text.Identifier(copies.SCHEMA, runtime)
            ),
            (view.name, view.version, copy),
        )
    tables = (copies.place(copies.of(one, copy)) for one in view.tables)
    connection.execute(text.SQL("TRUNCATE {}").format(text.SQL(", ").join(tables)))


def _shortly(
    pool: Pool, view: Projection, work: Callable[[Link, Projection], bool], pause: Callable[[float], Any]
) -> bool:
    waited = 0.0
    while True:
        try:
            with pool.connection() as connection, connection.transaction():
                connection.execute(
                    text.SQL("SET LOCAL lock_timeout = {}").format(text.Literal(f"{LOCK_MILLISECONDS}ms"))
                )
                return work(connection, view)
        except psycopg.errors.LockNotAvailable as error:
            if waited >= PATIENCE_SECONDS:
                raise Held(view.name) from error
        pause(PAUSE_SECONDS)
        waited += PAUSE_SECONDS
