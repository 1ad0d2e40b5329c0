"""Our events in an ``EventStore`` of the ``eventsourcing`` library: its mapper, over ours.

For programs that hold on to that library's interface. Plaint's own doors commit batches; see
``commit`` for what those keep beyond this.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from eventsourcing.domain import DomainEventProtocol
from eventsourcing.persistence import JSONTranscoder, StoredEvent
from eventsourcing.persistence import Mapper as LibraryMapper

from engine.store.batch import NewEvent
from engine.store.database.pool import Pool
from engine.store.mapper import Mapper, Row, keys_of
from engine.store.session import reading
from engine.store.vault import keys as keys_of_subjects
from engine.store.vault.keys import Keys
from schemas.complaint.base import Event
from schemas.envelope import Envelope

_UNPLACED: Final = (0, datetime.min.replace(tzinfo=UTC))
"""The library's rows do not say where in the log they stand."""


@dataclass(frozen=True)
class PlacedEvent:
    """An event with its place, as the library asks for it."""

    originator_id: UUID
    originator_version: int
    envelope: Envelope
    event: Event


class EventMapper(LibraryMapper[UUID]):
    """Writes and reads our storage format, sealed and opened with the data keys of the database.

    New data keys are stored at once, before the event; one whose event never comes seals nothing.
    """

    def __init__(self, pool: Pool, keys: Keys, mapper: Mapper | None = None) -> None:
        super().__init__(JSONTranscoder())
        self._pool = pool
        self._keys = keys
        self._mapper = mapper or Mapper()

    def to_stored_event(self, domain_event: DomainEventProtocol[UUID]) -> StoredEvent:
        placed: Any = domain_event
        new = NewEvent(placed.envelope, placed.event)
        draft = self._mapper.draft(placed.originator_id, placed.originator_version, new)
        names = keys_of([draft])
        with reading(self._pool) as connection:
            keys = self._keys.to_seal(names)
            keys_of_subjects.store(connection, keys, keys_of_subjects.new_among(keys), missing=True)
        self._keys.drop(names)
        return StoredEvent(*self._mapper.seal(draft, self._keys.to_seal(names)))

    def to_domain_event(self, stored_event: StoredEvent) -> PlacedEvent:
        stream = stored_event.originator_id
        if not isinstance(stream, UUID):
            raise TypeError(f"streams are known by a UUID, not by a {type(stream).__name__}")
        row = Row(*_UNPLACED, stream, stored_event.originator_version, stored_event.topic, stored_event.state)
        state = self._mapper.parse(row)
        opened = self._mapper.open(row, state, self._keys.to_open(self._mapper.keys(row, state)))
        return PlacedEvent(stream, opened.version, opened.envelope, opened.event)
