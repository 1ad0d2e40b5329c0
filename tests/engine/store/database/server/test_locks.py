import os
from pathlib import Path

import pytest

from engine.store.database.errors import DatabaseUnavailable
from engine.store.database.server.locks import exclusive, is_free, share


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    path = tmp_path / "lock"
    path.touch()
    return path


def test_a_lock_is_free_again_only_when_the_last_who_shared_it_lets_go(lock: Path) -> None:
    first, second = share(lock), share(lock)
    os.close(first)
    assert is_free(lock) is False
    os.close(second)
    assert is_free(lock) is True


def test_a_lock_held_alone_is_waited_for_and_then_named(lock: Path) -> None:
    refusal = rf"more than 0\.1 s \(it holds {lock}\)"
    with (
        exclusive(lock, patience_seconds=0),
        pytest.raises(DatabaseUnavailable, match=refusal),
        exclusive(lock, patience_seconds=0.1),
    ):
        pass
    with exclusive(lock, patience_seconds=0):
        assert is_free(lock) is False
    assert is_free(lock) is True
