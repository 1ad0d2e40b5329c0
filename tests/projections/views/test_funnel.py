from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.complaint.decider import Case, fold
from engine.store.batch import Recorded
from engine.store.database.pool import Pool
from projections.views.funnel.ask import NAME, Complainants, Funnel, FunnelFilter, StageCounts, Times, counts
from projections.views.funnel.rows import SATISFIED_FROM, mean_share
from projections.views.funnel.rows import Funnel as View
from projections.views.funnel.stages import BEGINNING, ORDER, move
from projections.views.funnel.tables import CaseRow, Passage
from schemas.complaint.base import Event
from schemas.complaint.investigation import ActionAssigned, CauseEstablished, InvestigationStarted
from schemas.complaint.lifecycle import (
    ComplaintClosed,
    ComplaintDiscontinued,
    ComplaintRated,
    ComplaintReopened,
    ComplaintResolved,
    OutcomeAccepted,
    Score,
)  # fmt: skip
from schemas.complaint.waiting import InformationRequested
from support.drawing import SHARED
from support.histories import COMPLAINT_EVENTS, FEEDBACK_EVENTS, RECEIVED, START, Writer, histories, registered, uid
from support.views import asking, build, drop, empty, rows

STARTED = InvestigationStarted()
CAUSE = CauseEstablished(cause="process", responsibility="company")
ACTION = ActionAssigned(action_id=uid("action"))
RESOLVED = ComplaintResolved(outcome="upheld")
CLOSED = ComplaintClosed(reason="decision", cycle=1)
REOPENED = ComplaintReopened(reason="disputed", cycle=2)
WITHDRAWN = ComplaintDiscontinued(stage="investigation", reason="withdrawn")
DUPLICATE = ComplaintDiscontinued(stage="registration", reason="duplicate")


def ask(pool: Pool, **wanted: object) -> Funnel:
    with asking(pool).snapshot([NAME]) as snapshot:
        return counts(snapshot, FunnelFilter.model_validate({"detail": True, **wanted}))


def told(pool: Pool, *events: Event) -> Funnel:
    """The funnel of one complaint with these events, an hour apart."""
    writer = Writer()
    for hours, event in enumerate((RECEIVED, *events)):
        writer.add("case", event, at=START + timedelta(hours=hours))
    empty(pool, [View()])
    build(pool, writer.log(), [View()])
    return ask(pool)


def shown(funnel: Funnel) -> dict[str, tuple[int, int, int, int]]:
    """Entered, passed, exited, there now; of the stages that anybody entered."""
    return {one.stage: (one.entered, one.passed, one.exited, one.there_now) for one in funnel.stages if one.entered}


THROUGH = (1, 1, 0, 0)
THERE = (1, 0, 0, 1)


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        pytest.param((), {"registration": THERE}, id="received"),
        pytest.param((registered(),), {"registration": THERE}, id="registered"),
        pytest.param(
            (registered(begins=True),), {"registration": THROUGH, "investigation": THERE}, id="registered into it"
        ),
        pytest.param(
            (CAUSE,),
            {"registration": THROUGH, "investigation": THROUGH, "corrective_action": THERE},
            id="a skipped stage counts as passed",
        ),
        pytest.param(
            (STARTED, CAUSE, STARTED),
            {"registration": THROUGH, "investigation": THERE, "corrective_action": THROUGH},
            id="re-entered in the same cycle",
        ),
        pytest.param(
            (STARTED, RESOLVED, RESOLVED, CLOSED, CLOSED),
            dict.fromkeys(ORDER[:-1], THROUGH) | {"closed": THERE},
            id="resolved and closed twice",
        ),
        pytest.param(
            (CLOSED,), dict.fromkeys(ORDER[:-1], THROUGH) | {"closed": THERE}, id="closed without resolved"
        ),
        pytest.param(
            (CLOSED, STARTED, RESOLVED, WITHDRAWN),
            dict.fromkeys(ORDER[:-1], THROUGH) | {"closed": THERE},
            id="events after closed",
        ),
        pytest.param(
            (STARTED, WITHDRAWN, CLOSED),
            {"registration": THROUGH, "investigation": (1, 0, 1, 0)},
            id="an exit, then closed",
        ),
        pytest.param(
            (STARTED, WITHDRAWN, RESOLVED),
            dict.fromkeys(ORDER[:3], THROUGH) | {"satisfaction_check": THERE},
            id="an outcome takes an exit back",
        ),
        pytest.param(
            (STARTED, WITHDRAWN, CLOSED, REOPENED),
            {"registration": THROUGH, "investigation": (2, 0, 1, 1)},
            id="reopened after an exit",
        ),
        pytest.param(
            (STARTED, RESOLVED, CLOSED, REOPENED, RESOLVED),
            {"registration": THROUGH, "investigation": (2, 2, 0, 0), "corrective_action": (2, 2, 0, 0),
             "satisfaction_check": (2, 1, 0, 1), "closed": THROUGH},
            id="a second cycle",
        ),
        pytest.param(
            (REOPENED,), {"registration": THROUGH, "investigation": THERE}, id="reopened before any end"
        ),
    ],
)  # fmt: skip
def test_stages_are_counted_by_the_stage_table(
    pool: Pool, events: tuple[Event, ...], expected: dict[str, tuple[int, int, int, int]]
) -> None:
    assert shown(told(pool, *events)) == expected


def test_time_in_a_stage_goes_on_when_it_is_entered_again(pool: Pool) -> None:
    told(pool, STARTED, CAUSE, STARTED, CAUSE)
    passages = {row[2]: Passage(*row) for row in rows(pool, [View()])["funnel_passages_v3"]}
    assert passages["investigation"][3:9] == (
        START + timedelta(hours=1), START + timedelta(hours=3), START + timedelta(hours=4), 7200.0, 2, "passed",
    )  # fmt: skip
    assert passages["investigation"].earlier == [START + timedelta(hours=1), START + timedelta(hours=2)]
    assert passages["investigation"].worked_seconds is None, "no calendar was pinned"


def test_a_second_exit_gives_the_reason(pool: Pool) -> None:
    assert told(pool, DUPLICATE, WITHDRAWN).exits == {"withdrawn": 1}


@settings(max_examples=40, deadline=None, suppress_health_check=SHARED)
@given(events=histories())
def test_entered_is_passed_and_exited_and_there_now_for_every_stage(pool: Pool, events: list[Recorded]) -> None:
    drop(pool, [View()])
    build(pool, Writer(events).log(), [View()], batch=7)
    found = ask(pool)
    for one in found.stages:
        assert one.entered == one.passed + one.exited + one.there_now
        assert one.exited == sum(one.exits.values())
    running = sum(one.there_now for one in found.stages)
    cases = [CaseRow(*row) for row in rows(pool, [View()])["funnel_cases_v3"]]
    ended = [row for row in cases if row.kind == "complaint" and row.exit_reason is not None]
    assert found.received == running + len(ended)
    assert found.stages[0].entered == found.received


@settings(max_examples=100, deadline=None)
@given(chosen=st.lists(st.sampled_from(COMPLAINT_EVENTS), max_size=25))
def test_the_stage_is_that_of_the_complaint_itself(chosen: list[Event]) -> None:
    """Only an exit recorded after ``closed`` differs: the complaint keeps it as a note, the funnel stays closed."""
    place = BEGINNING
    writer = Writer().add("case", RECEIVED)
    for event in chosen:
        is_late_exit = place.stage == "closed" and isinstance(event, ComplaintDiscontinued)
        is_old_cycle = isinstance(event, ComplaintReopened) and event.cycle <= place.cycle
        if is_late_exit or is_old_cycle:
            continue
        place = move(place, event)
        writer.add("case", event)
    case = fold(writer.events)
    assert isinstance(case, Case)
    stage = case.lifecycle.stage
    after_exit = stage.name == "exited" or (stage.name == "closed" and stage.after_exit is not None)
    assert (place.exit is not None) == after_exit
    assert place.cycle == case.cycle
    if not after_exit:
        assert place.stage == stage.name


def test_the_whole_answer(pool: Pool) -> None:
    rated = ComplaintRated(survey="direct", cycle=1, scores=(Score(parameter="overall", score=1),))
    wait = InformationRequested(request_id=uid("request"))
    internal = InformationRequested(request_id=uid("internal"), from_="department")
    writer = Writer().add(
        "one", RECEIVED, registered(), STARTED, wait, wait, internal, RESOLVED, OutcomeAccepted(), CLOSED
    )
    writer.add("two", RECEIVED, registered(), STARTED, RESOLVED, CLOSED, rated, REOPENED, WITHDRAWN)
    writer.add("three", RECEIVED).add("four", *FEEDBACK_EVENTS).add("five", FEEDBACK_EVENTS[0])
    build(pool, writer.log(), [View()])
    found = ask(pool)
    assert found.model_dump(exclude={"stages", "as_of", "incarnation"}) == {
        "position": 22, "left_out": 0, "received": 3, "complainants": 1, "registered": 2, "groups": (),
        "exits": {"withdrawn": 1}, "converted": 2, "reopened": 1, "reopenings": 1, "waits": 2, "waited": 1,
        "rated": 1, "satisfied": 1, "dissatisfied": 0,
        "feedback": {"received": 2, "by_sense": {"suggestion": 1, "thanks": 1}, "became_complaint": 1},
    }  # fmt: skip
    assert found.stages[1] == StageCounts(
        stage="investigation", entered=3, left=3, passed=2, skipped=0, exited=1, exits={"withdrawn": 1}, there_now=0,
        conversion=0.6667, complainants=Complainants(entered=1, passed=1, exited=1, there_now=0),
        times=Times(median_seconds=0.0, p90_seconds=0.0, median_worked_seconds=None, p90_worked_seconds=None),
    )  # fmt: skip
    assert found.model_dump_json().startswith('{"position":22,"as_of":"2026-03-02T09:00:22Z"')


def test_days_of_receipt_are_those_of_the_letters_own_zone(pool: Pool) -> None:
    midnight = datetime(2026, 3, 4, 21, 0, tzinfo=UTC)  # 5 March 00:00 in Moscow
    writer = Writer().add("letter", RECEIVED, at=midnight, precision="day", zone="Europe/Moscow", origin="import")
    writer.add("mail", RECEIVED, at=midnight)
    build(pool, writer.log(), [View()])
    by_day = {day: ask(pool, **{"from": date(2026, 3, day), "to": date(2026, 3, day)}).received for day in (3, 4, 5)}
    assert by_day == {3: 0, 4: 1, 5: 1}
    assert ask(pool, origin="import").received == 1
    assert ask(pool, channel="letter").received == 0
    assert ask(pool, channel="email").received == 2


@pytest.mark.parametrize(
    ("scores", "satisfied"), [((4,), True), ((3,), False), ((5, 3), True), ((5, 2), False), ((4, 3, 5), True)]
)
def test_four_of_five_is_satisfied(*, scores: tuple[int, ...], satisfied: bool) -> None:
    marks = tuple(Score(parameter=f"p{n}", score=score) for n, score in enumerate(scores))
    assert (mean_share(marks) >= SATISFIED_FROM) is satisfied
