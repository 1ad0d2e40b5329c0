"""The clock door by two real processes, of which one is killed in the middle of its work."""

import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import psycopg

from engine.store.database.pool import open_pool
from projections.views.sla_timers.rows import SlaTimers
from schemas.complaint.clocks import DeadlineMissed
from support.installation import Desk
from support.processes import PythonProcess
from support.views import build

CASES = 50
OF_EACH = {"acknowledgement", "first_reply", "resolution", "stage:registration"}


def recorded(desk: Desk) -> Counter[tuple[object, str]]:
    log = desk.store.read.log(0, 10_000)
    return Counter((one.stream, one.event.clock) for one in log if isinstance(one.event, DeadlineMissed))


def test_when_the_process_that_works_is_killed_another_goes_on_within_seconds_and_nothing_is_told_twice(
    desk: Desk, tmp_path: Path
) -> None:
    for number in range(CASES):
        desk.opened(channel="web_form", system="shop", id=str(number), text="Broken.", hints={"sense": "complaint"})
    with open_pool(desk.conninfo, max_size=4, name="views") as pool:
        build(pool, desk.store.read, [SlaTimers()])
        with (
            PythonProcess("keeper", "one", desk.conninfo, str(tmp_path / "one")) as one,
            PythonProcess("keeper", "two", desk.conninfo, str(tmp_path / "two")) as two,
        ):
            assert (one.hear(), two.hear()) == ("ready", "ready")
            until(lambda: bool(recorded(desk)))
            {"one": one, "two": two}[working(desk)].kill()
            assert len(recorded(desk)) < CASES * len(OF_EACH)

            def all_told() -> bool:
                build(pool, desk.store.read, [SlaTimers()])
                return len(recorded(desk)) == CASES * len(OF_EACH)

            until(all_told)
    found = recorded(desk)
    assert {clock for _, clock in found} == OF_EACH
    assert set(found.values()) == {1}


def working(desk: Desk) -> str:
    """Return the name of the process whose session holds the lock of the clock door; commits hold others."""
    with psycopg.connect(desk.conninfo) as connection:
        (row,) = connection.execute(
            "SELECT a.application_name FROM pg_locks l JOIN pg_stat_activity a USING (pid) "
            "WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 AND a.application_name IN ('one', 'two') "
            "AND (l.classid::bigint << 32) | l.objid::bigint = hashtextextended('plaint views timers', 0)"
        ).fetchall()
    return str(row[0])


def until(holds: Callable[[], bool], seconds: float = 90.0) -> None:
    """Wait until it holds; bounded."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.2)
