"""The files that take longest go first, so that no worker stands alone with one of them at the end.

With ``--dist loadfile`` a file is one piece of work. pytest-xdist would begin with the files of most tests; the
longest have few (``--no-loadscope-reorder`` in `pyproject.toml` leaves the order to this list).
"""

from pathlib import Path

import pytest

LONG = (
    "faults/kafka/test_faults.py",
    "consumers/bench/test_run.py",
    "consumers/kafka/test_client.py",
    "deploy/test_kafka.py",
    "real/test_real_analytics.py",
    "consumers/cli/test_publishing.py",
    "journeys/test_draining.py",
    "journeys/test_run.py",
    "journeys/test_readmes.py",
    "consumers/wiring/test_drain.py",
    "consumers/kafka/test_status.py",
    "journeys/test_kafka.py",
    "consumers/outbox/test_publish.py",
    "engine/store/database/test_embedded.py",
    "faults/test_failover.py",
    "journeys/test_apart.py",
    "faults/test_rolling_deploy.py",
    "consumers/kafka/test_consumption_machine.py",
    "engine/store/test_store_machine.py",
    "faults/test_rebuild_killed.py",
    "faults/test_writers_in_trouble.py",
)
"""Below `tests/`, by what they took on two cores, the longest first; all took more than 20 s.

Of the tests on the real files only one is here: whichever comes first imports them, and others would wait for it.
"""
_TESTS = Path(__file__).parents[1]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put the tests of these files first in a worker of pytest-xdist; alone, files run in the order they were given."""
    if hasattr(config, "workerinput"):
        turns = {_TESTS / name: turn for turn, name in enumerate(LONG)}
        if gone := [str(path) for path in turns if not path.is_file()]:
            raise pytest.UsageError(f"{__name__} names files that are gone: {', '.join(gone)}")
        items.sort(key=lambda item: turns.get(item.path, len(LONG)))
