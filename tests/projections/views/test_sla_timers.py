from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from engine.sla import fact, marks
from engine.sla.calendar import compile_calendar
from engine.sla.judge import judge
from engine.store.batch import Recorded
from engine.store.database.pool import Pool
from projections.views.sla_timers.ask import NAME, Timer, TimerFilter, TimerList, WarningAt, listing, next_due
from projections.views.sla_timers.rows import SlaTimers
from schemas.complaint.correspondence import ComplaintReplied
from schemas.complaint.lifecycle import ComplaintClosed, ComplaintDiscontinued
from schemas.complaint.waiting import InformationProvided, InformationRequested
from support.drawing import SHARED
from support.histories import APPLIED, CALENDAR, RECEIVED, START, Writer, histories, registered, uid
from support.views import asking, build, empty

CALENDARS = {(CALENDAR.id, CALENDAR.version): compile_calendar(CALENDAR)}
HOUR = timedelta(hours=1)
REPLIED = ComplaintReplied(message=uid("reply"), final=True)
WAIT = InformationRequested(request_id=uid("request"))
DUPLICATE = ComplaintDiscontinued(stage="registration", reason="duplicate")


def ask(pool: Pool, at: datetime = START, **wanted: object) -> TimerList:
    with asking(pool).snapshot([NAME]) as snapshot:
        return listing(snapshot, TimerFilter.model_validate(wanted), at)


def kinds(found: TimerList) -> dict[str, str]:
    return {one.kind: one.state for one in found.clocks}


def test_what_is_due_next_comes_first_and_what_is_paused_last(pool: Pool) -> None:
    build(pool, Writer().configured().add("case", RECEIVED, APPLIED, WAIT).log(), [SlaTimers()])
    found = ask(pool, START + HOUR / 2)
    assert [(one.kind, one.state, one.due_at.isoformat()) for one in found.clocks] == [
        ("first_reply", "running", "2026-03-02T10:00:00+00:00"),
        ("registration", "running", "2026-03-02T13:00:00+00:00"),
        ("acknowledgement", "running", "2026-03-03T15:00:00+00:00"),
        ("stage:registration", "paused", "2026-03-03T15:00:00+00:00"),
        ("resolution", "paused", "2026-03-16T15:00:00+00:00"),
    ]


def test_one_clock_in_full(pool: Pool) -> None:
    build(pool, Writer().configured().add("case", RECEIVED, APPLIED, registered()).log(), [SlaTimers()])
    found = ask(pool, START + HOUR / 2, kind="first_reply").clocks[0]
    assert found == Timer(
        case=uid("case"), number="PL-00000-00001", team=None, business_unit="main", origin="live", kind="first_reply",
        cycle=1, instance=1, reference=None, policy="default", policy_version=1, calendar="desk", calendar_version=1,
        target="1 working hour", started_at=START, due_at=START + HOUR, state="running", open=True, fulfilled_at=None,
        missed_at=None, elapsed_seconds=1800, remaining_seconds=1800, overdue_seconds=None, late_evidence=False,
        provisional=False, extended=False, paused_seconds=0, warnings=(WarningAt(percent=75, at=START + HOUR * 3 / 4),),
        warned=None, next_action="warning", next_action_at=START + HOUR * 3 / 4,
    )  # fmt: skip


def test_a_clock_is_missed_by_the_time_of_asking_without_any_job_having_looked(pool: Pool) -> None:
    build(pool, Writer().configured().add("case", RECEIVED, APPLIED).log(), [SlaTimers()])
    at_the_due, after = START + HOUR, START + HOUR + timedelta(microseconds=1)
    assert kinds(ask(pool, at_the_due, kind="first_reply")) == {"first_reply": "running"}
    one = ask(pool, after, kind="first_reply").clocks[0]
    assert (one.state, one.missed_at, one.overdue_seconds, one.open) == ("missed", START + HOUR, 1e-06, True)
    assert kinds(ask(pool, at_the_due, state="missed")) == {}
    assert kinds(ask(pool, after, state="missed")) == {"first_reply": "missed"}
    assert "first_reply" not in kinds(ask(pool, after, state="running"))


def test_a_kept_clock_leaves_the_list_of_open_ones(pool: Pool) -> None:
    writer = Writer().configured().add("case", RECEIVED, APPLIED).add("case", REPLIED, at=START + HOUR / 2)
    build(pool, writer.log(), [SlaTimers()])
    assert "first_reply" not in kinds(ask(pool, START + HOUR))
    assert kinds(ask(pool, START + HOUR, kind="first_reply", state="fulfilled")) == {"first_reply": "fulfilled"}
    assert kinds(ask(pool, START + HOUR, open=False)) == {"acknowledgement": "fulfilled", "first_reply": "fulfilled"}


def test_a_missed_clock_that_was_closed_is_open_no_more(pool: Pool) -> None:
    late = START + 30 * HOUR
    writer = Writer().configured().add("case", RECEIVED, APPLIED)
    writer.add("case", DUPLICATE, ComplaintClosed(reason="exit", cycle=1), at=late)
    build(pool, writer.log(), [SlaTimers()])
    assert ask(pool, late + HOUR).clocks == ()
    one = ask(pool, late + HOUR, kind="first_reply", case=uid("case")).clocks[0]
    assert (one.state, one.open, one.fulfilled_at) == ("missed", False, None)


def test_a_paused_due_moves_with_the_instant_of_asking(pool: Pool) -> None:
    build(pool, Writer().configured().add("case", RECEIVED, APPLIED, WAIT).log(), [SlaTimers()])
    early = ask(pool, START + HOUR, kind="resolution").clocks[0]
    later = ask(pool, START + 49 * HOUR, kind="resolution").clocks[0]
    assert (early.state, later.state, later.due_at - early.due_at) == ("paused", "paused", timedelta(days=1))


def test_next_due_is_the_first_open_clock_of_each_case(pool: Pool) -> None:
    writer = Writer().configured().add("one", RECEIVED, APPLIED).add("two", RECEIVED, APPLIED, REPLIED)
    build(pool, writer.add("none", RECEIVED).log(), [SlaTimers()])
    with asking(pool).snapshot([NAME]) as snapshot:
        found = next_due(snapshot, [uid("one"), uid("two"), uid("none")])
    assert {stream: one.kind for stream, one in found.items()} == {
        uid("one"): "first_reply",
        uid("two"): "registration",
    }


def test_pages_go_through_all_clocks(pool: Pool) -> None:
    writer = Writer().configured()
    for number in range(4):
        writer.add(f"case {number}", RECEIVED, APPLIED, *([WAIT] if number % 2 else []))
    build(pool, writer.log(), [SlaTimers()])
    whole = ask(pool, limit=500).clocks
    shown, cursor = list[Timer](), None
    while True:
        page = ask(pool, limit=3, cursor=cursor)
        shown += page.clocks
        cursor = page.next
        if cursor is None:
            break
    assert tuple(shown) == whole
    assert len(whole) == 20


@settings(max_examples=30, deadline=None, suppress_health_check=SHARED)
@given(events=histories(), later=st.integers(0, 2000))
def test_the_list_is_what_the_judge_says_of_the_whole_history(pool: Pool, events: list[Recorded], later: int) -> None:
    empty(pool, [SlaTimers()])
    build(pool, Writer(events).log(), [SlaTimers()], batch=4)
    at = max((one.envelope.occurred_at for one in events), default=START) + timedelta(hours=later)
    expected = []
    for stream in dict.fromkeys(one.stream for one in events):
        own = [one for one in events if one.stream == stream and one.name.startswith("complaint.")]
        known = marks.steps(fact.from_stored(one.event, one.envelope, one.recorded_at) for one in own)
        verdicts = judge(known, CALENDARS, at) if any(one.name == "complaint.sla_applied.v1" for one in own) else ()
        expected += [(stream, one.kind, one.cycle, one.instance, one.state, one.due_at) for one in verdicts]
    for state in ("running", "paused", "fulfilled", "missed", "cancelled"):
        found = ask(pool, at, state=state, limit=500).clocks
        shown = [(one.case, one.kind, one.cycle, one.instance, one.state, one.due_at) for one in found]
        assert sorted(shown) == sorted(one for one in expected if one[4] == state)


def test_information_provided_resumes(pool: Pool) -> None:
    back = InformationProvided(request_id=uid("request"))
    writer = Writer().configured().add("case", RECEIVED, APPLIED, WAIT).add("case", back, at=START + 48 * HOUR)
    build(pool, writer.log(), [SlaTimers()])
    one = ask(pool, START + 48 * HOUR, kind="resolution").clocks[0]
    assert (one.state, one.due_at.isoformat()) == ("running", "2026-03-17T15:00:00+00:00")


@pytest.mark.parametrize("word", ["ran", "RUNNING"])
def test_an_unknown_state_is_refused(word: str) -> None:
    with pytest.raises(ValueError, match="state"):
        TimerFilter.model_validate({"state": word})


def test_a_kind_that_no_clock_has_is_refused_rather_than_answered_with_nothing() -> None:
    with pytest.raises(ValidationError, match="no such kind of clock; one of: registration"):
        TimerFilter(kind="first_answer")
    assert TimerFilter(kind="statutory:us-cfpb-final").kind == "statutory:us-cfpb-final"
    assert TimerFilter(kind="stage:investigation").kind == "stage:investigation"
