from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from structlog.testing import capture_logs

from consumers.reactions.loop import Timers
from engine.complaint.escalating import MISSED, WARNING
from engine.store.batch import Batch, SourceMove
from engine.store.database.pool import Pool
from engine.store.standings import Standing
from projections.views.sla_timers.rows import SlaTimers
from schemas.complaint.assignment import Assign, ComplaintEscalated
from schemas.complaint.clocks import DeadlineMissed, ExtendDeadline
from schemas.complaint.correspondence import Reply
from schemas.complaint.lifecycle import Resolve
from schemas.complaint.waiting import RequestInformation
from schemas.configuration import load
from support.installation import MONDAY, Desk
from support.timing import door, look, passed, world
from support.views import build, drop

TEXT = "The kettle that I ordered arrived broken, I want my money back."
POLICY = """
kind: policy
id: default
version: 9
calendar: desk
escalations:
  - {after: 0 minutes, level: 1, to: team-leads}
  - {after: 2 working hours, level: 2, to: head-of-service}
clocks:
  - {kind: first_reply, target: 1 working hour, warn: [50, 75]}
  - {kind: resolution, target: 10 working days, escalations: []}
  - {kind: "stage:satisfaction_check", target: 14 calendar days}
"""


@pytest.fixture
def strict(desk: Desk) -> Desk:
    """A desk whose first replies are warned of and escalated."""
    desk.service.activate([load(POLICY, "default.yaml")], desk.around(), desk.at)
    return desk


def opened(desk: Desk, name: str = "one") -> UUID:
    return desk.opened(channel="web_form", system="shop", id=name, text=TEXT, author={"name": "Ann"})


def missed(desk: Desk, stream: UUID) -> list[tuple[str, datetime, datetime]]:
    events = [one.event for one in desk.history(stream, open=False)]
    return [(one.clock, one.due_at, one.detected_at) for one in events if isinstance(one, DeadlineMissed)]


def escalated(desk: Desk, stream: UUID) -> list[tuple[int, str, str | None, int | None]]:
    events = [one.event for one in desk.history(stream, open=False)]
    found = [one for one in events if isinstance(one, ComplaintEscalated)]
    return [(one.level, one.reason, one.team, one.percent) for one in found]


def test_a_miss_is_recorded_once_with_its_due_and_when_it_was_found(desk: Desk, pool: Pool) -> None:
    stream = opened(desk)
    desk.later(minutes=60, seconds=4)
    assert look(desk, pool) == {}  # clocks act up to five seconds ago
    desk.later(seconds=2)
    assert look(desk, pool) == {"miss": 1}
    assert look(desk, pool) == {}
    assert missed(desk, stream) == [("first_reply", MONDAY + timedelta(hours=1), desk.at)]


def test_nothing_is_recorded_of_what_was_kept(desk: Desk, pool: Pool) -> None:
    stream = opened(desk)
    desk.later(minutes=30)
    desk.give(stream, Reply(channel="email", body="We look into it.", final=False))
    desk.later(minutes=31)
    assert look(desk, pool) == {}
    assert desk.names(stream).count("deadline_missed") == 0


def test_whoever_answers_is_warned_and_then_levels_are_called_in_one_by_one(strict: Desk, pool: Pool) -> None:
    stream = opened(strict)
    strict.give(stream, Assign(team="first-line", assignee="person:k7"))
    strict.later(minutes=31)
    assert look(strict, pool) == {"warning": 1}
    strict.later(minutes=15)
    assert look(strict, pool) == {"warning": 1}
    strict.later(minutes=15)
    assert look(strict, pool) == {"miss": 1}
    assert look(strict, pool) == {"escalation": 1}
    assert look(strict, pool) == {}
    strict.later(hours=2)
    assert look(strict, pool) == {"escalation": 1}
    assert escalated(strict, stream) == [
        (0, WARNING, "first-line", 50),
        (0, WARNING, "first-line", 75),
        (1, MISSED, "team-leads", None),
        (2, MISSED, "head-of-service", None),
    ]


def test_of_several_warnings_that_were_slept_through_only_the_last_is_given(strict: Desk, pool: Pool) -> None:
    stream = opened(strict)
    strict.later(minutes=50)
    assert look(strict, pool) == {"warning": 1}
    assert look(strict, pool) == {}
    assert escalated(strict, stream) == [(0, WARNING, None, 75)]


def test_after_an_extension_the_warnings_are_due_again(strict: Desk, pool: Pool) -> None:
    stream = opened(strict)
    strict.later(minutes=50)
    look(strict, pool)
    strict.give(stream, ExtendDeadline(clock="first_reply", due_at=MONDAY + timedelta(hours=4)))
    assert look(strict, pool) == {}
    strict.later(hours=2)
    assert look(strict, pool) == {"warning": 1}
    assert [percent for *_, percent in escalated(strict, stream)] == [75, 50]


def test_nobody_is_called_in_for_what_was_done_late_but_before_anybody_looked(strict: Desk, pool: Pool) -> None:
    stream = opened(strict)
    strict.later(minutes=70)
    strict.give(stream, Reply(channel="email", body="Sorry for the wait.", final=False))
    strict.later(minutes=1)
    assert look(strict, pool) == {"miss": 1}
    assert look(strict, pool) == {}
    assert missed(strict, stream) == [("first_reply", MONDAY + timedelta(hours=1), strict.at)]
    assert escalated(strict, stream) == []


def test_what_happened_since_the_views_were_written_decides(desk: Desk, pool: Pool) -> None:
    """The view says that a reply is due, the case knows that it was given: nothing is recorded, nor remembered."""
    stream = opened(desk)
    timers = door(desk, pool)
    look(desk, pool, timers)
    desk.later(minutes=58)
    desk.give(stream, Reply(channel="email", body="We look into it.", final=False))
    desk.later(minutes=3)
    found = timers.once()
    assert found is not None
    assert (dict(found.recorded), found.proposed) == ({}, 1)
    assert look(desk, pool, timers) == {}


def test_a_paused_clock_asks_for_nothing_until_it_runs_again(desk: Desk, pool: Pool) -> None:
    stream = opened(desk)
    desk.give(stream, Reply(channel="email", body="We look into it.", final=False))
    desk.give(stream, RequestInformation(what="the order number"))
    desk.later(days=40)
    kinds = {clock for clock, *_ in missed(desk, stream)}
    look(desk, pool)
    assert "resolution" not in kinds | {clock for clock, *_ in missed(desk, stream)}


def test_a_clock_that_goes_backwards_takes_nothing_back_and_repeats_nothing(desk: Desk, pool: Pool) -> None:
    stream, timers = opened(desk), door(desk, pool)
    desk.later(minutes=62)
    assert look(desk, pool, timers) == {"miss": 1}
    desk.later(minutes=-30)
    assert look(desk, pool, timers) == {}
    desk.later(minutes=31)
    assert look(desk, pool, timers) == {}
    assert len(missed(desk, stream)) == 1


def test_a_proposal_that_came_too_early_may_be_made_again(desk: Desk, pool: Pool) -> None:
    """One replica's clock is ahead: what it proposes is refused by the case at the time of the other."""
    stream = opened(desk)
    desk.later(minutes=62)
    right = desk.at - timedelta(minutes=20)
    ahead = replace(world(desk, pool), submit=lambda items, _: desk.service.submit(items, right))
    assert look(desk, pool, Timers(ahead, timedelta(hours=1))) == {}
    assert look(desk, pool) == {"miss": 1}
    assert len(missed(desk, stream)) == 1


def test_everything_is_found_in_bounded_batches(desk: Desk, pool: Pool) -> None:
    for number in range(7):
        opened(desk, f"case {number}")
    desk.later(minutes=61)
    assert look(desk, pool, door(desk, pool, batch=3)) == {"miss": 7}


def test_a_view_that_was_dropped_and_rebuilt_fires_nothing_again(strict: Desk, pool: Pool) -> None:
    stream = opened(strict)
    strict.later(hours=5)
    for _ in range(4):
        look(strict, pool)
    before = strict.names(stream)
    assert before.count("escalated") == 2
    drop(pool, [SlaTimers()])
    assert look(strict, pool) == {}
    assert strict.names(stream) == before


def test_a_term_that_runs_out_without_a_word_closes_the_case_by_rule(desk: Desk, pool: Pool) -> None:
    stream = opened(desk)
    desk.give(stream, Reply(channel="email", body="Here is your money.", final=True))
    desk.give(stream, Resolve(outcome="upheld"))
    desk.later(days=14)
    assert "term" not in look(desk, pool)
    desk.later(days=1)
    assert look(desk, pool)["term"] == 1
    last = desk.history(stream, open=False)[-1]
    assert (last.name, last.event.model_dump()["reason"]) == ("complaint.closed.v1", "term_elapsed")
    assert last.envelope.decided_by is not None
    assert (last.envelope.actor, last.envelope.decided_by.rule) == ("rule:desk", "closing.term-elapsed")
    assert look(desk, pool) == {}


def test_a_term_that_runs_out_without_a_final_reply_closes_nothing(desk: Desk, pool: Pool) -> None:
    stream = opened(desk)
    desk.give(stream, Resolve(outcome="upheld"))
    desk.later(days=20)
    look(desk, pool)
    assert "closed" not in desk.names(stream)


def say(desk: Desk, *, end: int, position: int, measured: datetime, reached: datetime | None = None) -> None:
    source = "kafka:c/t/0"
    found = desk.store.positions.look_up([source]).get(source)
    if found != position:
        desk.store.commit(Batch(sources=(SourceMove(source, found, position),)))
    desk.store.standings.say(
        [Standing(source, "complaints.inbound", 0, "m", "running", None, MONDAY, end, reached, measured)]
    )


def test_after_an_outage_a_backlog_turns_no_kept_promise_into_a_recorded_miss(desk: Desk, pool: Pool) -> None:
    stream, timers = opened(desk), door(desk, pool)
    say(desk, end=10, position=10, measured=MONDAY + timedelta(minutes=5))
    desk.later(minutes=90)  # nobody has read the topic for 85 minutes
    found = passed(desk, pool, timers)
    assert (dict(found.recorded), [one.name for one in found.horizon.held_by]) == ({}, ["complaints.inbound/0"])
    say(desk, end=20, position=15, measured=desk.at, reached=MONDAY + timedelta(minutes=50))
    assert look(desk, pool, timers) == {}
    say(desk, end=20, position=20, measured=desk.at, reached=MONDAY + timedelta(minutes=80))
    assert look(desk, pool, timers) == {"miss": 1}
    assert missed(desk, stream)[0][1:] == (MONDAY + timedelta(hours=1), desk.at)


def test_a_source_that_holds_the_clocks_back_for_too_long_is_passed_over(desk: Desk, pool: Pool) -> None:
    opened(desk)
    timers = door(desk, pool, patience=timedelta(hours=2))
    say(desk, end=20, position=10, measured=MONDAY)
    desk.later(minutes=90)
    assert look(desk, pool, timers) == {}
    desk.later(minutes=119)
    assert look(desk, pool, timers) == {}
    desk.later(minutes=1)
    found = passed(desk, pool, timers)
    assert [one.name for one in found.horizon.passed_over] == ["complaints.inbound/0"]
    assert found.recorded["miss"] == 1


def test_a_replica_leaves_the_work_to_the_one_that_has_the_lock(desk: Desk, pool: Pool) -> None:
    from projections.runtime import owner

    opened(desk)
    with owner.sole(pool, "timers") as link:
        assert link is not None
        assert door(desk, pool).once() is None


def test_a_calendar_that_holds_for_open_cases_redates_each_of_them_once(desk: Desk, pool: Pool) -> None:
    stream = opened(desk)
    known = desk.service.book().calendar("desk")
    closed = known.model_copy(
        update={
            "version": known.version + 1,
            "applies_to_open": True,
            "holidays": (*known.holidays, MONDAY.date() + timedelta(days=1)),
        }
    )
    desk.later(minutes=10)
    desk.service.activate([closed], desk.around(), desk.at)
    assert look(desk, pool, door(desk, pool, batch=2)) == {"redated": 1}
    assert look(desk, pool) == {}
    last = desk.history(stream, open=False)[-1]
    assert (last.name, last.event.model_dump()["reason"]) == ("complaint.sla_applied.v1", "calendar")


def test_the_trouble_of_a_source_is_named_once_each_time(desk: Desk, pool: Pool) -> None:
    timers = door(desk, pool, patience=timedelta(hours=1))
    say(desk, end=20, position=10, measured=MONDAY, reached=MONDAY)
    build(pool, desk.store.read, [SlaTimers()])
    with capture_logs() as logs:
        for _ in range(4):
            desk.later(minutes=30)
            timers.once()
    told = [(one["event"], one["log_level"], one["source"]) for one in logs if "source" in one]
    assert told == [
        ("timers_held_back", "warning", "complaints.inbound/0"),
        ("timers_source_passed_over", "error", "complaints.inbound/0"),
    ]
