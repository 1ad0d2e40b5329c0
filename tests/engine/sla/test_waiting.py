"""A wait is one wait, whatever else happens while it lasts."""

import pytest

from support.clocks import judged, on, only, received

UPDATE = {"kind": "pausable_update", "target": "3 working hours"}


@pytest.mark.parametrize("restated", [[], [on("sla_applied", "2024-03-04T12:00:00+03:00", clocks=[UPDATE])]])
def test_a_wait_that_the_outcome_of_its_own_day_ended_pauses_nothing_also_where_terms_were_restated_within_it(
    restated: list[dict[str, object]],
) -> None:
    """The outcome has a day alone, whose instant is its 00:00: the wait ended before it began."""
    events = [
        received(),
        on("information_requested", "2024-03-04T10:00:00+03:00", request_id="r"),
        *restated,
        on("resolved", "2024-03-04", occurred_precision="day"),
    ]

    rows = judged([UPDATE], events, "2024-03-05T12:00:00+03:00")

    assert only(rows, "due_at", "state") == [("2024-03-04T09:00:00Z", "missed")]


def test_a_wait_goes_on_over_new_terms_that_pause_alike() -> None:
    events = [
        received(),
        on("information_requested", "2024-03-04T10:00:00+03:00", request_id="r"),
        on("sla_applied", "2024-03-04T12:00:00+03:00", clocks=[UPDATE]),
        on("information_provided", "2024-03-04T14:00:00+03:00", request_id="r"),
    ]

    rows = judged([UPDATE], events, "2024-03-04T15:00:00+03:00")

    assert only(rows, "due_at", "elapsed_seconds") == [("2024-03-04T13:00:00Z", 7200)]
