"""The application service: the one way in for every door, the only caller of decider and store together.

``submit`` looks everything up in bulk, plans purely (``engine.planning``), commits once and
answers each item. A conflict means somebody else was first: everything is loaded and decided
again, and after a few tries each item goes alone, so that one contended case sinks no batch.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from engine import past_events, planning, streams_of
from engine.configuration import in_force
from engine.configuration.activation import Configuration, activation
from engine.configuration.in_force import Book
from engine.incoming import Arrived, Circumstances, Done, Incoming, Result
from engine.past import PastCase
from engine.planning import Known, Loaded, Plan
from engine.store.batch import Append, Batch, Committed, Conflict, Recorded, SourceMove
from engine.store.store import Store
from engine.taking import contact_keys
from schemas.channels.message import fingerprint_parts
from schemas.complaint.assignment import ComplaintAssigned
from schemas.configuration.activated import ConfigurationActivated

_TRIES = 4


class Service:
    """Takes what doors bring. Safe to share between threads: all state is in the store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._book = Book()
        self._book_version = 0

    # --- configuration ----------------------------------------------------------------------

    def book(self) -> Book:
        """Return what is in force now; reads only what was activated since the last call."""
        newer = self._store.reader.stream(streams_of.CONFIGURATION, after_version=self._book_version)
        for recorded in newer:
            if isinstance(recorded.event, ConfigurationActivated):
                self._book = in_force.activate(self._book, recorded.event)
            self._book_version = recorded.version
        return self._book

    def activate(self, configurations: Iterable[Configuration], around: Circumstances, now: datetime) -> int:
        """Bring configurations into force that are not yet; returns how many were new.

        What is in force in the same or a higher version is left alone, so starting twice adds nothing.
        """
        book = self.book()
        events = [activation(item) for item in configurations if not in_force.holds(book, item)]
        if not events:
            return 0
        stamped = past_events.configuration(events, around, now, self._book_version)
        self._store.commit(Batch(appends=(Append(streams_of.CONFIGURATION, self._book_version, stamped),)))
        self.book()
        return len(events)

    # --- messages and commands --------------------------------------------------------------

    def submit(self, items: Sequence[Incoming], now: datetime) -> tuple[Result, ...]:
        """Have every item its effect exactly once; one result each, in order.

        The batch is atomic with its sources' positions. An item that was handled before gets its
        first answer again.

        Raises:
            Conflict: a source's position was moved by somebody else; the caller seeks and reads again.
        """
        for _ in range(_TRIES):
            try:
                return self._once(items, now)
            except Conflict as conflict:
                if conflict.sources:
                    raise
        if len(items) == 1:
            raise Conflict(streams=frozenset())
        return tuple(result for item in items for result in self.submit([item], now))

    def _once(self, items: Sequence[Incoming], now: datetime) -> tuple[Result, ...]:
        book = self.book()
        known = self._look_up(items)
        plan = planning.plan(items, known, book, self._store.keyed, self._store.prepare, now)
        if plan.batch == Batch():
            return plan.results
        return _placed(plan, self._store.commit(plan.batch))

    def _look_up(self, items: Sequence[Incoming]) -> Known:
        keyed = self._store.keyed
        arrived = [item for item in items if isinstance(item, Arrived)]
        messages = [item.message for item in arrived]
        fingerprints = [keyed("message", fingerprint_parts(message)) for message in messages]
        opens = [key for message in messages for key in planning.opening_keys(message, keyed)]
        found = self._store.look_up(
            commands=[planning.command_id_of(item, keyed) for item in items if not isinstance(item, Arrived)],
            messages=fingerprints,
            conversations=[key for message in messages for key in planning.conversation_keys(message, keyed)] + opens,
            contacts=[
                key
                for message in messages
                for person in (message.author, message.on_behalf_of)
                for key in contact_keys(person, keyed)
            ],
            waiting_for=opens,
        )
        asked = [item.stream for item in items if not isinstance(item, Arrived)]
        streams = {*asked, *found.messages.values(), *found.conversations.values()}
        return streams_of.known(found, self._load(streams))

    def _load(self, streams: Iterable[UUID]) -> dict[UUID, Loaded]:
        histories = self._store.reader.streams(list(streams))
        return {
            stream: Loaded(
                streams_of.fold(history),
                history[-1].version,
                frozenset(fact.envelope.event_id for fact in history),
                _unit(history[-1]),
            )
            for stream, history in histories.items()
            if history
        }

    # --- the past ---------------------------------------------------------------------------

    def record(
        self, cases: Sequence[PastCase], around: Circumstances, now: datetime, move: SourceMove | None = None
    ) -> tuple[int, int, int]:
        """Store imported histories; returns how many cases were added, were there already, and the events added.

        A case that is there already is left alone whole, so the same file twice adds nothing.

        Raises:
            Conflict: the source's position was moved by somebody else, or another import runs beside this one.
        """
        ids = {streams_of.past_stream(case.key, self._store.keyed): case for case in cases}
        there = self._store.reader.versions(list(ids))
        new = {stream: case for stream, case in ids.items() if stream not in there}
        unit = self.book().desk.business_unit
        appends = tuple(
            Append(stream, 0, past_events.stamped(case, stream, around, now, unit)) for stream, case in new.items()
        )
        conversations = tuple(
            key for stream, case in new.items() for key in past_events.conversations(case, stream, self._store.keyed)
        )
        sources = () if move is None else (move,)
        batch = Batch(appends=appends, sources=sources, conversations=conversations)
        if batch != Batch():
            self._store.commit(batch)
        return len(new), len(cases) - len(new), sum(len(append.events) for append in appends)


def _unit(last: Recorded) -> str:
    moved = last.event.business_unit if isinstance(last.event, ComplaintAssigned) else None
    return moved or last.envelope.business_unit


def _placed(plan: Plan, committed: Committed) -> tuple[Result, ...]:
    """Return the results with the position at which they stand in the log."""
    return tuple(
        replace(result, position=committed.position) if isinstance(result, Done) and not result.position else result
        for result in plan.results
    )


