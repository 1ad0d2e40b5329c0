"""How far the data are stands in the data: the position, when it was recorded, and what is missing behind it."""

import time
from datetime import timedelta
from typing import Any

from engine.store.database.pool import Pool
from projections.analytics import contract
from projections.views import all_views
from schemas.complaint.correspondence import AddNote
from support.installation import Desk
from support.views import build


def told(pool: Pool, view: str) -> list[tuple[Any, ...]]:
    with pool.connection() as connection:
        return connection.execute(
            f"SELECT DISTINCT as_of_position, as_of_time, lag_seconds FROM analytics.{view}"
        ).fetchall()


def test_a_view_at_the_end_of_the_log_lags_nothing(desk: Desk, pool: Pool) -> None:
    desk.opened(channel="web_form", id="1", text="It broke. I demand a new one.")
    build(pool, desk.store.read)
    head = desk.store.read.head()
    for view in ("cases_v1", "funnel_passages_v1", "audit_entries_v1", "cfpb_v1", "sla_clocks_v1"):
        assert told(pool, view) == [(head.position, head.recorded_at, 0.0)], view


def test_a_view_that_stands_still_says_how_far_it_is_behind(desk: Desk, pool: Pool) -> None:
    stream = desk.opened(channel="web_form", id="1", text="It broke. I demand a new one.")
    build(pool, desk.store.read)
    before = desk.store.read.head()
    time.sleep(0.05)
    desk.give(stream, AddNote(note="Called back."))
    after = desk.store.read.head()
    ((position, at, lag),) = told(pool, "cases_v1")
    assert (position, at) == (before.position, before.recorded_at)
    assert after.recorded_at is not None
    assert before.recorded_at is not None
    assert timedelta(seconds=lag) == after.recorded_at - before.recorded_at > timedelta(milliseconds=50)
    build(pool, desk.store.read)
    assert told(pool, "cases_v1") == [(after.position, after.recorded_at, 0.0)]


def test_rows_and_position_are_of_the_copy_that_is_read(desk: Desk, pool: Pool) -> None:
    """A second copy that stands elsewhere changes neither."""
    desk.opened(channel="web_form", id="1", text="It broke. I demand a new one.")
    build(pool, desk.store.read)
    before = {one.name: told(pool, one.name) for one in contract.published(all_views())}
    with pool.connection() as connection:
        connection.execute(
            "INSERT INTO views.positions (view, version, copy, position) "
            "SELECT view, version, 2, 1 FROM views.positions"
        )
    assert {one.name: told(pool, one.name) for one in contract.published(all_views())} == before
    with pool.connection() as connection:
        connection.execute("UPDATE views.pointers SET copy = 2 WHERE view = 'cases'")
        assert connection.execute("SELECT count(*) FROM analytics.cases_v1").fetchone() == (0,)
