"""Batches that meet: what one was planned on may be over when it commits, and then it plans again."""

import threading
from collections import Counter
from collections.abc import Sequence

import pytest

from engine import knowledge, planning
from engine.incoming import Arrived, Done, Incoming, Parked
from engine.store.batch import Batch, Conflict
from schemas.complaint.correspondence import Reply
from schemas.complaint.lifecycle import Close, Resolve
from support.installation import Desk


def planned(desk: Desk, items: Sequence[Incoming]) -> Batch:
    """Return what a process would commit that looked everything up just now."""
    keyed = desk.store.fingerprint.of
    known = knowledge.gather(desk.store, items, keyed)
    return planning.plan(items, known, desk.service.book(), keyed, desk.store.contents.prepare, desk.at).batch


def said(desk: Desk, id: str, text: str = "My kettle is broken, refund please", **more: object) -> Arrived:
    return desk.message(channel="messenger", network="max", id=id, text=text, **more)


def complaints(desk: Desk) -> int:
    return sum(one.name == "complaint.received.v1" for one in desk.store.read.log(0, 10_000))


def test_one_conversation_begins_one_complaint_though_two_batches_open_it(desk: Desk) -> None:
    late = planned(desk, [said(desk, "2", thread="chat-1")])
    first = desk.service.submit([said(desk, "1", thread="chat-1")], desk.at)[0]
    with pytest.raises(Conflict) as caught:
        desk.store.commit(late)
    assert (len(caught.value.conversations), caught.value.streams) == (1, frozenset())
    second = desk.service.submit([said(desk, "2", thread="chat-1")], desk.at)[0]
    assert isinstance(first, Done)
    assert isinstance(second, Done)
    assert (second.stream, second.opened, complaints(desk)) == (first.stream, False, 1)


def test_one_contact_is_one_data_subject_though_two_batches_meet_it_first(desk: Desk) -> None:
    ann = {"contacts": [{"kind": "email", "value": "ann@example.com"}]}
    late = planned(desk, [said(desk, "2", author=ann)])
    desk.service.submit([said(desk, "1", author=ann)], desk.at)
    with pytest.raises(Conflict) as caught:
        desk.store.commit(late)
    assert len(caught.value.contacts) == 1
    desk.service.submit([said(desk, "2", author=ann)], desk.at)
    received = [one for one in desk.store.read.log(0, 100) if one.name == "complaint.received.v1"]
    assert (len(received), len({one.event.subject_id for one in received})) == (2, 1)


def test_a_follow_up_is_not_parked_beside_its_opener(desk: Desk) -> None:
    follow_up = said(desk, "2", in_reply_to="1")
    late = planned(desk, [follow_up])
    opener = desk.service.submit([said(desk, "1")], desk.at)[0]
    with pytest.raises(Conflict) as caught:
        desk.store.commit(late)
    assert len(caught.value.conversations) == 1
    joined = desk.service.submit([follow_up], desk.at)[0]
    assert isinstance(opener, Done)
    assert isinstance(joined, Done)
    assert joined.stream == opener.stream


def test_an_opener_does_not_pass_by_a_follow_up_that_was_parked_meanwhile(desk: Desk) -> None:
    opener = said(desk, "1")
    late = planned(desk, [opener])
    parked = desk.service.submit([said(desk, "2", in_reply_to="1")], desk.at)[0]
    assert isinstance(parked, Parked)
    with pytest.raises(Conflict) as caught:
        desk.store.commit(late)
    assert caught.value.parked == {parked.id}
    opened = desk.service.submit([opener], desk.at)[0]
    assert isinstance(opened, Done)
    assert desk.names(opened.stream)[-1] == "message_recorded"
    assert desk.store.set_aside.listed("parked") == []


def test_a_message_does_not_join_what_has_just_gone_on_elsewhere(desk: Desk) -> None:
    ended = desk.service.submit([said(desk, "1", thread="chat-1")], desk.at)[0]
    assert isinstance(ended, Done)
    desk.give(ended.stream, Reply(final=True, channel="messenger", body="We are sorry."))
    desk.give(ended.stream, Resolve(outcome="upheld"))
    desk.give(ended.stream, Close(), why="settled")
    desk.later(days=60)
    late = planned(desk, [said(desk, "3", "When do I hear from you?", thread="chat-1")])
    desk.service.submit([said(desk, "2", "Broken again, refund!", thread="chat-1")], desk.at)
    with pytest.raises(Conflict) as caught:
        desk.store.commit(late)
    assert len(caught.value.conversations) == 1


def test_threads_that_meet_on_new_conversations_open_each_once(desk: Desk) -> None:
    ann = {"contacts": [{"kind": "email", "value": "ann@example.com"}]}
    gate = threading.Barrier(4)
    failures: list[BaseException] = []

    def speak(who: int) -> None:
        try:
            for turn in range(6):
                items: list[Incoming] = [said(desk, f"{turn}/{who}", thread=f"chat-{turn}", author=ann)]
                follow_up, answered = f"{turn}/{who}/late", f"{turn}/{(who + 1) % 4}"
                items.insert(0, said(desk, follow_up, "Still broken", in_reply_to=answered, author=ann))
                gate.wait(timeout=30)
                desk.service.submit(items, desk.at)
        except BaseException as error:  # noqa: BLE001 # a thread's failure is the test's
            failures.append(error)
            gate.abort()

    threads = [threading.Thread(target=speak, args=(who,)) for who in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    log = desk.store.read.log(0, 10_000)
    openings = Counter(one.stream for one in log if one.name == "complaint.received.v1")
    assert (len(openings), set(openings.values())) == (6, {1})
    assert desk.store.set_aside.listed("parked") == []
    assert sum(one.name in ("complaint.received.v1", "complaint.message_recorded.v1") for one in log) == 48
    subjects = {one.event.subject_id for one in log if one.name == "complaint.received.v1"}
    assert len(subjects) == 1
