from collections.abc import Collection, Sequence
from threading import Event as Flag
from threading import Thread

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.store.batch import Recorded
from engine.store.database.pool import Pool
from projections.runtime import owner
from projections.runtime.projection import Log, Projection
from projections.runtime.runner import AheadOfLog, Overtaken, Pace, Runner
from projections.sql import Link
from projections.views import all_views
from projections.views.cases.rows import Cases
from projections.views.funnel.rows import Funnel
from schemas.streams.subject import SubjectErased
from support.drawing import SHARED
from support.histories import FEEDBACK, RECEIVED, SECRET, Writer, histories, registered, uid
from support.views import build, drop, empty, positions, rows

on_one_database = settings(max_examples=25, deadline=None, suppress_health_check=SHARED)


@on_one_database
@given(events=histories(), batch=st.integers(1, 9), stops=st.lists(st.integers(0, 60), max_size=3))
def test_following_in_any_batches_gives_the_rows_of_one_replay(
    pool: Pool, events: list[Recorded], batch: int, stops: list[int]
) -> None:
    empty(pool)
    log = Writer(events).log()
    for stop in sorted(stops):
        log.until = min(stop, len(events))
        build(pool, log, batch=batch)
    log.until = None
    build(pool, log, batch=batch)
    followed = rows(pool)
    empty(pool)
    assert build(pool, log) == len(events)
    assert rows(pool) == followed


@on_one_database
@given(events=histories())
def test_no_view_holds_a_personal_text(pool: Pool, events: list[Recorded]) -> None:
    empty(pool)
    build(pool, Writer(events).log())
    assert SECRET in repr(events) or len(events) == 2
    assert SECRET not in repr(rows(pool))


def test_rows_and_positions_are_one_transaction(pool: Pool) -> None:
    log = Writer().configured().add("case", RECEIVED, registered()).add("thanks", FEEDBACK).log()
    build(pool, log, batch=2)
    assert positions(pool) == dict.fromkeys((view.name for view in all_views()), 5)


class Dying(Cases):
    """Ends the connection of its own transaction after its rows were written, once."""

    name = "dying"

    def __init__(self) -> None:
        self.died = False

    def save(self, changes: object) -> None:
        super().save(changes)  # type: ignore[arg-type] # handed on as it came
        if not self.died:
            self.died = True
            connection: Link = changes.connection  # type: ignore[attr-defined] # as above
            connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")


def test_a_connection_lost_in_the_middle_of_a_batch_changes_nothing(pool: Pool) -> None:
    events = Writer().configured().add("one", RECEIVED).add("two", RECEIVED).events
    views = (Funnel(), Dying())
    with pytest.raises(psycopg.OperationalError):
        build(pool, Writer(events).log(), views, batch=3)
    assert positions(pool) == {"dying": 0, "funnel": 0}
    assert rows(pool, [Funnel()]) == {
        f"funnel_{name}_v3": [] for name in ("cases", "passages", "cells", "people", "times")
    }
    assert build(pool, Writer(events).log(), views, batch=3) == 4
    assert len(rows(pool, [Funnel()])["funnel_cases_v3"]) == 2


def test_following_survives_a_lost_connection(pool: Pool) -> None:
    log = Writer().configured().add("one", RECEIVED).add("two", RECEIVED).log()
    stop, troubles = Flag(), list[Exception]()
    runner = Runner(pool, log, (Funnel(), Dying()), report=troubles.append)

    class UntilDone:
        def wait(self, timeout_seconds: float) -> bool:
            if positions(pool) == {"dying": 4, "funnel": 4}:
                stop.set()
            return False

    runner.run(stop, UntilDone())
    assert [type(one) for one in troubles] == [psycopg.errors.AdminShutdown]
    assert positions(pool) == {"dying": 4, "funnel": 4}


def test_only_one_owner_advances_a_group_and_the_next_takes_over(pool: Pool) -> None:
    with owner.sole(pool, "main") as first, owner.sole(pool, "main") as second, owner.sole(pool, "other") as third:
        assert (first is not None, second is not None, third is not None) == (True, False, True)
    with owner.sole(pool, "main") as next_one:
        assert next_one is not None


def test_two_runners_write_every_event_once(pool: Pool) -> None:
    writer = Writer().configured()
    for number in range(40):
        writer.add(f"case {number}", RECEIVED, registered())
    counts: list[int] = []
    runners = [Runner(pool, writer.log(), all_views(), pace=Pace(2, 2, 2)) for _ in range(2)]
    threads = [Thread(target=lambda one=one: counts.append(one.catch_up())) for one in runners]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(counts) == 82
    assert len(rows(pool)["audit_trail_entries_v2"]) == 82


def test_an_owner_that_was_overtaken_writes_nothing(pool: Pool) -> None:
    log = Writer().configured().add("case", RECEIVED).log()
    view = Cases()
    build(pool, Writer().log(), [view])
    runner = Runner(pool, _Racing(log, pool), [view])
    with pytest.raises(Overtaken):
        runner.catch_up()
    assert rows(pool, [view]) == {"cases_list_v1": []}


class _Racing:
    """Between the reading of a batch and its writing, somebody else writes one."""

    def __init__(self, log: Log, pool: Pool) -> None:
        self._log, self._pool = log, pool
        self.head, self.stream, self.log = log.head, log.stream, log.log

    def both(self, after: int, limit: int, opens: Collection[str]) -> tuple[Sequence[Recorded], Sequence[Recorded]]:
        with self._pool.connection() as connection:
            connection.execute("UPDATE views.positions SET position = 1 WHERE view = 'cases'")
        return self._log.both(after, limit, opens)


def test_a_view_added_later_catches_up_and_then_moves_with_the_others(pool: Pool) -> None:
    writer = Writer().configured().add("case", RECEIVED, registered())
    build(pool, writer.log(), [Cases()])
    log = writer.add("other", RECEIVED).log()
    build(pool, log, [Cases(), Funnel()])
    assert positions(pool) == {"cases": 5, "funnel": 5}
    late = rows(pool, [Funnel()])
    drop(pool)
    build(pool, log, [Funnel()])
    assert rows(pool, [Funnel()]) == late
    log.reads.clear()
    writer.add("other", registered())
    build(pool, writer.log(), [Cases(), Funnel()])
    assert positions(pool) == {"cases": 6, "funnel": 6}


def test_views_beyond_the_end_of_the_log_are_refused(pool: Pool) -> None:
    writer = Writer().configured().add("case", RECEIVED, registered())
    build(pool, writer.log())
    writer.add("case", FEEDBACK)
    drop(pool, [Funnel()])
    with pytest.raises(AheadOfLog, match="stands at 4, the log ends at 3"):
        build(pool, writer.log(until=3))


class Remembering(Cases):
    """A view with something to erase: it notes when it is asked to."""

    name = "remembering"

    def __init__(self) -> None:
        self.erased: list[object] = []

    def erase(self, connection: Link, subject: object, streams: object) -> None:
        stored = connection.execute("SELECT count(*) FROM views.remembering_erasures").fetchone()
        self.erased.append((subject, streams, stored))


def test_an_erasure_reaches_every_view_after_the_rows_of_its_batch(pool: Pool) -> None:
    gone = SubjectErased(subject=uid("person"), streams=(uid("case"),), request_id=uid("wish"), reason="request")
    log = Writer().configured().add("case", RECEIVED).add("subject", gone).log()
    view = Remembering()
    with pool.connection() as connection:
        connection.execute("CREATE SCHEMA views")
        connection.execute("CREATE VIEW views.remembering_erasures AS SELECT 1")
    views: list[Projection] = [view]
    build(pool, log, views)
    assert view.erased == [(uid("person"), (uid("case"),), (1,))]


def test_batches_grow_while_they_are_full_and_shrink_in_trouble() -> None:
    pace = Pace(smallest=2, largest=10, size=4)
    sizes = [pace.size]
    for full in (4, 8, 10, 3):
        pace.note(full)
        sizes.append(pace.size)
    pace.ease()
    assert [*sizes, pace.size] == [4, 8, 10, 10, 10, 5]
