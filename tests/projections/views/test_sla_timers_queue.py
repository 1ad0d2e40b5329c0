from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Select

from engine.store.database.pool import Pool
from projections import sql
from projections.views.sla_timers import queue
from projections.views.sla_timers.ask import TimerFilter, page
from projections.views.sla_timers.queue import Live
from projections.views.sla_timers.rows import CLOCKS, SlaTimers
from schemas.complaint.waiting import InformationRequested
from support.histories import APPLIED, RECEIVED, START, Writer, uid
from support.views import build

HOUR = timedelta(hours=1)
_FILL = f"""
    INSERT INTO views.{CLOCKS.name}
        (stream, kind, cycle, instance, business_unit, origin, calendar, calendar_version, started_at, due_at, open,
         state, late_evidence, provisional, extended, action, action_at, imported_at, stepped, judged_at)
    SELECT gen_random_uuid(), 'resolution', 1, 1, 'main', 'live', 'desk', 1, %(at)s, due, true, 'running', false, false,
           false, 'miss', due, CASE WHEN n %% 4 = 0 THEN n END, 1, %(at)s
    FROM (SELECT n, %(at)s::timestamptz + n * interval '1 minute' AS due FROM generate_series(1, 20000) AS n) AS made
"""


@pytest.fixture
def many(pool: Pool) -> Pool:
    """A view with 20,000 open clocks, one due every minute, of which a fourth is imported history."""
    build(pool, Writer().configured().log(), [SlaTimers()])
    with pool.connection() as connection:
        connection.execute(_FILL.encode(), {"at": START})
    with pool.connection() as connection:
        connection.execute(f"ANALYZE views.{CLOCKS.name}".encode())
    return pool


def steps(pool: Pool, asked: Select[Any]) -> list[str]:
    """Return the kinds of step of the server's plan."""

    def all_of(node: dict[str, Any]) -> Iterator[str]:
        yield node["Node Type"]
        for inner in node.get("Plans", ()):
            yield from all_of(inner)

    with pool.connection() as connection:
        return list(all_of(sql.explained(connection, asked)))


def test_what_is_due_is_read_from_the_index_in_its_order(many: Pool) -> None:
    at = START + 200 * HOUR
    first = queue.question(CLOCKS, at, 100, None)
    assert steps(many, first) == ["Limit", "Index Scan"]
    with many.connection() as connection:
        last = queue.due(connection, at, 100)[-1].place
    assert steps(many, queue.question(CLOCKS, at, 100, last)) == ["Limit", "Index Scan"]


def test_what_is_due_next_is_read_from_the_index_for_people_too(many: Pool) -> None:
    found = steps(many, page(CLOCKS, TimerFilter(limit=50), START))
    assert found == ["Limit", "Incremental Sort", "Index Scan"]


def test_imported_history_that_may_act_is_read_from_an_index_of_its_own(many: Pool) -> None:
    asked = queue.question(CLOCKS, START + 200 * HOUR, 100, None, Live(0, 10**9, START))
    assert steps(many, asked) == ["Limit", "Index Scan"]


def test_clocks_that_are_pinned_to_a_calendar_are_found_by_an_index(many: Pool) -> None:
    with many.connection() as connection:
        assert queue.pinned(connection, [("none", 1)], 10) == []
        found = queue.pinned(connection, [("desk", 1)], 10)
        rest = queue.pinned(connection, [("desk", 1)], 10, behind=found[-1].stream)
    assert [one.stream for one in found + rest] == sorted({one.stream for one in found + rest})


def test_the_queue_goes_on_behind_a_place_and_ends_before_an_instant(many: Pool) -> None:
    before, seen = START + 10 * HOUR, []
    behind = None
    with many.connection() as connection:
        while rows := queue.due(connection, before, 7, behind=behind):
            behind = rows[-1].place
            seen += rows
    assert [one.at for one in seen] == [START + timedelta(minutes=n) for n in range(1, 600) if n % 4]


def test_imported_history_is_let_in_by_its_word_alone_and_from_its_instant_on(many: Pool) -> None:
    word = Live(100, 200, START + 2 * HOUR)
    with many.connection() as connection:
        alone = queue.due(connection, START + 10 * HOUR, 1000)
        found = queue.due(connection, START + 10 * HOUR, 1000, imports=[word])
    let_in = [one.at for one in found if one not in alone]
    assert let_in == [START + timedelta(minutes=n) for n in range(120, 201) if n % 4 == 0]


def test_a_paused_clock_asks_for_nothing(pool: Pool) -> None:
    wait = InformationRequested(request_id=uid("request"))
    build(pool, Writer().configured().add("case", RECEIVED, APPLIED, wait).log(), [SlaTimers()])
    with pool.connection() as connection:
        found = queue.due(connection, START + 1000 * HOUR, 100)
    assert {one.kind for one in found} == {"acknowledgement", "first_reply", "registration"}
    assert next((one.kind, one.asks) for one in found) == ("first_reply", "warning")
