"""How an installation stands is asked seldom, bounded, and within the rights of who asks."""

import time
from datetime import timedelta
from itertools import count
from pathlib import Path

import psycopg
import pytest

from consumers.wiring.stock import FRESH_SECONDS, STALE_SECONDS, Stock
from engine.store.batch import Batch, SetAside
from engine.store.database.pool import open_pool
from engine.store.database.roles import grant
from engine.store.store import Store
from engine.store.vault.master import KeyFile
from projections.runtime.runner import Runner
from projections.views import all_views
from support.installation import Desk, derived
from support.roles import login_role
from support.tcp_proxy import target_of, through, wire

MASTER = KeyFile({"m1": bytes(range(32))})


def standing(stock: Stock) -> dict[str, dict[tuple[str, ...], float]]:
    return {name: dict(values) for name, values in stock()}


def project(desk: Desk) -> None:
    with open_pool(desk.conninfo, max_size=4, name="views") as pool:
        Runner(pool, desk.store.read, all_views()).catch_up()


@pytest.fixture(scope="session")
def database_template(bare_template: str) -> str:
    """Before a view was ever built, too."""
    return bare_template


@pytest.fixture
def worked_on(desk: Desk) -> Desk:
    """A desk with a case whose first clocks have run out, and a dead letter."""
    desk.opened(channel="web_form", id="1", text="It broke. I demand a new one.")
    aside = SetAside("dead_letter", derived("aside"), b"f" * 32, "malformed", "test", b"whole")
    desk.store.commit(Batch(set_aside=(aside,)))
    project(desk)
    return desk


def test_everything_that_waits_is_counted(worked_on: Desk) -> None:
    desk = worked_on
    with open_pool(desk.conninfo, max_size=4, name="t") as pool:
        today = standing(Stock(pool, desk.store, lambda: desk.at, count(step=FRESH_SECONDS).__next__))
        in_a_year = standing(
            Stock(pool, desk.store, lambda: desk.at + timedelta(days=365), count(step=FRESH_SECONDS).__next__)
        )
    assert today["plaint_database_up"] == {(): 1}
    assert today["plaint_log_events_total"] == {(): desk.store.read.head().position}
    assert (today["plaint_dead_letters_kept"], today["plaint_dead_letters_waiting"]) == ({(): 1}, {(): 1})
    assert today["plaint_parked_messages"] == {(): 0}
    assert set(today["plaint_projection_lag_events"].values()) == {0}
    assert set(today["plaint_projection_left_out_cases"].values()) == {0}
    (clocks,) = today["plaint_clocks_open"].values()
    assert clocks > 0
    assert (today["plaint_clocks_overdue"], today["plaint_clocks_due"]) == ({(): 0}, {(): 0})
    assert in_a_year["plaint_clocks_overdue"] == {(): clocks}
    assert in_a_year["plaint_clocks_due"][()] > 0


def test_a_view_that_has_not_caught_up_lags(worked_on: Desk) -> None:
    worked_on.later(hours=1)
    worked_on.opened(channel="web_form", id="2", text="It broke again. I demand a new one.")
    with open_pool(worked_on.conninfo, max_size=4, name="t") as pool:
        told = standing(Stock(pool, worked_on.store, lambda: worked_on.at, lambda: 0.0))
    assert set(told["plaint_projection_lag_events"].values()) == {3}
    assert all(seconds > 0 for seconds in told["plaint_projection_lag_seconds"].values())


def test_it_is_asked_again_only_when_its_figures_have_grown_old(worked_on: Desk) -> None:
    ticks = [0.0]
    with open_pool(worked_on.conninfo, max_size=4, name="t") as pool:
        stock = Stock(pool, worked_on.store, lambda: worked_on.at, lambda: ticks[0])
        before = standing(stock)
        worked_on.opened(channel="web_form", id="2", text="It broke again. I demand a new one.")
        ticks[0] = FRESH_SECONDS - 0.1
        assert standing(stock) == before
        ticks[0] = FRESH_SECONDS
        assert standing(stock)["plaint_log_events_total"][()] == before["plaint_log_events_total"][()] + 3


def test_before_a_view_was_ever_built_the_rest_is_told(desk: Desk) -> None:
    with open_pool(desk.conninfo, max_size=4, name="t") as pool:
        told = standing(Stock(pool, desk.store, lambda: desk.at, lambda: 0.0))
    assert "plaint_projection_lag_events" not in told
    assert "plaint_clocks_open" not in told
    assert told["plaint_dead_letters_kept"] == {(): 0}


def test_what_a_role_may_not_see_is_left_out(worked_on: Desk, tmp_path: Path) -> None:
    with login_role(worked_on.conninfo, "door") as role:
        with psycopg.connect(worked_on.conninfo, autocommit=True) as owner:
            grant(owner, role.name, "door")
            owner.execute(f"REVOKE SELECT ON plaint.set_aside FROM {role.name}".encode())
        with open_pool(role.conninfo, max_size=4, name="t") as pool, Store(pool, MASTER, tmp_path / "content") as store:
            told = standing(Stock(pool, store, lambda: worked_on.at, lambda: 0.0))
    assert told["plaint_database_up"] == {(): 1}
    assert "plaint_dead_letters_kept" not in told
    assert "plaint_reactions_lag_events" in told


def test_a_database_that_says_nothing_keeps_nobody_from_the_figures_and_is_told_to_be_away(
    worked_on: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("consumers.wiring.stock.LONGEST_SECONDS", 0.3)
    ticks = [0.0]
    with wire(target_of(worked_on.conninfo)) as hole:
        conninfo = through(worked_on.conninfo, hole)
        with open_pool(conninfo, max_size=4, name="t") as pool, Store(pool, MASTER, tmp_path / "content") as store:
            stock = Stock(pool, store, lambda: worked_on.at, lambda: ticks[0])
            before = standing(stock)
            hole.jam()
            found, began = [], time.monotonic()
            for ticks[0] in (FRESH_SECONDS, FRESH_SECONDS + 1, STALE_SECONDS):
                found.append(standing(stock))
            assert time.monotonic() - began < 5
            hole.heal()
    assert before["plaint_database_up"] == {(): 1}
    assert found == [before, before, {"plaint_database_up": {(): 0}}]


def test_while_the_database_is_away_that_is_all_that_is_told_and_soon(worked_on: Desk, tmp_path: Path) -> None:
    with wire(target_of(worked_on.conninfo)) as hole:
        conninfo = through(worked_on.conninfo, hole)
        with open_pool(conninfo, max_size=4, name="t") as pool, Store(pool, MASTER, tmp_path / "content") as store:
            hole.refuses = True
            hole.cut()
            told = standing(Stock(pool, store, lambda: worked_on.at, lambda: 0.0))
            hole.heal()
    assert told == {"plaint_database_up": {(): 0}}
