from collections.abc import Iterator

import pytest

from engine.store.database.pool import Pool, open_pool


@pytest.fixture(scope="session")
def database_template(views_template: str) -> str:
    """Most tests of this room build all views: their tables, which take longest, are there."""
    return views_template


@pytest.fixture
def pool(database: str) -> Iterator[Pool]:
    with open_pool(database, max_size=6, name="projection tests") as opened:
        yield opened
