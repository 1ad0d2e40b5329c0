"""How far the views are: position, lag, and waiting for a position."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from engine.store.database.pool import Pool
from projections.runtime.copies import Copy
from projections.runtime.projection import Head, Projection
from projections.sql import Link

Name = tuple[str, int]
"""A view and its version."""


@dataclass(frozen=True, slots=True)
class Reached:
    """Where a view stands in the log. ``position`` 0: before the first event."""

    view: str
    version: int
    position: int
    recorded_at: datetime | None
    incarnation: UUID | None
    left_out: int = 0
    """Streams that an error keeps out of the view; above 0 the view is incomplete."""
    copy: Copy = 1
    live: bool = True
    """Whether questions read this copy."""


@dataclass(frozen=True, slots=True)
class Status:
    """One view beside the log: how many events it lags, and the seconds between its last event and the log's."""

    reached: Reached
    lag_events: int
    lag_seconds: float


class NotYet(Exception):
    """The views have not reached the position that was asked for; ask again in ``retry_after`` seconds."""

    def __init__(self, asked: int, reached: int, retry_after: float) -> None:
        self.asked, self.reached, self.retry_after = asked, reached, retry_after
        super().__init__(f"views stand at position {reached}, not yet at {asked}: ask again in {retry_after:g} s")


class Missing(Exception):
    """A view has no tables yet: the projections never ran on this database."""

    def __init__(self, names: Sequence[Name]) -> None:
        self.names = tuple(names)
        listed = ", ".join(f"{name} v{version}" for name, version in names)
        super().__init__(f"no tables of {listed}: let `plaint project --once` make and fill them")


def reached(connection: Link, names: Sequence[Name]) -> list[Reached]:
    """Return where these views stand, in the order asked: of each the copy that questions read.

    Raises:
        Missing: a view has no position.
    """
    found = {(one.view, one.version): one for one in every(connection) if one.live}
    if missing := [name for name in names if name not in found]:
        raise Missing(missing)
    return [found[name] for name in names]


def copies_of(connection: Link, names: Sequence[Name]) -> list[Reached]:
    """Return where every copy of these views stands, the one that is read before the other.

    Raises:
        Missing: a view has no position.
    """
    found = [one for one in every(connection) if (one.view, one.version) in names]
    there = {(one.view, one.version) for one in found}
    if missing := [name for name in names if name not in there]:
        raise Missing(missing)
    return sorted(found, key=lambda one: (names.index((one.view, one.version)), not one.live))


def every(connection: Link) -> list[Reached]:
    """Return where every copy of every version of every view stands, those of other programs too, by name."""
    return _rows(connection) if _exists(connection) else []


def status(connection: Link, views: Sequence[Projection], head: Head) -> list[Status]:
    """Return the position of each view's copies and their lag behind ``head``."""
    return [_status(one, head) for one in copies_of(connection, [(view.name, view.version) for view in views])]


def wait_for(
    pool: Pool,
    names: Sequence[Name],
    position: int,
    timeout: float,
    *,
    pause: Callable[[float], Any],
    step: float = 0.02,
) -> None:
    """Return once all these views have reached ``position``; look every ``step`` seconds, for ``timeout`` at most.

    ``pause`` sleeps the given seconds (for example the ``wait`` of a ``threading.Event``).

    Raises:
        NotYet: they did not in time.
        Missing: a view has no position.
    """
    waited = 0.0
    while True:
        with pool.connection() as connection:
            lowest = min(one.position for one in reached(connection, names))
        if lowest >= position:
            return
        if waited >= timeout:
            raise NotYet(position, lowest, max(1.0, timeout))
        pause(min(step, timeout - waited))
        waited += min(step, timeout - waited)


def _status(one: Reached, head: Head) -> Status:
    behind = max(0, head.position - one.position)
    if not behind or head.recorded_at is None:
        return Status(one, behind, 0.0)
    since = one.recorded_at or head.recorded_at
    return Status(one, behind, max(0.0, (head.recorded_at - since).total_seconds()))


def _exists(connection: Link) -> bool:
    row = connection.execute("SELECT to_regclass('views.pointers')").fetchone()
    return row is not None and row[0] is not None


def _rows(connection: Link) -> list[Reached]:
    rows = connection.execute(
        "SELECT view, version, position, recorded_at, incarnation, "
        "(SELECT count(*) FROM views.stuck AS s WHERE (s.view, s.version, s.copy) = (p.view, p.version, p.copy)), "
        "p.copy, p.copy = coalesce(l.copy, 1) FROM views.positions AS p "
        "LEFT JOIN views.pointers AS l USING (view, version) ORDER BY view, version, p.copy"
    )
    return [Reached(*row) for row in rows]
