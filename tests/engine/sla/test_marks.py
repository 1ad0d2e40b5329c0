"""Marks keep what judging needs: through JSON, in any order of looking, and nothing personal."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from engine.sla.calendar import OpenTime, compile_calendar
from engine.sla.due import UnknownCalendar, next_due
from engine.sla.fact import Fact, from_stored
from engine.sla.judge import judge
from engine.sla.kinds import Terms, terms
from engine.sla.marks import from_json, initial, step, steps, to_json, to_text
from engine.sla.policy import applied_clocks, terms_of
from schemas.complaint.base import Event
from schemas.complaint.clocks import DeadlineMissed, SlaApplied
from schemas.complaint.correspondence import MessageRecorded
from schemas.complaint.registration import ComplaintReceived
from schemas.complaint.waiting import InformationRequested
from schemas.configuration.calendar import Calendar
from schemas.configuration.policy import ClockRule, Policy
from schemas.envelope import Envelope, RequestSource

ID = UUID(int=1)
START = datetime(2024, 3, 4, 6, tzinfo=UTC)
DESK = Calendar.model_validate(
    {
        "id": "desk",
        "version": 1,
        "timezone": "Europe/Moscow",
        "week": {day: ["09:00-13:00", "14:00-18:00"] for day in ("mon", "tue", "wed", "thu", "fri")},
    }
)
CALENDARS: dict[tuple[str, int], OpenTime] = {("desk", 1): compile_calendar(DESK)}
TARGETS = {
    "acknowledgement": "2 working hours",
    "first_reply": "3 hours",
    "next_reply": "4 working hours",
    "pausable_update": "1 working day",
    "requester_wait": "2 calendar days",
    "resolution": "3 working days",
    "agent_work": "12 working hours",
    "total_resolution": "5 calendar days",
    "statutory:x": "1 week",
    "stage:registration": "4 hours",
}
GIVEN: tuple[Terms, ...] = tuple(
    terms(ClockRule.model_validate({"kind": kind, "target": target, "warn": [50]}), "desk", 1)
    for kind, target in TARGETS.items()
)

EVENTS: list[tuple[str, dict[str, Any]]] = [
    ("complaint.message_recorded", {"direction": "inbound"}),
    ("complaint.message_recorded", {"direction": "outbound"}),
    ("complaint.message_recorded", {"direction": "outbound", "purpose": "notice"}),
    ("complaint.information_requested", {"request_id": "a"}),
    ("complaint.information_requested", {"request_id": "b"}),
    ("complaint.information_provided", {"request_id": "a"}),
    ("complaint.information_provided", {}),
    ("complaint.acknowledged", {}),
    ("complaint.registered", {}),
    ("complaint.investigation_started", {}),
    ("complaint.resolved", {}),
    ("complaint.closed", {}),
    ("complaint.reopened", {}),
]


@st.composite
def histories(draw: st.DrawFn) -> list[Fact]:
    now, found = START, [Fact("complaint.received", START, fields={"message": "m"})]
    for type_, fields in draw(st.lists(st.sampled_from(EVENTS), max_size=14)):
        now += draw(st.timedeltas(timedelta(seconds=1), timedelta(days=2)))
        found.append(Fact(type_, now, fields=fields))
    return found


looks = st.timedeltas(timedelta(0), timedelta(days=25)).map(lambda later: START + later)


@settings(max_examples=150, deadline=None)
@given(histories(), looks)
def test_marks_survive_json_at_every_step(history: list[Fact], at: datetime) -> None:
    marks = kept = initial(GIVEN)
    for fact in history:
        marks = step(marks, fact)
        kept = step(from_json(json.loads(json.dumps(to_json(kept)))), fact)

    assert kept == marks
    assert json.loads(to_text(kept)) == json.loads(json.dumps(to_json(marks)))
    assert judge(kept, CALENDARS, at) == judge(marks, CALENDARS, at)


@settings(max_examples=150, deadline=None)
@given(histories(), looks, st.randoms(use_true_random=False))
def test_the_order_of_storing_does_not_matter_to_the_clocks(history: list[Fact], at: datetime, random: Any) -> None:
    mixed = list(history)
    random.shuffle(mixed)

    assert judge(steps(mixed, GIVEN), CALENDARS, at) == judge(steps(history, GIVEN), CALENDARS, at)


@settings(max_examples=300, deadline=None)
@given(histories(), looks, looks)
def test_what_is_missed_or_kept_once_stays_so_whenever_one_looks(
    history: list[Fact], one: datetime, other: datetime
) -> None:
    assume(one != other)
    marks = steps(history, GIVEN)
    earlier = judge(marks, CALENDARS, min(one, other))
    later = {(clock.kind, clock.cycle, clock.instance): clock for clock in judge(marks, CALENDARS, max(one, other))}

    for clock in earlier:
        then = later[clock.kind, clock.cycle, clock.instance]
        assert then.started_at == clock.started_at
        if clock.state == "missed":
            assert (then.state, then.due_at, then.missed_at) == (clock.state, clock.due_at, clock.missed_at)
        if clock.state in ("fulfilled", "cancelled"):
            assert then == clock
        if clock.state in ("running", "paused"):
            assert then.due_at >= clock.due_at
            assert clock.due_at >= min(one, other)


@settings(max_examples=150, deadline=None)
@given(histories(), looks)
def test_the_parts_of_a_verdict_agree(history: list[Fact], at: datetime) -> None:
    for clock in judge(steps(history, GIVEN), CALENDARS, at):
        open_still = clock.state in ("running", "paused")
        assert (clock.remaining_seconds is not None) == open_still
        assert (clock.overdue_seconds is not None) == (clock.missed_at is not None) == (clock.state == "missed")
        assert clock.elapsed_seconds >= 0
        assert clock.paused_seconds >= 0
        if clock.fulfilled_at is not None and clock.state == "fulfilled":
            assert clock.fulfilled_at <= clock.due_at
        for warning in clock.warnings:
            assert warning.at <= clock.due_at


def _stored(event: Event, occurred: datetime, **more: Any) -> Fact:
    envelope = Envelope(
        event_id=ID, occurred_at=occurred, actor="service:test", identity="local", source=RequestSource(request=ID),
        command_id=ID, correlation_id=ID, business_unit="main", **more,
    )  # fmt: skip
    return from_stored(event, envelope, occurred + timedelta(hours=1))


def test_stored_events_are_judged_without_their_texts() -> None:
    policy = Policy.model_validate(
        {"id": "p", "version": 1, "clocks": [{"kind": "first_reply", "target": "1 working hour"}], "calendar": "desk"}
    )
    facts = [
        _stored(
            ComplaintReceived(subject_id=ID, channel="email", message=ID, subject="Ivan", body="Ivan was here"), START
        ),
        _stored(
            SlaApplied(reason="first", policy="p", policy_version=1, clocks=applied_clocks(policy, {"desk": 1})), START
        ),
        _stored(InformationRequested(request_id=ID, what="Ivan's receipt"), START),
        _stored(
            MessageRecorded(direction="outbound", message=ID, channel="email", body="Dear Ivan"),
            START + timedelta(hours=1),
        ),
        _stored(DeadlineMissed(clock="first_reply", cycle=1, instance=1, due_at=START, detected_at=START), START),
    ]

    marks = steps(facts)

    assert [(one.kind, one.state, one.late_evidence) for one in judge(marks, CALENDARS, START + timedelta(days=1))] == [
        ("first_reply", "fulfilled", True)
    ]
    text = json.dumps(to_json(marks))
    assert "Ivan" not in text
    assert "subject" not in text
    assert marks.stepped == len(facts)
    assert [entry.type for entry in marks.entries] == [
        "complaint.received", "complaint.sla_applied", "complaint.information_requested", "complaint.message_recorded",
    ]  # fmt: skip


def test_a_stored_day_is_the_date_in_its_own_zone() -> None:
    fact = _stored(
        ComplaintReceived(channel="letter", message=ID),
        datetime(2012, 1, 13, 5, tzinfo=UTC),
        occurred_precision="day",
        zone="America/New_York",
        origin="import",
    )

    entry = steps([fact]).entries[0]

    assert (entry.day, entry.at, entry.trusted) == (
        datetime(2012, 1, 13, tzinfo=UTC).toordinal(),
        1326430800000000,
        None,
    )


def test_the_terms_of_a_policy_survive_the_event_that_states_them() -> None:
    policy = Policy.model_validate(
        {
            "id": "p",
            "version": 1,
            "calendar": "desk",
            "clocks": [
                {"kind": "first_reply", "target": "1 working hour", "warn": [50, 75], "priority_change": "reset"},
                {
                    "kind": "resolution",
                    "target": "1 month",
                    "roll": "next",
                    "reopen": "continue",
                    "cancel": ["acknowledgement"],
                },
                {
                    "kind": "remedy",
                    "target": "2 weeks",
                    "start": [{"event": "complaint.classified", "where": {"tags": "demand"}}],
                },
                {"kind": "promise"},
            ],
        }
    )
    given_terms = terms_of(policy, {"desk": 1})
    event = SlaApplied(reason="first", policy="p", policy_version=1, clocks=applied_clocks(policy, {"desk": 1}))

    marks = steps([_stored(SlaApplied.model_validate_json(event.model_dump_json()), START)])

    assert marks.entries[0].terms == given_terms


def test_marks_of_another_format_ask_for_a_rebuild() -> None:
    with pytest.raises(ValueError, match="rebuild the view"):
        from_json({"format": 1})


def test_the_next_due_is_that_of_a_running_clock() -> None:
    history = [
        Fact("complaint.received", START),
        Fact("complaint.information_requested", START + timedelta(hours=1)),
        Fact("complaint.registered", START + timedelta(hours=1)),
    ]
    marks = steps(history, GIVEN)

    clocks = judge(marks, CALENDARS, START + timedelta(hours=1, minutes=30))

    assert min(clock.due_at for clock in clocks) < START + timedelta(hours=3)
    assert next_due(clocks) == START + timedelta(hours=2)
    assert next_due(judge(marks, CALENDARS, START + timedelta(days=60))) is None


def test_warnings_come_at_shares_of_the_clocks_own_time() -> None:
    rule = ClockRule.model_validate({"kind": "resolution", "target": "8 working hours", "warn": [75, 50, 100]})
    history = [
        Fact("complaint.received", START),
        Fact("complaint.information_requested", START + timedelta(hours=3)),
        Fact("complaint.information_provided", START + timedelta(hours=6)),
    ]

    (clock,) = judge(steps(history, [terms(rule, "desk", 1)]), CALENDARS, START + timedelta(hours=7))

    # Open 06:00Z to 10:00Z and 11:00Z to 15:00Z; paused from 09:00Z to 12:00Z.
    day = datetime(2024, 3, 5, tzinfo=UTC)
    assert [(one.percent, one.at) for one in clock.warnings] == [
        (50, START + timedelta(hours=7)),
        (75, START + timedelta(hours=9)),
        (100, day + timedelta(hours=8)),
    ]
    assert (clock.due_at, clock.paused_seconds) == (day + timedelta(hours=8), 7200)


def test_a_due_beyond_what_its_calendar_covers_is_provisional() -> None:
    covered = Calendar.model_validate({**DESK.model_dump(mode="json"), "covered_until": "2024-03-05"})
    calendars = {("desk", 1): compile_calendar(covered)}
    rules = [
        ClockRule.model_validate({"kind": kind, "target": target})
        for kind, target in (("resolution", "1 calendar day"), ("total_resolution", "2 calendar days"))
    ]
    given_terms = [terms(rule, "desk", 1) for rule in rules]

    clocks = judge(steps([Fact("complaint.received", START)], given_terms), calendars, START)

    assert [(clock.kind, clock.provisional) for clock in clocks] == [("resolution", False), ("total_resolution", True)]


def test_a_calendar_version_that_was_not_handed_in_is_named() -> None:
    with pytest.raises(UnknownCalendar, match="calendar 'desk' version 1 is not known"):
        judge(steps([Fact("complaint.received", START)], GIVEN), {}, START)
