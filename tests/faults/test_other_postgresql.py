"""The library's recorder cases on the other PostgreSQL: 15 in a run for the embedded one, and the other way round."""

from uuid import uuid4

import psycopg
import pytest

from engine.store.batch import Batch, SourceMove
from engine.store.database.pool import open_pool
from engine.store.store import Store
from engine.store.vault.master import KeyFile
from support import recorder_cases
from support.examples import append, note


@pytest.fixture
def database(other_database: str) -> str:
    return other_database


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


def test_it_is_another_version_than_the_other_tests_run_on(postgres_server: str, database: str) -> None:
    versions = []
    for conninfo in (postgres_server, database):
        with psycopg.connect(conninfo) as connection:
            versions.append(connection.info.server_version // 10_000)

    assert 15 in versions
    assert len(set(versions)) == 2


def test_the_store_itself_writes_and_opens_there(database: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    stream, anna = uuid4(), uuid4()
    with (
        open_pool(database, max_size=4, name="other") as pool,
        Store(pool, KeyFile({"m1": bytes(range(32))}), tmp_path_factory.mktemp("contents")) as store,
    ):
        batch = Batch(appends=(append(stream, 0, note(anna, "text")),), sources=(SourceMove("s", None, 1),))

        assert store.commit(batch).position == 1
        assert [one.event for one in store.read.stream(stream, open=True)] == [note(anna, "text")]
