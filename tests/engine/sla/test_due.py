"""A due moves by new terms, calendars, extensions and merges, never after it passed and never to before the change."""

from typing import Any

import pytest

from support.clocks import DESK, judged, on, only, received, reply


def at(day: int, hour: int = 10) -> str:
    return f"2024-03-{day:02d}T{hour:02d}:00:00+03:00"


def applied(when: str, *clocks: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return on("sla_applied", when, clocks=list(clocks), **fields)


def resolution(target: str, mode: str = "forward", **more: Any) -> dict[str, Any]:
    return {"kind": "resolution", "target": target, "priority_change": mode, **more}


@pytest.mark.parametrize(
    ("mode", "due"),
    [
        ("forward", "2024-03-04T14:30:00Z"),
        ("retroactive", "2024-03-04T12:00:00Z"),
        ("reset", "2024-03-05T07:00:00Z"),
    ],
)
@pytest.mark.parametrize("reason", ["priority", "reclassified"])
def test_new_terms_carry_the_unused_share_count_from_the_start_or_begin_anew(mode: str, due: str, reason: str) -> None:
    """Six of sixteen working hours are used at 15:00; the new target is four: two and a half are left."""
    events = [received(), applied(at(4, 15), resolution("4 working hours", mode), reason=reason)]

    rows = judged([resolution("16 working hours", mode)], events, at(4, 15))

    assert only(rows, "due_at", "state") == [(due, "running")]


def test_pauses_are_kept_over_a_new_priority() -> None:
    events = [
        received(),
        on("information_requested", at(4, 11)),
        applied(at(4, 12), resolution("4 working hours"), reason="priority"),
        on("information_provided", at(4, 13)),
    ]

    rows = judged([resolution("8 working hours")], events, at(4, 14))

    # Two of eight were used at 11:00, so three of four are left at 13:00.
    assert only(rows, "due_at", "elapsed_seconds") == [("2024-03-04T13:00:00Z", 10800)]


@pytest.mark.parametrize(
    ("old", "new", "changed", "due"),
    [
        ("5 working days", "5 working days", at(6, 12), "2024-03-11T15:00:00Z"),
        ("10 working days", "5 working days", at(6, 12), "2024-03-12T15:00:00Z"),
        ("10 working days", "5 working days", at(6, 20), "2024-03-12T15:00:00Z"),
        ("10 calendar days", "5 calendar days", at(8, 12), "2024-03-11T21:00:00Z"),
        ("5 working days", "9 working hours", at(6, 9), "2024-03-06T13:12:00Z"),
        ("18 working hours", "4 working days", at(5, 9), "2024-03-07T15:00:00Z"),
        ("10 working days", "5 working days by 12:00", at(6, 11), "2024-03-12T09:00:00Z"),
        ("4 working days by 12:00", "4 working days", at(6, 12), "2024-03-07T15:00:00Z"),
        ("10 working days", "same working day by 16:00", at(6, 11), "2024-03-06T13:00:00Z"),
    ],
)
def test_shares_of_days_are_rounded_up_to_whole_days(old: str, new: str, changed: str, due: str) -> None:
    events = [received(), applied(changed, resolution(new), reason="priority")]

    assert only(judged([resolution(old)], events, changed), "due_at") == [(due,)]


def test_what_was_missed_before_a_change_stays_missed() -> None:
    events = [received(), applied(at(6), resolution("80 working hours", "retroactive"), reason="priority")]

    rows = judged([resolution("4 working hours")], events, at(7))

    assert only(rows, "state", "missed_at") == [("missed", "2024-03-04T10:00:00Z")]


def test_whether_the_same_day_counts_is_asked_of_the_newer_calendar() -> None:
    """Monday 12:00 is before 17:00, but by the newer calendar Monday ended at 11:00: Tuesday, 17:00."""
    clock = {"kind": "first_reply", "target": "same working day by 17:00"}
    newer = {**DESK, "version": 2, "week": {**DESK["week"], "mon": ["09:00-11:00"]}}
    events = [
        received("2024-03-04T12:00:00+03:00"),
        on("sla_applied", "2024-03-04T13:00:00+03:00", reason="calendar", clocks=[{**clock, "calendar_version": 2}]),
    ]

    rows = judged([clock], events, "2024-03-04T13:00:00+03:00", calendars=[newer])

    assert only(rows, "due_at") == [("2024-03-05T14:00:00Z",)]


def test_nothing_is_due_before_the_change_that_moved_it() -> None:
    events = [received(), applied(at(5, 12), resolution("1 working hour", "retroactive"), reason="priority")]

    rows = judged([resolution("30 working hours")], events, at(5, 13))

    assert only(rows, "state", "due_at", "missed_at") == [("missed", "2024-03-05T09:00:00Z", "2024-03-05T09:00:00Z")]


def test_a_kind_that_no_longer_holds_is_cancelled_and_one_that_comes_in_started_when_it_started() -> None:
    events = [
        received(),
        applied(at(5), {"kind": "statutory:x", "target": "10 calendar days"}, reason="reclassified"),
    ]

    rows = judged([resolution("80 working hours")], events, at(6))

    assert only(rows, "kind", "started_at", "state") == [
        ("resolution", "2024-03-04T06:00:00Z", "cancelled"),
        ("statutory:x", "2024-03-04T06:00:00Z", "running"),
    ]


def test_what_is_applied_first_holds_from_the_first_event() -> None:
    events = [
        received(),
        reply(at(4)),
        applied(at(5), {"kind": "first_reply", "target": "2 working hours"}, reason="first"),
    ]

    rows = judged([resolution("1 working hour")], events, at(6))

    assert only(rows, "kind", "state") == [("first_reply", "fulfilled")]


def test_a_new_version_of_a_calendar_re_dates_what_is_open() -> None:
    holiday = {**DESK, "version": 2, "holidays": ["2024-03-06"]}
    clock = resolution("3 working days")
    events = [received(), applied(at(5), {**clock, "calendar": "desk", "calendar_version": 2}, reason="calendar")]

    rows = judged([clock], events, at(5, 12), calendars=[holiday])

    assert only(rows, "due_at", "state") == [("2024-03-08T15:00:00Z", "running")]


def extended(when: str, due: str, **fields: Any) -> dict[str, Any]:
    return on("deadline_extended", when, clock="resolution", due_at=due, **fields)


def test_an_extension_in_time_moves_the_due_and_one_after_it_does_not() -> None:
    clock = resolution("8 working hours")
    in_time = [received(), extended(at(4, 17), at(6, 12), cycle=1, instance=1)]
    too_late = [received(), extended(at(4, 18), at(6, 12), cycle=1, instance=1)]

    assert only(judged([clock], in_time, at(5)), "due_at", "state") == [("2024-03-06T09:00:00Z", "running")]
    assert only(judged([clock], too_late, at(5)), "due_at", "state") == [("2024-03-04T14:00:00Z", "missed")]


def test_an_extension_at_the_due_itself_is_in_time() -> None:
    events = [received(), extended(at(4, 17), at(6, 12))]

    assert only(judged([resolution("8 working hours")], events, at(5)), "due_at") == [("2024-03-06T09:00:00Z",)]


def test_waiting_after_an_extension_moves_the_new_due_too() -> None:
    events = [
        received(),
        extended(at(4, 12), at(6, 12)),
        on("information_requested", at(5, 17)),
        on("information_provided", at(6, 10)),
    ]

    assert only(judged([resolution("8 working hours")], events, at(6, 11)), "due_at") == [("2024-03-06T11:00:00Z",)]
    assert only(judged([resolution("2 working days")], events, at(6, 11)), "due_at") == [("2024-03-07T15:00:00Z",)]


def test_an_extension_outlives_a_new_priority() -> None:
    events = [
        received(),
        extended(at(4, 12), at(6, 12)),
        applied(at(5), resolution("1 working hour"), reason="priority"),
    ]

    assert only(judged([resolution("8 working hours")], events, at(5, 12)), "due_at") == [("2024-03-06T09:00:00Z",)]


def merged(when: str, **times: str) -> dict[str, Any]:
    return on("linked", when, kind="merged", other="x", **times)


def test_the_survivor_of_a_merge_keeps_the_earlier_receipt_but_no_earlier_miss() -> None:
    clocks = [resolution("16 working hours"), {"kind": "total_resolution", "target": "1 calendar day"}]
    events = [received(), merged(at(4, 12), other_received_at="2024-03-01T14:00:00+03:00")]

    rows = judged(clocks, events, at(4, 13))

    assert only(rows, "kind", "started_at", "due_at", "state", "missed_at") == [
        ("resolution", "2024-03-01T11:00:00Z", "2024-03-05T09:00:00Z", "running", None),
        ("total_resolution", "2024-03-01T11:00:00Z", "2024-03-04T09:00:00Z", "missed", "2024-03-04T09:00:00Z"),
    ]


def test_a_reply_to_either_of_two_merged_complaints_answers_both() -> None:
    clock = {"kind": "first_reply", "target": "4 working hours"}
    link = merged(
        at(4, 12), other_received_at="2024-03-01T14:00:00+03:00", other_replied_at="2024-03-01T15:00:00+03:00"
    )

    rows = judged([clock], [received(), link], at(6))

    assert only(rows, "started_at", "state", "fulfilled_at") == [
        ("2024-03-01T11:00:00Z", "fulfilled", "2024-03-01T12:00:00Z"),
    ]


def test_a_merge_leaves_what_was_answered_or_missed_before_it_alone() -> None:
    clock = {"kind": "first_reply", "target": "1 working hour"}
    link = merged(
        at(4, 12), other_received_at="2024-03-01T14:00:00+03:00", other_replied_at="2024-03-04T11:30:00+03:00"
    )

    answered = judged([clock], [received(), reply("2024-03-04T09:30:00+03:00"), link], at(6))
    missed = judged([clock], [received(), link], at(6))

    assert only([*answered, *missed], "started_at", "state", "missed_at") == [
        ("2024-03-04T06:00:00Z", "fulfilled", None),
        ("2024-03-04T06:00:00Z", "missed", "2024-03-04T07:00:00Z"),
    ]


def test_of_two_merges_the_earliest_receipt_stands_whichever_came_first() -> None:
    early = merged(at(4, 11), other_received_at="2024-03-01T14:00:00+03:00")
    late = merged(at(4, 12), other_received_at="2024-03-01T16:00:00+03:00")
    swapped = [{**late, "occurred_at": early["occurred_at"]}, {**early, "occurred_at": late["occurred_at"]}]

    rows = [
        judged([resolution("16 working hours")], [received(), *links], at(4, 13)) for links in ([early, late], swapped)
    ]

    assert [only(found, "started_at", "due_at") for found in rows] == [
        [("2024-03-01T11:00:00Z", "2024-03-05T09:00:00Z")],
        [("2024-03-01T11:00:00Z", "2024-03-05T09:00:00Z")],
    ]


def test_a_merge_after_an_extension_keeps_the_earlier_receipt_and_the_announced_due() -> None:
    events = [received(), extended(at(4, 12), at(6, 12)), merged(at(5), other_received_at="2024-03-01T14:00:00+03:00")]

    rows = judged([resolution("8 working hours")], events, at(5, 12))

    assert only(rows, "started_at", "due_at") == [("2024-03-01T11:00:00Z", "2024-03-06T09:00:00Z")]


def test_terms_after_a_merge_that_answered_a_clock_do_not_re_date_it() -> None:
    clock = {"kind": "first_reply", "target": "16 working hours"}
    link = merged(
        at(4, 12), other_received_at="2024-03-01T14:00:00+03:00", other_replied_at="2024-03-01T15:00:00+03:00"
    )
    change = applied(at(4, 13), {**clock, "target": "40 working hours", "priority_change": "reset"}, reason="priority")

    rows = judged([clock], [received(), link, change], at(6))

    assert only(rows, "due_at", "state") == [("2024-03-05T09:00:00Z", "fulfilled")]


def test_whose_receipt_came_first_is_told_in_the_calendar_of_the_clock() -> None:
    """A letter of 4 March: at the desk in Moscow before 01:00Z of that day, under a law of New York after it."""
    eastern = {**DESK, "id": "eastern", "timezone": "America/New_York"}
    clocks = [
        resolution("8 working hours"),
        {"kind": "total_resolution", "target": "5 working days", "calendar": "eastern"},
    ]
    events = [
        received("2024-03-04", occurred_precision="day"),
        merged("2024-03-04T09:00:00Z", other_received_at="2024-03-04T01:00:00Z"),
    ]

    rows = judged(clocks, events, "2024-03-04T09:00:00Z", calendars=[eastern])

    assert only(rows, "kind", "started_at") == [
        ("resolution", "2024-03-03T21:00:00Z"), ("total_resolution", "2024-03-04T01:00:00Z"),
    ]  # fmt: skip
