"""An explanation adds up to the verdict: what counted is what elapsed, and it ends where the clock is due."""

from itertools import pairwise
from typing import Any

from hypothesis import HealthCheck, given, settings

from engine.sla.calendar import BeyondCalendar
from engine.sla.document import judge_document, judgeable
from engine.sla.explain import Applied, Explanation, explain
from engine.sla.judge import row
from support.clocks import DESK, judged, on, only, received
from support.sla_documents import documents

ME = Applied("test", 1, "first", None)


def explained(document: dict[str, Any]) -> tuple[Explanation, ...]:
    known = judgeable(document)
    return explain(known.marks, known.calendars, known.at, known.known_at, {-1: ME})


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(documents())
def test_the_pieces_add_up_to_the_verdict(document: dict[str, Any]) -> None:
    try:
        rows = judge_document(document)["clocks"]
    except BeyondCalendar:
        return
    found = explained(document)

    assert [row(one.verdict) for one in found] == rows
    for one in found:
        assert one.due_at == one.verdict.due_at
        for spans in (one.spans, one.pieces):
            counted = sum(span.counted for span in spans if not span.ahead)
            assert counted == round(one.verdict.elapsed_seconds * 1_000_000)
            assert all(before.end == after.begin for before, after in pairwise(spans))
        if one.measure == "days":
            assert sum(days.last - days.first + 1 for days in one.days if days.why == "counted") == one.amount


def test_a_date_that_a_zone_skipped_counts_no_more_than_others_while_waiting() -> None:
    """Samoa had no 30 December 2011; it ended when the 29th did, and the clock waited then."""
    samoa = {"id": "desk", "version": 1, "timezone": "Pacific/Apia", "week": {"mon": ["09:00-18:00"]}}
    events = [
        received("2011-12-28T10:00:00Z"),
        on("registered", "2011-12-29T10:00:00Z", starts_investigation=True),
        on("information_requested", "2011-12-29T10:00:00Z"),
    ]
    clocks = [{"kind": "stage:investigation", "target": "1 calendar day"}]

    rows = judged(clocks, events, "2012-01-03T10:00:00Z", samoa)

    assert only(rows, "state", "due_at") == [("paused", "2012-01-03T10:00:00Z")]


def test_an_explanation_counts_from_a_change_in_the_middle_of_open_time() -> None:
    """Six of sixteen hours are used at 15:00; of four hours two and a half are left, which end within the same day."""
    clock = {"kind": "resolution", "target": "16 working hours"}
    change = on("sla_applied", "2024-03-04T15:00:00+03:00", clocks=[{**clock, "target": "4 working hours"}])
    document = {
        "calendar": DESK,
        "policy": {"id": "test", "version": 1, "clocks": [clock]},
        "events": [received(), change],
        "at": "2024-03-05T18:00:00+03:00",
    }

    (found,) = explained(document)

    assert [one.isoformat() for one in (found.due_at, found.verdict.due_at)] == ["2024-03-04T14:30:00+00:00"] * 2
