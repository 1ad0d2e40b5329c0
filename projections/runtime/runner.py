"""Advance a group of views together: a batch is read and decoded once, all rows and positions are one transaction.

Views of one position form a cohort and move as one. A view that was added later, or a new version
of one, starts at 0 as a cohort of its own, catches up beside the others and becomes one with them
when it reaches their position. So a changed view is replayed while the others go on.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from itertools import groupby
from threading import Event as Flag
from typing import Protocol
from uuid import UUID

from engine.store.batch import Recorded
from engine.store.database.pool import Pool
from projections.analytics import install
from projections.runtime import books, feeding, owner, progress, stuck, versions
from projections.runtime.ahead import Ahead, Ask, Read
from projections.runtime.books import Books
from projections.runtime.portion import opened_names, portion
from projections.runtime.progress import Reached
from projections.runtime.projection import Head, Log, Projection
from projections.runtime.stuck import Key
from projections.sql import Link

POLL_SECONDS = 1.0


Watch = Callable[[Sequence[Recorded]], AbstractContextManager[object]]
"""What a batch is written inside of; it hears which events the batch is made of."""


class Waiter(Protocol):
    """Sleeps until there may be news; see ``engine.store.database.wake.Waiter``."""

    def wait(self, timeout_seconds: float) -> bool: ...


class AheadOfLog(Exception):
    """The views stand beyond the end of the log, which must have lost events: drop and replay them."""

    def __init__(self, view: str, position: int, head: int) -> None:
        self.view, self.position, self.head = view, position, head
        super().__init__(f"view {view} stands at {position}, the log ends at {head}: drop the view and replay it")


class Overtaken(Exception):
    """Another owner moved the position; nothing was written."""


@dataclass(slots=True)
class Pace:
    """How many events the next batch takes: doubled while batches are full, halved by trouble."""

    smallest: int = 64
    largest: int = 4096
    size: int = field(default=512)

    def note(self, read: int) -> None:
        """A batch of ``read`` events is being written."""
        if read >= self.size:
            self.size = min(self.largest, self.size * 2)

    def ease(self) -> None:
        """A batch failed as a whole."""
        self.size = max(self.smallest, self.size // 2)


class Runner:
    """Advances ``views`` of one ``group``. Any number may run; the one that holds the lock works.

    ``poll_seconds`` is the longest wait before the log is looked at again.

    Holds one connection of ``pool`` while it owns the group, and reads the log over others: two at least.
    ``report`` hears of errors that the runner survives (the database was away, another owner).
    Every batch is written inside of what ``watch`` returns, and nothing else is done there.
    """

    def __init__(
        self,
        pool: Pool,
        log: Log,
        views: Sequence[Projection],
        *,
        group: str = "main",
        pace: Pace | None = None,
        poll_seconds: float = POLL_SECONDS,
        report: Callable[[Exception], None] = lambda _: None,
        watch: Watch = lambda _: nullcontext(),
    ) -> None:
        self._pool, self._log, self._group, self._report = pool, log, group, report
        self._poll_seconds, self._watch = poll_seconds, watch
        self._views = {(view.name, view.version): view for view in views}
        self._pace = pace or Pace()
        self._books = Books()

    def catch_up(
        self, pause: Callable[[float], object] | None = None, told: Callable[[int, int], object] = lambda _, __: None
    ) -> int:
        """Bring all views to the log's end as it is now; return how many events this call processed.

        While another owner works, this waits for it, looking every 50 ms (``pause`` sleeps). ``told`` hears
        again and again where the hindmost copy stands, and where the log ends.

        Raises:
            engine.store.mapper.UnknownEvent: this program is older than the log; a newer one must go on.
            AheadOfLog: the log has lost events.
        """
        sleep = pause or Flag().wait
        self._prepare()
        head = self._log.head()
        done = 0
        while (hindmost := self._hindmost()) < head.position:
            told(hindmost, head.position)
            with owner.sole(self._pool, self._group) as connection:
                if connection is not None:
                    self._take_over(connection)
                    with Ahead(self._log) as ahead:
                        while moved := self._advance(connection, head, ahead):
                            done += moved
                            told(min(one.position for one in self._reached(connection)), head.position)
            if self._hindmost() < head.position:
                sleep(0.05)
        return done

    def run(self, stop: Flag, waiter: Waiter) -> None:
        """Follow the log until ``stop`` is set: poll every second, or sooner when the waiter hears of news.

        Trouble of the database is reported and survived. A batch is never left half written.

        Raises:
            engine.store.mapper.UnknownEvent: this program is older than the log; a newer one must go on.
            AheadOfLog: the log has lost events.
        """
        prepared = False
        while not stop.is_set():
            try:
                if not prepared:
                    self._prepare()
                    prepared = True
                with owner.sole(self._pool, self._group) as connection:
                    if connection is not None:
                        self._follow(connection, stop, waiter)
            except (*stuck.TRANSIENT, Overtaken) as error:
                self._pace.ease()
                self._report(error)
            waiter.wait(self._poll_seconds)

    def resume(self, view: str) -> int | None:
        """Try again what errors keep out of ``view``; return how many streams are whole again, None if not owner."""
        with owner.sole(self._pool, self._group) as connection:
            if connection is None:
                return None
            self._take_over(connection)
            keys = [_key(one) for one in self._reached(connection) if one.view == view]
            return sum(feeding.resume(connection, self._view(key), self._log, self._books) for key in keys)

    def _prepare(self) -> None:
        with self._pool.connection() as connection:
            versions.ensure(connection, self._views.values())
            install.ensure(connection, list(self._views.values()))

    def _take_over(self, connection: Link) -> None:
        self._books = Books.load(connection)
        foremost = max(self._reached(connection), key=lambda one: one.position)
        head = self._log.head().position
        if foremost.position > head:
            raise AheadOfLog(foremost.view, foremost.position, head)

    def _reached(self, connection: Link) -> list[Reached]:
        return progress.copies_of(connection, list(self._views))

    def _view(self, key: Key) -> Projection:
        name, version, copy = key
        return self._views[name, version].of(copy)

    def _follow(self, connection: Link, stop: Flag, waiter: Waiter) -> None:
        self._take_over(connection)
        with Ahead(self._log) as ahead:
            while not stop.is_set():
                self._try_again(connection)
                if not self._advance(connection, self._log.head(), ahead):
                    waiter.wait(self._poll_seconds)

    def _try_again(self, connection: Link) -> None:
        """Do for others what only the owner may do: replay what they asked to have tried again."""
        own = {_key(one) for one in self._reached(connection)}
        for key in sorted(stuck.asked_again(connection) & own):
            feeding.resume(connection, self._view(key), self._log, self._books)

    def _hindmost(self) -> int:
        with self._pool.connection() as connection:
            return min(one.position for one in self._reached(connection))

    def _advance(self, connection: Link, head: Head, ahead: Ahead) -> int:
        """Move every cohort by one batch, the foremost first; return how many events were processed."""
        done, until = 0, head.position
        cohorts = _cohorts(self._reached(connection))
        for cohort in cohorts:
            read = self._read(cohort, until, ahead, hindmost=cohort is cohorts[-1])
            moved = 0 if read is None else len(read[0])
            if read is not None and moved:
                self._write(connection, cohort, read, head.incarnation)
            done += moved
            until = cohort[0].position + moved
        return done

    def _read(self, cohort: Sequence[Reached], until: int, ahead: Ahead, *, hindmost: bool) -> Read | None:
        """Read the next batch of a cohort; the hindmost one's batch behind it is read while this one is written."""
        after = cohort[0].position
        limit = min(self._pace.size, until - after)
        if limit <= 0:
            return None
        opens = opened_names(self._view(_key(one)) for one in cohort)
        read = ahead.read(Ask(after, limit, opens))
        after += len(read[0])
        self._pace.note(len(read[0]))
        if hindmost and until - after >= self._pace.size:
            ahead.begin(Ask(after, self._pace.size, opens))
        return read

    def _write(self, connection: Link, cohort: Sequence[Reached], read: Read, incarnation: UUID) -> None:
        events, opened = read
        keys = [_key(one) for one in cohort]
        self._books.take_in(events)
        given = portion(events, opened, self._books.at(events[-1].position))
        with self._watch(events), connection.transaction():
            _move_positions(connection, keys, cohort[0].position, events[-1], incarnation)
            books.keep(connection, events)
            feeding.feed(connection, map(self._view, keys), given)


def _key(one: Reached) -> Key:
    return one.view, one.version, one.copy


def _cohorts(found: Sequence[Reached]) -> list[list[Reached]]:
    ordered = sorted(found, key=lambda one: -one.position)
    return [list(cohort) for _, cohort in groupby(ordered, key=lambda one: one.position)]


def _move_positions(connection: Link, keys: Sequence[Key], expected: int, last: Recorded, incarnation: UUID) -> None:
    """Compare and set: all positions of the cohort move from ``expected`` to ``last``, or none."""
    moved = connection.execute(
        "UPDATE views.positions SET position = %s, recorded_at = %s, incarnation = %s "
        "FROM unnest(%s::text[], %s::int[], %s::int[]) AS mine(view, version, copy) WHERE positions.view = mine.view "
        "AND positions.version = mine.version AND positions.copy = mine.copy AND position = %s",
        (
            last.position,
            last.recorded_at,
            incarnation,
            *([key[part] for key in keys] for part in range(3)),
            expected,
        ),
    ).rowcount
    if moved != len(keys):
        raise Overtaken(f"the views no longer stand at {expected}: another owner moved them")
