from datetime import date, timedelta

import pytest

from engine.store.database.pool import Pool
from projections.runtime.projection import Projection
from projections.views.causes.ask import (
    NAMES,
    NAMES_OF_TABLE,
    Bar,
    Pareto,
    ParetoFilter,
    Row,
    TableFilter,
    pareto,
    table,
)
from projections.views.causes.rows import Causes
from projections.views.funnel.rows import Funnel
from projections.views.remedies.rows import Remedies
from schemas.complaint.investigation import CauseEstablished
from schemas.complaint.lifecycle import (
    ComplaintClosed,
    ComplaintDiscontinued,
    ComplaintReopened,
    ComplaintResolved,
    OutcomeAccepted,
)  # fmt: skip
from schemas.complaint.remedies import ComplaintCompensated, RemedyProposed
from support.histories import FEEDBACK, PERSON, RECEIVED, START, Writer, registered, uid
from support.views import asking, build

VIEWS: tuple[Projection, ...] = (Funnel(), Causes(), Remedies())
PROCESS = CauseEstablished(cause="process", code="late-van", responsibility="company", departments=("store", "desk"))
PEOPLE = CauseEstablished(cause="people", responsibility="nobody", departments=("desk",))
UPHELD = ComplaintResolved(outcome="upheld")


def ask(pool: Pool, **wanted: object) -> Pareto:
    with asking(pool).snapshot(NAMES) as seen:
        return pareto(seen, ParetoFilter.model_validate(wanted))


@pytest.fixture
def told(pool: Pool) -> Pool:
    writer = Writer().add("one", RECEIVED, PROCESS).add("two", RECEIVED, PROCESS).add("three", RECEIVED, PEOPLE)
    writer.add("four", RECEIVED, at=START + timedelta(days=40)).add("thanks", FEEDBACK)
    build(pool, writer.log(), VIEWS)
    return pool


def test_the_most_frequent_cause_comes_first_and_unknown_ones_last(told: Pool) -> None:
    found = ask(told)
    assert (found.complaints, found.known) == (4, 3)
    assert found.bars == (
        Bar(key="process", complaints=2, share=0.6667, cumulative=0.6667),
        Bar(key="people", complaints=1, share=0.3333, cumulative=1.0),
        Bar(key=None, complaints=1, share=None, cumulative=None),
    )


def test_a_complaint_counts_for_each_of_its_departments(told: Pool) -> None:
    found = ask(told, per="department")
    assert [(one.key, one.complaints) for one in found.bars] == [("desk", 3), ("store", 2), (None, 1)]
    assert (found.complaints, found.known) == (4, 3)
    assert ask(told, department="store").complaints == 2


@pytest.mark.parametrize(
    ("per", "bars"),
    [
        ("code", [("late-van", 2), (None, 2)]),
        ("responsibility", [("company", 2), ("nobody", 1), (None, 1)]),
        ("channel", [("email", 4)]),
        ("outcome", [(None, 4)]),
    ],
)
def test_any_word_can_be_counted_by(told: Pool, per: str, bars: list[tuple[str | None, int]]) -> None:
    assert [(one.key, one.complaints) for one in ask(told, per=per).bars] == bars


def test_upheld_in_part_counts_as_upheld_and_a_gesture_changes_no_outcome(pool: Pool) -> None:
    gift = (
        RemedyProposed(remedy_id=uid("gift"), form="extra_service", ground="no_fault"),
        ComplaintCompensated(remedy_id=uid("gift")),
    )
    writer = Writer().add("one", RECEIVED, UPHELD).add("two", RECEIVED, ComplaintResolved(outcome="partly_upheld"))
    writer.add("three", RECEIVED, *gift, ComplaintResolved(outcome="not_upheld")).add("four", RECEIVED)
    build(pool, writer.log(), VIEWS)
    found = ask(pool, per="counted").bars
    assert [(one.key, one.complaints) for one in found] == [("upheld", 2), ("not_upheld", 1), (None, 1)]


def test_the_trend_is_the_same_by_period(told: Pool) -> None:
    assert [(one.begins, one.key, one.complaints) for one in ask(told, by="month").trend] == [
        (date(2026, 3, 1), "process", 2), (date(2026, 3, 1), "people", 1), (date(2026, 4, 1), None, 1),
    ]  # fmt: skip


def test_the_table_says_who_what_why_and_how_it_ended(pool: Pool) -> None:
    given = RemedyProposed(remedy_id=uid("bowl"), form="replacement", ground="fault")
    writer = Writer().add("case", RECEIVED, registered(), PROCESS, given, ComplaintCompensated(remedy_id=uid("bowl")))
    writer.add("case", UPHELD, OutcomeAccepted(), ComplaintClosed(reason="outcome_accepted", cycle=1))
    writer.add("exit", RECEIVED, ComplaintDiscontinued(stage="registration", reason="duplicate"))
    writer.add("again", RECEIVED, UPHELD, ComplaintReopened(reason="disputed", cycle=2))
    build(pool, writer.log(), VIEWS)
    with asking(pool).snapshot(NAMES_OF_TABLE) as seen:
        first = table(seen, TableFilter(limit=2))
        rest = table(seen, TableFilter(limit=2, cursor=first.next))
    rows = {one.case: one for one in (*first.complaints, *rest.complaints)}
    assert len(rows) == 3
    assert rows[uid("case")] == Row(
        case=uid("case"), number="PL-00000-00001", received_on=date(2026, 3, 2), complainant=PERSON, type="delivery",
        product="kettle", cause="process", code="late-van", responsibility="company", departments=("store", "desk"),
        decision="upheld", remedies=("replacement",), closed=True, satisfied=True,
    )  # fmt: skip
    assert [rows[uid(name)].decision for name in ("exit", "again")] == ["duplicate", None]
