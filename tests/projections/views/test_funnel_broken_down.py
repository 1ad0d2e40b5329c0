"""Every number of the funnel, broken down or not, is the number of cases that its drill-down lists."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from engine.store.batch import Recorded
from engine.store.database.pool import Pool
from projections.views.funnel import drill, quick
from projections.views.funnel.ask import (
    NAME,
    Complainants,
    Funnel,
    FunnelFilter,
    StageCounts,
    Times,
    counts,
    one_by_one,
)
from projections.views.funnel.drill import BehindFilter, BehindList, Cohort, behind, cohorts
from projections.views.funnel.narrow import DIMENSIONS, Narrowed
from projections.views.funnel.rows import Funnel as View
from schemas.complaint.assignment import ComplaintAssigned
from schemas.complaint.investigation import InvestigationStarted
from schemas.complaint.lifecycle import ComplaintClosed, ComplaintDiscontinued, ComplaintReopened, ComplaintResolved
from support.drawing import SHARED
from support.histories import APPLIED, FEEDBACK, RECEIVED, START, Writer, histories, registered, uid
from support.views import asking, build, empty, rows

NUMBERS = ("entered", "left", "passed", "skipped", "exited", "there_now")
TOTALS = ("received", "registered", "converted", "reopened", "waited", "rated", "satisfied", "dissatisfied")
STARTED, RESOLVED = InvestigationStarted(), ComplaintResolved(outcome="upheld")
CLOSED = ComplaintClosed(reason="decision", cycle=1)
WITHDRAWN = ComplaintDiscontinued(stage="investigation", reason="withdrawn")


def ask(pool: Pool, **wanted: object) -> Funnel:
    with asking(pool).snapshot([NAME]) as snapshot:
        return counts(snapshot, FunnelFilter.model_validate({"detail": True, **wanted}))


def listed(pool: Pool, **wanted: object) -> BehindList:
    with asking(pool).snapshot([NAME]) as snapshot:
        return behind(snapshot, BehindFilter.model_validate({"limit": 500, **wanted}))


def times(stage: StageCounts) -> Times:
    assert stage.times is not None
    return stage.times


def people(stage: StageCounts) -> Complainants:
    assert stage.complainants is not None
    return stage.complainants


def summed(stages: list[StageCounts]) -> dict[str, int]:
    return {name: sum(getattr(one, name) for one in stages) for name in NUMBERS}


DAYS = [None, "2026-01-15", "2026-03-01", "2026-03-02", "2026-03-03", "2026-03-31", "2026-04-30", "2026-06-12"]
PERIODS = st.sampled_from([None, "day", "week", "month"])
_ONE_WORD: st.SearchStrategy[dict[str, str]] = st.sampled_from(DIMENSIONS).flatmap(
    lambda name: st.sampled_from([{}, {"per": name}, {"unknown": name}, {"origin": "live"}, {"type": "product"}])
)
_DAYS = st.fixed_dictionaries({"from": st.sampled_from(DAYS), "to": st.sampled_from(DAYS)})
QUESTIONS = st.one_of(
    st.tuples(_DAYS, st.fixed_dictionaries({"by": PERIODS}), _ONE_WORD).map(
        lambda parts: {**parts[0], **parts[1], **parts[2]}
    ),
    st.tuples(_DAYS, PERIODS).map(lambda parts: {**parts[0], "by": parts[1], "of": "passage"}),
    st.sampled_from([None, "channel", "type"]).map(lambda per: {"origin": "live", "per": per, "by": "month"}),
    st.just({"unknown": "type", "channel": "email", "from": "2026-03-01", "to": "2026-03-31"}),
    st.just({"detail": True}),
)
"""Questions that what is kept must answer."""


on_one_database = settings(max_examples=15, deadline=None, suppress_health_check=SHARED)


@on_one_database
@given(events=histories(), of=st.sampled_from(["receipt", "passage"]))
def test_every_number_lists_exactly_its_cases(pool: Pool, events: list[Recorded], of: str) -> None:
    empty(pool, [View()])
    build(pool, Writer(events).log(), [View()])
    found = ask(pool, of=of)
    for stage in found.stages:
        for name in NUMBERS:
            seen = listed(pool, of=of, stage=stage.stage, ended=name)
            assert (stage.stage, name, seen.count) == (stage.stage, name, getattr(stage, name))
            assert len({(one.case, one.cycle) for one in seen.cases}) == seen.count
        assert {one: listed(pool, of=of, stage=stage.stage, reason=one).count for one in stage.exits} == stage.exits
    for name in TOTALS:
        seen = listed(pool, total=name)
        assert (name, len({one.case for one in seen.cases})) == (name, getattr(found, name))


@on_one_database
@given(
    events=histories(),
    of=st.sampled_from(["receipt", "passage"]),
    by=st.sampled_from([None, "day", "week", "month"]),
    per=st.sampled_from([None, *DIMENSIONS]),
)
def test_groups_add_up_to_the_whole(
    pool: Pool, events: list[Recorded], of: str, by: str | None, per: str | None
) -> None:
    empty(pool, [View()])
    build(pool, Writer(events).log(), [View()])
    found = ask(pool, of=of, by=by, per=per)
    if by is None and per is None:
        assert found.groups == ()
        return
    for index, whole in enumerate(found.stages):
        assert summed([group.stages[index] for group in found.groups]) == summed([whole])
    for group in found.groups:
        for stage in group.stages:
            assert stage.entered == stage.passed + stage.exited + stage.there_now
            assert stage.left == stage.passed + stage.exited
    if per is not None and by is None:
        for group in found.groups:
            key = {"unknown": per} if group.key is None else {per: group.key}
            assert listed(pool, of=of, stage="investigation", **key).count == group.stages[1].entered


@on_one_database
@given(events=histories(), batch=st.sampled_from([1, 7, 512]), data=st.data())
def test_what_is_kept_says_what_looking_at_every_case_says(
    pool: Pool, events: list[Recorded], batch: int, data: st.DataObject
) -> None:
    empty(pool, [View()])
    build(pool, Writer(events).log(), [View()], batch=batch)
    with asking(pool).snapshot([NAME]) as snapshot:
        for _ in range(12):
            wanted = FunnelFilter.model_validate(data.draw(QUESTIONS))
            assert quick.fits(wanted), wanted
            assert counts(snapshot, wanted) == one_by_one(snapshot, wanted)


@on_one_database
@given(events=histories(), narrowed=st.sampled_from([{}, {"from": "2026-03-01", "to": "2026-03-31"}]))
def test_kept_cohorts_are_those_of_every_case(pool: Pool, events: list[Recorded], narrowed: dict[str, str]) -> None:
    empty(pool, [View()])
    build(pool, Writer(events).log(), [View()], batch=7)
    wanted = Narrowed.model_validate(narrowed)
    with asking(pool).snapshot([NAME]) as snapshot:
        kept, counted = cohorts(snapshot, wanted), drill.months_of_cases(snapshot, wanted)
    assert kept.cohorts == tuple(drill.cohort(month, numbers) for month, numbers in sorted(counted.items()))


@pytest.mark.parametrize(
    "wanted",
    [
        {"team": "north", "product": "kettle"},
        {"channel": "email", "per": "team"},
        {"channel": "email", "unknown": "channel"},
        {"channel": "email", "type": "product", "from": "2026-03-02"},
        {"channel": "email", "type": "product", "by": "day"},
        {"channel": "email", "of": "passage", "by": "day"},
        {"detail": True, "by": "month"},
        {"detail": True, "channel": "email"},
        {"detail": True, "from": "2026-03-01"},
    ],
)
def test_other_questions_look_at_every_case(wanted: dict[str, object]) -> None:
    assert not quick.fits(FunnelFilter.model_validate(wanted))


def test_a_percentile_lies_between_the_values_of_two_buckets(pool: Pool) -> None:
    writer = Writer()
    for number, hours in enumerate((1, 1, 2, 40, 900)):
        writer.add(number, RECEIVED, STARTED).add(number, RESOLVED, at=START + timedelta(hours=hours))
    build(pool, writer.log(), [View()])
    with asking(pool).snapshot([NAME]) as snapshot:
        kept, counted = (made(snapshot, FunnelFilter(detail=True)) for made in (counts, one_by_one))
    assert kept == counted
    assert times(kept.stages[1]).median_seconds == 2 * 3600
    assert times(kept.stages[1]).p90_seconds == pytest.approx((40 + 0.6 * 860) * 3600)


def test_what_is_no_longer_counted_leaves_nothing_behind(pool: Pool) -> None:
    writer = Writer().add("one", RECEIVED, STARTED, RESOLVED)
    build(pool, writer.log(), [View()], batch=1)
    bare = {name: rows(pool, [View()])[f"funnel_{name}_v3"] for name in ("cells", "people", "times")}
    empty(pool, [View()])
    build(pool, writer.log(), [View()])
    assert {name: rows(pool, [View()])[f"funnel_{name}_v3"] for name in bare} == bare
    assert all(number > 0 for row in bare["cells"] for number in row[-1].values())


def test_days_are_those_of_the_zone_of_the_calendar_pinned_first(pool: Pool) -> None:
    evening = datetime(2026, 3, 31, 21, 30, tzinfo=UTC)  # 1 April 00:30 by the desk in Moscow
    writer = Writer().configured().add("pinned", RECEIVED, APPLIED, at=evening).add("free", RECEIVED, at=evening)
    writer.add("pinned", STARTED, at=evening + timedelta(hours=24)).add("free", STARTED, at=evening)
    build(pool, writer.log(), [View()])
    by_month = ask(pool, by="month").groups
    assert [(one.begins, one.stages[0].entered) for one in by_month] == [(date(2026, 3, 1), 1), (date(2026, 4, 1), 1)]
    entered = ask(pool, by="day", of="passage").groups
    assert [(one.begins, *(stage.entered for stage in one.stages[:2])) for one in entered] == [
        (date(2026, 3, 31), 1, 1), (date(2026, 4, 1), 1, 0), (date(2026, 4, 2), 0, 1),
    ]  # fmt: skip
    week = ask(pool, by="week", of="passage").groups
    assert [one.begins for one in week] == [date(2026, 3, 30)], "weeks begin on Monday"
    assert ask(pool, **{"of": "passage", "from": "2026-04-02"}).stages[1].entered == 1


def test_working_time_is_that_of_the_pinned_calendar(pool: Pool) -> None:
    friday = datetime(2026, 3, 6, 14, 0, tzinfo=UTC)  # 17:00 in Moscow, open until 18:00
    writer = Writer().configured()
    for number, hours in enumerate((1, 65, 66)):  # Saturday and Sunday are closed, Monday opens at 09:00 = 06:00 UTC
        case = f"case {number}"
        writer.add(case, RECEIVED, APPLIED, STARTED, at=friday).add(case, RESOLVED, at=friday + timedelta(hours=hours))
    writer.add("without", RECEIVED, STARTED, at=friday).add("without", RESOLVED, at=friday + timedelta(hours=2))
    build(pool, writer.log(), [View()])
    assert times(ask(pool).stages[1]).model_dump() == {
        "median_seconds": 33.5 * 3600, "p90_seconds": 65.7 * 3600,
        "median_worked_seconds": 2 * 3600, "p90_worked_seconds": 2.8 * 3600,
    }  # fmt: skip


def test_skipped_stages_do_not_shorten_the_times_of_those_that_took_some(pool: Pool) -> None:
    writer = Writer().add("slow", RECEIVED, STARTED).add("slow", RESOLVED, at=START + timedelta(hours=4))
    build(pool, writer.add("quick", RECEIVED, RESOLVED).log(), [View()])
    investigation = ask(pool).stages[1]
    assert (investigation.passed, investigation.skipped, times(investigation).median_seconds) == (2, 1, 4 * 3600)


def test_one_person_with_two_complaints_is_one_complainant(pool: Pool) -> None:
    other = RECEIVED.model_copy(update={"subject_id": uid("other person"), "parties": ()})
    writer = Writer().add("one", RECEIVED).add("two", RECEIVED, STARTED).add("three", other, STARTED)
    build(pool, writer.log(), [View()])
    found = ask(pool)
    assert (found.received, found.complainants) == (3, 2)
    assert [people(one).entered for one in found.stages] == [2, 2, 0, 0, 0]
    assert [people(one).there_now for one in found.stages] == [1, 2, 0, 0, 0]


def test_location_and_team_narrow_and_break_down(pool: Pool) -> None:
    shop = RECEIVED.model_copy(update={"location": "shop-7"})
    writer = Writer().add("one", shop, ComplaintAssigned(team="north", reason="rule"), STARTED).add("two", RECEIVED)
    build(pool, writer.log(), [View()])
    assert [ask(pool, **wanted).received for wanted in ({"location": "shop-7"}, {"team": "north"})] == [1, 1]
    assert [(one.key, one.stages[0].entered) for one in ask(pool, per="location").groups] == [("shop-7", 1), (None, 1)]
    assert listed(pool, unknown="team", total="received").cases[0].case == uid("two")


def test_cohorts_say_what_share_of_a_month_came_how_far(pool: Pool) -> None:
    april = START + timedelta(days=31)
    writer = Writer().add("one", RECEIVED, STARTED, RESOLVED, CLOSED).add("two", RECEIVED, STARTED, WITHDRAWN)
    writer.add("thanks", FEEDBACK).add("three", RECEIVED, STARTED, at=april)
    build(pool, writer.log(), [View()])
    with asking(pool).snapshot([NAME]) as snapshot:
        found = cohorts(snapshot, Narrowed()).cohorts
    assert found[0] == Cohort(
        month=date(2026, 3, 1), received=2, complainants=1, converted=1,
        reached={"registration": 2, "investigation": 2, "corrective_action": 1, "satisfaction_check": 1, "closed": 1},
        shares={
            "registration": 1.0, "investigation": 1.0, "corrective_action": 0.5, "satisfaction_check": 0.5,
            "closed": 0.5,
        },
    )  # fmt: skip
    assert [(one.month, one.received, one.reached["investigation"]) for one in found[1:]] == [(date(2026, 4, 1), 1, 1)]


def test_pages_of_a_drill_down_show_every_passage_once(pool: Pool) -> None:
    writer = Writer()
    for number in range(5):
        writer.add(number, RECEIVED, registered(), STARTED, RESOLVED, ComplaintReopened(reason="disputed", cycle=2))
    build(pool, writer.log(), [View()])
    seen: list[tuple[UUID, int]] = []
    cursor = None
    for _ in range(4):
        page = listed(pool, stage="investigation", ended="entered", limit=3, cursor=cursor)
        assert page.count == 10
        seen += [(one.case, one.cycle) for one in page.cases]
        cursor = page.next
    assert cursor is None
    assert seen == sorted((uid(number), cycle) for number in range(5) for cycle in (1, 2))


@pytest.mark.parametrize("more", [{"stage": "closed"}, {"ended": "passed"}, {"reason": "withdrawn"}])
def test_a_total_is_a_number_by_itself(more: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="leave stage, ended and reason out"):
        BehindFilter.model_validate({"total": "received", **more})
