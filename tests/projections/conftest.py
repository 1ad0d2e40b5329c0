from collections.abc import Iterator

import pytest

from engine.store.database.pool import Pool, open_pool


@pytest.fixture
def pool(database: str) -> Iterator[Pool]:
    with open_pool(database, max_size=6, name="projection tests") as opened:
        yield opened
