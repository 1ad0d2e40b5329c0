from typing import ClassVar

from engine.store.batch import Recorded
from engine.store.database.pool import Pool
from projections.runtime import stuck
from projections.runtime.projection import Changes
from projections.runtime.runner import Runner
from projections.views.cases.ask import NAME
from projections.views.cases.rows import CaseRow, Cases
from projections.views.funnel import tables as funnel
from projections.views.funnel.rows import Funnel
from schemas.complaint.classification import ComplaintPrioritised
from schemas.complaint.registration import ComplaintRegistered
from support.histories import RECEIVED, Writer, registered, uid
from support.views import asking, build, positions, rows

BAD = "PL-00000-00BAD"
URGENT = ComplaintPrioritised(priority="urgent")


class Choosy(Cases):
    """Fails on one number until it is mended: while stepping, or while writing."""

    mended: ClassVar[bool] = False
    while_writing: ClassVar[bool] = False

    def step(self, state: CaseRow | None, recorded: Recorded) -> CaseRow:
        is_bad = isinstance(recorded.event, ComplaintRegistered) and recorded.event.number == BAD
        if is_bad and not self.mended and not self.while_writing:
            raise ValueError("a secret of the case")
        return super().step(state, recorded)

    def save(self, changes: Changes[CaseRow]) -> None:
        super().save(changes)
        if not self.mended and any(row.number == BAD for row in changes.states.values()):
            changes.connection.execute("SELECT 1 / 0")


class Mended(Choosy):
    mended = True


class FailsToWrite(Choosy):
    while_writing = True


def _log() -> Writer:
    return Writer().configured().add("good", RECEIVED, registered()).add("bad", RECEIVED, registered(BAD), URGENT)


def _numbers(pool: Pool) -> list[tuple[object, object, object]]:
    found = rows(pool, [Cases()])["cases_list_v1"]
    return sorted((str(row[0]), row[2], row[11]) for row in found)


def _parked(pool: Pool) -> list[stuck.Parked]:
    with pool.connection() as connection:
        return stuck.parked(connection, [Cases(), Funnel()])


def test_an_error_parks_the_event_and_its_cases_later_ones_for_that_view_alone(pool: Pool) -> None:
    writer = _log()
    build(pool, writer.log(), [Choosy(), Funnel()])
    writer.add("bad", URGENT).add("good", URGENT)
    build(pool, writer.log(), [Choosy(), Funnel()])
    assert positions(pool) == {"cases": 9, "funnel": 9}
    one = _parked(pool)[0]
    assert _parked(pool) == [one]
    assert (one.view, one.stream, one.position, one.events) == ("cases", uid("bad"), 6, 3)
    assert one.reason.startswith("ValueError at test_stuck.py:")
    assert _numbers(pool) == sorted([(str(uid("good")), "PL-00000-00001", "urgent"), (str(uid("bad")), None, None)])
    assert [funnel.CaseRow(*row).registered for row in rows(pool, [Funnel()])["funnel_cases_v3"]] == [True, True]


def test_rows_that_cannot_be_written_park_their_case_and_no_other(pool: Pool) -> None:
    build(pool, _log().log(), [FailsToWrite(), Funnel()])
    one = _parked(pool)[0]
    assert _parked(pool) == [one]
    assert (one.stream, one.position, one.events) == (uid("bad"), 5, 3)
    assert one.reason.startswith("DivisionByZero 22012 at ")
    assert _numbers(pool) == [(str(uid("good")), "PL-00000-00001", None)]


def test_an_answer_says_how_many_cases_are_left_out(pool: Pool) -> None:
    build(pool, _log().log(), [Choosy(), Funnel()])
    with asking(pool).snapshot([NAME]) as snapshot:
        assert snapshot.left_out == 1


def test_a_mended_view_takes_up_what_was_parked(pool: Pool) -> None:
    writer = _log()
    build(pool, writer.log(), [Choosy(), Funnel()])
    runner = Runner(pool, writer.log(), [Mended(), Funnel()])
    assert runner.resume("cases") == 1
    assert _parked(pool) == []
    followed = rows(pool, [Cases()])
    with pool.connection() as connection:
        connection.execute("DELETE FROM views.cases_list_v1")
        connection.execute("UPDATE views.positions SET position = 0 WHERE view = 'cases'")
    build(pool, writer.log(), [Cases(), Funnel()])
    assert rows(pool, [Cases()]) == followed


def test_what_fails_again_stays_parked_where_it_failed(pool: Pool) -> None:
    writer = _log()
    build(pool, writer.log(), [Choosy(), Funnel()])
    before = _parked(pool)
    assert Runner(pool, writer.log(), [Choosy(), Funnel()]).resume("cases") == 0
    assert _parked(pool) == before
