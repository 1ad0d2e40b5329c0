"""What never arrived answers nothing; what arrived is not taken back by a report on something else."""

from support.clocks import inbound, judged, on, only, received, reply

MONDAY = "2024-03-04"
LOOK = f"{MONDAY}T16:00:00+03:00"


def test_a_message_that_was_recorded_as_failed_at_once_answers_nothing_nor_does_the_reply_that_names_it() -> None:
    events = [
        received(),
        reply(f"{MONDAY}T10:00:00+03:00", message="m1", delivery="failed"),
        on("replied", f"{MONDAY}T10:00:00+03:00", message="m1", final=True),
    ]
    assert only(judged([{"kind": "first_reply", "target": "8 working hours"}], events, LOOK), "state") == [("running",)]


def test_a_failed_delivery_that_names_a_message_of_the_complainant_hides_no_question() -> None:
    events = [
        received(),
        inbound(f"{MONDAY}T10:00:00+03:00", message="m1"),
        on("delivery_reported", f"{MONDAY}T11:00:00+03:00", message="m1", status="failed"),
    ]
    rows = judged([{"kind": "next_reply", "target": "8 working hours"}], events, LOOK)
    assert only(rows, "state", "started_at") == [("running", "2024-03-04T07:00:00Z")]
