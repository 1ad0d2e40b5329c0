"""What a view must provide, and what it is given."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Mapping, Sequence
from copy import copy as duplicate
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Generic, Protocol, Self, TypeVar
from uuid import UUID

from sqlalchemy import Table

from engine.configuration.in_force import Book
from engine.store.batch import Recorded
from projections.runtime import copies
from projections.runtime.copies import Copy
from projections.sql import Link


class Head(Protocol):
    """The end of the log."""

    @property
    def position(self) -> int: ...
    @property
    def recorded_at(self) -> datetime | None: ...
    @property
    def incarnation(self) -> UUID: ...


class Log(Protocol):
    """What the runtime needs of ``engine.store.read.Reader``."""

    def head(self) -> Head: ...
    def log(
        self, after: int, limit: int, *, open: bool = False, names: Collection[str] | None = None
    ) -> Sequence[Recorded]: ...
    def both(self, after: int, limit: int, opens: Collection[str]) -> tuple[Sequence[Recorded], Sequence[Recorded]]: ...
    def stream(self, stream: UUID, *, open: bool = False) -> Sequence[Recorded]: ...


class Work(ABC):
    """The rows of one view in memory, for one batch. Made by ``Projection.begin``."""

    @abstractmethod
    def step(self, recorded: Recorded) -> None:
        """Take in one event. If it raises, its stream must stand as it stood before this event."""

    def take(self, events: Sequence[Recorded]) -> None:
        """Take in many events, as ``step`` would one after the other. If it raises, this object is given up."""
        for one in events:
            self.step(one)

    @abstractmethod
    def write(self, connection: Link, book: Book) -> None:
        """Write the changed rows, in the transaction that moves the position. ``book``: see ``Changes``."""


class Projection(ABC):
    """A view: tables computed from events and nothing else.

    ``name`` and ``version`` name its tables and its position; a change of tables or meaning is
    a new version. Nothing in a view may depend on when it ran or on how events were batched.
    """

    name: ClassVar[str]
    version: ClassVar[int]
    tables: ClassVar[tuple[Table, ...]]
    concerns: ClassVar[frozenset[str] | None] = None
    """Stored names that the view looks at; None means all."""
    opens: ClassVar[bool] = False
    """Whether the view gets personal texts opened; one that does keeps them in ``views_personal`` alone."""
    copy: Copy = 1
    """Which of its two copies this object writes; see ``copies``."""

    def of(self, copy: Copy) -> Self:
        """Return the same view over the tables of ``copy``."""
        if copy == self.copy:
            return self
        found = duplicate(self)
        found.copy = copy
        return found

    def on(self, table: Table) -> Table:
        """Return where the rows of ``table`` stand in this copy."""
        return copies.of(table, self.copy)

    @abstractmethod
    def begin(self, connection: Link, streams: Sequence[UUID]) -> Work:
        """Load what is known of these streams, by a constant number of queries.

        Streams that begin in the batch are not among them: nothing is known of these.
        """

    def erase(self, connection: Link, subject: UUID, streams: Sequence[UUID]) -> None:  # noqa: B027 -- most views hold nothing to erase
        """Remove the plaintext of ``subject`` in exactly these streams.

        Called for every ``subject.erased``, after the rows of its batch are written. A view without
        personal columns has nothing to do here; plaintext stands only in schema ``views_personal``.
        """


State = TypeVar("State")


@dataclass(frozen=True, slots=True)
class Changes(Generic[State]):
    """The streams that a batch changed, to be written on ``connection``."""

    connection: Link
    states: Mapping[UUID, State]
    old: Sequence[UUID]
    """Those of them that may have rows already."""
    book: Book
    """The configuration in force right after the batch; it holds every version that was pinned before."""


class PerStream(Projection, Generic[State]):
    """A view whose rows hang on one stream each and follow from that stream's events alone.

    ``step`` must return a new state and leave the old one alone, so that an event that fails
    leaves the stream as it was.
    """

    @abstractmethod
    def load(self, connection: Link, streams: Sequence[UUID]) -> Mapping[UUID, State]:
        """Return the states of those of ``streams`` that have rows."""

    @abstractmethod
    def step(self, state: State | None, recorded: Recorded) -> State:
        """Return the state after an event; the same object where nothing changed."""

    def fold(self, state: State | None, events: Sequence[Recorded]) -> State | None:
        """Return the state after a stream's next events: what ``step`` gives, for a view that has a quicker way."""
        for one in events:
            state = self.step(state, one)
        return state

    @abstractmethod
    def save(self, changes: Changes[State]) -> None:
        """Write the rows of the changed streams."""

    def begin(self, connection: Link, streams: Sequence[UUID]) -> Work:
        return _StreamWork(self, self.load(connection, streams) if streams else {})


class _StreamWork(Work, Generic[State]):
    def __init__(self, view: PerStream[State], known: Mapping[UUID, State]) -> None:
        self._view = view
        self._known = known
        self._changed: dict[UUID, State] = {}

    def step(self, recorded: Recorded) -> None:
        stream = recorded.stream
        before = self._changed[stream] if stream in self._changed else self._known.get(stream)
        after = self._view.step(before, recorded)
        if after is not before:
            self._changed[stream] = after

    def take(self, events: Sequence[Recorded]) -> None:
        for stream, own in by_stream(events).items():
            before = self._changed[stream] if stream in self._changed else self._known.get(stream)
            after = self._view.fold(before, own)
            if after is not before and after is not None:
                self._changed[stream] = after

    def write(self, connection: Link, book: Book) -> None:
        if self._changed:
            old = [stream for stream in self._changed if stream in self._known]
            self._view.save(Changes(connection, self._changed, old, book))


def by_stream(events: Iterable[Recorded]) -> dict[UUID, list[Recorded]]:
    """Return events by stream, streams and events in the order in which they come."""
    found: dict[UUID, list[Recorded]] = {}
    for one in events:
        known = found.get(one.stream)
        if known is None:
            found[one.stream] = [one]
        else:
            known.append(one)
    return found
