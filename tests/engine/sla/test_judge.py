"""The contract of ``plaint sla judge``: one test for each sentence of its meaning, and worked tables."""

from typing import Any

import pytest

from support.clocks import DESK, LAW, inbound, judged, on, only, received, reply

RESOLUTION = {"kind": "resolution", "target": "8 working hours"}
NEW_YORK = {
    "id": "eastern",
    "version": 1,
    "timezone": "America/New_York",
    "week": {day: ["00:00-24:00"] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")},
}


def test_a_case_with_waiting_reply_resolution_and_reopening_worked_by_hand() -> None:
    """Open 09:00 to 18:00 in Moscow (06:00Z to 15:00Z); Friday 1 March, then Monday 4 and Tuesday 5 March 2024."""
    clocks = [
        {"kind": "first_reply", "target": "1 working hour"},
        {"kind": "next_reply", "target": "2 working hours"},
        RESOLUTION,
    ]
    events = [
        received("2024-03-01T09:00:00+03:00", message="m1"),
        reply("2024-03-01T09:30:00+03:00"),
        on("information_requested", "2024-03-01T10:00:00+03:00", request_id="r1"),
        inbound("2024-03-01T12:00:00+03:00"),
        on("information_provided", "2024-03-01T12:00:00+03:00", request_id="r1"),
        on("resolved", "2024-03-04T09:30:00+03:00"),
        on("closed", "2024-03-04T09:40:00+03:00"),
        on("reopened", "2024-03-05T09:40:00+03:00"),
    ]

    assert judged(clocks, events, "2024-03-05T10:00:00+03:00") == [
        {
            "kind": "first_reply", "cycle": 1, "instance": 1,
            "started_at": "2024-03-01T06:00:00Z", "due_at": "2024-03-01T07:00:00Z", "state": "fulfilled",
            "fulfilled_at": "2024-03-01T06:30:00Z", "missed_at": None,
            "elapsed_seconds": 1800, "remaining_seconds": None, "overdue_seconds": None, "late_evidence": False,
        },
        {
            "kind": "first_reply", "cycle": 2, "instance": 1,
            "started_at": "2024-03-05T06:40:00Z", "due_at": "2024-03-05T07:40:00Z", "state": "running",
            "fulfilled_at": None, "missed_at": None,
            "elapsed_seconds": 1200, "remaining_seconds": 2400, "overdue_seconds": None, "late_evidence": False,
        },
        {
            "kind": "next_reply", "cycle": 1, "instance": 1,
            "started_at": "2024-03-01T09:00:00Z", "due_at": "2024-03-01T11:00:00Z", "state": "missed",
            "fulfilled_at": None, "missed_at": "2024-03-01T11:00:00Z",
            "elapsed_seconds": 24000, "remaining_seconds": None, "overdue_seconds": 16800, "late_evidence": False,
        },
        {
            "kind": "resolution", "cycle": 1, "instance": 1,
            "started_at": "2024-03-01T06:00:00Z", "due_at": "2024-03-04T07:00:00Z", "state": "fulfilled",
            "fulfilled_at": "2024-03-04T06:30:00Z", "missed_at": None,
            "elapsed_seconds": 27000, "remaining_seconds": None, "overdue_seconds": None, "late_evidence": False,
        },
        {
            "kind": "resolution", "cycle": 2, "instance": 1,
            "started_at": "2024-03-05T06:40:00Z", "due_at": "2024-03-05T14:40:00Z", "state": "running",
            "fulfilled_at": None, "missed_at": None,
            "elapsed_seconds": 1200, "remaining_seconds": 27600, "overdue_seconds": None, "late_evidence": False,
        },
    ]  # fmt: skip


def test_fifteen_calendar_days_from_a_date_in_new_york_end_at_the_last_midnight() -> None:
    clocks = [{"kind": "statutory:us-cfpb", "target": "15 calendar days"}]
    event = received("2012-01-13", occurred_precision="day")

    at_the_end = judged(clocks, [event], "2012-01-29T05:00:00Z", NEW_YORK)
    after = judged(clocks, [event], "2012-01-29T05:00:00.000001Z", NEW_YORK)

    assert only([*at_the_end, *after], "started_at", "due_at", "state", "missed_at") == [
        ("2012-01-13T05:00:00Z", "2012-01-29T05:00:00Z", "running", None),
        ("2012-01-13T05:00:00Z", "2012-01-29T05:00:00Z", "missed", "2012-01-29T05:00:00Z"),
    ]


@pytest.mark.parametrize(
    ("target", "start", "due"),
    [
        ("8 working hours", "2024-03-01T17:00:00+03:00", "2024-03-04T13:00:00Z"),
        ("90 working minutes", "2024-03-02T12:00:00+03:00", "2024-03-04T07:30:00Z"),
        ("9 working hours", "2024-03-04T09:00:00+03:00", "2024-03-04T15:00:00Z"),
        ("3 hours", "2024-03-01T17:00:00+03:00", "2024-03-01T17:00:00Z"),
        ("1 working day", "2024-03-01T09:00:00+03:00", "2024-03-04T15:00:00Z"),
        ("3 working days", "2024-03-02T09:00:00+03:00", "2024-03-06T15:00:00Z"),
        ("1 calendar day", "2024-03-01T09:00:00+03:00", "2024-03-02T21:00:00Z"),
        ("2 weeks", "2024-03-01T09:00:00+03:00", "2024-03-15T21:00:00Z"),
        ("1 month", "2024-01-31T09:00:00+03:00", "2024-02-29T21:00:00Z"),
        ("12 months", "2024-02-29T09:00:00+03:00", "2025-02-28T21:00:00Z"),
        ("1 month", "2024-12-05T23:30:00Z", "2025-01-06T21:00:00Z"),
    ],
)
def test_a_target_ends(target: str, start: str, due: str) -> None:
    rows = judged([{"kind": "total_resolution", "target": target}], [received(start)], start)

    assert only(rows, "due_at") == [(due,)]


@pytest.mark.parametrize(
    ("target", "start", "due"),
    [
        ("next working day by 16:00", "2024-03-01T17:30:00+03:00", "2024-03-04T13:00:00Z"),
        ("next working day by 16:00", "2024-03-02T12:00:00+03:00", "2024-03-04T13:00:00Z"),
        ("next working day by 16:00", "2024-03-03T23:59:00+03:00", "2024-03-04T13:00:00Z"),
        ("2 working days by 12:00", "2024-03-01T09:00:00+03:00", "2024-03-05T09:00:00Z"),
        ("same working day by 17:00", "2024-03-04T16:59:59+03:00", "2024-03-04T14:00:00Z"),
        ("same working day by 17:00", "2024-03-04T17:00:00+03:00", "2024-03-05T14:00:00Z"),
        ("same working day by 17:00", "2024-03-02T10:00:00+03:00", "2024-03-04T14:00:00Z"),
        ("same working day by 17:00", "2024-03-04T07:00:00+03:00", "2024-03-04T14:00:00Z"),
        ("next working day by 20:00", "2024-03-04T10:00:00+03:00", "2024-03-05T15:00:00Z"),
    ],
    ids=[
        "over_a_weekend",
        "from_a_closed_day",
        "the_date_of_the_start_never_counts",
        "the_second_open_day",
        "the_day_of_the_start_up_to_its_time",
        "else_the_next_one",
        "of_a_closed_day_the_next_open_one",
        "before_the_opening",
        "never_after_the_last_closing",
    ],
)
def test_a_relative_target_ends(target: str, start: str, due: str) -> None:
    rows = judged([{"kind": "total_resolution", "target": target}], [received(start)], start)

    assert only(rows, "due_at") == [(due,)]


@pytest.mark.parametrize(
    ("requested", "provided", "due"),
    [
        ("2024-03-05T09:00:00+03:00", "2024-03-05T16:00:00+03:00", "2024-03-05T13:00:00Z"),
        ("2024-03-05T16:00:00+03:00", "2024-03-05T16:00:01+03:00", "2024-03-06T13:00:00Z"),
        ("2024-03-05T15:00:00+03:00", "2024-03-06T17:00:00+03:00", "2024-03-07T13:00:00Z"),
        ("2024-03-05T16:00:01+03:00", "2024-03-06T10:00:00+03:00", "2024-03-05T13:00:00Z"),
    ],
    ids=["up_to_its_time", "from_its_time", "over_two", "after_the_due_does_not_matter"],
)
def test_an_open_day_that_is_paused_at_the_time_of_a_relative_target_is_not_counted(
    requested: str, provided: str, due: str
) -> None:
    events = [
        received(),
        on("information_requested", requested, request_id="a"),
        on("information_provided", provided, request_id="a"),
    ]

    rows = judged([{"kind": "resolution", "target": "next working day by 16:00"}], events, "2024-03-06T17:30:00+03:00")

    assert only(rows, "due_at") == [(due,)]


def test_a_relative_target_counts_open_seconds() -> None:
    clock = {"kind": "resolution", "target": "next working day by 12:00"}

    rows = judged([clock], [received("2024-03-04T17:00:00+03:00")], "2024-03-05T10:00:00+03:00")

    assert only(rows, "elapsed_seconds", "remaining_seconds") == [(7200, 7200)]


@pytest.mark.parametrize(
    ("roll", "due"),
    [("none", "2024-03-09T21:00:00Z"), ("next", "2024-03-11T21:00:00Z"), ("previous", "2024-03-08T21:00:00Z")],
)
def test_a_closed_end_day_rolls(roll: str, due: str) -> None:
    clock = {"kind": "statutory:term", "target": "5 calendar days", "roll": roll}

    assert only(judged([clock], [received()], "2024-03-05T00:00:00Z", LAW), "due_at") == [(due,)]


@pytest.mark.parametrize(
    ("start", "due"),
    [("2024-03-08T10:00:00+03:00", "2024-03-08T21:00:00Z"), ("2024-03-09T10:00:00+03:00", "2024-03-10T21:00:00Z")],
    ids=["to_the_open_day_of_the_start", "but_not_before_the_start"],
)
def test_a_term_that_ends_on_a_closed_day_rolls_back(start: str, due: str) -> None:
    """A calendar day from Friday the 8th ends on Saturday; from Saturday on Sunday, before which nothing is open."""
    clock = {"kind": "statutory:term", "target": "1 calendar day", "roll": "previous"}

    assert only(judged([clock], [received(start)], start, LAW), "due_at") == [(due,)]


def test_only_waiting_for_the_complainant_pauses_and_only_what_the_policy_says() -> None:
    clocks = [
        RESOLUTION,
        {"kind": "statutory:x", "target": "8 working hours"},
        {"kind": "agent_work", "target": "1 working day"},
    ]
    for_supplier = on("information_requested", "2024-03-04T10:00:00+03:00", from_="third_party")
    for_complainant = on("information_requested", "2024-03-04T11:00:00+03:00", from_="complainant")

    assert only(judged(clocks, [received(), for_supplier], "2024-03-04T12:00:00+03:00"), "kind", "state") == [
        ("agent_work", "running"), ("resolution", "running"), ("statutory:x", "running"),
    ]  # fmt: skip
    assert only(judged(clocks, [received(), for_complainant], "2024-03-04T12:00:00+03:00"), "kind", "state") == [
        ("agent_work", "paused"), ("resolution", "paused"), ("statutory:x", "running"),
    ]  # fmt: skip


def test_several_requests_end_with_the_last() -> None:
    events = [
        received(),
        on("information_requested", "2024-03-04T10:00:00+03:00", request_id="a"),
        on("information_requested", "2024-03-04T11:00:00+03:00", request_id="b"),
        on("information_provided", "2024-03-04T12:00:00+03:00", request_id="a"),
    ]
    done = on("information_provided", "2024-03-04T13:00:00+03:00", request_id="b")

    assert only(judged([RESOLUTION], events, "2024-03-04T12:30:00+03:00"), "state", "due_at") == [
        ("paused", "2024-03-05T07:30:00Z"),
    ]
    # Seven hours are left at 10:00; three of the pause are open; 18:00 comes after five, two remain for Tuesday.
    assert only(judged([RESOLUTION], [*events, done], "2024-03-04T14:00:00+03:00"), "state", "due_at") == [
        ("running", "2024-03-05T08:00:00Z"),
    ]


def test_an_answer_without_id_ends_all_waits_for_him() -> None:
    events = [
        received(),
        on("information_requested", "2024-03-04T10:00:00+03:00", request_id="a"),
        on("information_requested", "2024-03-04T10:00:00+03:00", request_id="b"),
        on("information_provided", "2024-03-04T11:00:00+03:00", from_="third_party"),
    ]

    assert only(judged([RESOLUTION], events, "2024-03-04T12:00:00+03:00"), "state") == [("paused",)]
    answered = [*events, on("information_provided", "2024-03-04T12:00:00+03:00")]
    assert only(judged([RESOLUTION], answered, "2024-03-04T12:00:00+03:00"), "state") == [("running",)]


def test_a_pause_moves_a_working_deadline_only_by_the_open_time_it_covers() -> None:
    events = [
        received("2024-03-04T17:00:00+03:00"),
        on("information_requested", "2024-03-04T17:00:00+03:00", request_id="a"),
        on("information_provided", "2024-03-05T09:00:00+03:00", request_id="a"),
    ]

    rows = judged([{"kind": "resolution", "target": "1 working hour"}], events, "2024-03-05T09:00:00+03:00")

    assert only(rows, "due_at", "elapsed_seconds") == [("2024-03-05T07:00:00Z", 0)]


@pytest.mark.parametrize(
    ("requested", "provided", "due"),
    [
        ("2024-03-05T17:00:00+03:00", "2024-03-05T19:00:00+03:00", "2024-03-08T15:00:00Z"),
        ("2024-03-05T18:00:00+03:00", "2024-03-05T18:00:01+03:00", "2024-03-08T15:00:00Z"),
        ("2024-03-05T09:00:00+03:00", "2024-03-05T18:00:00+03:00", "2024-03-07T15:00:00Z"),
        ("2024-03-05T18:00:01+03:00", "2024-03-06T17:59:00+03:00", "2024-03-07T15:00:00Z"),
        ("2024-03-07T17:00:00+03:00", "2024-03-11T17:00:00+03:00", "2024-03-11T15:00:00Z"),
        ("2024-03-04T10:00:00+03:00", "2024-03-04T20:00:00+03:00", "2024-03-07T15:00:00Z"),
    ],
    ids=[
        "over_a_closing",
        "from_the_closing",
        "up_to_the_closing",
        "between_closings",
        "over_the_last_two",
        "the_start_day",
    ],
)
def test_an_open_day_at_whose_end_the_clock_is_paused_is_not_counted(requested: str, provided: str, due: str) -> None:
    events = [
        received(),
        on("information_requested", requested, request_id="a"),
        on("information_provided", provided, request_id="a"),
    ]

    rows = judged([{"kind": "resolution", "target": "3 working days"}], events, "2024-03-11T17:30:00+03:00")

    assert only(rows, "due_at") == [(due,)]


def test_months_gain_each_day_at_whose_end_the_clock_is_paused() -> None:
    events = [
        received("2024-01-10T10:00:00+03:00"),
        on("information_requested", "2024-01-20T10:00:00+03:00", request_id="a"),
        on("information_provided", "2024-01-23T10:00:00+03:00", request_id="a"),
    ]

    rows = judged([{"kind": "resolution", "target": "1 month"}], events, "2024-01-24T00:00:00Z")

    assert only(rows, "due_at") == [("2024-02-13T21:00:00Z",)]


def test_while_paused_the_due_is_as_if_resumed_at_the_instant_of_judging() -> None:
    events = [received(), on("information_requested", "2024-03-04T10:00:00+03:00")]
    looks = ["2024-03-04T10:00:00+03:00", "2024-03-04T12:00:00+03:00", "2024-03-04T20:00:00+03:00"]

    rows = [row for look in looks for row in judged([RESOLUTION], events, look)]

    assert only(rows, "state", "due_at", "elapsed_seconds", "remaining_seconds") == [
        ("paused", "2024-03-04T14:00:00Z", 3600, 25200),
        ("paused", "2024-03-05T07:00:00Z", 3600, 25200),
        ("paused", "2024-03-05T13:00:00Z", 3600, 25200),
    ]


@pytest.mark.parametrize(
    ("resolved", "state", "missed_at", "overdue"),
    [
        ("2024-03-04T17:00:00+03:00", "fulfilled", None, None),
        ("2024-03-04T17:00:00.000001+03:00", "missed", "2024-03-04T14:00:00Z", 0.000001),
        ("2024-03-05T10:00:00+03:00", "missed", "2024-03-04T14:00:00Z", 7200),
    ],
)
def test_exactly_at_the_due_is_kept_and_later_stays_missed_with_its_overdue_frozen(
    resolved: str, state: str, missed_at: str | None, overdue: float | None
) -> None:
    rows = judged([RESOLUTION], [received(), on("resolved", resolved)], "2024-03-20T10:00:00+03:00")

    assert only(rows, "state", "missed_at", "overdue_seconds") == [(state, missed_at, overdue)]
    assert rows[0]["fulfilled_at"] is not None


def test_a_clock_that_was_missed_stays_missed_while_it_waits_and_overdue_runs_on() -> None:
    events = [received(), on("information_requested", "2024-03-05T09:00:00+03:00")]

    rows = judged([RESOLUTION], events, "2024-03-05T11:00:00+03:00")

    assert only(rows, "state", "due_at", "elapsed_seconds", "overdue_seconds") == [
        ("missed", "2024-03-04T14:00:00Z", 32400, 10800),
    ]


def test_a_clock_that_closes_while_paused_keeps_its_pause() -> None:
    events = [
        received(),
        on("information_requested", "2024-03-04T10:00:00+03:00"),
        on("resolved", "2024-03-06T10:00:00+03:00"),
    ]

    rows = judged([RESOLUTION], events, "2024-03-20T10:00:00+03:00")

    assert only(rows, "state", "elapsed_seconds", "due_at") == [("fulfilled", 3600, "2024-03-06T14:00:00Z")]


NO_REPLY = [
    reply("2024-03-04T09:10:00+03:00", purpose="acknowledgement"),
    reply("2024-03-04T09:10:00+03:00", purpose="notice"),
    reply("2024-03-04T09:10:00+03:00", purpose="survey"),
    reply("2024-03-04T09:10:00+03:00", automated=True),
    reply("2024-03-04T09:10:00+03:00", counterparty="third_party"),
    reply("2024-03-04T09:10:00+03:00", counterparty="authority"),
    on("message_recorded", "2024-03-04T09:10:00+03:00", direction="internal"),
    on("acknowledged", "2024-03-04T09:10:00+03:00"),
]
A_REPLY = [
    reply("2024-03-04T09:10:00+03:00"),
    reply("2024-03-04T09:10:00+03:00", purpose="question"),
    reply("2024-03-04T09:10:00+03:00", purpose="final", counterparty="representative"),
    reply("2024-03-04T09:10:00+03:00", visibility="public"),
    on("replied", "2024-03-04T09:10:00+03:00", final=False),
]


@pytest.mark.parametrize(
    ("event", "state"), [*((one, "running") for one in NO_REPLY), *((one, "fulfilled") for one in A_REPLY)]
)
def test_what_is_a_reply(event: dict[str, Any], state: str) -> None:
    clocks = [{"kind": "first_reply", "target": "1 working hour"}, {"kind": "next_reply", "target": "1 working hour"}]
    question = inbound("2024-03-04T09:05:00+03:00")

    rows = judged(clocks, [received(), question, event], "2024-03-04T09:30:00+03:00")

    assert only(rows, "kind", "state") == [("first_reply", state), ("next_reply", state)]


def test_a_reply_that_bounced_never_was_one() -> None:
    clocks = [{"kind": "first_reply", "target": "1 working hour"}]
    events = [
        received(),
        reply("2024-03-04T09:10:00+03:00", message="m2"),
        on("replied", "2024-03-04T09:10:00+03:00", message="m2", final=True),
    ]
    bounce = on("delivery_reported", "2024-03-04T11:00:00+03:00", message="m2", status="failed")

    assert only(judged(clocks, events, "2024-03-04T12:00:00+03:00"), "state") == [("fulfilled",)]
    assert only(judged(clocks, [*events, bounce], "2024-03-04T12:00:00+03:00"), "state", "fulfilled_at") == [
        ("missed", None)
    ]


def test_next_reply_opens_at_the_oldest_unanswered_message_but_not_at_the_first_of_the_case() -> None:
    events = [
        received(message="m1"),
        inbound("2024-03-04T09:00:00+03:00", message="m1"),
        inbound("2024-03-04T10:00:00+03:00", automated=True),
        inbound("2024-03-04T10:30:00+03:00", counterparty="third_party"),
        inbound("2024-03-04T11:00:00+03:00"),
        inbound("2024-03-04T11:30:00+03:00"),
        reply("2024-03-04T12:00:00+03:00"),
        inbound("2024-03-04T13:00:00+03:00"),
        on("resolved", "2024-03-04T14:00:00+03:00"),
        inbound("2024-03-04T14:30:00+03:00"),
    ]

    rows = judged([{"kind": "next_reply", "target": "4 working hours"}], events, "2024-03-04T15:00:00+03:00")

    assert only(rows, "instance", "started_at", "state") == [
        (1, "2024-03-04T08:00:00Z", "fulfilled"),
        (2, "2024-03-04T10:00:00Z", "running"),
    ]


def test_a_thank_you_after_the_end_opens_no_clock() -> None:
    events = [received(), reply("2024-03-04T10:00:00+03:00"), on("resolved", "2024-03-04T10:00:00+03:00")]
    thanks = inbound("2024-03-04T11:00:00+03:00")

    assert judged([{"kind": "next_reply", "target": "1 hour"}], [*events, thanks], "2024-03-05T00:00:00Z") == []


@pytest.mark.parametrize("ending", ["resolved", "discontinued"])
def test_a_resolution_is_fulfilled_by_the_outcome_or_an_exit(ending: str) -> None:
    rows = judged([RESOLUTION], [received(), on(ending, "2024-03-04T10:00:00+03:00")], "2024-03-04T11:00:00+03:00")

    assert only(rows, "state", "fulfilled_at") == [("fulfilled", "2024-03-04T07:00:00Z")]


def test_what_was_judged_of_the_first_cycle_stays_after_a_reopening() -> None:
    events = [received(), on("resolved", "2024-03-05T10:00:00+03:00"), on("closed", "2024-03-05T11:00:00+03:00")]
    before = judged([RESOLUTION], events, "2024-03-06T10:00:00+03:00")

    after = judged([RESOLUTION], [*events, on("reopened", "2024-03-06T11:00:00+03:00")], "2024-03-20T11:00:00+03:00")

    assert after[0] == before[0]
    assert only(after, "cycle", "state") == [(1, "missed"), (2, "missed")]


def test_a_continued_clock_carries_its_time_over_and_the_time_between_does_not_count() -> None:
    clock = {**RESOLUTION, "reopen": "continue"}
    events = [
        received(),
        on("resolved", "2024-03-04T14:00:00+03:00"),
        on("closed", "2024-03-05T10:00:00+03:00"),
        on("reopened", "2024-03-06T10:00:00+03:00"),
    ]

    rows = judged([clock], events, "2024-03-06T11:00:00+03:00")

    assert only(rows, "cycle", "started_at", "due_at", "state", "elapsed_seconds", "remaining_seconds") == [
        (1, "2024-03-04T06:00:00Z", "2024-03-04T14:00:00Z", "fulfilled", 18000, None),
        (2, "2024-03-06T07:00:00Z", "2024-03-06T10:00:00Z", "running", 21600, 7200),
    ]


def test_a_statutory_clock_keeps_its_due_over_a_reopening_and_is_missed_from_there_on() -> None:
    clocks = [
        {"kind": "statutory:x", "target": "2 calendar days"},
        {"kind": "total_resolution", "target": "10 calendar days"},
    ]
    events = [
        received(),
        on("resolved", "2024-03-05T10:00:00+03:00"),
        on("reopened", "2024-03-08T10:00:00+03:00"),
    ]

    rows = judged(clocks, events, "2024-03-08T12:00:00+03:00", LAW)

    assert only(
        rows, "kind", "cycle", "started_at", "due_at", "state", "missed_at", "overdue_seconds", "elapsed_seconds"
    ) == [
        ("statutory:x", 1, "2024-03-04T06:00:00Z", "2024-03-06T21:00:00Z", "fulfilled", None, None, 90000),
        (
            "statutory:x",
            2,
            "2024-03-08T07:00:00Z",
            "2024-03-06T21:00:00Z",
            "missed",
            "2024-03-08T07:00:00Z",
            7200,
            356400,
        ),
        ("total_resolution", 1, "2024-03-04T06:00:00Z", "2024-03-14T21:00:00Z", "fulfilled", None, None, 90000),
        ("total_resolution", 2, "2024-03-08T07:00:00Z", "2024-03-14T21:00:00Z", "running", None, None, 356400),
    ]


def test_closing_cancels_what_is_open_and_freezes_what_is_missed() -> None:
    clocks = [
        {"kind": "first_reply", "target": "1 working hour"},
        {"kind": "acknowledgement", "target": "1 working day"},
    ]
    events = [
        received(),
        on("discontinued", "2024-03-04T12:00:00+03:00", reason="duplicate"),
        on("closed", "2024-03-04T12:00:00+03:00"),
        reply("2024-03-04T13:00:00+03:00"),
    ]

    rows = judged(clocks, events, "2024-03-20T10:00:00+03:00")

    assert only(rows, "kind", "state", "fulfilled_at", "overdue_seconds", "elapsed_seconds") == [
        ("acknowledgement", "cancelled", None, None, 10800),
        ("first_reply", "missed", None, 7200, 10800),
    ]


def test_working_days_count_open_seconds_and_calendar_days_real_ones() -> None:
    clocks = [
        {"kind": "resolution", "target": "1 working day"},
        {"kind": "total_resolution", "target": "1 calendar day"},
    ]

    rows = judged(clocks, [received("2024-03-04T17:00:00+03:00")], "2024-03-05T10:00:00+03:00")

    assert only(rows, "kind", "elapsed_seconds", "remaining_seconds") == [
        ("resolution", 7200, 28800),
        ("total_resolution", 61200, 50400),
    ]


@pytest.mark.parametrize(
    ("day", "state", "overdue"),
    [("2024-03-08", "fulfilled", None), ("2024-03-09", "missed", 0), ("2024-03-10", "missed", 86400)],
)
def test_a_day_is_in_time_when_it_is_not_after_the_date_of_the_due(day: str, state: str, overdue: int | None) -> None:
    """Four calendar days from the 4th end with the 8th, at the same instant at which the 9th begins."""
    events = [received("2024-03-04", occurred_precision="day"), on("resolved", day, occurred_precision="day")]

    rows = judged([{"kind": "total_resolution", "target": "4 calendar days"}], events, "2024-03-20T00:00:00Z")

    assert only(rows, "due_at", "state", "overdue_seconds") == [("2024-03-08T21:00:00Z", state, overdue)]


def test_a_letter_of_the_same_day_answers_a_call_of_that_day() -> None:
    events = [received("2024-03-04T10:00:00+03:00"), reply("2024-03-04", occurred_precision="day")]

    rows = judged([{"kind": "first_reply", "target": "1 working hour"}], events, "2024-03-05T00:00:00Z")

    assert only(rows, "state", "fulfilled_at", "elapsed_seconds") == [("fulfilled", "2024-03-03T21:00:00Z", 0)]


@pytest.mark.parametrize(
    ("times", "late"),
    [
        ({}, False),
        ({"recorded_at": "2024-03-04T09:59:00+03:00"}, False),
        ({"recorded_at": "2024-03-04T10:00:01+03:00"}, True),
        ({"recorded_at": "2024-03-09T10:00:00+03:00", "received_at": "2024-03-04T10:00:00+03:00"}, False),
        ({"recorded_at": "2024-03-09T10:00:00+03:00", "origin": "import"}, False),
    ],
)
def test_evidence_is_late_when_it_reached_a_trusted_clock_after_the_due(times: dict[str, str], *, late: bool) -> None:
    events = [received(), reply("2024-03-04T09:30:00+03:00", **times)]

    rows = judged([{"kind": "first_reply", "target": "1 working hour"}], events, "2024-03-20T00:00:00Z")

    assert only(rows, "state", "late_evidence") == [("fulfilled", late)]


def test_evidence_is_not_late_when_another_event_in_time_proves_the_same() -> None:
    events = [
        received(),
        reply("2024-03-04T09:30:00+03:00", recorded_at="2024-03-04T12:00:00+03:00"),
        reply("2024-03-04T09:40:00+03:00"),
    ]

    rows = judged([{"kind": "first_reply", "target": "1 working hour"}], events, "2024-03-20T00:00:00Z")

    assert only(rows, "state", "fulfilled_at", "late_evidence") == [("fulfilled", "2024-03-04T06:30:00Z", False)]


def test_what_was_not_known_yet_is_not_judged() -> None:
    events = [received(), reply("2024-03-04T09:30:00+03:00", recorded_at="2024-03-04T12:00:00+03:00")]
    clocks = [{"kind": "first_reply", "target": "1 working hour"}]

    then = judged(clocks, events, "2024-03-04T11:00:00+03:00", known_at="2024-03-04T11:00:00+03:00")
    now = judged(clocks, events, "2024-03-04T11:00:00+03:00")

    assert only([*then, *now], "state") == [("missed",), ("fulfilled",)]


def test_events_after_the_instant_of_judging_are_ignored() -> None:
    events = [received(), on("resolved", "2024-03-04T10:00:00+03:00")]

    assert only(judged([RESOLUTION], events, "2024-03-04T09:59:59+03:00"), "state") == [("running",)]


def test_events_count_in_world_order_whatever_order_they_were_stored_in() -> None:
    events = [
        received(),
        inbound("2024-03-04T10:00:00+03:00"),
        inbound("2024-03-04T12:00:00+03:00"),
        reply("2024-03-04T11:00:00+03:00"),
    ]

    rows = judged([{"kind": "next_reply", "target": "2 working hours"}], events, "2024-03-04T13:00:00+03:00")

    assert only(rows, "instance", "started_at", "state") == [
        (1, "2024-03-04T07:00:00Z", "fulfilled"),
        (2, "2024-03-04T09:00:00Z", "running"),
    ]


def test_a_clock_names_a_calendar_of_its_own() -> None:
    clocks = [RESOLUTION, {"kind": "statutory:x", "target": "1 calendar day", "calendar": "eastern", "roll": "next"}]

    rows = judged(clocks, [received()], "2024-03-04T09:00:00+03:00", DESK, calendars=[NEW_YORK])

    assert only(rows, "kind", "due_at") == [
        ("resolution", "2024-03-04T14:00:00Z"), ("statutory:x", "2024-03-06T05:00:00Z"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("request_id", "answer_id", "state"),
    [(None, "x", "running"), ("a", "x", "paused"), ("a", None, "running"), (None, None, "running")],
)
def test_an_answer_with_an_unknown_id_ends_only_requests_that_have_none(
    request_id: str | None, answer_id: str | None, state: str
) -> None:
    events = [
        received(),
        on("information_requested", "2024-03-04T10:00:00+03:00", request_id=request_id),
        on("information_provided", "2024-03-04T11:00:00+03:00", request_id=answer_id),
    ]

    assert only(judged([RESOLUTION], events, "2024-03-04T12:00:00+03:00"), "state") == [(state,)]


@pytest.mark.parametrize("ending", ["resolved", "discontinued", "closed"])
def test_an_end_ends_all_waits_so_that_a_reopened_case_is_not_paused(ending: str) -> None:
    events = [
        received(),
        on("information_requested", "2024-03-04T10:00:00+03:00", request_id="a"),
        on(ending, "2024-03-04T12:00:00+03:00"),
        on("reopened", "2024-03-05T10:00:00+03:00"),
    ]
    clocks = [RESOLUTION, {"kind": "agent_work", "target": "8 working hours", "reopen": "continue"}]

    rows = judged(clocks, events, "2024-03-05T11:00:00+03:00")

    assert only([row for row in rows if row["cycle"] == 2], "kind", "state", "elapsed_seconds") == [
        ("agent_work", "running", 7200), ("resolution", "running", 3600),
    ]  # fmt: skip
