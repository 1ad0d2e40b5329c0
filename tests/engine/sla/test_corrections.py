"""What was entered by mistake never was: it starts, answers, pauses and moves nothing, as a message that bounced."""

from typing import Any

import pytest

from support.clocks import inbound, judged, on, only, received, reply

FIRST_REPLY = {"kind": "first_reply", "target": "2 working hours"}
RESOLUTION = {"kind": "resolution", "target": "8 working hours"}
LATER = "2024-03-06T10:00:00+03:00"


def corrected(event_id: str | int, occurred_at: str = "2024-03-05T09:00:00+03:00", **more: Any) -> dict[str, Any]:
    return on("corrected", occurred_at, event_id=event_id, **more)


def test_a_reply_entered_by_mistake_answers_nothing() -> None:
    events = [received(), reply("2024-03-04T10:00:00+03:00", id="wrong"), reply("2024-03-04T10:30:00+03:00")]

    rows = judged([FIRST_REPLY], [*events, corrected("wrong")], LATER)

    assert only(rows, "state", "fulfilled_at") == [("fulfilled", "2024-03-04T07:30:00Z")]


def test_an_entry_may_be_named_by_a_number() -> None:
    events = [received(), reply("2024-03-04T10:00:00+03:00", id=2), corrected(2)]

    assert only(judged([FIRST_REPLY], events, LATER), "state") == [("missed",)]


def test_where_nothing_else_fulfils_it_the_clock_was_missed_when_it_ran_out() -> None:
    events = [received(), on("resolved", "2024-03-04T10:00:00+03:00", id="wrong"), corrected("wrong")]

    rows = judged([RESOLUTION], events, LATER)

    assert only(rows, "state", "missed_at", "fulfilled_at") == [("missed", "2024-03-04T14:00:00Z", None)]


def test_a_wait_entered_by_mistake_pauses_nothing() -> None:
    events = [
        received(),
        on("information_requested", "2024-03-04T10:00:00+03:00", request_id="r", id="wrong"),
        on("information_provided", "2024-03-04T12:00:00+03:00", request_id="r"),
    ]
    correction = corrected("wrong", "2024-03-04T13:00:00+03:00")

    rows = judged([RESOLUTION], [*events, correction], "2024-03-04T13:00:00+03:00")

    assert only(rows, "due_at", "elapsed_seconds") == [("2024-03-04T14:00:00Z", 14400)]


def test_an_extension_entered_by_mistake_moves_nothing() -> None:
    extension = on(
        "deadline_extended", "2024-03-04T10:00:00+03:00", id="wrong", clock="resolution", due_at="2024-03-08T12:00:00Z"
    )

    rows = judged([RESOLUTION], [received(), extension, corrected("wrong")], LATER)

    assert only(rows, "due_at", "state") == [("2024-03-04T14:00:00Z", "missed")]


def test_a_merge_entered_by_mistake_brings_no_earlier_receipt_and_no_reply() -> None:
    link = on(
        "linked", "2024-03-04T10:00:00+03:00", id="wrong", kind="merged", other="x",
        other_received_at="2024-03-01T10:00:00Z", other_replied_at="2024-03-01T11:00:00Z",
    )  # fmt: skip

    rows = judged([FIRST_REPLY], [received(), link, corrected("wrong")], "2024-03-05T09:00:00+03:00")

    assert only(rows, "started_at", "state", "missed_at") == [
        ("2024-03-04T06:00:00Z", "missed", "2024-03-04T08:00:00Z"),
    ]


@pytest.mark.parametrize(
    "mistake",
    [
        on("delivery_reported", "2024-03-04T11:00:00+03:00", id="wrong", message="m2", status="failed"),
        on("message_moved", "2024-03-04T11:00:00+03:00", id="wrong", message="m2", other="x"),
    ],
    ids=["bounced", "moved"],
)
def test_a_message_counts_again_where_what_took_it_back_was_a_mistake(mistake: dict[str, Any]) -> None:
    events = [received(), reply("2024-03-04T10:00:00+03:00", message="m2"), mistake]

    assert only(judged([FIRST_REPLY], events, LATER), "state") == [("missed",)]
    assert only(judged([FIRST_REPLY], [*events, corrected("wrong")], LATER), "state") == [("fulfilled",)]


def test_a_correction_may_itself_be_corrected() -> None:
    events = [
        received(),
        reply("2024-03-04T10:00:00+03:00", id="right"),
        corrected("right", "2024-03-05T09:00:00+03:00", id="hasty"),
        corrected("hasty", "2024-03-05T10:00:00+03:00"),
    ]

    assert only(judged([FIRST_REPLY], events[:3], LATER), "state") == [("missed",)]
    assert only(judged([FIRST_REPLY], events, LATER), "state") == [("fulfilled",)]


def test_nobody_can_correct_a_promise_away() -> None:
    terms = on("sla_applied", "2024-03-04T09:00:00+03:00", id="terms", reason="first", clocks=[RESOLUTION])
    events = [{**received(), "id": "receipt"}, terms]

    before = judged([FIRST_REPLY], events, LATER)

    assert only(before, "kind", "state") == [("resolution", "missed")]
    assert judged([FIRST_REPLY], [*events, corrected("receipt"), corrected("terms")], LATER) == before


def test_the_cycle_stays_what_the_record_says_where_a_reopening_was_a_mistake() -> None:
    """The state of the case does not go back either; what was told of cycle 2 must go on meaning the same clock."""
    events = [
        received(),
        on("resolved", "2024-03-04T10:00:00+03:00"),
        on("reopened", "2024-03-04T11:00:00+03:00", id="wrong"),
        corrected("wrong", "2024-03-04T12:00:00+03:00"),
    ]

    rows = judged([RESOLUTION], events, "2024-03-04T13:00:00+03:00")

    assert only(rows, "cycle", "state") == [(1, "fulfilled"), (2, "running")]


def test_a_reopening_by_mistake_fulfils_nothing_and_ends_the_cycle_all_the_same() -> None:
    stage = {"kind": "stage:satisfaction_check", "target": "1 working day"}
    events = [
        received(),
        on("resolved", "2024-03-04T10:00:00+03:00"),
        on("reopened", "2024-03-04T11:00:00+03:00", id="wrong"),
    ]

    assert only(judged([stage], events, LATER), "state") == [("fulfilled",)]
    assert only(judged([stage], [*events, corrected("wrong")], LATER), "state") == [("cancelled",)]


def test_a_stage_that_only_a_mistake_left_is_left_by_what_leaves_one_next() -> None:
    stage = {"kind": "stage:investigation", "target": "1 working day"}
    events = [
        received(),
        on("investigation_started", "2024-03-04T10:00:00+03:00"),
        on("cause_established", "2024-03-04T11:00:00+03:00", id="wrong", cause="process"),
        corrected("wrong", "2024-03-04T12:00:00+03:00"),
    ]

    assert only(judged([stage], events, "2024-03-04T13:00:00+03:00"), "state") == [("running",)]
    rows = judged([stage], [*events, on("resolved", "2024-03-04T14:00:00+03:00")], LATER)

    assert only(rows, "state", "fulfilled_at") == [("fulfilled", "2024-03-04T11:00:00Z")]


def test_what_was_known_before_the_correction_is_judged_as_it_was_then() -> None:
    events = [
        received(),
        inbound("2024-03-04T09:30:00+03:00", id="wrong"),
        corrected("wrong", "2024-03-04T12:00:00+03:00", recorded_at="2024-03-05T12:00:00+03:00"),
    ]
    clocks = [{"kind": "next_reply", "target": "1 working hour"}]

    assert only(judged(clocks, events, LATER, known_at="2024-03-05T11:00:00+03:00"), "state") == [("missed",)]
    assert judged(clocks, events, LATER) == []
