from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.store.database.pool import Pool
from projections.runtime.projection import Projection
from projections.views.causes.rows import Causes
from projections.views.funnel.rows import Funnel
from projections.views.problems import ask
from projections.views.problems.ask import EffectFilter, Lesson, Problem, ProblemFilter
from projections.views.problems.rows import Problems
from schemas.complaint.base import Event
from schemas.complaint.investigation import CauseEstablished
from schemas.streams.problem import (
    ProblemActionAssigned,
    ProblemActionCompleted,
    ProblemClosed,
    ProblemEffectMeasured,
    ProblemLessonRecorded,
    ProblemLinked,
    ProblemOpened,
    ProblemSuspected,
    ProblemUnlinked,
)
from support.drawing import SHARED
from support.histories import RECEIVED, START, Writer, registered, uid
from support.views import asking, build, empty, rows

VIEWS: tuple[Projection, ...] = (Funnel(), Causes(), Problems())
DAY = timedelta(days=1)
SUSPECTED = ProblemSuspected(complaints=(uid("one"), uid("two")), within_days=7, least=0.5)
LATE = CauseEstablished(cause="supplier", code="late-parts", responsibility="company")
RUDE = CauseEstablished(cause="people", code="rude", responsibility="company")
OPENED = ProblemOpened(cause="supplier", code="late-parts", owner="person:k7")
ASSIGNED = ProblemActionAssigned(action_id=uid("act"), team="purchasing", due=START + 9 * DAY)
COMPLETED = ProblemActionCompleted(action_id=uid("act"))
LEARNED = ProblemLessonRecorded(happened="Parts came late.", changed="There are two suppliers now.")
MEASURED = ProblemEffectMeasured(
    measured_on=date(2026, 4, 1), before_per_day=Decimal("4.5"), after_per_day=Decimal("0.5")
)  # fmt: skip


def listed(pool: Pool, **wanted: Any) -> Sequence[Problem]:
    with asking(pool).snapshot(ask.NAMES) as seen:
        return ask.problems(seen, ProblemFilter.model_validate(wanted)).problems


def cases(*names: str, at: Any = START) -> Writer:
    writer = Writer()
    for name in names:
        writer.add(name, RECEIVED, registered(), at=at)
    return writer


def test_a_suspected_problem_has_the_complaints_that_were_alike_and_no_cause(pool: Pool) -> None:
    writer = cases("one", "two", "three").add("problem", SUSPECTED, actor="rule:problems")
    writer.add("problem", ProblemLinked(complaint=uid("three")), actor="rule:problems")
    build(pool, writer.log(), VIEWS)

    (found,) = listed(pool, state="suspected")
    assert found == Problem(
        problem=uid("problem"), state="suspected", business_unit="main", begun_at=START, cause=None, code=None,
        owner=None, complaints=3, last_7_days=3, to_do=0, before_per_day=None, after_per_day=None,
    )  # fmt: skip
    assert listed(pool, state="open") == ()


def test_a_problem_goes_from_suspicion_by_action_to_its_end_and_teaches_something(pool: Pool) -> None:
    writer = cases("one", "two").add("problem", SUSPECTED, actor="rule:problems").add("problem", OPENED, at=START + DAY)
    writer.add("problem", ASSIGNED, at=START + 2 * DAY).add("problem", COMPLETED, at=START + 3 * DAY)
    writer.add("problem", LEARNED, MEASURED, ProblemClosed(mended=True), at=START + 30 * DAY)
    build(pool, writer.log(), VIEWS)

    with asking(pool).snapshot(ask.NAMES) as seen:
        whole, board = ask.problem(seen, uid("problem")), ask.lessons(seen)
        nothing = ask.problem(seen, uid("one"))
    assert whole.problem is not None
    assert (whole.problem.state, whole.problem.cause, whole.problem.to_do) == ("mended", "supplier", 0)
    assert [(one.case, one.number, one.type, one.by_rule) for one in whole.complaints] == [
        (case, "PL-00000-00001", "delivery", True) for case in sorted((uid("one"), uid("two")))
    ]
    assert [(one.team, one.assigned_at, one.completed_at) for one in whole.actions] == [
        ("purchasing", START + 2 * DAY, START + 3 * DAY)
    ]
    assert board.lessons == (
        Lesson(
            problem=uid("problem"), cause="supplier", code="late-parts", complaints=2, happened="Parts came late.",
            changed="There are two suppliers now.", closed=True, before_per_day=Decimal("4.5"),
            after_per_day=Decimal("0.5"),
        ),
    )  # fmt: skip
    assert (nothing.problem, nothing.complaints) == (None, ())


def test_what_a_person_took_out_does_not_count_and_is_still_known_to_have_been_there(pool: Pool) -> None:
    writer = cases("one", "two").add("problem", SUSPECTED, ProblemUnlinked(complaint=uid("two")))
    build(pool, writer.log(), VIEWS)

    with asking(pool).snapshot(ask.NAMES) as seen:
        assert [one.case for one in ask.problem(seen, uid("problem")).complaints] == [uid("one")]
        assert ask.of_case(seen, uid("two")) == ()
        assert ask.of_case(seen, uid("one")) == (uid("problem"),)
        assert ask.open_among(seen, [uid("two"), uid("three")]) == (uid("problem"),)


def test_the_effect_is_counted_by_days_of_receipt_on_both_sides_of_the_first_completed_action(pool: Pool) -> None:
    done = START + 20 * DAY
    writer = cases("one", "two", at=START + 15 * DAY)
    writer.add("by code", RECEIVED, LATE, at=START + 16 * DAY)
    writer.add("long ago", RECEIVED, LATE, at=START - 90 * DAY)
    writer.add("same day", RECEIVED, LATE, at=done)
    writer.add("after", RECEIVED, LATE, at=done + 2 * DAY)
    writer.add("other", RECEIVED, RUDE, at=done + 2 * DAY)
    writer.add("problem", SUSPECTED, OPENED, ASSIGNED).add("problem", COMPLETED, at=done)
    build(pool, writer.log(), VIEWS)

    with asking(pool).snapshot(ask.NAMES_OF_EFFECT) as seen:
        early, late = (
            ask.effect(seen, uid("problem"), EffectFilter(days=10), (done + days * DAY).date()) for days in (5, 50)
        )
    assert (early.completed_on, early.before, early.after, early.days_after) == (done.date(), 3, 1, 4)
    assert (early.before_per_day, early.after_per_day) == (Decimal("0.30"), Decimal("0.25"))
    assert (late.after, late.days_after, late.after_per_day) == (1, 10, Decimal("0.10"))


def test_without_a_completed_action_there_is_no_effect_yet(pool: Pool) -> None:
    build(pool, Writer().add("problem", OPENED, ASSIGNED).log(), VIEWS)
    with asking(pool).snapshot(ask.NAMES_OF_EFFECT) as seen:
        found = ask.effect(seen, uid("problem"), EffectFilter(), date(2026, 4, 1))
    assert (found.completed_on, found.before_per_day, found.after_per_day) == (None, None, None)


STEPS: tuple[Event, ...] = (
    SUSPECTED, OPENED, ASSIGNED, COMPLETED, LEARNED, MEASURED, ProblemLinked(complaint=uid("three")),
    ProblemUnlinked(complaint=uid("one")), ProblemUnlinked(complaint=uid("four")), ProblemClosed(mended=False),
)  # fmt: skip


@settings(max_examples=25, deadline=None, suppress_health_check=SHARED)
@given(steps=st.lists(st.tuples(st.integers(0, 2), st.sampled_from(STEPS)), max_size=30), batch=st.integers(1, 9))
def test_in_whatever_batches_it_is_built_the_rows_are_the_same(
    pool: Pool, steps: list[tuple[int, Event]], batch: int
) -> None:
    writer = Writer()
    for number, event in steps:
        writer.add(f"problem {number}", event)
    made = []
    for size in (batch, 512):
        empty(pool, [Problems()])
        build(pool, writer.log(), [Problems()], batch=size)
        made.append(rows(pool, [Problems()]))
    assert made[0] == made[1]
