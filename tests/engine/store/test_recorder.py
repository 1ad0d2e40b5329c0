"""The test cases that the library ships for every recorder, unmodified, on our log."""

from uuid import uuid4

import pytest
from eventsourcing.persistence import IntegrityError, StoredEvent, Tracking

from engine.store.database.pool import Pool
from engine.store.recorder import LogRecorder
from support import recorder_cases


class TestAggregateRecorder(recorder_cases.AggregateRecorderCases):
    pass


class TestApplicationRecorder(recorder_cases.ApplicationRecorderCases):
    pass


class TestTrackingRecorder(recorder_cases.TrackingRecorderCases):
    pass


class TestProcessRecorder(recorder_cases.ProcessRecorderCases):
    pass


class TestNonInterleavingNotificationIDs(recorder_cases.NonInterleavingCases):
    pass


def test_a_tracking_position_is_refused_together_with_its_events(pool: Pool) -> None:
    recorder = LogRecorder(pool)
    event = StoredEvent(uuid4(), 1, "name.v1", b"{}")
    recorder.insert_events([event], tracking=Tracking("upstream", 5))

    with pytest.raises(IntegrityError):
        recorder.insert_events([StoredEvent(uuid4(), 1, "name.v1", b"{}")], tracking=Tracking("upstream", 5))

    assert [found.id for found in recorder.select_notifications(None, 10)] == [1]
