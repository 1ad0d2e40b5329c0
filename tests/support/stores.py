"""A store on a database of the test's own: its pool, its master key and itself."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.store.database.pool import Pool, open_pool
from engine.store.store import Store
from engine.store.vault.master import KeyFile


@pytest.fixture
def pool(database: str) -> Iterator[Pool]:
    with open_pool(database, max_size=12, name="store tests") as opened:
        yield opened


@pytest.fixture
def master() -> KeyFile:
    return KeyFile({"m1": bytes(range(32))})


@pytest.fixture
def store(pool: Pool, master: KeyFile, tmp_path: Path) -> Iterator[Store]:
    with Store(pool, master, tmp_path / "contents") as opened:
        yield opened
