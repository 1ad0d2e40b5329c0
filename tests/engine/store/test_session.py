"""How long the store waits for a database that says nothing."""

import time

import pytest

from engine.store.database.pool import open_pool
from engine.store.herald import Herald
from engine.store.session import reachable
from support.tcp_proxy import target_of, through, wire


def test_a_database_that_says_nothing_is_not_reachable_and_that_is_known_in_time(
    empty_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.store.database.pool._FRESH_SECONDS", 0.0)
    with (
        wire(target_of(empty_database)) as hole,
        open_pool(through(empty_database, hole), max_size=2, name="t") as pool,
    ):
        assert reachable(pool, 5.0)
        hole.jam()
        began = time.monotonic()
        assert not reachable(pool, 0.3)
        assert time.monotonic() - began < 3
        hole.heal()
        assert reachable(pool, 10.0)


def test_a_store_closes_in_time_though_its_database_says_nothing(empty_database: str) -> None:
    with (
        wire(target_of(empty_database)) as hole,
        open_pool(through(empty_database, hole), max_size=2, name="t") as pool,
    ):
        herald = Herald(pool)
        hole.jam()
        herald.announce()
        began = time.monotonic()
        herald.close()
        assert time.monotonic() - began < 10
        hole.heal()
