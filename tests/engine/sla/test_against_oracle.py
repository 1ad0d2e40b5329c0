"""The engine's judge and a second one, written from the rules alone, say the same of every plain file.

The main suite goes through the same files every time; `make soak` through new ones, and more of them.
"""

from datetime import datetime
from typing import Any

from hypothesis import assume, example, given, settings

from engine.sla.document import judge_document
from support.sla_documents import DOCUMENTS
from support.sla_oracle import judge
from support.soak import FACTOR

ANSWERED_ELSEWHERE = {
    "calendar": {"id": "desk", "version": 1, "timezone": "Asia/Kathmandu", "week": {"tue": ["09:00-18:00"]}},
    "policy": {"id": "p", "version": 1, "clocks": [{"kind": "acknowledgement", "target": "1 working hours"}]},
    "events": [
        {"type": "complaint.received", "occurred_at": "2024-01-30T00:00:00Z"},
        {
            "type": "complaint.linked",
            "occurred_at": "2024-01-30T03:00:00Z",
            "kind": "merged",
            "other_received_at": "2024-01-28T18:00:00Z",
            "other_replied_at": "2024-01-29T20:00:00Z",
        },
    ],
    "at": "2024-01-30T03:00:00Z",
}
"""Answered before the merge by a reply to the other complaint, and by nothing since."""


@settings(max_examples=120 * FACTOR, deadline=None, derandomize=FACTOR == 1)
@example(ANSWERED_ELSEWHERE)
@given(DOCUMENTS)
def test_every_plain_file_is_judged_as_the_second_judge_does(document: dict[str, Any]) -> None:
    assert judge_document(document) == judge(document)


@settings(max_examples=40 * FACTOR, deadline=None, derandomize=FACTOR == 1)
@given(DOCUMENTS)
def test_who_looked_in_time_saw_what_is_judged_later_for_that_time(document: dict[str, Any]) -> None:
    events = document["events"]
    assume(all(event.get("occurred_precision") is None for event in events))
    for moment in {event["occurred_at"] for event in events}:
        known = [one for one in events if datetime.fromisoformat(one["occurred_at"]) <= datetime.fromisoformat(moment)]
        then = judge_document({**document, "events": known, "at": moment})
        assert then == judge_document({**document, "at": moment})
