from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from engine.complaint.clocks import judged
from engine.configuration.in_force import Book
from schemas.complaint.assignment import Assign
from schemas.complaint.classification import Classify, Prioritise, SetField
from schemas.complaint.clocks import (
    ComplaintPromised,
    DeadlineExtended,
    DeadlineMissed,
    ExtendDeadline,
    KeepPromise,
    MakePromise,
    PromiseKept,
    ReapplySla,
    ReportMiss,
    SlaApplied,
)
from schemas.complaint.correspondence import MessageRecorded
from schemas.complaint.lifecycle import ComplaintResolved
from schemas.complaint.records import CorrectEntry
from schemas.complaint.registration import Receive
from schemas.configuration.calendar import Calendar
from schemas.configuration.policy import Policy
from support.scenario import COMPLAINANT, MONDAY, OPENING, TIMER, History, Past, content, envelope, given, uid

DAY = timedelta(days=1)
ALWAYS = ["00:00-24:00"]


def calendar(version: int, **more: object) -> Calendar:
    days = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    week = dict.fromkeys(days, ALWAYS)
    return Calendar.model_validate(
        {"id": "round-the-clock", "version": version, "timezone": "UTC", "week": week, **more}
    )


def policy(id: str, order: int, **when: object) -> Policy:
    clocks = [{"kind": "resolution", "target": "5 calendar days"}, {"kind": "first_reply", "target": "48 hours"}]
    return Policy.model_validate(
        {"id": id, "version": 3, "order": order, "calendar": "round-the-clock", "clocks": clocks, "when": when or None}
    )


BOOK = Book(
    policies={
        "usual": policy("usual", 100),
        "urgent": policy("urgent", 10, priority="urgent"),
        "goods": policy("goods", 20, type="product"),
        "north": policy("north", 30, business_unit="north"),
    },
    calendars={("round-the-clock", 1): calendar(1), ("round-the-clock", 2): calendar(2)},
    latest_calendar={"round-the-clock": 2},
)
DUE = MONDAY + timedelta(days=2)
"""Of the first reply to what was received on Monday."""


def running() -> History:
    first = Receive(content=content(message=OPENING, sense="complaint"))
    return given().under(BOOK).when(first, at=MONDAY, command_id=uid("first")).after()


def applied(history: History) -> list[tuple[str, str, int]]:
    found = [past.event for past in history.past if isinstance(past.event, SlaApplied)]
    return [(event.reason, event.policy, event.policy_version) for event in found]


def miss(at: datetime, due: datetime = DUE) -> DeadlineMissed:
    return DeadlineMissed(subject_id=COMPLAINANT, clock="first_reply", cycle=1, instance=1, due_at=due, detected_at=at)


REPORT = ReportMiss(clock="first_reply", cycle=1, instance=1, due_at=DUE)


def test_a_new_complaint_gets_its_promises_in_full_with_the_calendar_pinned() -> None:
    history = running()
    assert applied(history) == [("first", "usual", 3)]
    event = history.past[-1].event
    assert isinstance(event, SlaApplied)
    assert [(c.kind, c.target, c.calendar, c.calendar_version) for c in event.clocks] == [
        ("resolution", "5 calendar days", "round-the-clock", 2),
        ("first_reply", "48 hours", "round-the-clock", 2),
    ]
    assert [one.event for one in event.clocks[1].start] == ["complaint.received"]
    assert [one.event for one in event.clocks[1].fulfil] == ["complaint.message_recorded", "complaint.replied"]


def test_without_a_policy_that_holds_nothing_is_promised() -> None:
    only = replace(BOOK, policies={"urgent": BOOK.policies["urgent"]})
    first = given().under(only).when(Receive(content=content("m"))).after()
    assert applied(first) == []
    assert applied(first.when(Prioritise(priority="urgent")).after()) == [("first", "urgent", 3)]


def test_a_policy_whose_calendar_is_not_in_force_loses_no_message() -> None:
    history = given().under(replace(BOOK, latest_calendar={})).when(Receive(content=content("m"))).after()
    assert [past.event.NAME for past in history.past] == ["complaint.received.v1", "complaint.registered.v1"]


@pytest.mark.parametrize(
    ("command", "reason", "selected"),
    [
        (Prioritise(priority="urgent"), "priority", "urgent"),
        (Classify(type="product"), "reclassified", "goods"),
        (Assign(business_unit="north"), "reclassified", "north"),
    ],
    ids=lambda value: getattr(value, "NAME", None),
)
def test_what_selects_another_policy_applies_it(
    command: Prioritise | Classify | Assign, reason: str, selected: str
) -> None:
    assert applied(running().when(command).after())[1:] == [(reason, selected, 3)]


def test_what_selects_the_same_policy_leaves_the_promises_alone_even_in_a_newer_version() -> None:
    newer = replace(BOOK, policies={"usual": BOOK.policies["usual"].model_copy(update={"version": 4})})
    history = running().under(newer)
    for command in (Prioritise(priority="low"), Classify(tone="calm"), SetField(field="x", value=1)):
        assert applied(history.when(command).after()) == [("first", "usual", 3)]


def test_a_resolved_complaint_gets_no_new_promises() -> None:
    history = running()
    resolved = replace(history, past=(*history.past, *given(ComplaintResolved(outcome="upheld")).past))
    assert len(applied(resolved.when(Prioritise(priority="urgent")).after())) == 1


def test_a_miss_is_recorded_only_once_the_clock_has_run_out() -> None:
    running().when(REPORT, by=TIMER, at=DUE).then_refused("not_due", clock="first_reply", state="running")
    late = DUE + timedelta(microseconds=1)
    after = running().when(REPORT, by=TIMER, at=late, command_id=uid("c1")).then(miss(late))
    after.when(REPORT, by=TIMER, at=late + DAY, command_id=uid("c2")).then_nothing()


def test_the_due_is_the_judges_whatever_the_timer_proposed() -> None:
    stale = REPORT.model_copy(update={"due_at": MONDAY})
    running().when(stale, by=TIMER, at=DUE + DAY).then(miss(DUE + DAY))


def test_a_clock_that_does_not_run_is_not_missed() -> None:
    running().when(REPORT.model_copy(update={"instance": 2}), by=TIMER).then_refused("unknown_clock", instance=2)
    running().when(REPORT.model_copy(update={"clock": "update"}), by=TIMER).then_refused(
        "unknown_clock", clock="update"
    )
    lost = running().under(replace(BOOK, calendars={}))
    lost.when(REPORT, by=TIMER, at=DUE + DAY).then_refused("unknown_clock", calendar="round-the-clock")


def test_a_due_is_moved_while_it_lies_ahead() -> None:
    command = ExtendDeadline(clock="first_reply", due_at=DUE + DAY, notice=OPENING)
    moved = DeadlineExtended(
        subject_id=COMPLAINANT, clock="first_reply", cycle=1, instance=1, due_at=DUE + DAY, notice=OPENING
    )
    after = running().when(command, at=DUE, command_id=uid("c1")).then(moved)
    after.when(command, at=DUE, command_id=uid("c2")).then_nothing()
    after.when(REPORT, by=TIMER, at=DUE + DAY).then_refused("not_due")
    missed = DUE + DAY + timedelta(seconds=1)
    after.when(REPORT, by=TIMER, at=missed).then(miss(missed, due=DUE + DAY))


def test_a_due_is_moved_neither_back_nor_after_it_has_passed() -> None:
    history = running()
    later = ExtendDeadline(clock="first_reply", due_at=DUE + 9 * DAY)
    history.when(later, at=DUE + timedelta(seconds=1)).then_refused("extension_too_late", due_at=DUE.isoformat())
    same = ExtendDeadline(clock="first_reply", due_at=DUE)
    history.when(same, at=MONDAY + DAY).then_refused("extension_not_later")
    unheard = ExtendDeadline(clock="first_reply", due_at=DUE + DAY, notice=uid("m9"))
    history.when(unheard, at=MONDAY + DAY).then_refused("unknown_message", message=str(uid("m9")))
    history.when(ExtendDeadline(clock="update", due_at=DUE), at=MONDAY).then_refused("unknown_clock", clock="update")


def test_a_promise_is_kept_once() -> None:
    promised = ComplaintPromised(subject_id=COMPLAINANT, promise_id=uid("p1"), what="A call", due=DUE)
    command = MakePromise(promise_id=uid("p1"), what="A call", due=DUE)
    after = running().when(command, command_id=uid("c1")).then(promised)
    after.when(command, command_id=uid("c2")).then_nothing()
    kept = after.when(KeepPromise(promise_id=uid("p1")), command_id=uid("c3")).then(
        PromiseKept(subject_id=COMPLAINANT, promise_id=uid("p1"))
    )
    kept.when(KeepPromise(promise_id=uid("p1")), command_id=uid("c4")).then_nothing()
    after.when(KeepPromise(promise_id=uid("p9"))).then_refused("unknown_promise", promise=str(uid("p9")))


def with_calendars(*newer: Calendar) -> Book:
    every = {**BOOK.calendars, **{(one.id, one.version): one for one in newer}}
    return replace(BOOK, calendars=every, latest_calendar={"round-the-clock": max(one.version for one in newer)})


def pins(history: History) -> list[tuple[str, str, int, set[int]]]:
    found = [past.event for past in history.past if isinstance(past.event, SlaApplied)]
    return [
        (event.reason, event.policy, event.policy_version, {clock.calendar_version for clock in event.clocks})
        for event in found
    ]


HOLIDAY = calendar(3, applies_to_open=True)


def test_an_open_complaint_is_re_dated_by_a_calendar_that_says_so_and_once_only() -> None:
    before = running().under(with_calendars(HOLIDAY))
    event = before.past[-1].event
    assert isinstance(event, SlaApplied)

    after = before.when(ReapplySla(), by=TIMER).then(
        event.model_copy(
            update={
                "reason": "calendar",
                "clocks": tuple(clock.model_copy(update={"calendar_version": 3}) for clock in event.clocks),
            }
        )
    )

    assert pins(after) == [("first", "usual", 3, {2}), ("calendar", "usual", 3, {3})]
    after.when(ReapplySla(), by=TIMER, command_id=uid("looked again")).then_nothing()


def test_a_calendar_for_new_complaints_alone_re_dates_nothing_and_hides_no_older_one_that_does() -> None:
    new_only = calendar(3), calendar(4)
    running().under(with_calendars(*new_only)).when(ReapplySla(), by=TIMER).then_nothing()

    after = running().under(with_calendars(HOLIDAY, calendar(4))).when(ReapplySla(), by=TIMER).after()
    assert pins(after)[-1] == ("calendar", "usual", 3, {3})


def test_a_complaint_that_has_ended_is_not_re_dated_but_one_whose_clock_runs_on_is() -> None:
    book = with_calendars(HOLIDAY)
    resolved = ComplaintResolved(subject_id=COMPLAINANT, outcome="upheld")
    ended = running()
    ended = replace(ended, past=(*ended.past, Past(resolved, envelope(at=MONDAY + DAY, event_id=uid("ended")))))
    # The first reply is still owed after an outcome, until the case is closed.
    assert pins(ended.under(book).when(ReapplySla(), by=TIMER).after())[-1][0] == "calendar"

    late = MONDAY + 9 * DAY
    ended.under(book).when(ReapplySla(), by=TIMER, at=late).then_nothing()


def test_what_was_missed_before_it_is_re_dated_stays_missed() -> None:
    late = MONDAY + 3 * DAY
    before = running().when(REPORT, by=TIMER, at=late).after().under(with_calendars(HOLIDAY))

    after = before.when(ReapplySla(), by=TIMER, at=late).after()

    clocks = {clock.kind: clock for clock in judged(after.when(REPORT, at=late).asked)}
    first_reply, resolution = clocks["first_reply"], clocks["resolution"]
    assert (first_reply.state, first_reply.missed_at, first_reply.calendar_version) == ("missed", DUE, 2)
    assert (resolution.state, resolution.calendar_version) == ("running", 3)


def test_a_complaint_without_promises_has_none_to_re_date() -> None:
    first = Receive(content=content(message=OPENING, sense="complaint"))
    opened = given().when(first, at=MONDAY, command_id=uid("first")).after()
    opened.under(with_calendars(HOLIDAY)).when(ReapplySla(), by=TIMER).then_nothing()


def test_an_entry_that_was_corrected_no_longer_fulfils_a_clock() -> None:
    answer = MessageRecorded(
        subject_id=COMPLAINANT, direction="outbound", channel="email", purpose="final", message=uid("answer")
    )
    history = running()
    wrong = Past(answer, envelope(by="person:ann", at=MONDAY + DAY, event_id=uid("wrong")), MONDAY + DAY)
    answered = replace(history, past=(*history.past, wrong))
    late = MONDAY + 3 * DAY
    answered.when(REPORT, by=TIMER, at=late).then_refused("not_due", clock="first_reply", state="fulfilled")

    corrected = answered.when(CorrectEntry(event_id=uid("wrong")), at=late).after()

    corrected.when(REPORT, by=TIMER, at=late).then(miss(at=late))
