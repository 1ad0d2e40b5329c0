"""A rebuild of all views is killed in the middle of a batch, by SIGKILL, and goes on when it is started again."""

import signal
from pathlib import Path
from typing import Any

from engine.incoming import Done
from engine.store.database.pool import Pool, open_pool
from projections.runtime import compare, progress
from projections.views import all_views
from schemas.complaint.correspondence import AddNote, Reply
from schemas.complaint.investigation import EstablishCause
from schemas.complaint.lifecycle import Resolve
from support.installation import Desk
from support.processes import PythonProcess
from support.rebuilder import BATCH
from support.views import build

VIEWS = [(view.name, view.version) for view in all_views()]


def ingest(desk: Desk, cases: range) -> None:
    for number in cases:
        text = f"Serial SN-{number} is broken. I want a refund."
        stream = desk.opened(channel="web_form", system="shop", id=str(number), text=text, hints={"sense": "complaint"})
        for command in (
            EstablishCause(cause="product", responsibility="company"),
            Reply(final=True, channel="email", body="We are sorry."),
            Resolve(outcome="upheld"),
            AddNote(note="Called back."),
        ):
            desk.later(hours=5)
            assert isinstance(desk.give(stream, command), Done)


def second_copies(pool: Pool) -> set[int]:
    """Where those copies stand that are being built."""
    with pool.connection() as connection:
        return {one.position for one in progress.copies_of(connection, VIEWS) if not one.live}


def rebuild(desk: Desk, place: Path, tables: int) -> list[dict[str, Any]]:
    """Start a rebuild that is killed when it has written to so many tables; return what it said."""
    with PythonProcess("rebuilder", desk.conninfo, str(place), str(tables)) as process:
        said = [process.hear()]
        if not tables:
            return [*said, process.hear()]
        assert process.process.wait(60) == -signal.SIGKILL
        return said


def test_a_rebuild_killed_twice_goes_on_and_equals_the_views_that_followed(desk: Desk, tmp_path: Path) -> None:
    ingest(desk, range(8))
    with open_pool(desk.conninfo, max_size=4, name="views") as pool:
        build(pool, desk.store.read, batch=BATCH)

        assert rebuild(desk, tmp_path, tables=2) == [{"begun": len(VIEWS)}]
        assert second_copies(pool) == {0}, "nothing of the batch is written"

        assert rebuild(desk, tmp_path, tables=25) == [{"begun": 0}]
        (between,) = second_copies(pool)
        before = desk.store.read.head().position
        assert 0 < between < before
        assert between % BATCH == 0

        ingest(desk, range(8, 10))
        head = desk.store.read.head().position
        assert rebuild(desk, tmp_path, tables=0) == [{"begun": 0}, {"fed": (head - before) + (head - between)}]
        assert second_copies(pool) == {head}
        compared = [compare.compare(pool, view) for view in all_views()]

    assert [one.view for one in compared if one.differs] == []
    assert {one.view for one in compared if any(table.now for table in one.tables)} >= {
        "cases", "sla_timers", "funnel", "audit_trail", "search", "causes", "workload",
    }  # fmt: skip
