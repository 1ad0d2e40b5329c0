"""How the installation stands, asked of its database when somebody reads the figures: every process tells the same."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from threading import Lock, Thread
from typing import Final

import psycopg
import structlog
from psycopg_pool import PoolTimeout

from consumers.wiring.meters import Standing
from engine.store.database.errors import DatabaseUnavailable
from engine.store.database.pool import Pool
from engine.store.read import Head
from engine.store.store import Store
from projections.runtime import progress
from projections.runtime.progress import Missing
from projections.views import all_views
from projections.views.sla_timers import queue

_log = structlog.get_logger()
FRESH_SECONDS: Final = 5.0
"""Within which the same figures serve whoever else asks."""
PATIENCE_SECONDS: Final = 1.0
LONGEST_SECONDS: Final = 4.0
"""Whoever reads the figures waits for new ones so long at most."""
STALE_SECONDS: Final = 15.0
"""From then on the figures that are known say nothing: the database does not answer, or not in time."""
MOST_CLOCKS: Final = 100_000
"""Of each kind, counted at most."""
_REACTION: Final = "reaction:"
_AWAY: Final = (DatabaseUnavailable, psycopg.OperationalError, PoolTimeout)
_SILENT: Final[tuple[Standing, ...]] = (("plaint_database_up", {(): 0}),)
_NOT_TOLD: Final = (psycopg.errors.InsufficientPrivilege, psycopg.errors.UndefinedTable, Missing)
"""What this role may not see, or what is not there yet, is left out."""


class Stock:
    """Asks at most every five seconds; one reader at a time asks, others get what is known.

    It is asked by a thread of its own: a database that says nothing keeps nobody from what else there is to read.
    """

    def __init__(self, pool: Pool, store: Store, now: Callable[[], datetime], ticks: Callable[[], float]) -> None:
        self._pool, self._store, self._now, self._ticks = pool, store, now, ticks
        self._lock = Lock()
        self._at: float | None = None
        self._known: tuple[Standing, ...] = ()

    def __call__(self) -> tuple[Standing, ...]:
        """Return how things stand; while the database is away, that and nothing else."""
        if self._older_than(FRESH_SECONDS) and self._lock.acquire(blocking=False):
            asking = Thread(target=self._ask, name="figures", daemon=True)
            asking.start()
            asking.join(LONGEST_SECONDS)
        return _SILENT if self._older_than(STALE_SECONDS) else self._known

    def _older_than(self, seconds: float) -> bool:
        return self._at is None or self._ticks() - self._at >= seconds

    def _ask(self) -> None:
        try:
            self._known = self._asked()
            self._at = self._ticks()
        except Exception as error:  # noqa: BLE001 # told, and the figures grow old
            _log.error("background_failed", name="figures", kind=type(error).__name__)
        finally:
            self._lock.release()

    def _asked(self) -> tuple[Standing, ...]:
        if not self._store.reachable(PATIENCE_SECONDS):
            return _SILENT
        try:
            return (("plaint_database_up", {(): 1}), *self._figures(self._store.read.head()))
        except _AWAY:
            return _SILENT

    def _figures(self, head: Head) -> Iterator[Standing]:
        yield "plaint_log_events_total", {(): head.position}
        for told in (self._views, self._reactions, self._set_aside, self._clocks):
            with suppress(*_NOT_TOLD):
                yield from told(head)

    def _views(self, head: Head) -> Iterator[Standing]:
        with self._pool.connection() as connection:
            found = [one for one in progress.status(connection, all_views(), head) if one.reached.live]
        by_view = {(one.reached.view,): one for one in found}
        yield "plaint_projection_lag_events", {key: one.lag_events for key, one in by_view.items()}
        yield "plaint_projection_lag_seconds", {key: one.lag_seconds for key, one in by_view.items()}
        yield "plaint_projection_left_out_cases", {key: one.reached.left_out for key, one in by_view.items()}

    def _reactions(self, head: Head) -> Iterator[Standing]:
        found = self._store.positions.below(_REACTION)
        yield (
            "plaint_reactions_lag_events",
            {(name.removeprefix(_REACTION),): max(0, head.position - at) for name, at in found.items()},
        )

    def _set_aside(self, _: Head) -> Iterator[Standing]:
        found = self._store.set_aside.standing()
        yield "plaint_dead_letters_kept", {(): found.dead_letters}
        yield "plaint_dead_letters_waiting", {(): found.unrelayed}
        yield "plaint_parked_messages", {(): found.parked}

    def _clocks(self, _: Head) -> Iterator[Standing]:
        with self._pool.connection() as connection:
            found = queue.standing(connection, self._now(), MOST_CLOCKS)
        yield "plaint_clocks_open", {(): found.open}
        yield "plaint_clocks_overdue", {(): found.overdue}
        yield "plaint_clocks_due", {(): found.due}
