"""Every configuration that a log ever brought into force, and its complaints in batches; reads the log alone."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID

from engine.configuration.in_force import Book
from engine.store.batch import Recorded
from projections.runtime.books import Books
from schemas.catalogue import EVENTS, unversioned
from schemas.configuration.activated import ConfigurationActivated
from schemas.configuration.policy import Policy

PAGE: Final = 500
"""Events read at once; of complaints a fifth as many, with all their events."""
_OPENERS: Final = tuple(name for name in EVENTS if unversioned(name) == "complaint.received")
_ACTIVATIONS: Final = tuple(name for name in EVENTS if unversioned(name) == "configuration.activated")


class End(Protocol):
    """Where a log ends."""

    @property
    def position(self) -> int: ...


class Log(Protocol):
    """What is needed of ``engine.store.read.Reader``."""

    def head(self) -> End: ...
    def log(self, after: int, limit: int, *, names: Collection[str] | None = None) -> Sequence[Recorded]: ...
    def streams(self, ids: Collection[UUID]) -> Mapping[UUID, Sequence[Recorded]]: ...


@dataclass(frozen=True, slots=True)
class Library:
    """Configurations up to one position of the log."""

    head: int
    books: Books
    policies: Mapping[tuple[str, int], Policy]

    @property
    def book(self) -> Book:
        """What is in force at the end."""
        return self.books.at(self.head)


def library(log: Log) -> Library:
    """Read every activation of a log."""
    head, books = log.head().position, Books()
    policies: dict[tuple[str, int], Policy] = {}
    for recorded in _all(log, _ACTIVATIONS, head):
        event = recorded.event
        if isinstance(event, ConfigurationActivated):
            books.learn(recorded.position, event)
            if event.kind == "policy":
                policies[event.id, event.version] = Policy.model_validate(event.content)
    return Library(head, books, policies)


def _all(log: Log, names: Collection[str], head: int) -> Iterator[Recorded]:
    after = 0
    while True:
        page = log.log(after, PAGE, names=names)
        yield from (recorded for recorded in page if recorded.position <= head)
        if len(page) < PAGE or page[-1].position >= head:
            return
        after = page[-1].position


@dataclass(frozen=True, slots=True)
class Which:
    """Complaints to look at: these, or all that were received from ``since`` on and before ``until``."""

    cases: Sequence[UUID] = ()
    since: datetime | None = None
    until: datetime | None = None

    def covers(self, received: Recorded) -> bool:
        """Whether a complaint was received in the time that is asked for."""
        when = received.envelope.occurred_at
        return (self.since is None or when >= self.since) and (self.until is None or when < self.until)


def histories(log: Log, which: Which, head: int) -> Iterator[list[Sequence[Recorded]]]:
    """Yield the events of these complaints up to ``head``, some complaints at once, so that memory stays bounded."""
    size = PAGE // 5
    if which.cases:
        for first in range(0, len(which.cases), size):
            yield _loaded(log, which.cases[first : first + size], head, {})
        return
    waiting: dict[UUID, int] = {}
    for recorded in _all(log, _OPENERS, head):
        if which.covers(recorded):
            waiting.setdefault(recorded.stream, recorded.position)
        if len(waiting) == size:
            yield _loaded(log, tuple(waiting), head, waiting)
            waiting = {}
    if waiting:
        yield _loaded(log, tuple(waiting), head, waiting)


def _loaded(log: Log, ids: Sequence[UUID], head: int, openers: Mapping[UUID, int]) -> list[Sequence[Recorded]]:
    """A complaint that was received twice comes with the first of these alone."""
    found: list[Sequence[Recorded]] = []
    for stream, events in log.streams(ids).items():
        kept = [one for one in events if one.position <= head]
        first = next((one.position for one in kept if one.name in _OPENERS), None)
        if kept and openers.get(stream, first) == first:
            found.append(kept)
    return found
