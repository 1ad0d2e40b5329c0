from uuid import uuid4

import pytest
from eventsourcing.persistence import EventStore, IntegrityError

from engine.store.database.pool import Pool
from engine.store.library import EventMapper, PlacedEvent
from engine.store.recorder import LogRecorder
from engine.store.store import Store
from engine.store.vault.keys import Keys
from engine.store.vault.master import KeyFile
from support.examples import envelope, note


def test_the_librarys_event_store_writes_and_reads_sealed_events(store: Store, pool: Pool, master: KeyFile) -> None:
    stream, anna = uuid4(), uuid4()
    events = [PlacedEvent(stream, version, envelope(version), note(anna, "secret words")) for version in (1, 2)]
    library = EventStore(EventMapper(pool, Keys(pool, master)), LogRecorder(pool))

    recordings = library.put(events)

    assert [recording.notification.id for recording in recordings] == [1, 2]
    assert list(library.get(stream)) == events
    assert [e.event for e in store.read.stream(stream, open=True)] == [event.event for event in events]
    assert b"secret words" not in recordings[0].notification.state
    with pytest.raises(IntegrityError):
        library.put(events[1:])
