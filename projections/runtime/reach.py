"""Who still holds an erased person: views that have not passed the erasure, and what nothing of ours reaches.

A view holds nothing of a person but in ``views_personal``, and erases that when it passes the
``subject.erased``. Every version of every view is waited for: an older one that is still asked, and a
newer one that is being filled, hold it just as well.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from engine.store.database.pool import Pool
from projections.runtime import progress
from projections.runtime.progress import Reached

_STEP_SECONDS = 0.05

What = Literal["backups", "set_aside", "published", "exports", "view"]


@dataclass(frozen=True, slots=True)
class Unreached:
    """Something that may hold the person still. ``until``: when it is gone; None: nobody has said."""

    what: What
    until: datetime | None
    note: str


def wait(
    pool: Pool,
    position: int,
    timeout: float,
    *,
    pause: Callable[[float], Any],
    told: Callable[[int, int], None] = lambda _passed, _all: None,
) -> tuple[Reached, ...]:
    """Return the views that have not passed ``position`` after ``timeout`` seconds; none, as soon as all have.

    ``pause`` sleeps the given seconds; ``told`` hears how many of how many have passed.
    """
    waited = 0.0
    while True:
        with pool.connection() as connection:
            views = progress.every(connection)
        behind = tuple(one for one in views if one.position < position)
        told(len(views) - len(behind), len(views))
        if not behind or waited >= timeout:
            return behind
        pause(_STEP_SECONDS)
        waited += _STEP_SECONDS


def unreached(
    behind: Iterable[Reached],
    unread: Iterable[tuple[UUID, datetime]],
    recorded_at: datetime,
    backup_days: int | None,
) -> tuple[Unreached, ...]:
    """Return what may hold the person still, and until when.

    ``unread`` are messages set aside that could not be opened, each with its end; ``backup_days``
    how long the last backup of a day is kept, with the WAL that belongs to it.
    """
    until = None if backup_days is None else recorded_at + timedelta(days=backup_days)
    unknown = "" if until else "; how long they are kept is unknown: set PLAINT_BACKUP_RETENTION_DAYS"
    views = (
        Unreached("view", None, f"{one.view} v{one.version} stands at {one.position}: let a program of it run")
        for one in behind
    )
    boxes = (
        Unreached("set_aside", end, f"message {id_} cannot be opened, so nobody knows whose it is; its key ends then")
        for id_, end in unread
    )
    return (
        *views,
        *boxes,
        Unreached("backups", until, f"physical backups and WAL from before the erasure contain the keys{unknown}"),
        Unreached("published", None, "what topics and their readers were given before stays with them"),
        Unreached(
            "exports",
            None,
            "files that were exported, and rejected lines kept beside their input, stay with those who have them",
        ),
    )
