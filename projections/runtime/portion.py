"""What one batch holds for the views of a cohort: worked out once, whichever and however many they are."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from engine.configuration.in_force import Book
from engine.store.batch import Recorded
from projections.runtime.projection import Projection
from schemas.catalogue import EVENTS
from schemas.streams.subject import SubjectErased


@dataclass(frozen=True, slots=True)
class Portion:
    """Events of a batch in the log's order."""

    events: Sequence[Recorded]
    """Their texts sealed."""
    opened: Sequence[Recorded]
    """Those that a view of the cohort opens, their texts opened as far as keys exist."""
    book: Book
    """The configuration in force right after the last of them."""
    begun: frozenset[UUID]
    """Streams whose first event is among them: no view has rows of these."""
    erased: Sequence[SubjectErased]

    def of(self, view: Projection) -> list[Recorded]:
        """Return what a view wants to hear of, as it is to see it."""
        events, concerns = self.opened if view.opens else self.events, view.concerns
        if concerns is None:
            return list(events)
        return [one for one in events if one.event.NAME in concerns]

    def known(self, events: Sequence[Recorded]) -> list[UUID]:
        """Return the streams of these events of which a view may have rows."""
        return [stream for stream in dict.fromkeys(one.stream for one in events) if stream not in self.begun]


def portion(events: Sequence[Recorded], opened: Sequence[Recorded], book: Book) -> Portion:
    """Return the portion of these events."""
    begun = frozenset(one.stream for one in events if one.version == 1)
    erased = [one.event for one in events if isinstance(one.event, SubjectErased)]
    return Portion(events, opened, book, begun, erased)


def opened_names(views: Iterable[Projection]) -> frozenset[str]:
    """Return the names of the events that some of these views read opened."""
    wanted = (frozenset(EVENTS) if view.concerns is None else view.concerns for view in views if view.opens)
    return frozenset[str]().union(*wanted)
