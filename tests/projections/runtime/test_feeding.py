"""What fails in a view is parked for it alone, wherever it fails."""

from typing import ClassVar
from uuid import UUID

import pytest

from engine.store.batch import Recorded
from engine.store.database.pool import Pool
from projections.runtime import stuck
from projections.runtime.projection import Changes
from projections.sql import Link
from projections.views.cases.rows import CaseRow, Cases
from projections.views.funnel.rows import Funnel
from projections.views.funnel.tables import CASES
from schemas.complaint.classification import ComplaintPrioritised
from schemas.complaint.registration import ComplaintRegistered
from support.histories import RECEIVED, Writer, registered, uid
from support.views import build, rows

BAD = "PL-00000-00BAD"


class Choosy(Cases):
    """Fails on one number: while it is loaded, folded or written."""

    where: ClassVar[str] = "step"

    def load(self, connection: Link, streams: object) -> dict[UUID, CaseRow]:
        if self.where == "load" and uid("bad") in streams:  # type: ignore[operator] # ids of streams
            connection.execute("SELECT 1 / 0")
        return dict(super().load(connection, streams))  # type: ignore[arg-type] # handed on as they came

    def step(self, state: CaseRow | None, recorded: Recorded) -> CaseRow:
        if self.where == "step" and isinstance(recorded.event, ComplaintRegistered) and recorded.event.number == BAD:
            raise ValueError("a secret of the case")
        return super().step(state, recorded)

    def save(self, changes: Changes[CaseRow]) -> None:
        super().save(changes)
        if self.where == "save" and any(row.number == BAD for row in changes.states.values()):
            changes.connection.execute("SELECT 1 / 0")


@pytest.mark.parametrize("where", ["load", "step", "save"])
def test_what_fails_while_it_is_loaded_folded_or_written_is_parked_for_its_view_alone(
    pool: Pool, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    monkeypatch.setattr(Choosy, "where", where)
    writer = Writer().configured().add("good", RECEIVED, registered()).add("bad", RECEIVED)
    writer.add("bad", registered(BAD), ComplaintPrioritised(priority="urgent")).add("late", RECEIVED)
    log = writer.log(until=5)
    build(pool, log, [Choosy(), Funnel()])
    log.until = None
    build(pool, log, [Choosy(), Funnel()])
    with pool.connection() as connection:
        (parked,) = stuck.parked(connection, [Choosy(), Funnel()])
    assert (parked.view, parked.stream, parked.position, parked.events) == ("cases", uid("bad"), 6, 2)
    found = {row[0]: row[2] for row in rows(pool, [Cases()])["cases_list_v1"]}
    assert found == {uid("good"): "PL-00000-00001", uid("bad"): None, uid("late"): None}
    assert len(rows(pool, [Funnel()])[CASES.name]) == 3
