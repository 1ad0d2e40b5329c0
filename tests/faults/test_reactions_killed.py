"""Reactions by two real processes, of which one is killed in the middle of its work."""

import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from engine.store.database.pool import open_pool
from projections.views.cases.rows import Cases
from support.installation import Desk
from support.processes import PythonProcess
from support.views import build

CASES = 14
EACH = {"complaint.classified.v1": 2, "complaint.assigned.v1": 1}
"""What routing does to every complaint of this test: its tone, its type, its team."""


def reacted(desk: Desk) -> Counter[tuple[object, str]]:
    log = desk.store.read.log(0, 10_000)
    return Counter((one.stream, one.name) for one in log if one.envelope.actor == "rule:routing")


def test_when_the_process_that_works_is_killed_another_goes_on_and_nothing_is_done_twice(
    desk: Desk, tmp_path: Path
) -> None:
    desk.at = datetime.now(UTC)
    hints = {"sense": "complaint"}
    streams = {
        desk.opened(channel="web_form", system="shop", id=str(number), text="It is broken.", hints=hints)
        for number in range(CASES)
    }
    with open_pool(desk.conninfo, max_size=4, name="views") as pool:
        build(pool, desk.store.read, [Cases()])
        with (
            PythonProcess("reactor", "one", desk.conninfo, str(tmp_path / "one")) as one,
            PythonProcess("reactor", "two", desk.conninfo, str(tmp_path / "two")) as two,
        ):
            assert (one.hear(), two.hear()) == ("ready", "ready")
            end, killed = time.monotonic() + 120, False
            while sum(reacted(desk).values()) < CASES * sum(EACH.values()):
                assert time.monotonic() < end
                build(pool, desk.store.read, [Cases()])
                if reacted(desk) and not killed:
                    {"one": one, "two": two}[working(desk)].kill()
                    killed = True
                    assert sum(reacted(desk).values()) < CASES * sum(EACH.values())
    assert killed
    assert reacted(desk) == {(stream, name): count for stream in streams for name, count in EACH.items()}


def working(desk: Desk) -> str:
    """Return the name of the process whose session holds the lock of the reactions."""
    with psycopg.connect(desk.conninfo) as connection:
        (row,) = connection.execute(
            "SELECT a.application_name FROM pg_locks l JOIN pg_stat_activity a USING (pid) "
            "WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 AND a.application_name IN ('one', 'two') "
            "AND (l.classid::bigint << 32) | l.objid::bigint = hashtextextended('plaint views reactions', 0)"
        ).fetchall()
    return str(row[0])
