"""The test cases that the library ships for every recorder, unmodified, on our log."""

from collections.abc import Iterator
from unittest import TestCase
from uuid import uuid4

import pytest
from eventsourcing.persistence import IntegrityError, StoredEvent, Tracking
from eventsourcing.tests import persistence as shipped

from engine.store.database.pool import Pool, open_pool
from engine.store.herald import Herald
from engine.store.recorder import LogAggregateRecorder, LogRecorder


class OnOurLog(TestCase):
    """Gives each of the shipped cases a database of its own."""

    pool: Pool
    herald: Herald

    @pytest.fixture(autouse=True)
    def _on_a_database(self, database: str) -> Iterator[None]:
        with open_pool(database, max_size=12, name="recorder tests") as self.pool:
            self.herald = Herald(self.pool)
            yield
            self.herald.close()

    def create_recorder(self) -> LogRecorder:
        return LogRecorder(self.pool, self.herald)


class TestAggregateRecorder(OnOurLog, shipped.AggregateRecorderTestCase):
    def create_recorder(self) -> LogAggregateRecorder:  # type: ignore[override] # the other kind of recorder
        return LogAggregateRecorder(self.pool)


class TestApplicationRecorder(OnOurLog, shipped.ApplicationRecorderTestCase[LogRecorder]):
    def test_insert_subscribe(self) -> None:
        self.optional_test_insert_subscribe()


class TestTrackingRecorder(OnOurLog, shipped.TrackingRecorderTestCase):
    pass


class TestProcessRecorder(OnOurLog, shipped.ProcessRecorderTestCase):
    pass


class TestNonInterleavingNotificationIDs(OnOurLog, shipped.NonInterleavingNotificationIDsBaseCase):
    pass


def test_a_tracking_position_is_refused_together_with_its_events(pool: Pool) -> None:
    recorder = LogRecorder(pool)
    event = StoredEvent(uuid4(), 1, "name.v1", b"{}")
    recorder.insert_events([event], tracking=Tracking("upstream", 5))

    with pytest.raises(IntegrityError):
        recorder.insert_events([StoredEvent(uuid4(), 1, "name.v1", b"{}")], tracking=Tracking("upstream", 5))

    assert [found.id for found in recorder.select_notifications(None, 10)] == [1]
