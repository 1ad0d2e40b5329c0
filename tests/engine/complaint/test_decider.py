"""The table of contents is complete: every event of a complaint has one owner, every command one decider."""

import dataclasses
from typing import get_args
from uuid import UUID

from engine.complaint import (
    assignment,
    classification,
    clocks,
    correspondence,
    decider,
    investigation,
    lifecycle,
    records,
    registration,
    remedies,
    waiting,
)
from engine.complaint.case import BLANK
from engine.complaint.decider import Case, ComplaintCommand, fold
from schemas.catalogue import COMMANDS, EVENTS
from schemas.complaint.base import Event
from schemas.complaint.correspondence import MessageRecorded
from schemas.complaint.registration import Register
from support.scenario import COMPLAINANT, happened, opened, uid

CONCERNS = (
    registration,
    classification,
    assignment,
    correspondence,
    waiting,
    investigation,
    remedies,
    clocks,
    lifecycle,
    records,
)
STORED = {name: event for name, event in EVENTS.items() if name.startswith("complaint.")}


def test_every_stored_event_of_a_complaint_has_exactly_one_owner() -> None:
    owned = [event for concern in CONCERNS for event in get_args(concern.Events)]
    assert sorted(event.NAME for event in owned) == sorted(STORED)


def test_every_owned_event_can_be_folded() -> None:
    assert set(decider._OWNERS) == set(STORED.values())  # noqa: SLF001 - the table is what this test is about
    assert {part for part, _ in decider._OWNERS.values()} <= {field.name for field in dataclasses.fields(Case)}  # noqa: SLF001 - see above


def test_every_command_to_a_complaint_has_a_decider() -> None:
    assert {command.NAME for command in get_args(ComplaintCommand)} == {
        name for name in COMMANDS if name.startswith("complaint.")
    }


def message(n: int) -> Event:
    return MessageRecorded(subject_id=COMPLAINANT, direction="inbound", message=UUID(int=n), channel="email")


def test_a_history_without_a_beginning_is_folded_all_the_same() -> None:
    state = fold([happened(message(1))])
    assert isinstance(state, Case)
    assert state.registration == BLANK.registration
    assert [known.message for known in state.correspondence.messages] == [UUID(int=1)]


def test_the_complainants_subject_is_found_among_parties_or_derived() -> None:
    case = opened().case
    assert case.complainant == COMPLAINANT
    assert BLANK.complainant is None
    asked = opened().when(Register()).asked
    assert BLANK.subject(asked) == asked.derive("complainant") != uid("anything else")
