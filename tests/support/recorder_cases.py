"""The cases that the library ships for every recorder, unmodified, on our log.

A test module makes them its own by subclassing; its ``database`` fixture says on which server they run.
"""

from collections.abc import Iterator
from unittest import TestCase

import pytest
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


class AggregateRecorderCases(OnOurLog, shipped.AggregateRecorderTestCase):
    def create_recorder(self) -> LogAggregateRecorder:  # type: ignore[override] # the other kind of recorder
        return LogAggregateRecorder(self.pool)


class ApplicationRecorderCases(OnOurLog, shipped.ApplicationRecorderTestCase[LogRecorder]):
    def test_insert_subscribe(self) -> None:
        self.optional_test_insert_subscribe()


class TrackingRecorderCases(OnOurLog, shipped.TrackingRecorderTestCase):
    pass


class ProcessRecorderCases(OnOurLog, shipped.ProcessRecorderTestCase):
    pass


class NonInterleavingCases(OnOurLog, shipped.NonInterleavingNotificationIDsBaseCase):
    pass
