"""Every field of an imported event's envelope is filled from where it comes, or stays empty for a reason."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid5

import pytest

from consumers.wiring import presets
from engine import past_events
from engine.incoming import Circumstances, Sender
from engine.past import PastCase, PastFact
from engine.store.batch import NewEvent
from schemas.complaint.clocks import SlaApplied
from schemas.complaint.correspondence import NoteAdded
from schemas.complaint.registration import ComplaintReceived, ComplaintRegistered
from schemas.envelope import FileSource
from schemas.words import RuleRef
from support.installation import Desk, derived

_STREAM, _ANN = derived("case"), derived("ann")
_THEN = datetime(2014, 3, 18, tzinfo=UTC)
_AROUND = Circumstances(
    sender=Sender("cli", "person:bob", "local"),
    source=FileSource(file="a" * 64, line=1),
    received_at=datetime(2026, 1, 5, 9, tzinfo=UTC),
    traceparent="00-" + "1" * 32 + "-" + "2" * 16 + "-01",
)
_CASE = PastCase(
    key="cfpb:1",
    line=7,
    policy="us-cfpb",
    business_unit="retail",
    facts=(
        PastFact(ComplaintReceived(subject_id=_ANN, channel="letter", message=derived("m")), _THEN, "day", "UTC"),
        PastFact(ComplaintRegistered(subject_id=_ANN, number="PL-00000-00000"), _THEN, line=8),
        PastFact(NoteAdded(subject_id=_ANN, note="n"), _THEN, actor="person:x", why="because"),
    ),
)


@pytest.fixture
def stored(desk: Desk) -> tuple[NewEvent, ...]:
    desk.service.activate(presets.in_force(None), desk.around(), desk.at)
    return past_events.stamped(_CASE, _STREAM, _AROUND, desk.service.book())


def test_each_event_says_whence_it_came_and_who_brought_it(stored: tuple[NewEvent, ...]) -> None:
    envelopes = [one.envelope for one in stored]
    assert [one.event_id for one in envelopes] == [uuid5(_STREAM, f"import/{n}") for n in range(4)]
    assert [one.source for one in envelopes] == [FileSource(file="a" * 64, line=n) for n in (7, 8, 8, 7)]
    assert [(one.occurred_precision, one.zone) for one in envelopes] == [("day", "UTC")] + [("instant", None)] * 3
    assert [one.actor for one in envelopes] == ["service:import"] * 3 + ["person:x"]
    assert [one.why for one in envelopes] == [None, None, None, "because"]
    assert {(one.on_behalf_of, one.business_unit, one.origin) for one in envelopes} == {
        ("person:bob", "retail", "import")
    }
    assert {one.traceparent for one in envelopes} == {_AROUND.traceparent}
    assert {(one.command_id, one.correlation_id) for one in envelopes} == {(uuid5(_STREAM, "import"), _STREAM)}
    assert {(one.received_at, one.claimed_at) for one in envelopes} == {(None, None)}


def test_the_promises_of_an_imported_case_are_the_policys_act(stored: tuple[NewEvent, ...]) -> None:
    (applied,) = [one for one in stored if isinstance(one.event, SlaApplied)]
    assert applied.envelope.decided_by == RuleRef(rule_set="us-cfpb", version=2, rule="policy.selected")
    assert [one.envelope.decided_by for one in stored if one is not applied] == [None] * 3


def test_a_service_imports_for_whom_it_names(desk: Desk) -> None:
    around = replace(_AROUND, sender=Sender("etl", "service:etl", "workload", on_behalf_of="person:eve"))
    events = past_events.stamped(replace(_CASE, policy=None), _STREAM, around, desk.service.book())
    assert {one.envelope.on_behalf_of for one in events} == {"person:eve"}
