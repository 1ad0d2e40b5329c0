"""An explanation adds up to the verdict: what counted is what elapsed, and it ends where the clock is due."""

from datetime import UTC, datetime
from typing import Any

from hypothesis import HealthCheck, given, settings

from engine.sla.calendar import BeyondCalendar
from engine.sla.document import judge_document, judgeable
from engine.sla.explain import Applied, Explanation, data, explain
from engine.sla.judge import row
from support.clocks import DESK, on, received, reply
from support.sla_documents import documents

ME = Applied("test", 1, "first", None)


def explained(document: dict[str, Any]) -> tuple[Explanation, ...]:
    known = judgeable(document)
    return explain(known.marks, known.calendars, known.at, known.known_at, {-1: ME})


def file(clocks: list[dict[str, Any]], events: list[dict[str, Any]], at: str, **more: Any) -> dict[str, Any]:
    return {
        "calendar": DESK, "policy": {"id": "test", "version": 1, "clocks": clocks}, "events": events, "at": at, **more
    }  # fmt: skip


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
            assert all(before.end == after.begin for before, after in zip(spans, spans[1:], strict=False))
        if one.measure == "days":
            assert sum(days.last - days.first + 1 for days in one.days if days.why == "counted") == one.amount
