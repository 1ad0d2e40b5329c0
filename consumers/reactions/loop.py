"""The clock door: what is due among millions of clocks is found by an index and proposed, once each.

Any number of processes may run; the one with the lock works, and another takes over when its session
ends. What two propose nevertheless (a session lost unawares) is one command with one id. A pass goes
through the queue in bounded batches, each one commit, and the next begins when the views show what
the last one did. Nothing is remembered that may not be forgotten.
"""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Event as Flag
from typing import Final

import psycopg
import structlog

from consumers.reactions import calendars, horizon, timers
from consumers.reactions.calendars import Pin
from consumers.reactions.horizon import Guard, Horizon, Source
from consumers.reactions.timers import Proposal
from engine.configuration.in_force import Book
from engine.incoming import Asked, Done, Refused, Result
from engine.store.batch import Conflict
from engine.store.database.errors import DatabaseUnavailable
from engine.store.database.pool import Pool
from engine.store.standings import StandingRow
from projections.runtime import owner, progress
from projections.runtime.progress import Missing
from projections.runtime.projection import Head
from projections.views.sla_timers import queue
from projections.views.sla_timers.ask import NAME
from projections.views.sla_timers.queue import Due, Live
from schemas.published.metrics import NO_METER, Meter

TRANSIENT: Final = (psycopg.OperationalError, psycopg.InterfaceError, DatabaseUnavailable, Conflict, Missing)
_AGAIN_SECONDS: Final = 300.0
"""After which a proposal that led to nothing is made again."""
_MOST_REMEMBERED: Final = 100_000
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class World:
    """What the door needs of the program around it. ``ticks`` are seconds that never go backwards."""

    pool: Pool
    submit: Callable[[Sequence[Asked], datetime], tuple[Result, ...]]
    book: Callable[[], Book]
    head: Callable[[], Head]
    standings: Callable[[], Collection[StandingRow]]
    now: Callable[[], datetime]
    ticks: Callable[[], float]
    meter: Meter = NO_METER


@dataclass(frozen=True, slots=True)
class Pace:
    """How much is done at once, and how long is waited between two looks."""

    batch: int = 200
    poll_seconds: float = 1.0


@dataclass(slots=True)
class Passed:
    """What one pass came to: what was recorded, by what was asked for, and how far clocks may act."""

    horizon: Horizon
    recorded: Counter[str] = field(default_factory=Counter)
    proposed: int = 0
    position: int = 0
    """Of the last commit."""


class Timers:
    """The clock door of one process."""

    def __init__(self, world: World, patience: timedelta, pace: Pace = Pace()) -> None:  # frozen
        self._world, self._pace = world, pace
        self._guard = Guard(patience)
        self._acted = 0
        self._fruitless: dict[str, tuple[int, float]] = {}
        self._named: set[tuple[str, str]] = set()

    def run(self, stop: Flag) -> None:
        """Work whenever this process has the lock, until ``stop`` is set; trouble of the database is survived."""
        while not stop.is_set():
            try:
                with owner.sole(self._world.pool, "timers") as link:
                    while link is not None and not stop.is_set():
                        link.execute("SELECT 1")  # the lock is held as long as its session answers
                        self.look()
                        stop.wait(self._pace.poll_seconds)
                self._world.meter.stand("plaint_timers_behind_seconds", {})
            except TRANSIENT as error:
                self._world.meter.count("plaint_timers_errors_total")
                _log.warning("timers_put_off", reason=str(error) or type(error).__name__)
            stop.wait(self._pace.poll_seconds)

    def once(self) -> Passed | None:
        """Make one pass; None, with nothing done, while another process works.

        Raises:
            DatabaseUnavailable, Missing: nothing more is done; what was recorded stays.
        """
        with owner.sole(self._world.pool, "timers") as link:
            return None if link is None else self.look()

    def look(self) -> Passed:
        """Make one pass over everything that is due, as far as clocks may act. Whoever calls it has the lock."""
        passed = Passed(self._horizon())
        with self._world.pool.connection() as connection:
            reached = progress.reached(connection, [NAME])[0].position
        if reached < self._acted:
            return passed  # the views do not show yet what was done last
        book = self._world.book()
        self._redate(book, passed)
        self._report(book, passed)
        self._acted = max(self._acted, passed.position)
        for asks, number in passed.recorded.items():
            self._world.meter.count("plaint_timers_recorded_total", number, asks=asks)
        if passed.recorded:
            _log.info("timers_acted", through=passed.horizon.through.isoformat(), **passed.recorded)
        return passed

    def _horizon(self) -> Horizon:
        now = self._world.now()
        sources = [*horizon.of_partitions(self._world.standings()), self._view(now)]
        found = self._guard.look(sources, now, self._world.ticks())
        behind = max(0.0, (now - found.through).total_seconds())
        self._world.meter.stand("plaint_timers_behind_seconds", {(): behind})
        self._tell(found)
        return found

    def _view(self, now: datetime) -> Source:
        with self._world.pool.connection() as connection:
            reached = progress.reached(connection, [NAME])[0]
        behind = reached.position < self._world.head().position
        return Source("view sla_timers", reached.recorded_at if behind else now)

    def _tell(self, found: Horizon) -> None:
        """Name each source once for each time that it holds the clocks back, and once when it is passed over."""
        named = {("held", one.name): one for one in found.held_by} | {
            ("over", one.name): one for one in found.passed_over
        }
        for key in named.keys() - self._named:
            one = named[key]
            about = {
                "source": one.name,
                "through": None if one.through is None else one.through.isoformat(),
                "reason": one.reason,
            }
            if key[0] == "held":
                _log.warning("timers_held_back", **about)
            else:
                _log.error("timers_source_passed_over", **about)
        self._named = set(named)

    def _redate(self, book: Book, passed: Passed) -> None:
        versions = calendars.outdated(book)
        last = None
        while versions:
            with self._world.pool.connection() as connection:
                pins = queue.pinned(connection, list(versions), self._pace.batch, behind=last)
            if not pins:
                return
            last = pins[-1].stream
            asked = calendars.commands([Pin(*one) for one in pins], book, self._world.now())
            self._give([Proposal("redated", 0, one) for one in asked], passed)

    def _report(self, book: Book, passed: Passed) -> None:
        through, behind = passed.horizon.through, None
        while rows := self._due(through, behind, book):
            behind = rows[-1].place
            self._give(timers.commands(rows, through, self._world.now()), passed)

    def _due(self, through: datetime, behind: queue.Place | None, book: Book) -> list[Due]:
        with self._world.pool.connection() as connection:
            return queue.due(connection, through, self._pace.batch, behind=behind, imports=live(book))

    def _give(self, proposals: Sequence[Proposal], passed: Passed) -> None:
        ticks = self._world.ticks()
        fresh = [one for one in proposals if not self._in_vain(one.asked.id, one.stepped, ticks)]
        if not fresh:
            return
        passed.proposed += len(fresh)
        results = self._world.submit([asked for _, _, asked in fresh], self._world.now())
        for (asks, stepped, asked), result in zip(fresh, results, strict=True):
            if isinstance(result, Done) and result.events:
                passed.recorded[asks] += 1
                passed.position = max(passed.position, result.position)
            else:
                self._fruitless[asked.id] = stepped, ticks + _AGAIN_SECONDS
                if isinstance(result, Refused) and result.code not in ("not_due", "unknown_clock"):
                    _log.info("timers_refused", asks=asks, case=str(asked.stream), code=result.code)

    def _in_vain(self, name: str, stepped: int, ticks: float) -> bool:
        """Whether this very proposal led to nothing a moment ago, and its case has not moved since."""
        if len(self._fruitless) > _MOST_REMEMBERED:
            self._fruitless.clear()
        known = self._fruitless.get(name)
        return known is not None and known[0] == stepped and ticks < known[1]


def live(book: Book) -> list[Live]:
    """Return which imported history may act, and since when: what one word let live, the next one leaves alone."""
    found, after = list[Live](), 0
    for one in book.live_imports:
        found.append(Live(after, one.through, one.since))
        after = max(after, one.through)
    return found
