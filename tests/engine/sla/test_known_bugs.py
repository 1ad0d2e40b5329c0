"""What users of other systems reported as wrong about time, by the number of the report: none of it may happen here.

Notices at night (Zammad #4432, #2157) and hundreds of mails at once (Frappe #2967) are no matter of
arithmetic; they are tested where notices are made.
"""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from engine.complaint.clocks import judged as clocks_of
from engine.configuration.in_force import Book
from engine.sla.document import BadDocument
from engine.sla.judge import row
from schemas.complaint.clocks import ReportMiss
from schemas.complaint.registration import Receive
from schemas.complaint.waiting import RequestInformation
from schemas.configuration.calendar import Calendar
from schemas.configuration.policy import Policy
from support.clocks import DESK, WEEKDAYS, inbound, judged, on, only, received, reply
from support.scenario import MONDAY, OPENING, content, given, uid

FIRST_REPLY = {"kind": "first_reply", "target": "2 working hours"}
NEXT_REPLY = {"kind": "next_reply", "target": "2 working hours"}
RESOLUTION = {"kind": "resolution", "target": "8 working hours"}


def at(day: int, time: str = "10:00") -> str:
    """A local time of March 2024 in Moscow; the 4th is a Monday."""
    return f"2024-03-{day:02d}T{time}:00+03:00"


def requested(when: str, request: str = "r", **more: Any) -> dict[str, Any]:
    return on("information_requested", when, request_id=request, **more)


def provided(when: str, request: str = "r") -> dict[str, Any]:
    return on("information_provided", when, request_id=request)


def applied(when: str, *clocks: dict[str, Any], reason: str = "priority") -> dict[str, Any]:
    return on("sla_applied", when, clocks=list(clocks), reason=reason)


# ------------------------------------------------------------------------------------------------ waiting


def test_erpnext_49414_and_frappe_2449_a_hold_over_the_night_does_not_shift_the_deadline_by_the_night() -> None:
    events = [received(at(4, "14:00")), requested(at(4, "17:00")), provided(at(5, "09:00"))]

    rows = judged([RESOLUTION], events, at(5, "10:00"))

    # Three of eight hours were used at 17:00, one open hour was waited, five are left at 09:00.
    assert only(rows, "due_at", "elapsed_seconds") == [("2024-03-05T11:00:00Z", 4 * 3600)]


@pytest.mark.parametrize("number", ["glpi_10594", "glpi_14937"])
def test_glpi_10594_and_14937_a_hold_over_a_closed_weekend_does_not_shift_a_target_of_days(number: str) -> None:
    clock = {"kind": "resolution", "target": "2 working days"}
    waits = {"glpi_10594": (at(8, "18:30"), at(11, "08:00")), "glpi_14937": (at(9), at(10))}[number]

    rows = judged([clock], [received(at(8)), requested(waits[0]), provided(waits[1])], at(11))

    assert only(rows, "due_at") == [("2024-03-12T15:00:00Z",)]


def test_frappe_helpdesk_3776_a_hold_that_ends_with_the_outcome_is_kept() -> None:
    """There a ticket on hold from February to August was reported as resolved after forty-two days."""
    events = [
        received("2024-02-05T09:00:00+03:00"),
        requested("2024-02-05T11:00:00+03:00"),
        on("resolved", "2024-08-05T11:00:00+03:00"),
    ]

    rows = judged([RESOLUTION], events, "2024-08-06T11:00:00+03:00")

    assert only(rows, "state", "elapsed_seconds") == [("fulfilled", 2 * 3600)]


def test_alga_psa_3091_a_clock_that_begins_while_he_is_waited_for_begins_paused() -> None:
    rows = judged([RESOLUTION], [requested(at(4, "09:00")), received(at(4, "09:00"))], at(4, "12:00"))

    assert only(rows, "state", "elapsed_seconds", "remaining_seconds") == [("paused", 0, 8 * 3600)]


def test_alga_psa_3091_a_case_that_was_ended_as_it_came_has_complete_clocks() -> None:
    events = [received(at(4)), on("resolved", at(4)), on("closed", at(4))]

    rows = judged([FIRST_REPLY, RESOLUTION], events, at(6))

    assert only(rows, "kind", "state", "elapsed_seconds") == [
        ("first_reply", "cancelled", 0), ("resolution", "fulfilled", 0),
    ]  # fmt: skip


@pytest.mark.parametrize("mode", ["forward", "retroactive"])
@pytest.mark.parametrize("reason", ["priority", "reclassified"])
def test_glpi_6902_and_15605_a_wait_survives_new_terms(mode: str, reason: str) -> None:
    """Two of eight hours are used at 11:00; he is waited for until 13:00, over the change at 12:00."""
    clock = {**RESOLUTION, "priority_change": mode}
    change = applied(at(4, "12:00"), {**clock, "target": "4 working hours"}, reason=reason)
    events = [received(), requested(at(4, "11:00")), change, provided(at(4, "13:00"))]

    rows = judged([clock], events, at(4, "14:00"))

    due = {"forward": "2024-03-04T13:00:00Z", "retroactive": "2024-03-04T12:00:00Z"}[mode]
    assert only(rows, "state", "due_at", "elapsed_seconds") == [("running", due, 3 * 3600)]


def _case() -> tuple[Book, Policy]:
    policy = Policy.model_validate({"id": "p", "version": 1, "calendar": "c", "clocks": [RESOLUTION]})
    week = {key: ["00:00-24:00"] for key in (*WEEKDAYS, "sat", "sun")}
    calendar = Calendar.model_validate({"id": "c", "version": 1, "timezone": "UTC", "week": week})
    return Book(policies={"p": policy}, calendars={("c", 1): calendar}, latest_calendar={"c": 1}), policy


@pytest.mark.parametrize("channel", ["web_form", "messenger", "call"])
def test_zammad_1322_and_2091_an_answer_by_another_route_ends_the_wait(channel: str) -> None:
    hour = timedelta(hours=1)
    book, _ = _case()
    first = Receive(content=content(message=OPENING, sense="complaint"))
    waiting = given().under(book).when(first, at=MONDAY, command_id=uid("first")).after()
    waiting = waiting.when(RequestInformation.model_validate({"request_id": uid("r")}), at=MONDAY + hour).after()

    answered = waiting.when(Receive(content=content("answer", channel=channel)), at=MONDAY + 3 * hour).after()

    states = []
    for history in (waiting, answered):
        look = history.when(ReportMiss(clock="resolution", cycle=1, instance=1, due_at=MONDAY), at=MONDAY + 4 * hour)
        states += [row(clock) for clock in clocks_of(look.asked)]
    assert only(states, "state", "elapsed_seconds") == [("paused", 3600), ("running", 7200)]


# ------------------------------------------------------------------------------------------------ replies


def test_gitlab_support_1581_an_internal_message_neither_answers_nor_asks() -> None:
    internal = on("message_recorded", at(4, "09:30"), direction="internal", counterparty="staff")

    rows = judged([FIRST_REPLY, NEXT_REPLY], [received(), internal], at(4, "10:00"))

    assert only(rows, "kind", "state", "started_at") == [("first_reply", "running", "2024-03-04T06:00:00Z")]


def test_chatwoot_10178_thanks_after_the_answer_leave_no_reply_clock_running() -> None:
    events = [received(), reply(at(4, "10:00")), on("resolved", at(4, "10:00")), inbound(at(4, "11:00"))]

    assert only(judged([FIRST_REPLY, NEXT_REPLY], events, at(8)), "kind", "state") == [("first_reply", "fulfilled")]


def test_zammad_3551_an_answer_in_the_same_commit_as_the_wait_still_fulfils_the_first_reply() -> None:
    answer, wait = reply(at(4, "09:30"), purpose="question"), requested(at(4, "09:30"))

    for together in ([answer, wait], [wait, answer]):
        assert only(judged([FIRST_REPLY], [received(), *together], at(6)), "state", "fulfilled_at") == [
            ("fulfilled", "2024-03-04T06:30:00Z")
        ]


def test_zammad_5177_an_update_need_not_run_before_the_first_reply() -> None:
    """By default the first word is an update too; a policy may let it begin with the first reply."""
    clock = {"kind": "update", "target": "4 working hours"}
    after_the_first = {**clock, "start": "complaint.replied"}
    answer = on("replied", at(4, "12:00"))

    assert only(judged([clock], [received()], at(4, "11:00")), "state") == [("running",)]
    assert judged([after_the_first], [received()], at(4, "11:00")) == []
    assert only(judged([after_the_first], [received(), answer], at(4, "13:00")), "started_at") == [
        ("2024-03-04T09:00:00Z",)
    ]


def test_zammad_3140_what_was_answered_is_never_missed_later() -> None:
    events = [received(), reply(at(4, "10:30"))]

    verdicts = [judged([FIRST_REPLY], events, look) for look in (at(4, "10:30"), at(4, "11:00"), at(20))]

    assert verdicts[0] == verdicts[1] == verdicts[2]
    assert only(verdicts[2], "state") == [("fulfilled",)]


def test_an_automatic_message_fulfils_nothing_even_where_a_policy_names_plain_messages() -> None:
    rule = {"event": "complaint.message_recorded", "where": {"direction": "outbound"}}
    robot, person = reply(at(4, "09:10"), automated=True), reply(at(4, "09:20"))

    rows = judged([{**RESOLUTION, "fulfil": [rule]}], [received(), robot, person], at(4))

    assert only(rows, "fulfilled_at") == [("2024-03-04T06:20:00Z",)]


# ------------------------------------------------------------------------------------------------ calendars


@pytest.mark.parametrize("number", ["chatwoot_14009", "frappe_2212", "frappe_1528", "osticket_4807"])
def test_several_intervals_a_day_leave_out_what_is_between(number: str) -> None:
    week = {
        "chatwoot_14009": ["09:00-13:00", "14:00-18:00"],
        "frappe_2212": ["09:00-11:00", "12:00-13:00", "14:00-18:00"],
        "frappe_1528": ["08:00-12:00", "15:00-19:00"],
        "osticket_4807": ["10:00-12:00", "12:00-13:00", "20:00-24:00"],
    }[number]
    due = {
        "chatwoot_14009": "2024-03-04T15:00:00Z",
        "frappe_2212": "2024-03-05T07:00:00Z",
        "frappe_1528": "2024-03-04T16:00:00Z",
        "osticket_4807": "2024-03-05T08:00:00Z",
    }[number]
    calendar = {**DESK, "week": dict.fromkeys(WEEKDAYS, week)}

    assert only(judged([RESOLUTION], [received(at(4, "07:00"))], at(4), calendar), "due_at") == [(due,)]


def test_zammad_an_interval_up_to_midnight_loses_no_minute() -> None:
    calendar = {**DESK, "week": {key: ["00:00-24:00"] for key in (*WEEKDAYS, "sat", "sun")}}

    rows = judged([{**RESOLUTION, "target": "48 working hours"}], [received(at(4))], at(4), calendar)

    assert only(rows, "due_at") == [("2024-03-06T07:00:00Z",)]


def test_servicenow_a_working_day_is_a_day_and_not_twenty_four_working_hours() -> None:
    clocks = [{"kind": "resolution", "target": "1 working day"}, {"kind": "agent_work", "target": "24 working hours"}]

    assert only(judged(clocks, [received()], at(4)), "kind", "due_at") == [
        ("agent_work", "2024-03-06T12:00:00Z"), ("resolution", "2024-03-05T15:00:00Z"),
    ]  # fmt: skip


@pytest.mark.parametrize("number", ["frappe_helpdesk_3776", "erpnext_38745", "glpi_15429"])
def test_a_clock_counts_in_the_calendars_zone_whatever_zone_an_event_is_written_in(number: str) -> None:
    written = {
        "frappe_helpdesk_3776": "2024-03-04T23:30:00+00:00",
        "erpnext_38745": "2024-03-05T05:00:00+05:30",
        "glpi_15429": "2024-03-04T15:30:00-08:00",
    }[number]

    rows = judged([{**RESOLUTION, "target": "1 working day"}, FIRST_REPLY], [received(written)], at(5))

    # It is the 5th in Moscow, half past two at night.
    assert only(rows, "kind", "started_at", "due_at") == [
        ("first_reply", "2024-03-04T23:30:00Z", "2024-03-05T08:00:00Z"),
        ("resolution", "2024-03-04T23:30:00Z", "2024-03-06T15:00:00Z"),
    ]


def test_zammad_390_a_holiday_that_is_none_for_this_desk_can_be_overruled_by_hand() -> None:
    calendar = {**DESK, "holidays": ["2024-03-05", "2024-03-06"], "exceptions": {"2024-03-05": ["09:00-18:00"]}}

    rows = judged([{**RESOLUTION, "target": "2 working days"}], [received()], at(4), calendar)

    assert only(rows, "due_at") == [("2024-03-07T15:00:00Z",)]


@pytest.mark.parametrize("number", ["zammad_534", "frappe_2449"])
def test_zammad_534_and_frappe_2449_a_holiday_added_later_re_dates_what_is_open(number: str) -> None:
    clock = {"zammad_534": {**RESOLUTION, "target": "3 working days"}, "frappe_2449": {**RESOLUTION}}[number]
    holiday = {**DESK, "version": 2, "holidays": ["2024-03-05"]}
    change = applied(at(4, "12:00"), {**clock, "calendar": "desk", "calendar_version": 2}, reason="calendar")
    events = [received(at(4, "11:00")), change]

    rows = judged([clock], events, at(4, "13:00"), calendars=[holiday])

    assert only(rows, "state", "due_at") == [
        ("running", {"zammad_534": "2024-03-08T15:00:00Z", "frappe_2449": "2024-03-06T07:00:00Z"}[number])
    ]


def test_osticket_4807_and_frappe_a_calendar_without_any_working_day_is_refused() -> None:
    with pytest.raises(ValidationError, match="no weekday is open, so no working time would ever pass"):
        Calendar.model_validate({"id": "c", "version": 1, "timezone": "UTC", "week": {"mon": []}})
    with pytest.raises(BadDocument, match="no weekday is open"):
        judged([RESOLUTION], [received()], at(4), {**DESK, "week": {}})


@pytest.mark.parametrize("number", ["glpi_15357", "glpi_22678"])
def test_glpi_15357_and_22678_a_warning_before_the_end_comes_in_working_time(number: str) -> None:
    """There the warning came at midnight."""
    target, due, warned = {
        "glpi_15357": ("8 working hours", "2024-03-05T10:00:00Z", "2024-03-05T08:00:00Z"),
        "glpi_22678": ("1 working day", "2024-03-05T15:00:00Z", "2024-03-05T11:45:00Z"),
    }[number]
    book, policy = _case()
    clocks = policy.model_dump(mode="json", exclude={"clocks"}) | {
        "clocks": [{"kind": "resolution", "target": target, "warn": [75]}]
    }
    desk = Calendar.model_validate({**DESK, "id": "c"})
    book = replace(book, policies={"p": Policy.model_validate(clocks)}, calendars={("c", 1): desk})
    start = MONDAY.replace(year=2024, day=4, hour=11)
    first = Receive(content=content(message=OPENING, sense="complaint"))
    history = given().under(book).when(first, at=start, command_id=uid("first")).after()

    look = history.when(ReportMiss(clock="resolution", cycle=1, instance=1, due_at=start), at=start)

    (clock,) = clocks_of(look.asked)
    assert row(clock)["due_at"] == due
    assert [warning.at.isoformat().replace("+00:00", "Z") for warning in clock.warnings] == [warned]


# ------------------------------------------------------------------------------------------------ misses


def test_chatwoot_a_miss_between_two_looks_is_a_miss_though_it_was_resolved_by_then() -> None:
    events = [received(), reply(at(4, "11:30"))]

    assert only(judged([FIRST_REPLY], events, at(4, "12:00")), "state", "missed_at", "overdue_seconds") == [
        ("missed", "2024-03-04T08:00:00Z", 1800)
    ]


@pytest.mark.parametrize("number", ["osticket_5206", "osticket_4144"])
def test_osticket_5206_and_4144_closing_or_reopening_takes_no_miss_back(number: str) -> None:
    events = [received(), on("resolved", at(6)), on("closed", at(6, "11:00"))]
    if number == "osticket_4144":
        events.append(on("reopened", at(7)))

    rows = judged([RESOLUTION], events, at(7, "11:00"))

    assert only(rows[:1], "cycle", "state", "missed_at", "overdue_seconds") == [
        (1, "missed", "2024-03-04T14:00:00Z", 11 * 3600)
    ]


def test_osticket_5955_a_clock_is_not_overdue_the_moment_its_case_is_reopened() -> None:
    events = [received(), on("resolved", at(4, "11:00")), on("closed", at(4, "12:00")), on("reopened", at(20))]

    assert only(judged([RESOLUTION], events, at(20)), "cycle", "state", "remaining_seconds") == [
        (1, "fulfilled", None), (2, "running", 8 * 3600),
    ]  # fmt: skip


def test_chatwoot_15024_by_how_much_it_was_missed_freezes_with_the_answer_and_stays_so_when_reopened() -> None:
    events = [received(), on("resolved", at(5, "10:00")), on("closed", at(5, "10:00"))]
    before = judged([RESOLUTION], events, at(5, "12:00"))

    after = judged([RESOLUTION], [*events, on("reopened", at(6))], at(28))

    assert only(before, "overdue_seconds") == [(2 * 3600,)]
    assert after[0] == before[0]


def test_jsm_a_judgement_of_then_is_not_redone_by_the_rules_of_today() -> None:
    """An answer after two and a half hours that was kept under four stays kept under two."""
    stricter = applied(at(5), {**FIRST_REPLY, "target": "2 working hours"})
    events = [received(), reply(at(4, "11:30")), stricter]

    rows = judged([{**FIRST_REPLY, "target": "4 working hours"}], events, at(6))

    assert only(rows, "state", "due_at") == [("fulfilled", "2024-03-04T10:00:00Z")]


def test_zammad_4353_a_promise_that_no_longer_holds_stops_asking() -> None:
    change = applied(at(4, "10:00"), {"kind": "statutory:x", "target": "10 calendar days"}, reason="reclassified")

    rows = judged([FIRST_REPLY], [received(), change], at(20))

    assert only(rows, "kind", "state") == [("first_reply", "cancelled"), ("statutory:x", "missed")]


def test_zammad_4353_a_promise_that_holds_again_was_never_away() -> None:
    law = {"kind": "statutory:x", "target": "10 calendar days"}
    away, back = (
        applied(at(5), RESOLUTION, reason="reclassified"),
        applied(at(6), RESOLUTION, law, reason="reclassified"),
    )

    rows = judged([law], [received(), away, back], at(7))

    assert only(rows, "kind", "state", "started_at", "due_at") == [
        ("resolution", "missed", "2024-03-04T06:00:00Z", "2024-03-04T14:00:00Z"),
        ("statutory:x", "running", "2024-03-04T06:00:00Z", "2024-03-14T21:00:00Z"),
    ]


def test_osticket_5160_new_terms_for_an_overdue_clock_hold_at_once_for_all_others() -> None:
    """There it took a second save. What was missed stays missed; the reply, not yet due, is re-dated."""
    clocks = [RESOLUTION, {**FIRST_REPLY, "target": "16 working hours"}]
    change = applied(at(5, "10:00"), *({**clock, "target": "4 working hours"} for clock in clocks))

    rows = judged(clocks, [received(), change], at(5, "10:00"))

    # Ten of sixteen hours were used: six sixteenths of four hours are an hour and a half.
    assert only(rows, "kind", "state", "due_at") == [
        ("first_reply", "running", "2024-03-05T08:30:00Z"),
        ("resolution", "missed", "2024-03-04T14:00:00Z"),
    ]


# ------------------------------------------------------------------------------------------------ merges


def merged(when: str, **more: str) -> dict[str, Any]:
    return on("linked", when, kind="merged", other="b", **more)


def test_odoo_179266_a_merge_keeps_every_clock_by_the_earlier_receipt() -> None:
    clocks = [FIRST_REPLY, {**RESOLUTION, "target": "40 working hours"}]

    rows = judged(clocks, [received(at(4, "12:00")), merged(at(4, "12:30"), other_received_at=at(4, "11:00"))], at(4))
    later = judged(clocks, [received(at(4, "12:00")), merged(at(4, "12:30"), other_received_at=at(4, "11:00"))], at(5))

    assert rows == []
    assert only(later, "kind", "started_at", "due_at") == [
        ("first_reply", "2024-03-04T08:00:00Z", "2024-03-04T10:00:00Z"),
        ("resolution", "2024-03-04T08:00:00Z", "2024-03-08T12:00:00Z"),
    ]


def test_zammad_904_a_complaint_that_went_into_another_is_never_missed() -> None:
    clocks = [FIRST_REPLY, RESOLUTION, {"kind": "statutory:x", "target": "10 calendar days"}]
    events = [received(), merged(at(4, "09:30")), on("discontinued", at(4, "09:30"), reason="duplicate", of="b")]

    assert only(judged(clocks, events, at(28)), "kind", "state") == [
        ("first_reply", "cancelled"), ("resolution", "cancelled"), ("statutory:x", "cancelled"),
    ]  # fmt: skip


def test_a_duplicate_that_was_not_merged_is_resolved_by_its_exit() -> None:
    exit_ = on("discontinued", at(4, "09:30"), reason="duplicate", of="b")

    assert only(judged([RESOLUTION], [received(), exit_], at(28)), "state") == [("fulfilled",)]
    other = [received(), {**merged(at(4, "09:30")), "other": "c"}, exit_]
    assert only(judged([RESOLUTION], other, at(28)), "state") == [("fulfilled",)]


@pytest.mark.parametrize("number", ["zammad_377", "zammad_983"])
def test_zammad_377_and_983_a_reply_to_either_of_two_merged_complaints_answers_both(number: str) -> None:
    link = merged(at(4, "10:30"), other_received_at=at(4, "09:10"), other_replied_at=at(4, "09:40"))
    events = {"zammad_377": [received(), link], "zammad_983": [received(), link, inbound(at(4, "11:00"))]}[number]

    rows = judged([FIRST_REPLY], events, at(20))

    assert only(rows, "state", "fulfilled_at") == [("fulfilled", "2024-03-04T06:40:00Z")]
