"""A plain file is judged whole or refused with the place and the fix of what is wrong."""

from typing import Any

import pytest
import yaml

from engine.sla.document import BadDocument, judge_document
from support.clocks import DESK, judged, on, only, received

GOOD = """
calendar:
  id: desk
  version: 1
  timezone: Europe/Moscow
  week: {mon: ["09:00-18:00"]}
  holidays: [2024-03-11]
  exceptions: {2024-03-09: ["10:00-16:00"]}
policy:
  id: p
  version: 1
  clocks:
    - {kind: first_reply, target: 10 working hours}
events:
  - {type: complaint.received.v1, occurred_at: 2024-03-04T06:00:00Z}
  - {type: complaint.replied, occurred_at: 2024-03-10T06:00:00Z, fields: {final: true}}
at: 2024-03-12T00:00:00Z
"""


def test_a_file_as_a_person_writes_it_is_judged() -> None:
    assert judge_document(yaml.safe_load(GOOD)) == {
        "clocks": [
            {
                "kind": "first_reply",
                "cycle": 1,
                "instance": 1,
                "started_at": "2024-03-04T06:00:00Z",
                "due_at": "2024-03-09T08:00:00Z",
                "state": "missed",
                "fulfilled_at": "2024-03-10T06:00:00Z",
                "missed_at": "2024-03-09T08:00:00Z",
                "elapsed_seconds": 54000,
                "remaining_seconds": None,
                "overdue_seconds": 18000,
                "late_evidence": False,
            }
        ]
    }


def _without(key: str) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(GOOD)
    del document[key]
    return document


def _with(path: tuple[str | int, ...], value: object) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(GOOD)
    place: Any = document
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = value
    return document


@pytest.mark.parametrize(
    ("document", "path", "fix"),
    [
        (_without("calendar"), ("calendar",), "is missing"),
        (_without("policy"), ("policy",), "is missing"),
        (_without("events"), ("events",), "write a list of events"),
        (_without("at"), ("at",), "write an instant with its zone"),
        (_with(("extra",), 1), ("extra",), "unknown; write only"),
        (_with(("at",), "2024-03-12T00:00:00"), ("at",), "write an instant with its zone"),
        (_with(("calendars",), {}), ("calendars",), "write a list"),
        (_with(("calendar", "week"), {"mon": ["18:00-09:00"]}), ("calendar", "week", "mon", 0), "runs over midnight"),
        (_with(("policy", "clocks", 0, "target"), "3 days"), ("policy", "clocks", 0, "target"), "say which days"),
        (_with(("policy", "clocks", 0, "calendar"), "law"), ("policy", "clocks", 0, "calendar"), "is not in the file"),
        (
            _with(
                ("policy", "clocks", 0, "fulfil"),
                [{"event": "complaint.classified", "where": {"tags": [["a"], "b c"]}}],
            ),
            ("policy", "clocks", 0, "fulfil", 0, "where", "tags", 0),
            "write a text, a whole number",
        ),
        (_with(("events", 0), "received"), ("events", 0), "write a mapping"),
        (_with(("events", 0, "type"), "received"), ("events", 0, "type"), "write a stored name"),
        (_with(("events", 0, "occurred_at"), None), ("events", 0, "occurred_at"), "write an instant"),
        (_with(("events", 0, "occurred_precision"), "week"), ("events", 0, "occurred_precision"), "'instant' or 'day'"),
        (_with(("events", 0, "origin"), "moon"), ("events", 0, "origin"), "'live' or 'import'"),
        (_with(("events", 0, "received_at"), "now"), ("events", 0, "received_at"), "write an instant"),
        (
            _with(("events", 1), on("message_recorded", "2024-03-04T06:00:00Z")),
            ("events", 1, "direction"),
            "write one of: inbound",
        ),
        (
            _with(
                ("events", 1), on("message_recorded", "2024-03-04T06:00:00Z", direction="outbound", purpose="answer")
            ),
            ("events", 1, "purpose"),
            "write one of: acknowledgement",
        ),
        (
            _with(("events", 1), on("message_recorded", "2024-03-04T06:00:00Z", direction="outbound", automated="no")),
            ("events", 1, "automated"),
            "write true or false",
        ),
        (_with(("events", 1), on("sla_applied", "2024-03-04T06:00:00Z")), ("events", 1, "clocks"), "is missing"),
        (_with(("events", 1), on("corrected", "2024-03-04T06:00:00Z")), ("events", 1, "event_id"), "is missing; write"),
        (
            _with(("events", 1), on("message_moved", "2024-03-04T06:00:00Z", message=["m"])),
            ("events", 1, "message"),
            "write a text",
        ),
        (
            _with(("events", 1), on("sla_applied", "2024-03-04T06:00:00Z", clocks=[{"kind": "resolution"}])),
            ("events", 1, "clocks", 0, "target"),
            "is missing; say how much time",
        ),
    ],
)
def test_a_file_that_cannot_be_judged_names_the_place_and_the_fix(
    document: dict[str, Any], path: tuple[str | int, ...], fix: str
) -> None:
    with pytest.raises(BadDocument) as refused:
        judge_document(document)

    found_path, found_fix = refused.value.problems[0]
    assert (found_path, fix in found_fix) == (path, True), found_fix


def test_all_errors_of_a_part_are_named_at_once() -> None:
    document = _with(("calendar", "timezone"), "Mars/Olympus")
    document["calendar"]["week"] = {"mon": ["9-18"], "die": []}

    with pytest.raises(BadDocument) as refused:
        judge_document(document)

    assert [path for path, _ in refused.value.problems] == [
        ("calendar", "timezone"), ("calendar", "week", "mon", 0), ("calendar", "week", "die"),
    ]  # fmt: skip


def test_clocks_that_are_applied_later_may_be_written_as_the_store_does() -> None:
    stored = {
        "kind": "resolution", "target": "4 hours", "calendar": "desk", "calendar_version": 1,
        "start": [{"event": "complaint.received", "where": [{"field": "channel", "values": ["email"]}]}],
        "fulfil": [{"event": "complaint.resolved", "where": []}], "pause": [], "resume": [], "cancel": [],
        "reopen": "none", "priority_change": "forward", "roll": "none", "warn": [],
    }  # fmt: skip
    events = [
        received(channel="email"),
        on("sla_applied", "2024-03-04T10:00:00+03:00", reason="first", clocks=[stored]),
    ]

    rows = judged([{"kind": "first_reply", "target": "1 hour"}], events, "2024-03-04T11:00:00+03:00", DESK)

    assert only(rows, "kind", "due_at") == [("resolution", "2024-03-04T10:00:00Z")]
