"""What each topic gets of the log. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from consumers.outbox import outgoing
from consumers.outbox.outgoing import Make, Outgoing
from engine.store.batch import Recorded
from schemas.published import notice

LARGEST: Final = 900_000
"""Octets of key and value up to which texts go along. Brokers take records of 1,048,588 unless told otherwise."""


@dataclass(frozen=True, slots=True)
class Feed:
    """One topic and what it gets. The same events always give the same records."""

    topic: str
    make: Make
    names: frozenset[str] | None = None
    """The stored events that it is made of; None stands for all."""
    texts: bool = False
    """The log is opened for it."""
    shorter: Make | None = None
    """Makes a record again that would be too large with its texts."""
    imports: bool = False
    """Imported history goes in, too."""

    def records(self, events: Sequence[Recorded], incarnation: UUID) -> Iterator[Outgoing]:
        """Return the records of these events, in their order."""
        for recorded in events:
            if self.imports or recorded.envelope.origin != "import":
                made = self.make(recorded, incarnation)
                if self.shorter is not None and any(len(one.value) > LARGEST for one in made):
                    made = self.shorter(recorded, incarnation)
                yield from made


def events_feed(topic: str, *, texts: bool = False, imports: bool = False) -> Feed:
    """Return the feed of integration events; ``texts`` lets personal texts go along."""
    if texts:
        return Feed(topic, outgoing.events_with_texts_of, texts=True, shorter=outgoing.events_of, imports=imports)
    return Feed(topic, outgoing.events_of, imports=imports)


def notices_feed(topic: str) -> Feed:
    """Return the feed of notices, which hold no texts and are never of imported history."""
    return Feed(topic, outgoing.notices_of, names=notice.STORED)
