"""The one way in: every message and command has its effect once, whatever the order and the repetition."""

import itertools
import threading
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from consumers.wiring import presets
from engine.complaint import decider
from engine.complaint.number import case_number
from engine.complaint.state_bytes import to_bytes
from engine.incoming import Done, Parked, Refused
from engine.store.batch import Conflict, SourceMove
from schemas.complaint.assignment import Assign
from schemas.complaint.classification import Classify
from schemas.complaint.correspondence import AddNote, Reply
from schemas.complaint.lifecycle import Close, Resolve
from schemas.complaint.records import PlaceLegalHold
from schemas.complaint.waiting import RequestInformation
from schemas.words import Point
from support.installation import Desk

MAIL = """From: Ann <ann@example.com>
To: help@plaint.example
Subject: {subject}
Date: Mon, 02 Mar 2026 08:0{n}:00 +0000
Message-ID: <m{n}@example.com>
{more}
{text}
"""


def mail(n: int, text: str, *, subject: str = "Broken kettle", reply_to: int | None = None, more: str = "") -> str:
    if reply_to is not None:
        more += f"In-Reply-To: <m{reply_to}@example.com>\n"
    return MAIL.format(n=n, subject=subject, text=text, more=more)


FIRST = mail(1, "My kettle arrived broken. I want a refund.")
SECOND = mail(2, "It is still broken and nobody answers!", reply_to=1)
THIRD = mail(3, "Here is the order number: 77.", reply_to=2)


def close(desk: Desk, stream: object) -> None:
    assert isinstance(desk.give(stream, Reply(final=True, channel="email", body="We are sorry.")), Done)  # type: ignore[arg-type] # a stream
    assert isinstance(desk.give(stream, Resolve(outcome="upheld")), Done)  # type: ignore[arg-type] # a stream
    assert isinstance(desk.give(stream, Close(), why="settled by phone"), Done)  # type: ignore[arg-type] # a stream


def test_a_message_becomes_a_registered_complaint_with_its_promises(desk: Desk) -> None:
    stream = desk.opened(channel="email", raw=FIRST)
    assert desk.names(stream) == ["received", "registered", "sla_applied"]
    first = desk.history(stream)[0]
    assert first.event.model_dump()["body"].strip() == "My kettle arrived broken. I want a refund."
    assert first.envelope.occurred_at == desk.at
    assert first.envelope.claimed_at == desk.at - timedelta(minutes=59)
    assert first.envelope.claim_differs


def test_the_same_message_again_changes_nothing(desk: Desk) -> None:
    stream = desk.opened(channel="email", raw=FIRST)
    before = desk.store.read.head().position
    desk.later(days=40)
    again = desk.hear(channel="email", raw=FIRST.replace("To:", "Received: from elsewhere\nTo:"))
    assert again == Done(stream, 3, before, 0, already=True, opened=True)
    assert desk.store.read.head().position == before


def test_a_reply_joins_its_complaint(desk: Desk) -> None:
    stream = desk.opened(channel="email", raw=FIRST)
    desk.later(hours=1)
    result = desk.hear(channel="email", raw=SECOND)
    assert isinstance(result, Done)
    assert (result.stream, result.opened) == (stream, False)
    assert desk.names(stream)[-1] == "message_recorded"


@pytest.mark.parametrize("order", list(itertools.permutations([FIRST, SECOND, THIRD])))
@pytest.mark.parametrize("together", [True, False], ids=["in_one_batch", "one_by_one"])
def test_messages_in_any_order_end_in_one_complaint(desk: Desk, *, order: tuple[str, ...], together: bool) -> None:
    items = [desk.message(channel="email", raw=raw) for raw in order]
    batches = [items] if together else [[item] for item in items]
    for batch in batches:
        desk.service.submit(batch, desk.at)
    stream = desk.opened_stream()
    assert desk.names(stream) == ["received", "registered", "sla_applied", "message_recorded", "message_recorded"]
    assert desk.store.set_aside.listed("parked") == []
    texts = {
        one.event.model_dump().get("body", "").strip()
        for one in desk.history(stream)
        if "body" in one.event.model_dump()
    }
    assert {text.splitlines()[0] for text in texts} == {
        "My kettle arrived broken. I want a refund.",
        "It is still broken and nobody answers!",
        "Here is the order number: 77.",
    }


def test_a_message_that_names_the_number_joins_its_complaint_and_goes_on_where_that_goes_on(desk: Desk) -> None:
    stream = desk.opened(channel="email", raw=FIRST)
    number = case_number(stream)
    desk.later(hours=1)

    joined = desk.hear(channel="email", raw=mail(2, "Still broken!", subject=f"About {number.lower()}"))
    close(desk, stream)
    desk.later(days=90)
    after = desk.hear(channel="email", raw=mail(3, "It is broken again, I am furious!", subject=f"About {number}"))
    once_more = desk.hear(channel="email", raw=mail(4, "I want my money back!", subject=f"About {number}"))

    assert isinstance(joined, Done)
    assert isinstance(after, Done)
    assert isinstance(once_more, Done)
    assert (joined.stream, joined.opened, after.opened) == (stream, False, True)
    assert (once_more.stream, once_more.opened) == (after.stream, False)


def test_a_number_that_no_complaint_has_changes_nothing(desk: Desk) -> None:
    result = desk.hear(channel="email", raw=mail(1, "My kettle arrived broken.", subject="About PL-00000-00000"))

    assert isinstance(result, Done)
    assert result.opened


def test_a_follow_up_without_its_opener_waits_visibly(desk: Desk) -> None:
    result = desk.hear(channel="email", raw=SECOND)
    assert isinstance(result, Parked)
    assert result.until == desk.at + timedelta(hours=1)
    (row,) = desk.store.set_aside.listed("parked")
    assert row.id == result.id
    desk.later(minutes=20)
    assert desk.hear(channel="email", raw=SECOND) == replace(result, already=True)
    assert len(desk.store.set_aside.listed("parked")) == 1


def test_a_follow_up_that_waited_long_enough_opens_a_case_of_its_own(desk: Desk) -> None:
    parked = desk.message(channel="email", raw=SECOND)
    waiting = desk.service.submit([parked], desk.at)[0]
    assert isinstance(waiting, Parked)
    desk.later(days=3)
    result = desk.service.submit([replace(parked, waited=waiting.id)], desk.at)[0]
    assert isinstance(result, Done)
    assert result.opened
    assert desk.store.set_aside.listed("parked") == []


def test_follow_ups_whose_common_opener_never_came_share_one_case(desk: Desk) -> None:
    one = desk.message(channel="email", raw=SECOND)
    two = desk.message(channel="email", raw=mail(4, "And the lid is broken too!", reply_to=1))
    waiting = desk.service.submit([one, two], desk.at)
    assert all(isinstance(result, Parked) for result in waiting)
    desk.later(days=3)
    (result,) = desk.service.submit([replace(one, waited=waiting[0].id)], desk.at)  # type: ignore[union-attr] # it is parked
    assert isinstance(result, Done)
    assert desk.names(result.stream) == ["received", "registered", "sla_applied", "message_recorded"]
    assert desk.store.set_aside.listed("parked") == []


def test_an_autoresponder_changes_nothing_but_the_history(desk: Desk) -> None:
    stream = desk.opened(channel="email", raw=FIRST)
    asked = desk.give(stream, RequestInformation(what="the order number"))
    assert isinstance(asked, Done)
    before = desk.case(stream)
    desk.hear(
        channel="email",
        raw=mail(2, "I am out of office, terrible weather", reply_to=1, more="Auto-Submitted: auto-replied\n"),
    )
    after = desk.case(stream)
    assert desk.names(stream)[-1] == "message_recorded"
    assert after.waiting == before.waiting
    assert after.lifecycle == before.lifecycle


def test_the_complainants_answer_ends_the_waiting_for_him(desk: Desk) -> None:
    stream = desk.opened(channel="email", raw=FIRST)
    desk.give(stream, RequestInformation(what="the order number"))
    desk.hear(channel="email", raw=mail(2, "It is 77.", reply_to=1))
    assert desk.names(stream)[-2:] == ["message_recorded", "information_provided"]


def test_thanks_after_closing_reopens_nothing_and_anger_does(desk: Desk) -> None:
    stream = desk.opened(channel="email", raw=FIRST)
    close(desk, stream)
    desk.later(days=1)
    desk.hear(channel="email", raw=mail(2, "Thank you very much, all good now.", reply_to=1))
    assert desk.case(stream).lifecycle.cycle == 1
    assert desk.names(stream)[-1] == "message_recorded"
    desk.later(days=1)
    desk.hear(channel="email", raw=mail(3, "The new kettle is broken too. Unacceptable!", reply_to=2))
    assert desk.names(stream)[-2:] == ["message_recorded", "reopened"]
    assert desk.case(stream).lifecycle.cycle == 2


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("Re: [PL-06BF1-80000] Your complaint is closed", "Thank you!"),
        ("RE: [PL-06BF1-80000] Your complaint is closed", "All good now."),
        ("Отв: [PL-06BF1-80000] Ваша жалоба закрыта", "Спасибо!"),
        ("Re[2]: Broken kettle", "Thanks"),
    ],
)
def test_what_stands_in_the_subject_of_an_answer_is_not_what_its_writer_says(
    desk: Desk, subject: str, text: str
) -> None:
    stream = desk.opened(channel="email", raw=FIRST)
    close(desk, stream)
    desk.later(days=1)
    desk.hear(channel="email", raw=mail(2, text, subject=subject, reply_to=1))
    assert (desk.names(stream)[-1], desk.case(stream).lifecycle.cycle) == ("message_recorded", 1)


def test_anger_after_the_window_opens_a_linked_complaint(desk: Desk) -> None:
    stream = desk.opened(channel="email", raw=FIRST)
    close(desk, stream)
    desk.later(days=31)
    result = desk.hear(channel="email", raw=mail(2, "It is broken again, I want a refund!", reply_to=1))
    assert isinstance(result, Done)
    assert result.opened
    assert result.stream != stream
    assert desk.names(result.stream) == ["received", "registered", "sla_applied", "linked"]
    desk.later(minutes=1)
    follow = desk.hear(channel="email", raw=mail(3, "And where is my money?", reply_to=2))
    assert isinstance(follow, Done)
    assert follow.stream == result.stream


def test_a_question_is_feedback_until_its_author_complains(desk: Desk) -> None:
    feedback = desk.hear(channel="messenger", **telegram(1, "Hello! When will the shop be open?"))
    assert isinstance(feedback, Done)
    assert feedback.kind == "feedback"
    desk.later(hours=2)
    result = desk.hear(channel="messenger", **telegram(2, "And my kettle is broken, I want a refund!"))
    assert isinstance(result, Done)
    assert (result.kind, result.opened) == ("complaint", True)
    assert desk.names(feedback.stream) == ["received", "became_complaint"]
    third = desk.hear(channel="messenger", **telegram(3, "Still no answer"))
    assert isinstance(third, Done)
    assert third.stream == result.stream


def telegram(n: int, text: str) -> dict[str, object]:
    chat = {"id": 5, "type": "private"}
    author = {"id": 5, "is_bot": False, "first_name": "Ann"}
    message = {"message_id": n, "date": 1772442000 + n, "chat": chat, "from": author, "text": text}
    return {"update": {"update_id": n, "message": message}}


def test_a_rating_of_a_closed_complaint_joins_and_counts_once(desk: Desk) -> None:
    stream = desk.opened(channel="web_form", id="f1", text="My kettle is broken, refund please")
    close(desk, stream)
    number = desk.case(stream).registration.number
    score = {"score": "4", "out_of": "5"}
    desk.hear(channel="web_form", id="r1", number=number, rating=score)
    desk.hear(channel="web_form", id="r2", number=number, rating=score)
    assert desk.names(stream)[-3:] == ["message_recorded", "rated", "message_recorded"]


def test_a_command_id_has_its_effect_once_and_gives_its_first_answer_again(desk: Desk) -> None:
    stream = desk.opened(channel="email", raw=FIRST)
    first = desk.give(stream, AddNote(note="call him"), id="n1")
    again = desk.give(stream, AddNote(note="call him"), id="n1")
    assert isinstance(first, Done)
    assert again == replace(first, events=0, already=True)
    other = desk.give(stream, AddNote(note="do not call him"), id="n1")
    assert isinstance(other, Refused)
    assert other.code == "command_reused"


def test_a_refusal_is_an_answer_too(desk: Desk) -> None:
    stream = desk.opened(channel="email", raw=FIRST)
    desk.give(stream, Resolve(outcome="upheld"))
    first = desk.give(stream, Close(), id="c1")
    assert isinstance(first, Refused)
    assert first.code == "no_final_reply"
    assert desk.give(stream, Close(), id="c1") == replace(first, already=True)


def test_a_command_for_another_version_is_refused(desk: Desk) -> None:
    stream = desk.opened(channel="email", raw=FIRST)
    result = desk.give(stream, Assign(team="first-line"), expected=2)
    assert isinstance(result, Refused)
    assert (result.code, result.facts) == ("stale_version", {"expected": 2, "version": 3})


def test_an_unknown_complaint_is_refused(desk: Desk) -> None:
    result = desk.give(uuid4(), Assign(team="first-line"))
    assert isinstance(result, Refused)
    assert result.code == "unknown_complaint"


def test_a_claimed_person_cannot_do_what_asks_for_a_verified_one(desk: Desk) -> None:
    stream = desk.opened(channel="email", raw=FIRST)
    result = desk.give(stream, PlaceLegalHold(holder="legal", reason="court"), by="service:crm")
    assert isinstance(result, Refused)
    assert result.code == "right_missing"


def test_an_unpublished_code_is_refused_with_its_place(desk: Desk) -> None:
    stream = desk.opened(channel="email", raw=FIRST)
    result = desk.give(stream, Classify(points=(Point(point=1, product="the-kettle-of-ann"),)))
    assert isinstance(result, Refused)
    assert (result.code, result.facts) == ("unlisted_code", {"field": "points.0.product", "list": "product"})


def test_back_dating_needs_the_right(desk: Desk) -> None:
    stream = desk.opened(channel="email", raw=FIRST)
    result = desk.give(stream, AddNote(note="x"), occurred_at=desk.at - timedelta(days=1))
    assert isinstance(result, Refused)
    assert result.code == "back_dating"


def test_a_source_that_somebody_else_moved_stops_the_batch(desk: Desk) -> None:
    def item(n: int, expected: int | None) -> object:
        taken = desk.message(channel="web_form", id=f"k{n}", text="broken kettle, refund")
        return replace(taken, around=replace(taken.around, move=SourceMove("kafka:a/b/0", expected, n)))

    desk.service.submit([item(1, None), item(2, 1)], desk.at)  # type: ignore[list-item] # arrived messages
    assert desk.store.positions.look_up(["kafka:a/b/0"]) == {"kafka:a/b/0": 2}
    before = desk.store.read.head()
    with pytest.raises(Conflict) as caught:
        desk.service.submit([item(3, 1)], desk.at)  # type: ignore[list-item] # an arrived message
    assert caught.value.sources == {"kafka:a/b/0"}
    assert desk.store.read.head() == before


def test_writers_that_meet_on_one_case_all_have_their_effect_once(desk: Desk) -> None:
    stream = desk.opened(channel="email", raw=FIRST)
    failures: list[object] = []

    def notes(who: int) -> None:
        for n in range(5):
            result = desk.give(stream, AddNote(note=f"{who}/{n}"), by=f"person:p{who}", id=f"{who}/{n}")
            if not isinstance(result, Done):
                failures.append(result)

    threads = [threading.Thread(target=notes, args=(who,)) for who in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert desk.names(stream).count("note_added") == 20


def test_replaying_a_history_twice_gives_the_same_bytes(desk: Desk) -> None:
    stream = desk.opened(channel="email", raw=FIRST)
    desk.hear(channel="email", raw=SECOND)
    close(desk, stream)
    history = desk.history(stream)
    assert to_bytes(decider.fold(history)) == to_bytes(decider.fold(desk.history(stream, open=False)))


def test_an_attachment_and_the_raw_mail_are_kept_and_come_back(desk: Desk) -> None:
    raw = mail(1, "--b\nContent-Type: text/plain\n\nMy kettle is broken, refund\n--b\n"
               "Content-Type: image/png; name=k.png\n"
               "Content-Disposition: attachment; filename=k.png\nContent-Transfer-Encoding: base64\n\naGVsbG8=\n--b--",
               more='MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="b"\n')  # fmt: skip
    stream = desk.opened(channel="email", raw=raw)
    event = desk.history(stream)[0].event.model_dump()
    (file,) = event["attachments"]
    assert (file["file_name"], file["media_type"], file["size"]) == ("k.png", "image/png", 5)
    assert desk.store.contents.open(file["content_id"]) == b"hello"
    assert desk.store.contents.open(event["raw"]).startswith(b"From: Ann")


def test_activating_the_same_configuration_again_adds_nothing(desk: Desk) -> None:
    assert desk.service.activate(presets.shipped(), desk.around(), desk.at) == 0
