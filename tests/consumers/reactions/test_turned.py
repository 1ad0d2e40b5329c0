"""What was taken for thanks or a question, and a person calls a complaint, is one: words, clocks, conversation."""

from typing import Any
from uuid import UUID

from consumers.reactions import turned
from engine.incoming import Done
from engine.store.database.pool import Pool
from schemas.complaint.registration import ComplaintReceived
from schemas.streams.feedback import FeedbackBecameComplaint, TurnIntoComplaint
from support.erasing import eraser
from support.following import pool_of, react
from support.installation import Desk

WORDS = "When does the shop open? It was shut again yesterday."


def heard(desk: Desk, name: str, text: str, **more: Any) -> Done:
    author = {"name": "Ann", "contacts": [{"kind": "email", "value": "ann@example.org"}]}
    sense = {"hints": {"sense": "question"}, **more}
    result = desk.hear(channel="web_form", system="shop", id=name, text=text, author=author, **sense)
    assert isinstance(result, Done)
    return result


def turn(desk: Desk, feedback: UUID) -> UUID:
    assert isinstance(desk.give(feedback, TurnIntoComplaint(), why="he complains between the lines"), Done)
    (became,) = [one.event for one in desk.history(feedback) if isinstance(one.event, FeedbackBecameComplaint)]
    return became.complaint


def test_feedback_that_a_person_calls_a_complaint_is_one_with_its_words_and_from_when_they_were_said(
    desk: Desk, pool: Pool
) -> None:
    feedback = heard(desk, "1", WORDS)
    assert feedback.kind == "feedback"
    said = desk.at
    desk.later(hours=3)
    complaint = turn(desk, feedback.stream)
    assert react(desk, pool, turned.REACTION).acted == {"turned": 1}
    assert react(desk, pool, turned.REACTION).acted == {}
    assert desk.names(complaint) == ["received", "registered", "sla_applied"]
    received = desk.history(complaint)[0]
    assert isinstance(received.event, ComplaintReceived)
    assert (received.event.body, received.envelope.occurred_at) == (WORDS, said)
    assert received.event.parties[0].contacts[0].value == "ann@example.org"
    assert received.event.subject_id == desk.history(feedback.stream)[0].event.subject_id


def test_what_is_said_on_in_its_conversation_belongs_to_the_complaint(desk: Desk, pool: Pool) -> None:
    def telegram(n: int, text: str) -> dict[str, object]:
        chat, author = {"id": 5, "type": "private"}, {"id": 5, "is_bot": False, "first_name": "Ann"}
        message = {"message_id": n, "date": 1772442000 + n, "chat": chat, "from": author, "text": text}
        return {"update": {"update_id": n, "message": message}}

    first = desk.hear(channel="messenger", **telegram(1, "Hello! When will the shop be open?"))
    assert isinstance(first, Done)
    complaint = turn(desk, first.stream)
    react(desk, pool, turned.REACTION)
    desk.later(minutes=1)
    second = desk.hear(channel="messenger", **telegram(2, "And tomorrow?"))
    assert isinstance(second, Done)
    assert (first.kind, second.stream) == ("feedback", complaint)


def test_who_complained_himself_is_not_opened_a_second_time(desk: Desk, pool: Pool) -> None:
    raw = "From: ann@example.org\nMessage-ID: <{0}@example.org>\n{1}Subject: Shop\n\n{2}"
    first = desk.hear(channel="email", raw=raw.format(1, "", "When does the shop open?"))
    again = "In-Reply-To: <1@example.org>\n"
    second = desk.hear(channel="email", raw=raw.format(2, again, "My kettle is broken, I want a refund!"))
    assert isinstance(first, Done)
    assert isinstance(second, Done)
    assert (first.kind, second.kind) == ("feedback", "complaint")
    before = desk.names(second.stream)
    assert react(desk, pool, turned.REACTION).acted == {}
    assert desk.names(second.stream) == before


def test_what_was_erased_becomes_nobodys_complaint(database: str, tmp_path: Any) -> None:
    with eraser(database, tmp_path) as desk, pool_of(desk) as pool:
        feedback = heard(desk, "1", WORDS).stream
        complaint = turn(desk, feedback)
        desk.erased(desk.author(feedback))
        assert react(desk, pool, turned.REACTION).acted == {}
        assert desk.history(complaint) == []
