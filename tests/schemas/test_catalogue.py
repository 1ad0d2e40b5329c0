"""The catalogue holds what the design names, under names that can stay for good."""

import re

import pytest
from pydantic import TypeAdapter, ValidationError

from schemas.catalogue import COMMANDS, EVENTS, UPCASTERS, unversioned
from schemas.complaint.base import Right
from schemas.complaint.lifecycle import ComplaintClosed

STORED_NAME = re.compile(r"[a-z_]+\.[a-z_]+\.v[1-9]\d*")
COMMAND_NAME = re.compile(r"[a-z_]+\.[a-z_]+")
DESIGNED = [
    "complaint.received", "complaint.registered", "complaint.acknowledged", "complaint.classified",
    "complaint.prioritised",
    "complaint.sla_applied", "complaint.assigned", "complaint.message_recorded", "complaint.delivery_reported",
    "complaint.replied",
    "complaint.reply_reviewed", "complaint.information_requested", "complaint.information_provided",
    "complaint.investigation_started", "complaint.cause_established",
    "complaint.remedy_proposed", "complaint.remedy_approved", "complaint.remedy_rejected",
    "complaint.remedy_offered", "complaint.remedy_accepted", "complaint.remedy_refused",
    "complaint.compensated", "complaint.remedy_reversed",
    "complaint.remedies_questioned", "complaint.promised", "complaint.promise_kept",
    "complaint.action_assigned", "complaint.action_completed", "complaint.cause_mended",
    "complaint.resolved",
    "complaint.outcome_accepted", "complaint.outcome_disputed", "complaint.discontinued", "complaint.closed",
    "complaint.reopened",
    "complaint.survey_invited", "complaint.rated", "complaint.escalated", "complaint.deadline_missed",
    "complaint.deadline_extended",
    "complaint.linked", "complaint.message_moved", "complaint.corrected",
    "complaint.note_added", "complaint.attachment_added", "complaint.field_set", "complaint.party_added",
    "complaint.legal_hold_placed", "complaint.legal_hold_released",
    "feedback.received", "feedback.classified", "feedback.became_complaint",
    "problem.suspected", "problem.opened", "problem.linked", "problem.unlinked", "problem.action_assigned",
    "problem.action_completed", "problem.lesson_recorded", "problem.effect_measured", "problem.closed",
    "survey.enrolled", "survey.invited", "survey.reminded", "survey.answered", "survey.followed_up", "survey.declined",
    "survey.allowed", "survey.delivery_reported",
    "configuration.activated", "subject.erased", "staff.bound",
]  # fmt: skip
"""Section 4 of the design, event by event."""


def test_every_event_of_the_design_has_its_first_version_and_there_is_no_other() -> None:
    assert sorted({unversioned(name) for name in EVENTS}) == sorted(DESIGNED)
    assert [name for name in DESIGNED if f"{name}.v1" not in EVENTS] == []


def test_every_stored_name_is_two_words_and_a_version() -> None:
    assert [name for name in EVENTS if not STORED_NAME.fullmatch(name)] == []


def test_every_name_stands_for_the_class_that_bears_it() -> None:
    assert {name: cls.NAME for name, cls in EVENTS.items()} == {name: name for name in EVENTS}
    assert {name: cls.NAME for name, cls in COMMANDS.items()} == {name: name for name in COMMANDS}


def test_every_command_says_which_of_its_fields_name_other_complaints() -> None:
    named = {"other", "of", "related", "complaint", "complaints"}
    assert {name: sorted(cls.OTHERS) for name, cls in COMMANDS.items() if cls.OTHERS} == {
        name: found for name, cls in COMMANDS.items() if (found := sorted(named & cls.model_fields.keys()))
    }


def test_no_command_is_named_like_an_event() -> None:
    assert [name for name in COMMANDS if not COMMAND_NAME.fullmatch(name)] == []
    assert {unversioned(name) for name in EVENTS} & set(COMMANDS) == set()


def test_exactly_the_versions_that_were_followed_by_another_have_an_upcaster() -> None:
    versions = [(unversioned(name), int(name.rsplit(".v", 1)[1])) for name in EVENTS]
    followed = {f"{word}.v{version}" for word, version in versions if (word, version + 1) in versions}

    assert set(UPCASTERS) == followed


def test_every_command_asks_for_a_right_of_the_closed_list() -> None:
    right = TypeAdapter[Right](Right)

    assert {name: right.validate_python(cls.RIGHT) for name, cls in COMMANDS.items()} == {
        name: cls.RIGHT for name, cls in COMMANDS.items()
    }


def test_every_event_and_every_command_says_in_a_sentence_what_it_is() -> None:
    silent = [cls.__name__ for cls in (*EVENTS.values(), *COMMANDS.values()) if "__doc__" not in vars(cls)]

    assert silent == []


@pytest.mark.parametrize("name", EVENTS)
def test_an_event_is_frozen_and_its_reader_passes_over_fields_of_a_newer_writer(name: str) -> None:
    config = EVENTS[name].model_config

    assert (config.get("frozen"), config.get("extra")) == (True, "ignore")


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_frozen_and_refuses_a_field_that_it_does_not_know(name: str) -> None:
    with pytest.raises(ValidationError) as refused:
        COMMANDS[name].model_validate({"no_such_field": 1})

    assert ("extra_forbidden", ("no_such_field",)) in [(one["type"], one["loc"]) for one in refused.value.errors()]
    assert COMMANDS[name].model_config.get("frozen") is True


def test_a_field_of_a_newer_writer_changes_nothing() -> None:
    stored = {"reason": "decision", "cycle": 1}

    assert ComplaintClosed.model_validate(stored | {"mood": "sunny"}) == ComplaintClosed(reason="decision", cycle=1)


def test_an_event_cannot_be_changed() -> None:
    event = ComplaintClosed(reason="decision", cycle=1)

    with pytest.raises(ValidationError, match="frozen"):
        event.cycle = 2  # type: ignore[misc] # the assignment is what is refused
