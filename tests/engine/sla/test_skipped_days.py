"""A zone that skipped a whole date: the date still counts, and ends when the one before it does."""

from typing import Any

from support.clocks import judged, on, only, received

KWAJALEIN: dict[str, Any] = {
    "id": "atoll",
    "version": 1,
    "timezone": "Pacific/Kwajalein",  # 21 August 1993 never was: the 20th and the 21st both ended at 12:00Z
    "week": {"mon": ["09:00-18:00"]},
}


def _waiting(begin: str, end: str) -> list[dict[str, Any]]:
    return [
        received("1993-08-19T22:00:00Z"),
        on("information_requested", begin, request_id="r"),
        on("information_provided", end, request_id="r"),
    ]


def test_a_pause_over_the_instant_of_the_skip_takes_both_dates_that_end_there() -> None:
    events = _waiting("1993-08-21T12:00:00Z", "1993-08-21T13:00:00Z")
    rows = judged([{"kind": "resolution", "target": "3 calendar days"}], events, "1993-08-21T14:00:00Z", KWAJALEIN)
    assert only(rows, "due_at") == [("1993-08-24T12:00:00Z",)]


def test_without_a_pause_the_skipped_date_counts_as_any_other() -> None:
    events = [received("1993-08-19T22:00:00Z")]
    rows = judged([{"kind": "resolution", "target": "3 calendar days"}], events, "1993-08-21T14:00:00Z", KWAJALEIN)
    assert only(rows, "due_at") == [("1993-08-22T12:00:00Z",)]
