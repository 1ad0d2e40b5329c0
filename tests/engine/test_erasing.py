"""A person is erased: his keys go, what a hold keeps stays, and the cases live on without his words."""

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest

from consumers.wiring import presets
from engine.erased import Held
from engine.incoming import Asked, Done, Refused
from schemas.complaint.assignment import Assign
from schemas.complaint.correspondence import AddNote, AddParty, Reply
from schemas.complaint.lifecycle import Resolve
from schemas.complaint.records import PlaceLegalHold, ReleaseLegalHold
from schemas.words import Party
from support.erasing import REQUEST, Eraser, eraser, lines
from support.installation import derived

ANN = {"name": "Ann Example", "contacts": [{"kind": "email", "value": "ann@example.com"}]}
BROKEN = {"channel": "web_form", "system": "site", "author": ANN, "text": "My kettle is broken, I want a refund."}


@pytest.fixture
def desk(database: str, tmp_path: Path) -> Iterator[Eraser]:
    with eraser(database, tmp_path) as here:
        here.service.activate(presets.shipped(), here.around(), here.at)
        yield here


def test_what_an_erased_person_said_is_gone_for_good(desk: Eraser, tmp_path: Path) -> None:
    one, two = desk.opened(**BROKEN, id="m1"), desk.opened(**BROKEN, id="m2")
    desk.give(one, AddNote(note="She phoned."))
    ann = desk.author(one)
    assert desk.author(two) == ann

    result = desk.erased(ann)

    assert (set(result.streams), result.left_out, result.already) == ({one, two}, (), False)
    assert desk.texts(one) == ["erased", "erased"]
    assert desk.texts(two) == ["erased"]
    assert desk.names(ann) == ["erased"]
    assert desk.history(ann)[0].position == result.position
    assert desk.sql("SELECT count(*) FROM plaint_keys.data_keys WHERE wrapped IS NOT NULL") == [(0,)]
    assert desk.sql("SELECT count(*) FROM plaint.contacts") == [(0,)]
    assert len(lines(tmp_path)) == 2


def test_the_same_request_again_changes_nothing(desk: Eraser, tmp_path: Path) -> None:
    ann = desk.author(desk.opened(**BROKEN, id="m1"))
    first = desk.erased(ann)
    head = desk.store.read.head().position

    again = desk.erased(ann)
    other = desk.erased(ann, derived("another request"))

    assert (again.position, again.streams, again.already) == (first.position, first.streams, True)
    assert (other.position, other.already) == (first.position, True)
    assert desk.store.read.head().position == head
    assert len(lines(tmp_path)) == 2


def test_nobody_is_erased_by_whom_we_do_not_know_or_who_is_no_person(desk: Eraser) -> None:
    ann = desk.author(desk.opened(**BROKEN, id="m1"))
    refused = desk.erase(ann, by="service:x")
    assert isinstance(refused, Refused)
    assert refused.code == "right_missing"
    unknown = desk.erase(derived("nobody"))
    assert isinstance(unknown, Refused)
    assert unknown.code == "unknown_subject"
    assert desk.names(ann) == []


def test_a_case_under_legal_hold_is_left_out_until_the_hold_is_released(desk: Eraser) -> None:
    free, kept = desk.opened(**BROKEN, id="m1"), desk.opened(**BROKEN, id="m2")
    ann, hold = desk.author(free), derived("hold")
    desk.give(kept, PlaceLegalHold(hold_id=hold, holder="court-7", reason="litigation"))

    result = desk.erased(ann)

    assert result.streams == (free,)
    assert result.left_out == (Held(kept, ("court-7",)),)
    assert desk.texts(free) == ["erased"]
    assert desk.texts(kept) == ["My kettle is broken, I want a refund."]
    assert desk.service.erasing.erase_released(desk.around("rule:upkeep"), desk.at) == ()

    desk.give(kept, ReleaseLegalHold(hold_id=hold, reason="settled"), by="person:eve")
    (released,) = desk.service.erasing.erase_released(desk.around("rule:upkeep"), desk.at)

    assert (released.streams, released.left_out, released.reason) == ((kept,), (), "hold_released")
    assert desk.texts(kept) == ["erased"]
    assert desk.names(ann) == ["erased", "erased"]
    assert desk.service.erasing.erase_released(desk.around("rule:upkeep"), desk.at) == ()


def test_an_erasure_of_which_everything_is_left_out_is_recorded_too(desk: Eraser) -> None:
    kept = desk.opened(**BROKEN, id="m1")
    desk.give(kept, PlaceLegalHold(hold_id=derived("h"), holder="court-7", reason="litigation"))
    result = desk.erased(desk.author(kept))
    assert (result.streams, result.left_out) == ((), (Held(kept, ("court-7",)),))
    event = desk.history(desk.author(kept))[0].event.model_dump(mode="json")
    assert (event["streams"], event["left_out"], event["request_id"]) == ([], [str(kept)], str(REQUEST))


def test_the_same_message_again_neither_revives_nor_fails(desk: Eraser) -> None:
    stream = desk.opened(**BROKEN, id="m1")
    desk.erased(desk.author(stream))
    again = desk.hear(**BROKEN, id="m1")
    assert isinstance(again, Done)
    assert (again.stream, again.already, again.events) == (stream, True, 0)
    assert desk.texts(stream) == ["erased"]


def test_who_writes_again_is_a_new_person(desk: Eraser) -> None:
    ann = desk.author(desk.opened(**BROKEN, id="m1"))
    desk.erased(ann)
    new = desk.opened(**BROKEN, id="m2")
    assert desk.author(new) != ann
    assert desk.texts(new) == ["My kettle is broken, I want a refund."]


def test_a_desk_goes_on_with_the_case_of_an_erased_person(desk: Eraser) -> None:
    """Its texts are the case's own from then on, so that the case can be worked to its end."""
    stream = desk.opened(**BROKEN, id="m1")
    ann = desk.author(stream)
    desk.erased(ann)

    assert isinstance(desk.give(stream, Assign(team="kettles")), Done)
    noted = desk.give(stream, AddNote(note="The replacement was sent back."))
    assert isinstance(noted, Done)
    assert isinstance(desk.give(stream, Resolve(outcome="upheld")), Done)

    assert desk.texts(stream) == ["erased", "The replacement was sent back."]
    owner = next(one.event.subject_id for one in desk.history(stream) if one.name == "complaint.note_added.v1")
    assert owner not in (None, ann)
    assert owner is not None
    scope = desk.service.erasing.scope(ann, texts=True)
    assert (scope.streams, scope.held, scope.gone) == ((), (), (stream,))
    assert [(one.name, one.subject) for one in scope.others] == [("complaint.note_added.v1", owner)]
    assert desk.erased(owner).streams == (stream,)
    assert isinstance(desk.give(stream, AddNote(note="And again.")), Done)
    assert desk.texts(stream) == ["erased", "erased", "And again."]


def test_several_commands_at_once_on_a_case_of_an_erased_person_each_get_their_result(desk: Eraser) -> None:
    stream = desk.opened(**BROKEN, id="m1")
    desk.erased(desk.author(stream))
    other = desk.opened(**BROKEN, id="m2")
    for one in (stream, other):
        assert isinstance(desk.give(one, AddNote(note="Noted."), why="because"), Done)
    assert desk.texts(other) == ["My kettle is broken, I want a refund.", "Noted."]


def test_a_message_without_a_name_in_the_conversation_of_an_erased_person_is_somebody_elses(desk: Eraser) -> None:
    chat = {"channel": "chat", "system": "site", "thread": "t1"}
    stream = desk.opened(**chat, id="c1", author=ANN, text="My kettle is broken, I want a refund.")
    ann = desk.author(stream)
    desk.erased(ann)
    desk.later(minutes=5)
    result = desk.hear(**chat, id="c2", text="Still broken!")
    assert isinstance(result, Done)
    assert result.stream == stream
    assert desk.texts(stream) == ["erased", "Still broken!"]


def test_contents_go_with_their_keys(desk: Eraser, tmp_path: Path) -> None:
    small, large = (base64.b64encode(b"x" * size).decode() for size in (1000, 400_000))
    files = [{"filename": "a.bin", "content": small}, {"filename": "b.bin", "content": large}]
    stream = desk.opened(**BROKEN, id="m1", attachments=files)
    assert len([file for file in (tmp_path / "content").rglob("*") if file.is_file()]) == 1

    desk.erased(desk.author(stream))

    assert [file for file in (tmp_path / "content").rglob("*") if file.is_file()] == []
    rows = desk.sql("SELECT count(*), count(ciphertext) FROM plaint.contents")
    assert rows == [(2, 0)]


def test_an_outcome_names_the_texts_of_others_that_may_name_the_person(desk: Eraser) -> None:
    stream = desk.opened(**BROKEN, id="m1")
    bob = {"name": "Bob Other", "contacts": [{"kind": "email", "value": "bob@example.com"}]}
    number = next(one.event.number for one in desk.history(stream) if one.name == "complaint.registered.v1")  # type: ignore[attr-defined] # that event has one
    for n, text in enumerate(("I know ann@example.com well.", "I know nobody.")):
        said = desk.hear(channel="web_form", system="site", id=f"b{n}", author=bob, subject=f"Re: {number}", text=text)
        assert isinstance(said, Done)
        assert said.stream == stream, said
    result = desk.erased(desk.author(stream))
    assert [(one.name, one.names_him) for one in result.others if one.name.endswith("message_recorded.v1")] == [
        ("complaint.message_recorded.v1", True),
        ("complaint.message_recorded.v1", False),
    ]


def test_a_command_that_names_an_erased_person_is_refused_and_its_refusal_kept(desk: Eraser) -> None:
    ann = desk.author(desk.opened(**BROKEN, id="m1"))
    desk.erased(ann)
    other = desk.opened(**BROKEN, id="m2")
    party = Party(role="respondent", subject_id=ann, name="Ann Example")
    refused = desk.give(other, AddParty(party=party), id="c1")
    assert isinstance(refused, Refused)
    assert (refused.code, refused.already) == ("subject_erased", False)
    again = desk.give(other, AddParty(party=party), id="c1")
    assert isinstance(again, Refused)
    assert (again.code, again.already) == ("subject_erased", True)


def test_one_item_that_is_turned_away_stops_none_of_its_batch(desk: Eraser) -> None:
    ann = desk.author(desk.opened(**BROKEN, id="m1"))
    desk.erased(ann)
    other = desk.opened(**BROKEN, id="m2")
    around = desk.around("person:ann")
    asked = [
        Asked(other, AddNote(note="Before."), "n1", around),
        Asked(other, AddParty(party=Party(role="respondent", subject_id=ann, name="Ann Example")), "n2", around),
        Asked(other, AddNote(note="After."), "n3", around),
    ]
    results = desk.service.submit(asked, desk.at)
    assert [type(result) for result in results] == [Done, Refused, Done]
    assert desk.texts(other) == ["My kettle is broken, I want a refund.", "Before.", "After."]


def test_a_follow_up_from_the_same_address_is_a_new_person_in_the_old_case(desk: Eraser) -> None:
    mail = "From: Ann <ann@example.com>\nSubject: Kettle\nMessage-ID: <m{0}@example.com>\n{1}\n{2}\n"
    stream = desk.opened(channel="email", raw=mail.format(1, "", "It is broken, I want a refund."))
    ann = desk.author(stream)
    desk.erased(ann)
    desk.later(minutes=5)
    reply = "In-Reply-To: <m1@example.com>\n"
    for number in (2, 3):
        result = desk.hear(channel="email", raw=mail.format(number, reply, f"Still broken, {number}!"))
        assert isinstance(result, Done)
        assert result.stream == stream
    owners = {one.event.subject_id for one in desk.history(stream) if one.name == "complaint.message_recorded.v1"}
    assert len(owners) == 1
    assert ann not in owners
    assert desk.texts(stream) == ["erased", "Still broken, 2!", "Still broken, 3!"]
    assert isinstance(desk.give(stream, Reply(final=True, channel="email", body="Sorry.")), Done)
    assert desk.case(stream).complainant == ann


def test_the_stream_of_a_person_takes_no_commands(desk: Eraser) -> None:
    ann = desk.author(desk.opened(**BROKEN, id="m1"))
    desk.erased(ann)
    refused = desk.give(ann, AddNote(note="He called."))
    assert isinstance(refused, Refused)
    assert refused.code == "unknown_complaint"


# --- one case alone, at the end of its time ---------------------------------------------------


def test_a_complaint_whose_time_is_over_loses_all_its_texts_and_no_other_does(desk: Eraser) -> None:
    old, young = desk.opened(**BROKEN, id="m1"), desk.opened(**BROKEN, id="m2")
    ann = desk.author(old)
    erased = desk.service.erasing.erase_complaint(old, desk.around("rule:upkeep"), desk.at)
    assert [(one.subject, one.streams, one.reason) for one in erased] == [(ann, (old,), "retention")]
    assert (desk.texts(old), desk.texts(young)) == (["erased"], ["My kettle is broken, I want a refund."])
    assert desk.service.erasing.erase_complaint(old, desk.around("rule:upkeep"), desk.at) == ()
    assert desk.author(desk.opened(**BROKEN, id="m3")) == ann

    desk.later(minutes=5)
    number = next(one.event.number for one in desk.history(old) if one.name == "complaint.registered.v1")  # type: ignore[attr-defined] # that event has one
    late = desk.hear(**{**BROKEN, "id": "m4", "subject": f"Re: {number}", "text": "Still waiting!"})
    assert isinstance(late, Done)
    assert late.stream == old
    assert desk.texts(old) == ["erased", "Still waiting!"]


def test_the_last_case_of_a_person_takes_his_contacts_along(desk: Eraser) -> None:
    old = desk.opened(**BROKEN, id="m1")
    desk.service.erasing.erase_complaint(old, desk.around("rule:upkeep"), desk.at)
    assert desk.sql("SELECT count(*) FROM plaint.contacts") == [(0,)]


def test_a_person_is_erased_as_a_whole_though_his_only_case_was_at_the_end_of_its_time(desk: Eraser) -> None:
    old = desk.opened(**BROKEN, id="m1")
    ann = desk.author(old)
    desk.service.erasing.erase_complaint(old, desk.around("rule:upkeep"), desk.at)
    assert desk.store.erased.among([ann]) == frozenset()

    whole = desk.erased(ann)

    assert (whole.request_id, whole.streams, whole.already) == (REQUEST, (), False)
    assert desk.store.erased.among([ann]) == {ann}
    assert desk.names(ann) == ["erased", "erased"]
    again = desk.erased(ann, derived("another request"))
    assert (again.request_id, again.already) == (REQUEST, True)


def test_a_complaint_under_legal_hold_outlives_its_time(desk: Eraser) -> None:
    old = desk.opened(**BROKEN, id="m1")
    desk.give(old, PlaceLegalHold(hold_id=derived("h"), holder="court-7", reason="litigation"))
    assert desk.service.erasing.erase_complaint(old, desk.around("rule:upkeep"), desk.at) == ()
    assert desk.texts(old) == ["My kettle is broken, I want a refund."]
