import pytest

from engine.complaint.state_bytes import to_bytes
from engine.streams.feedback import EVENTS, UNKNOWN, Feedback, FeedbackCommand, decide, fold
from schemas.catalogue import COMMANDS
from schemas.catalogue import EVENTS as STORED
from schemas.complaint.base import Event
from schemas.complaint.registration import Register
from schemas.refusals import Refusal
from schemas.streams.feedback import (
    ClassifyFeedback,
    FeedbackBecameComplaint,
    FeedbackClassified,
    FeedbackReceived,
    ReceiveFeedback,
    TurnIntoComplaint,
)
from schemas.words import Party
from support.scenario import COMPLAINANT, STREAM, content, happened, opened, uid

ASKED = opened().when(Register()).asked
RECEIVED = FeedbackReceived(
    subject_id=COMPLAINANT,
    channel="email",
    message=uid("m1"),
    parties=(Party(role="complainant", subject_id=COMPLAINANT),),
    body="Hello?",
    sense="thanks",
)
TURNED = FeedbackBecameComplaint(subject_id=COMPLAINANT, complaint=uid("case"))


def asked(command: FeedbackCommand, *past: Event) -> tuple[Event, ...]:
    """Return what follows, having asked twice."""
    events = decide(command, fold([happened(event) for event in past]), ASKED)
    assert decide(command, fold([happened(event) for event in (*past, *events)]), ASKED) == ()
    return events


def test_thanks_are_received_once() -> None:
    command = ReceiveFeedback(content=content("m1", sense="thanks"))
    assert asked(command) == (RECEIVED,)
    assert asked(command, RECEIVED) == ()


def test_one_more_message_stands_beside_the_first_whose_sense_counts() -> None:
    more = ReceiveFeedback(content=content("m2", sense="question", automated="auto_reply"))
    events = asked(more, RECEIVED)
    assert events == (
        RECEIVED.model_copy(
            update={"message": uid("m2"), "sense": "question", "automated": True, "automatic_kind": "auto_reply"}
        ),
    )
    assert fold([happened(event) for event in (RECEIVED, *events)]) == Feedback(
        messages=(uid("m1"), uid("m2")), author=COMPLAINANT, sense="thanks"
    )


def test_people_correct_what_it_is_taken_for() -> None:
    assert asked(ClassifyFeedback(sense="question"), RECEIVED) == (
        FeedbackClassified(subject_id=COMPLAINANT, sense="question"),
    )
    assert asked(ClassifyFeedback(sense="thanks"), RECEIVED) == ()


def test_it_turns_into_one_complaint_and_goes_on_there() -> None:
    assert asked(TurnIntoComplaint(complaint=uid("case")), RECEIVED) == (TURNED,)
    for command in (
        TurnIntoComplaint(complaint=uid("another case")),
        ReceiveFeedback(content=content("m2")),
        ClassifyFeedback(sense="spam"),
    ):
        with pytest.raises(Refusal) as refused:
            asked(command, RECEIVED, TURNED)
        assert (refused.value.code, refused.value.facts) == ("already_a_complaint", {"complaint": str(uid("case"))})
    assert asked(ReceiveFeedback(content=content("m1")), RECEIVED, TURNED) == ()


@pytest.mark.parametrize("command", [ClassifyFeedback(sense="spam"), TurnIntoComplaint(complaint=uid("case"))])
def test_what_never_arrived_is_unknown(command: FeedbackCommand) -> None:
    with pytest.raises(Refusal) as refused:
        decide(command, UNKNOWN, ASKED)
    assert refused.value.code == "unknown_complaint"


def test_the_complaint_is_a_stream_of_its_own() -> None:
    with pytest.raises(Refusal) as refused:
        asked(TurnIntoComplaint(complaint=STREAM), RECEIVED)
    assert refused.value.code == "self_link"


def test_every_stored_event_and_command_of_feedback_is_known() -> None:
    assert {event.NAME for event in EVENTS} == {name for name in STORED if name.startswith("feedback.")}
    assert {name for name in COMMANDS if name.startswith("feedback.")} == {
        "feedback.receive",
        "feedback.classify",
        "feedback.become_complaint",
    }


def test_the_state_keeps_no_words_and_gives_the_same_bytes() -> None:
    past = [happened(event) for event in (RECEIVED, TURNED)]
    assert b"Hello" not in to_bytes(fold(past))
    assert to_bytes(fold(past)) == to_bytes(fold(list(past)))
    with pytest.raises(TypeError, match="no event of feedback"):
        fold([happened(opened().past[0].event)])


def test_an_imported_history_without_an_author_gets_a_subject_of_the_command() -> None:
    nameless = RECEIVED.model_copy(update={"subject_id": None})
    events = asked(ClassifyFeedback(sense="spam"), nameless)
    assert events[0].subject_id == ASKED.derive("author")
