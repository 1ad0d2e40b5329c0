"""What becomes of messages that come late, twice, from us, or to a conversation that has gone on elsewhere."""

from dataclasses import replace

import orjson
import psycopg
import pytest

from consumers.reactions import parked
from engine.incoming import Done, Parked
from schemas.complaint.correspondence import AddNote, Reply
from schemas.complaint.lifecycle import Close, Resolve
from support.installation import Desk


def chat(desk: Desk, id: str, text: str, **more: object) -> Done:
    result = desk.hear(channel="chat", system="site", id=id, text=text, **more)
    assert isinstance(result, Done)
    return result


BROKEN = "My kettle is broken, I want a refund!"


@pytest.mark.parametrize("text", [BROKEN, "Hello, we tried to reach you."])
def test_our_own_call_opens_no_complaint_and_is_kept(desk: Desk, text: str) -> None:
    call = desk.hear(channel="call", id="c1", started_at="2026-03-02T08:00:00Z", direction="outbound", summary=text)
    assert isinstance(call, Done)
    assert (call.kind, call.opened) == ("feedback", True)


def test_our_own_words_turn_and_rate_nothing(desk: Desk) -> None:
    asked = chat(desk, "1", "When do you open?", thread="t")
    number = {"rating": {"score": "5", "out_of": "5"}}
    ours = desk.hear(
        channel="call", id="c1", system="site", started_at="2026-03-02T08:00:00Z", direction="outbound",
        summary="The kettle is broken, refund", thread="t", **number,
    )  # fmt: skip
    assert isinstance(ours, Done)
    assert (ours.stream, ours.kind) == (asked.stream, "feedback")


def test_whoever_answers_an_old_branch_of_a_feedback_reaches_the_complaint_that_it_became(desk: Desk) -> None:
    first = chat(desk, "1", "When do you open?")
    aside = chat(desk, "2", "And where are you?", in_reply_to="1")
    became = chat(desk, "3", BROKEN, in_reply_to="1")
    assert (first.stream, became.kind, became.opened) == (aside.stream, "complaint", True)
    thanks = chat(desk, "4", "Thank you for the address", in_reply_to="2")
    angry = chat(desk, "5", "It is still broken!", in_reply_to="2")
    assert {thanks.stream, angry.stream} == {became.stream}


def test_all_of_that_in_one_batch_is_the_same(desk: Desk) -> None:
    items = [
        desk.message(channel="chat", system="site", id=own, text=text, in_reply_to=to)
        for own, text, to in (
            ("1", "When do you open?", None),
            ("2", "And where are you?", "1"),
            ("3", BROKEN, "1"),
            ("4", "It is still broken!", "2"),
        )
    ]
    results = desk.service.submit(items, desk.at)
    streams = [result.stream for result in results if isinstance(result, Done)]
    assert (streams[0], streams[2]) == (streams[1], streams[3])
    assert streams[0] != streams[2]


def test_every_branch_of_an_ended_complaint_goes_on_in_the_one_that_continues_it(desk: Desk) -> None:
    ended = chat(desk, "1", BROKEN)
    chat(desk, "2", "The order is 77.", in_reply_to="1")
    desk.give(ended.stream, Reply(final=True, channel="chat", body="We are sorry."))
    desk.give(ended.stream, Resolve(outcome="upheld"))
    desk.give(ended.stream, Close(), why="settled")
    desk.later(days=60)
    goes_on = chat(desk, "3", "Broken again, refund!", in_reply_to="1")
    assert goes_on.opened
    again = chat(desk, "4", "Still broken!", in_reply_to="2")
    assert (again.stream, again.opened) == (goes_on.stream, False)


def test_a_parked_message_that_comes_again_with_its_opener_is_parked_no_more(desk: Desk) -> None:
    follow_up = desk.message(channel="chat", system="site", id="2", text="Still broken", in_reply_to="1")
    opener = desk.message(channel="chat", system="site", id="1", text=BROKEN)
    assert isinstance(desk.service.submit([follow_up], desk.at)[0], Parked)
    desk.service.submit([follow_up, opener], desk.at)
    assert desk.store.set_aside.listed("parked") == []
    assert desk.names(desk.opened_stream())[-1] == "message_recorded"


def test_a_long_chain_of_parked_messages_is_taken_up_whole(desk: Desk) -> None:
    chain = [
        desk.message(channel="chat", system="site", id=str(n), text="Still broken", in_reply_to=str(n - 1))
        for n in range(400, 1, -1)
    ]
    assert all(isinstance(result, Parked) for result in desk.service.submit(chain, desk.at))
    opened = chat(desk, "1", BROKEN)
    assert desk.names(opened.stream).count("message_recorded") == 399
    assert desk.store.set_aside.listed("parked") == []


def test_a_message_that_waits_for_itself_opens_a_case_in_the_end(desk: Desk) -> None:
    own = desk.message(channel="chat", system="site", id="1", text=BROKEN, in_reply_to="1")
    waiting = desk.service.submit([own], desk.at)[0]
    assert isinstance(waiting, Parked)
    result = desk.service.submit([replace(own, waited=waiting.id)], desk.at)[0]
    assert isinstance(result, Done)
    assert result.opened
    assert desk.store.set_aside.listed("parked") == []


def test_taking_up_twice_what_waited_too_long_opens_one_case(desk: Desk) -> None:
    desk.hear(channel="chat", system="site", id="2", text=BROKEN, in_reply_to="1")
    with psycopg.connect(desk.conninfo) as connection:
        connection.execute("UPDATE plaint.set_aside SET until = now() - interval '1 hour'")
    assert parked.take_up(desk.store, desk.service, desk.at) == 1
    assert parked.take_up(desk.store, desk.service, desk.at) == 0
    assert desk.names(desk.opened_stream())[0] == "received"


def test_an_answer_within_one_batch_names_a_position(desk: Desk) -> None:
    message = desk.message(channel="chat", system="site", id="1", text=BROKEN)
    first, again = desk.service.submit([message, message], desk.at)
    assert isinstance(first, Done)
    assert isinstance(again, Done)
    assert again.already
    assert again.position == first.position == desk.store.read.head().position


def test_a_message_is_answered_the_same_again_whatever_came_of_it_and_was_written_since(desk: Desk) -> None:
    def told(id: str, text: str, to: str | None = None) -> Done:
        return chat(desk, id, text, in_reply_to=to)

    said = [("1", "When do you open?", None), ("2", "And where are you?", "1"), ("3", BROKEN, "1"), ("6", BROKEN, "5"),
            ("5", BROKEN, None), ("7", "It is still broken!", "3")]  # fmt: skip
    waiting = desk.hear(channel="chat", system="site", id="6", text=BROKEN, in_reply_to="5")
    assert isinstance(waiting, Parked)
    first = [told(*one) for one in said if one[0] != "6"]
    for done in first:
        desk.give(done.stream, AddNote(note="She called."))
    again = [told(*one) for one in said if one[0] != "6"]
    assert [(one.kind, one.opened) for one in first] == [
        ("feedback", True), ("feedback", False), ("complaint", True), ("complaint", True), ("complaint", False),
    ]  # fmt: skip
    assert again == [replace(one, events=0, already=True) for one in first]
    assert told("6", BROKEN, "5").position == again[3].position, "one commit took up who had waited"


def test_what_goes_on_after_the_end_is_answered_the_same_again(desk: Desk) -> None:
    stream = chat(desk, "1", BROKEN).stream
    for command in (Reply(final=True, channel="email", body="We are sorry."), Resolve(outcome="upheld")):
        desk.give(stream, command)
    desk.give(stream, Close(), why="settled by phone")
    desk.later(days=90)
    first = chat(desk, "2", "It broke again, I want a refund!", in_reply_to="1")
    desk.give(first.stream, AddNote(note="She called."))
    assert first.opened
    assert chat(desk, "2", "It broke again, I want a refund!", in_reply_to="1") == replace(
        first, events=0, already=True
    )


def test_what_no_field_takes_is_kept_whole(desk: Desk) -> None:
    photo = {"message_id": 1, "date": 1772442000, "chat": {"id": 5}, "from": {"id": 5}, "caption": BROKEN,
             "photo": [{"file_id": "AgAD-77"}]}  # fmt: skip
    stream = desk.opened(channel="messenger", update={"update_id": 1, "message": photo})
    event = desk.history(stream)[0].event.model_dump()
    assert event["attachments"] == ()
    assert orjson.loads(desk.store.contents.open(event["raw"]))["update"]["message"]["photo"] == [
        {"file_id": "AgAD-77"}
    ]


@pytest.mark.parametrize(
    ("said", "kept"),
    [({}, False), ({"taken_by": "Bob"}, True), ({"hints": {"location": "Narnia"}}, True),
     ({"hints": {"written_on": "2026-01-01"}}, True)],
)  # fmt: skip
def test_only_what_needs_it_is_kept_whole(desk: Desk, said: dict[str, object], *, kept: bool) -> None:
    stream = desk.opened(channel="visit", id="1", text=BROKEN, **said)
    assert (desk.history(stream)[0].event.model_dump()["raw"] is not None) is kept


def test_a_system_that_nobody_published_is_sealed_with_its_number(desk: Desk) -> None:
    references = {"external_refs": [{"system": "Ann's notebook", "number": "12"}]}
    stream = desk.opened(channel="web_form", id="1", text=BROKEN, hints=references)
    opened, sealed = (desk.history(stream, open=each)[1].event.model_dump() for each in (True, False))
    assert [(ref["system"], ref["number"]) for ref in opened["external_refs"]] == [("other", "Ann's notebook 12")]
    assert [(ref["system"], ref["number"]) for ref in sealed["external_refs"]] == [("other", {"withheld": "sealed"})]
