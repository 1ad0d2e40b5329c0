"""A message that belongs to another case is told there: its words, its time, its files, under that case's keys."""

import base64
from pathlib import Path
from uuid import UUID

import pytest

from consumers.reactions import moved, turned
from engine.incoming import Done
from engine.store.database.pool import Pool
from engine.store.vault.content import ContentMissing
from projections.replay.files import files
from schemas.complaint.correspondence import MessageRecorded, Queued, RecordMessage
from schemas.complaint.records import MoveMessage
from schemas.streams.feedback import FeedbackBecameComplaint, TurnIntoComplaint
from support.erasing import eraser
from support.following import pool_of, react
from support.installation import Desk

PHOTO = b"\x89PNG" + bytes(range(256))
FILE = {"filename": "чек.png", "media_type": "image/png", "content": base64.b64encode(PHOTO).decode()}


def opened(desk: Desk, name: str, **more: object) -> UUID:
    author = {"name": name, "contacts": [{"kind": "email", "value": f"{name}@example.org"}]}
    said = {"system": "shop", "id": name, "text": f"{name}: it is broken, I want a refund!", "author": author}
    return desk.opened(channel="web_form", **said, **more)


def move(desk: Desk, case: UUID, message: UUID | None, other: UUID) -> None:
    assert message is not None
    assert isinstance(desk.give(case, MoveMessage(message=message, other=other)), Done)


def test_a_message_of_the_complainant_is_told_with_its_words_and_files_from_when_it_was_said(
    desk: Desk, pool: Pool
) -> None:
    ann, bob = opened(desk, "ann"), opened(desk, "bob", attachments=[FILE])
    said = desk.at
    desk.later(hours=3)
    message = desk.case(bob).registration.message
    assert message is not None
    move(desk, bob, message, ann)
    assert react(desk, pool, moved.REACTION).acted == {"moved": 2}
    assert react(desk, pool, moved.REACTION).acted == {}
    ((event, envelope),) = [
        (one.event, one.envelope) for one in desk.history(ann) if isinstance(one.event, MessageRecorded)
    ]
    assert (event.message, event.direction, event.body) == (message, "inbound", "bob: it is broken, I want a refund!")
    assert (envelope.occurred_at, envelope.actor) == (said, "rule:moved")
    assert event.subject_id == desk.history(bob)[0].event.subject_id
    (file,) = files(ann, desk.history(ann)).files
    assert (file.file_name, desk.store.contents.open(file.id, ann)) == ("чек.png", PHOTO)
    (left,) = files(bob, desk.history(bob)).files
    with pytest.raises(ContentMissing):
        desk.store.contents.open(left.id, ann)


def test_what_is_moved_on_takes_its_own_files_along_and_no_other(desk: Desk, pool: Pool) -> None:
    ann, eve = opened(desk, "ann"), opened(desk, "eve")
    both = {name: opened(desk, name, attachments=[{**FILE, "filename": f"{name}.png"}]) for name in ("bob", "dan")}
    first = {name: desk.case(case).registration.message for name, case in both.items()}
    for name, case in both.items():
        move(desk, case, first[name], ann)
    assert react(desk, pool, moved.REACTION).acted == {"moved": 4}
    assert {file.file_name for file in files(ann, desk.history(ann)).files} == {"bob.png", "dan.png"}

    move(desk, ann, first["bob"], eve)

    assert react(desk, pool, moved.REACTION).acted == {"moved": 2}
    (file,) = files(eve, desk.history(eve)).files
    assert (file.file_name, desk.store.contents.open(file.id, eve)) == ("bob.png", PHOTO)


def test_a_message_of_ours_is_told_as_sent_and_does_not_leave_again(desk: Desk, pool: Pool) -> None:
    ann, bob = opened(desk, "ann"), opened(desk, "bob")
    wish = RecordMessage(
        direction="outbound", channel="email", purpose="interim", body="We look.", to="ann@example.org", queued=Queued()
    )
    desk.give(bob, wish)
    (written,) = [one.event for one in desk.history(bob) if isinstance(one.event, MessageRecorded)]
    move(desk, bob, written.message, ann)
    assert react(desk, pool, moved.REACTION).acted == {"moved": 1}
    (copy,) = [one.event for one in desk.history(ann) if isinstance(one.event, MessageRecorded)]
    assert (copy.message, copy.direction, copy.body, copy.queued) == (written.message, "outbound", "We look.", None)


def test_nothing_is_told_where_there_is_no_such_case_or_the_words_are_gone(database: str, tmp_path: Path) -> None:
    with eraser(database, tmp_path) as desk, pool_of(desk) as pool:
        ann, bob = opened(desk, "ann"), opened(desk, "bob")
        before, message = desk.names(ann), desk.case(bob).registration.message
        assert message is not None
        move(desk, bob, message, UUID(int=7))
        assert react(desk, pool, moved.REACTION).acted == {}
        desk.erased(desk.author(bob))
        move(desk, bob, message, ann)
        assert react(desk, pool, moved.REACTION).acted == {}
        assert (desk.history(UUID(int=7)), desk.names(ann)) == ([], before)


def test_files_of_feedback_go_along_when_it_becomes_a_complaint(desk: Desk, pool: Pool) -> None:
    said = {"system": "shop", "id": "q", "text": "When do you open?", "hints": {"sense": "question"}}
    feedback = desk.hear(channel="web_form", **said, attachments=[FILE])
    assert isinstance(feedback, Done)
    assert isinstance(desk.give(feedback.stream, TurnIntoComplaint()), Done)
    (became,) = [one.event for one in desk.history(feedback.stream) if isinstance(one.event, FeedbackBecameComplaint)]
    assert react(desk, pool, turned.REACTION).acted == {"turned": 2}
    (file,) = files(became.complaint, desk.history(became.complaint)).files
    assert desk.store.contents.open(file.id, became.complaint) == PHOTO
