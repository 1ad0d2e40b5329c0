"""What every answer of the read side has in common: which state of the log it speaks of."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from psycopg import IsolationLevel
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field
from sqlalchemy import Table

from engine.configuration.in_force import Book
from engine.store.database.pool import Pool
from projections.runtime import copies, progress
from projections.runtime.books import Books
from projections.runtime.copies import Copy
from projections.runtime.progress import Name, NotYet, Reached
from projections.sql import Link

Moment = Annotated[AwareDatetime, AfterValidator(lambda moment: moment.astimezone(UTC))]
"""An instant in UTC; JSON shows it in ISO 8601 with ``Z``."""


_zone = lru_cache(maxsize=128)(ZoneInfo)


def day_of(at: datetime, zone: str | None) -> date:
    """Return the day of an instant in the zone of its event, in UTC where the event names none."""
    return at.astimezone(_zone(zone or "UTC")).date()


class Question(BaseModel):
    """What every question to views may say. Unknown words are refused."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", validate_by_name=True, validate_by_alias=True, use_attribute_docstrings=True
    )
    at_least: Annotated[int, Field(ge=0)] | None = None
    """Answer from this position of the log or a later one; wait for it a bounded time."""


class Answer(BaseModel):
    """An answer model: one and the same for ``--json``, HTTP and the client."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class OfView(Answer):
    """An answer from views.

    ``position`` is the last event whose effect it shows, ``as_of`` when that event was recorded
    (null before the first one). ``left_out`` counts cases that an error keeps out; above 0 the
    answer is incomplete.
    """

    position: int
    as_of: Moment | None
    incarnation: UUID | None
    left_out: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Views at one position, and the connection whose transaction sees exactly that state."""

    connection: Link
    position: int
    recorded_at: datetime | None
    incarnation: UUID | None
    left_out: int
    books: Books
    copies: Mapping[Name, Copy] = field(default_factory=dict)
    """Which copy of each view is read."""

    def on(self, view: Name, table: Table) -> Table:
        """Return where the rows of a view's table stand now.

        Unlike ``copies.live`` it is the plain table, so that an index gives its order to a page of rows: over both
        copies at once PostgreSQL reads and sorts all of them.

        Raises:
            Missing: the view was never built on this database.
        """
        copy = self.copies.get(view) or progress.reached(self.connection, [view])[0].copy
        return copies.of(table, copy)

    def book(self) -> Book:
        """Return the configuration in force at the position."""
        self.books.refresh(self.connection)
        return self.books.at(self.position)

    def stamp(self) -> dict[str, Any]:
        """Return the fields of ``OfView``."""
        return {
            "position": self.position,
            "as_of": self.recorded_at,
            "incarnation": self.incarnation,
            "left_out": self.left_out,
        }


class Views:
    """The way to ask: opens snapshots of views, after they have reached a wanted position.

    ``pause`` sleeps the given seconds; ``patience`` bounds the wait, in seconds.
    """

    def __init__(self, pool: Pool, *, pause: Callable[[float], Any], patience: float = 5.0) -> None:
        self._pool, self._pause, self._patience = pool, pause, patience
        self._books = Books()

    @contextmanager
    def snapshot(self, names: Sequence[Name], at_least: int | None = None) -> Iterator[Snapshot]:
        """Lend one consistent, read-only state of these views.

        Raises:
            NotYet: the views did not reach ``at_least`` within the patience, or stand at different positions.
            Missing: a view was never built on this database.
        """
        if at_least is not None:
            progress.wait_for(self._pool, names, at_least, self._patience, pause=self._pause)
        with self._pool.connection() as connection:
            connection.isolation_level = IsolationLevel.REPEATABLE_READ
            connection.read_only = True
            try:
                with connection.transaction():
                    yield _opened(connection, progress.reached(connection, names), self._books)
            finally:
                if not connection.closed:
                    connection.isolation_level = None
                    connection.read_only = None


def _opened(connection: Link, found: Sequence[Reached], books: Books) -> Snapshot:
    """An answer from several views speaks of one position or is not given."""
    lowest = min(found, key=lambda one: one.position)
    highest = max(one.position for one in found)
    if highest != lowest.position:
        raise NotYet(highest, lowest.position, 1.0)
    left_out = max(one.left_out for one in found)
    read: dict[Name, Copy] = {(one.view, one.version): one.copy for one in found}
    return Snapshot(connection, lowest.position, lowest.recorded_at, lowest.incarnation, left_out, books, read)
