"""Every kind of clock starts, is fulfilled, pauses and survives a reopening as the table says."""

import pytest

from support.clocks import inbound, judged, on, only, received, reply

END = "2024-03-29T10:00:00+03:00"


def at(day: int, hour: int = 10) -> str:
    return f"2024-03-{day:02d}T{hour:02d}:00:00+03:00"


def test_registration_runs_once_and_never_again() -> None:
    events = [received(), on("registered", at(4)), on("resolved", at(5)), on("reopened", at(6))]

    rows = judged([{"kind": "registration", "target": "1 working day"}], events, END)

    assert only(rows, "cycle", "state", "fulfilled_at") == [(1, "fulfilled", "2024-03-04T07:00:00Z")]


@pytest.mark.parametrize("event", [on("acknowledged", at(4)), reply(at(4)), on("replied", at(4), final=True)])
def test_an_acknowledgement_is_given_in_words_or_by_the_answer_itself(event: dict[str, object]) -> None:
    rows = judged([{"kind": "acknowledgement", "target": "1 working day"}], [received(), event], END)

    assert only(rows, "state") == [("fulfilled",)]


def test_each_update_starts_the_next_and_a_survey_or_an_automatic_message_is_none() -> None:
    events = [
        received(),
        reply(at(4, 11), automated=True),
        reply(at(4, 12), purpose="survey"),
        reply(at(5), purpose="notice"),
        reply(at(6), counterparty="department"),
        reply(at(7)),
        on("resolved", at(8)),
        on("closed", at(8, 11)),
        on("reopened", at(11)),
    ]

    rows = judged([{"kind": "update", "target": "1 working day"}], events, at(11, 12))

    assert only(rows, "cycle", "instance", "started_at", "state", "fulfilled_at") == [
        (1, 1, "2024-03-04T06:00:00Z", "fulfilled", "2024-03-05T07:00:00Z"),
        (1, 2, "2024-03-05T07:00:00Z", "missed", "2024-03-07T07:00:00Z"),
        (1, 3, "2024-03-07T07:00:00Z", "cancelled", None),
        (2, 1, "2024-03-11T07:00:00Z", "running", None),
    ]


def test_only_the_pausable_update_pauses() -> None:
    clocks = [{"kind": kind, "target": "1 working day"} for kind in ("update", "pausable_update")]

    rows = judged(clocks, [received(), on("information_requested", at(4))], at(4, 12))

    assert only(rows, "kind", "state") == [("pausable_update", "paused"), ("update", "running")]


def test_each_request_to_the_complainant_is_a_wait_of_its_own() -> None:
    events = [
        received(),
        on("information_requested", at(4), request_id="a"),
        on("information_requested", at(4, 11), request_id="b"),
        on("information_requested", at(4, 11), request_id="c", from_="department"),
        on("information_provided", at(4, 12), request_id="b"),
        on("resolved", at(5)),
    ]

    rows = judged([{"kind": "requester_wait", "target": "2 working days"}], events, END)

    assert only(rows, "instance", "started_at", "state", "fulfilled_at") == [
        (1, "2024-03-04T07:00:00Z", "cancelled", None),
        (2, "2024-03-04T08:00:00Z", "fulfilled", "2024-03-04T09:00:00Z"),
    ]


STAGES = [
    {"kind": f"stage:{stage}", "target": "1 working day"}
    for stage in ("registration", "investigation", "corrective_action", "satisfaction_check")
]


def test_stages_follow_each_other_and_a_skipped_one_has_no_clock() -> None:
    events = [
        received(),
        on("investigation_started", at(4)),
        on("resolved", at(5)),
        on("closed", at(6)),
        on("reopened", at(7)),
    ]

    rows = judged(STAGES, events, at(7, 11))

    assert only(rows, "kind", "cycle", "started_at", "state", "fulfilled_at") == [
        ("stage:investigation", 1, "2024-03-04T07:00:00Z", "fulfilled", "2024-03-05T07:00:00Z"),
        ("stage:investigation", 2, "2024-03-07T07:00:00Z", "running", None),
        ("stage:registration", 1, "2024-03-04T06:00:00Z", "fulfilled", "2024-03-04T07:00:00Z"),
        ("stage:satisfaction_check", 1, "2024-03-05T07:00:00Z", "fulfilled", "2024-03-06T07:00:00Z"),
    ]


def test_a_stage_that_is_entered_again_goes_on_and_the_time_between_does_not_count() -> None:
    events = [
        received(),
        on("investigation_started", at(4)),
        on("cause_established", at(4, 12), cause="process"),
        on("investigation_started", at(4, 15)),
    ]
    clock = {"kind": "stage:investigation", "target": "4 working hours"}

    assert only(judged([clock], events, at(4, 16)), "instance", "state", "elapsed_seconds", "due_at") == [
        (1, "running", 10800, "2024-03-04T14:00:00Z"),
    ]


def test_an_exit_leaves_its_stage_and_enters_none() -> None:
    events = [received(), on("discontinued", at(4), reason="withdrawn"), on("closed", at(4, 11))]

    rows = judged([*STAGES, {"kind": "stage:closed", "target": "1 month"}], events, END)

    assert only(rows, "kind", "state") == [("stage:registration", "fulfilled")]


def test_registration_enters_the_investigation_where_the_desk_says_so() -> None:
    events = [received(), on("registered", at(4), starts_investigation=True)]

    assert only(judged(STAGES, events, at(4, 12)), "kind", "state") == [
        ("stage:investigation", "running"), ("stage:registration", "fulfilled"),
    ]  # fmt: skip


REMEDY = {"kind": "remedy", "target": "10 calendar days", "start": "complaint.registered"}


def test_a_remedy_is_given_when_the_money_is_there_in_full() -> None:
    events = [
        received(),
        on("registered", at(4)),
        on("remedy_approved", at(5), remedy_id="r", amount={"amount": "300.00", "currency": "EUR"}),
        on("replied", at(5), final=True),
        on("compensated", at(6), remedy_id="r", amount={"amount": "200.00", "currency": "EUR"}),
        on("remedy_reversed", at(7), remedy_id="r", amount={"amount": "50.00", "currency": "EUR"}),
        on("compensated", at(8), remedy_id="r", amount={"amount": "149.99", "currency": "EUR"}),
    ]
    rest = on("compensated", at(11), remedy_id="r", amount={"amount": "0.01", "currency": "EUR"})

    assert only(judged([REMEDY], events, at(12)), "state") == [("running",)]
    assert only(judged([REMEDY], [*events, rest], at(12)), "state", "fulfilled_at") == [
        ("fulfilled", "2024-03-11T07:00:00Z"),
    ]


def test_a_remedy_is_answered_by_a_reasoned_refusal_only_where_none_is_approved() -> None:
    refused = [received(), on("registered", at(4)), on("replied", at(5), final=True)]
    interim = [received(), on("registered", at(4)), on("replied", at(5), final=False)]
    owed = [received(), on("registered", at(4)), on("remedy_approved", at(4, 12), remedy_id="r"), refused[-1]]

    assert [only(judged([REMEDY], events, at(6)), "state") for events in (refused, interim, owed)] == [
        [("fulfilled",)], [("running",)], [("running",)],
    ]  # fmt: skip


def test_of_alternatives_only_the_accepted_one_is_owed() -> None:
    events = [
        received(),
        on("registered", at(4)),
        on("remedy_approved", at(5), remedy_id="repair"),
        on("remedy_approved", at(5), remedy_id="refund", amount={"amount": "9", "currency": "EUR"}),
        on("remedy_offered", at(5), remedy_ids=["repair", "refund"]),
        on("remedy_accepted", at(6), remedy_ids=["repair"]),
        on("compensated", at(7), remedy_id="repair"),
    ]

    assert only(judged([REMEDY], events, END), "state", "fulfilled_at") == [("fulfilled", "2024-03-07T07:00:00Z")]


def test_a_remedy_runs_on_after_the_outcome_and_past_closing() -> None:
    events = [
        received(),
        on("registered", at(4)),
        on("remedy_approved", at(4, 12), remedy_id="r"),
        on("resolved", at(5)),
        on("closed", at(6)),
    ]

    assert only(judged([REMEDY], events, at(7)), "state") == [("running",)]
    assert only(judged([REMEDY], [*events, on("reopened", at(8))], at(11)), "cycle", "state") == [
        (1, "cancelled"), (2, "running"),
    ]  # fmt: skip


def test_a_promise_carries_its_due_and_is_kept_by_its_own_event() -> None:
    events = [
        received(),
        on("promised", at(4), promise_id="a", due="2024-03-06T12:00:00+03:00"),
        on("promised", at(4, 11), promise_id="b", due="2024-03-05"),
        on("promise_kept", at(5), promise_id="a"),
    ]

    rows = judged([{"kind": "promise"}], events, at(7))

    assert only(rows, "instance", "due_at", "state", "fulfilled_at", "overdue_seconds") == [
        (1, "2024-03-06T09:00:00Z", "fulfilled", "2024-03-05T07:00:00Z", None),
        (2, "2024-03-05T21:00:00Z", "missed", None, 122400),
    ]


def test_an_open_promise_goes_on_in_the_next_cycle_and_a_kept_one_does_not() -> None:
    events = [
        received(),
        on("promised", at(4), promise_id="kept", due=at(20)),
        on("promised", at(4), promise_id="open", due=at(20)),
        on("promise_kept", at(5), promise_id="kept"),
        on("resolved", at(6)),
        on("reopened", at(7)),
        on("promise_kept", at(8), promise_id="open"),
    ]

    rows = judged([{"kind": "promise"}], events, END)

    assert only(rows, "cycle", "instance", "started_at", "due_at", "state") == [
        (1, 1, "2024-03-04T07:00:00Z", "2024-03-20T07:00:00Z", "fulfilled"),
        (1, 2, "2024-03-04T07:00:00Z", "2024-03-20T07:00:00Z", "cancelled"),
        (2, 1, "2024-03-07T07:00:00Z", "2024-03-20T07:00:00Z", "fulfilled"),
    ]


@pytest.mark.parametrize("ending", ["resolved", "discontinued"])
def test_a_promise_or_an_action_after_closing_is_a_clock_of_its_own(ending: str) -> None:
    """A question after the end is answered by a promise; nothing that closing cancels was open then."""
    events = [
        received(),
        on(ending, at(4)),
        on("closed", at(5)),
        on("promised", at(6), promise_id="a", due=at(7)),
        on("action_assigned", at(6), action_id="b", due=at(9)),
    ]

    rows = judged([{"kind": "promise"}, {"kind": "action"}], events, at(8))

    assert only(rows, "kind", "state", "started_at") == [
        ("action", "running", "2024-03-06T07:00:00Z"), ("promise", "missed", "2024-03-06T07:00:00Z"),
    ]  # fmt: skip


def test_a_promise_that_closing_cancelled_goes_on_when_the_case_is_reopened() -> None:
    events = [
        received(),
        on("promised", at(4), promise_id="a", due=at(20)),
        on("discontinued", at(5), reason="withdrawn"),
        on("closed", at(6)),
        on("reopened", at(7)),
    ]

    rows = judged([{"kind": "promise"}], events, at(8))

    assert only(rows, "cycle", "started_at", "due_at", "state") == [
        (1, "2024-03-04T07:00:00Z", "2024-03-20T07:00:00Z", "cancelled"),
        (2, "2024-03-07T07:00:00Z", "2024-03-20T07:00:00Z", "running"),
    ]


def test_a_promise_that_a_policy_calls_off_does_not_come_back() -> None:
    events = [
        received(),
        on("promised", at(4), promise_id="a", due=at(20)),
        on("linked", at(4, 11), kind="duplicate"),
        on("resolved", at(5)),
        on("reopened", at(7)),
    ]
    clock = {"kind": "promise", "cancel": [{"event": "complaint.linked", "where": {"kind": "duplicate"}}]}

    assert only(judged([clock], events, at(8)), "cycle", "state") == [(1, "cancelled")]


def test_an_action_without_a_date_is_no_clock_unless_the_policy_gives_it_time() -> None:
    events = [received(), on("action_assigned", at(4), action_id="a")]

    assert judged([{"kind": "action"}], events, END) == []
    assert only(judged([{"kind": "action", "target": "1 working day"}], events, END), "due_at") == [
        ("2024-03-05T15:00:00Z",)
    ]


def test_a_public_complaint_is_closed_in_public_after_each_outcome() -> None:
    clock = [{"kind": "public_closing", "target": "1 working day"}]
    events = [
        received(channel="review"),
        on("resolved", at(5)),
        reply(at(5, 11), purpose="final"),
        reply(at(5, 12), purpose="public_closing", visibility="public"),
        on("reopened", at(6)),
        on("resolved", at(7)),
    ]

    assert only(judged(clock, events, at(7, 12)), "cycle", "started_at", "state") == [
        (1, "2024-03-05T07:00:00Z", "fulfilled"), (2, "2024-03-07T07:00:00Z", "running"),
    ]  # fmt: skip
    assert judged(clock, [received(channel="email"), on("resolved", at(5))], END) == []


def test_a_policy_may_override_what_starts_fulfils_pauses_and_cancels() -> None:
    clock = {
        "kind": "resolution",
        "target": "8 working hours",
        "start": [{"event": "complaint.classified", "where": {"type": ["product", "price"]}}],
        "fulfil": ["first_reply"],
        "pause": [{"event": "complaint.escalated", "where": {"level": 2}}],
        "resume": [{"event": "complaint.assigned"}],
        "cancel": [{"event": "complaint.linked", "where": {"kind": "duplicate"}}],
    }
    events = [
        received(),
        on("classified", at(4, 10), fields={"type": "service"}),
        on("classified", at(4, 11), fields={"type": "price"}),
        on("information_requested", at(4, 12)),
        on("escalated", at(4, 13), level=2),
        on("assigned", at(4, 15)),
    ]

    assert only(judged([clock], events, at(4, 16)), "state", "started_at", "elapsed_seconds") == [
        ("running", "2024-03-04T08:00:00Z", 10800),
    ]
    assert only(judged([clock], [*events, reply(at(4, 17))], END), "state") == [("fulfilled",)]
    assert only(judged([clock], [*events, on("linked", at(4, 17), kind="duplicate")], END), "state") == [("cancelled",)]


def test_a_clock_that_starts_while_he_is_waited_for_starts_paused() -> None:
    clock = {"kind": "resolution", "target": "8 working hours", "start": "complaint.registered"}
    events = [received(), on("information_requested", at(4)), on("registered", at(4, 11))]

    assert only(judged([clock], events, at(4, 12)), "state", "elapsed_seconds") == [("paused", 0)]


def test_a_message_that_moved_to_another_case_opens_and_answers_nothing_here() -> None:
    clocks = [{"kind": "first_reply", "target": "2 working hours"}, {"kind": "next_reply", "target": "1 working hour"}]
    events = [received(), inbound(at(4), message="in"), reply(at(4, 11), message="out")]
    moved = [on("message_moved", at(4, 12), message=name, other="x") for name in ("in", "out")]

    rows = judged(clocks, [*events, *moved], at(4, 13))

    assert only(rows, "kind", "state") == [("first_reply", "missed")]
