"""One more message of a complaint that exists: recorded always, and what it moves depends on whose word it is."""

from datetime import timedelta

import pytest

from engine.configuration.in_force import Book
from schemas.complaint.base import Event
from schemas.complaint.correspondence import MessageRecorded, PartyAdded
from schemas.complaint.lifecycle import (
    ComplaintClosed,
    ComplaintDiscontinued,
    ComplaintReopened,
    ComplaintResolved,
    OutcomeDisputed,
)
from schemas.complaint.registration import MessageContent, Receive
from schemas.complaint.waiting import InformationProvided, InformationRequested
from schemas.words import Counterparty, Party, PartyRole, Sense
from support.scenario import COMPLAINANT, MONDAY, OPENING, content, desk, given, happened, opened, uid

ASKED = InformationRequested(subject_id=COMPLAINANT, request_id=uid("r1"))
RESOLVED = ComplaintResolved(subject_id=COMPLAINANT, outcome="not_upheld")
CLOSED = ComplaintClosed(subject_id=COMPLAINANT, reason="decision", cycle=1)
EXITED = ComplaintDiscontinued(subject_id=COMPLAINANT, stage="registration", reason="clarified")
REOPENED = ComplaintReopened(subject_id=COMPLAINANT, reason="new_message", cycle=2, message=uid("m"))
ENDS: list[tuple[tuple[Event, ...], tuple[Event, ...]]] = [
    ((RESOLVED,), (OutcomeDisputed(subject_id=COMPLAINANT, message=uid("m")), REOPENED)),
    ((RESOLVED, CLOSED), (REOPENED,)),
    ((EXITED,), (REOPENED,)),
    ((EXITED, CLOSED), (REOPENED,)),
]
END_NAMES = ["resolved", "closed", "exited", "closed_after_exit"]


def recorded(message: MessageContent, counterparty: Counterparty = "complainant") -> MessageRecorded:
    return MessageRecorded(
        subject_id=message.subject_id,
        direction=message.direction,
        counterparty=counterparty,
        visibility="public" if message.public else "private",
        automated=message.automated is not None,
        automatic_kind=message.automated,
        message=message.message,
        channel=message.channel,
        conversation=message.conversation,
        body=message.body,
        sense=message.sense,
    )


def test_a_second_message_is_recorded_in_its_authors_name() -> None:
    message = content("m", conversation=uid("thread"), sense="complaint", public=True)
    opened().when(Receive(content=message)).then(recorded(message))


def test_the_same_message_again_changes_nothing() -> None:
    opened().when(Receive(content=content(message=OPENING))).then_nothing()
    message = content("m", sense="complaint")
    after = opened(RESOLVED).when(Receive(content=message), command_id=uid("c1")).after()
    after.when(Receive(content=message), command_id=uid("c2")).then_nothing()


def test_the_complainants_word_ends_all_waiting_for_him() -> None:
    message = content("m", sense="thanks")
    after = (
        opened(ASKED)
        .when(Receive(content=message))
        .then(recorded(message), InformationProvided(subject_id=COMPLAINANT, message=uid("m")))
    )
    assert after.case.waiting.open == ()


@pytest.mark.parametrize(
    ("role", "counterparty", "answers"),
    [
        ("customer", "complainant", True),
        ("joint_complainant", "complainant", True),
        ("representative", "representative", True),
        ("respondent", "third_party", False),
        ("authority", "authority", False),
    ],
)
def test_whose_word_ends_the_waiting(role: PartyRole, counterparty: Counterparty, *, answers: bool) -> None:
    other = uid("other")
    message = content("m", subject_id=other, role=role)
    provided = (InformationProvided(subject_id=other, message=uid("m")),) if answers else ()
    opened(ASKED).when(Receive(content=message)).then(
        recorded(message, counterparty),
        PartyAdded(subject_id=other, party=Party(role=role, subject_id=other)),
        *provided,
    )


def test_waiting_for_a_third_party_is_not_ended_by_the_complainant() -> None:
    elsewhere = ASKED.model_copy(update={"from_": "third_party"})
    message = content("m")
    opened(elsewhere).when(Receive(content=message)).then(recorded(message))


@pytest.mark.parametrize(
    "past", [(ASKED,), (RESOLVED,), (RESOLVED, CLOSED), (EXITED,)], ids=["waiting", *END_NAMES[:3]]
)
@pytest.mark.parametrize("kind", ["auto_reply", "delivery_report", "list", "bulk", "own", "loop"])
def test_automatic_mail_changes_nothing_but_the_history(kind: str, past: tuple[Event, ...]) -> None:
    message = content("m", automated=kind, sense="complaint", subject_id=uid("mailer"))
    history = opened(*past)
    after = history.when(Receive(content=message)).then(recorded(message))
    assert after.case.stage == history.case.stage
    assert after.case.waiting == history.case.waiting
    assert after.case.parties == history.case.parties


def test_a_message_of_ours_seen_from_outside_moves_nothing() -> None:
    message = content("m", direction="outbound", sense="complaint")
    opened(RESOLVED).when(Receive(content=message)).then(recorded(message))


@pytest.mark.parametrize(("past", "follows"), ENDS, ids=END_NAMES)
def test_dissatisfaction_after_the_end_begins_the_next_cycle(
    past: tuple[Event, ...], follows: tuple[Event, ...]
) -> None:
    message = content("m", sense="complaint")
    after = opened(*past).when(Receive(content=message)).then(recorded(message), *follows)
    assert (after.case.cycle, after.case.stage.name) == (2, "investigation")


@pytest.mark.parametrize("past", [past for past, _ in ENDS], ids=END_NAMES)
@pytest.mark.parametrize("sense", ["thanks", "question", "suggestion", "compliment", "review", "spam", "unknown"])
def test_any_other_word_after_the_end_is_only_recorded(sense: Sense, past: tuple[Event, ...]) -> None:
    message = content("m", sense=sense)
    history = opened(*past)
    after = history.when(Receive(content=message)).then(recorded(message))
    assert after.case.lifecycle == history.case.lifecycle


@pytest.mark.parametrize(("days", "cycle"), [(30, 2), (31, 1)])
@pytest.mark.parametrize("end", [(RESOLVED, CLOSED), (EXITED,)], ids=["closed", "exited"])
def test_beyond_the_window_it_is_not_this_complaint_any_more(end: tuple[Event, ...], days: int, cycle: int) -> None:
    history = opened(*(happened(event, at=MONDAY) for event in end))
    message = content("m", sense="complaint")
    asked = history.when(Receive(content=message), at=MONDAY + timedelta(days=days))
    assert asked.after().case.cycle == cycle


def test_the_window_is_the_desks() -> None:
    history = opened(happened(EXITED, at=MONDAY)).under(Book(desk=desk(reopen_window_days=1)))
    message = content("m", sense="complaint")
    history.when(Receive(content=message), at=MONDAY + timedelta(days=2)).then(recorded(message))


def test_while_the_outcome_is_checked_there_is_no_window() -> None:
    history = opened(happened(RESOLVED, at=MONDAY))
    asked = history.when(Receive(content=content("m", sense="complaint")), at=MONDAY + timedelta(days=300))
    assert asked.after().case.cycle == 2


def test_an_outcome_disputed_already_is_not_disputed_again() -> None:
    disputed = OutcomeDisputed(subject_id=COMPLAINANT)
    message = content("m", sense="complaint")
    opened(RESOLVED, disputed).when(Receive(content=message)).then(recorded(message), REOPENED)


def test_a_history_without_its_opening_message_is_opened_by_the_first_that_comes() -> None:
    imported = given(RESOLVED)
    after = imported.when(Receive(content=content("m"))).after()
    assert [past.event.NAME for past in after.past] == [
        "complaint.resolved.v1",
        "complaint.received.v1",
        "complaint.registered.v1",
    ]
