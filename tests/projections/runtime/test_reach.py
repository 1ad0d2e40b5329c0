"""An erasure is waited for in every version of every view, and what nobody reaches is told with its end."""

from datetime import timedelta
from threading import Event as Flag
from uuid import UUID

from engine.store.database.pool import Pool
from projections.runtime import reach
from projections.runtime.reach import Unreached
from projections.views.cases.rows import Cases
from projections.views.funnel.rows import Funnel
from support.histories import RECEIVED, START, Writer
from support.views import build


def test_a_database_without_views_holds_nobody(pool: Pool) -> None:
    assert reach.wait(pool, 7, 0.0, pause=Flag().wait) == ()


def test_every_version_of_every_view_is_waited_for(pool: Pool) -> None:
    log = Writer().configured().add("case", RECEIVED).log()
    build(pool, log, [Cases()])
    with pool.connection() as connection:
        connection.execute("INSERT INTO views.positions (view, version, position) VALUES ('cases', 99, 1)")
    heard: list[tuple[int, int]] = []
    behind = reach.wait(pool, 3, 0.1, pause=Flag().wait, told=lambda passed, all_: heard.append((passed, all_)))
    assert [(one.view, one.version, one.position) for one in behind] == [("cases", 99, 1)]
    assert set(heard) == {(1, 2)}


def test_waiting_ends_as_soon_as_all_have_passed(pool: Pool) -> None:
    log = Writer().configured().add("case", RECEIVED).log()
    build(pool, log, [Cases()])
    with pool.connection() as connection:
        connection.execute("UPDATE views.positions SET position = 1")
    waits: list[float] = []

    def while_waiting(seconds: float) -> None:
        waits.append(seconds)
        with pool.connection() as connection:
            connection.execute("UPDATE views.positions SET position = 3")

    assert reach.wait(pool, 3, 60.0, pause=while_waiting) == ()
    assert len(waits) == 1


def test_what_is_not_reached_is_told_with_its_end(pool: Pool) -> None:
    build(pool, Writer().configured().add("case", RECEIVED).log(), [Funnel()])
    behind = reach.wait(pool, 99, 0.0, pause=Flag().wait)
    told = reach.unreached(behind, [(UUID(int=5), START)], START, 30)
    assert [(one.what, one.until) for one in told] == [
        ("view", None),
        ("set_aside", START),
        ("backups", START + timedelta(days=30)),
        ("published", None),
        ("exports", None),
    ]
    assert told[0].note == f"funnel v{Funnel.version} stands at 3: let a program of it run"
    assert told[2] == Unreached(
        "backups", START + timedelta(days=30), "physical backups and WAL from before the erasure contain the keys"
    )
