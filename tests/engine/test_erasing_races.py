"""Others work on while a person is erased: a hold placed meanwhile is seen, and nobody seals with what is gone.

Two desks on one database are two processes: each has its keys in its own memory.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

import pytest

from consumers.wiring import presets
from engine import naming
from engine.erased import Held
from engine.incoming import Arrived, Done
from engine.store.batch import Batch, Conflict
from engine.store.vault.erasure import Erasures, Order
from engine.store.vault.keys import SubjectErased
from engine.store.vault.ledger import Entry
from schemas.complaint.correspondence import AddNote
from schemas.complaint.records import PlaceLegalHold
from support.erasing import Eraser, eraser
from support.examples import append, note
from support.installation import derived

ANN = {"name": "Ann Example", "contacts": [{"kind": "email", "value": "ann@example.com"}]}
BROKEN = {"channel": "web_form", "system": "site", "author": ANN, "text": "My kettle is broken, I want a refund."}
TEXT = "My kettle is broken, I want a refund."


@pytest.fixture
def desk(database: str, tmp_path: Path) -> Iterator[Eraser]:
    with eraser(database, tmp_path) as here:
        here.service.activate(presets.shipped(), here.around(), here.at)
        yield here


@pytest.fixture
def other(desk: Eraser, tmp_path: Path) -> Iterator[Eraser]:
    with eraser(desk.conninfo, tmp_path) as there:
        yield there


def meanwhile(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Have something happen once, between the decision and the destruction."""
    carry_out, left = Erasures.carry_out, [act]

    def after(self: Erasures, order: Order) -> Entry:
        if left:
            left.pop()()
        return carry_out(self, order)

    monkeypatch.setattr(Erasures, "carry_out", after)


def test_a_hold_placed_between_the_look_and_the_destruction_is_respected(
    desk: Eraser, other: Eraser, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = desk.opened(**BROKEN, id="m1")
    hold = PlaceLegalHold(hold_id=derived("h"), holder="court-7", reason="litigation")
    meanwhile(monkeypatch, lambda: other.give(stream, hold))

    result = desk.erased(desk.author(stream))

    assert (result.streams, result.left_out) == ((), (Held(stream, ("court-7",)),))
    assert desk.texts(stream) == [TEXT]


def test_a_case_that_begins_between_the_look_and_the_destruction_goes_too(
    desk: Eraser, other: Eraser, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = desk.opened(**BROKEN, id="m1")
    begun: list[UUID] = []
    meanwhile(monkeypatch, lambda: begun.append(other.opened(**BROKEN, id="m2")))

    result = desk.erased(desk.author(stream))

    assert set(result.streams) == {stream, *begun}
    assert desk.texts(begun[0]) == ["erased"]


def test_a_message_parked_between_the_look_and_the_destruction_goes_too(
    desk: Eraser, other: Eraser, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = desk.opened(**BROKEN, id="m1")
    follow = {**BROKEN, "channel": "visit", "id": "m9", "in_reply_to": "nothing-known"}
    meanwhile(monkeypatch, lambda: other.hear(**follow))
    result = desk.erased(desk.author(stream))
    assert (len(result.discarded), desk.store.set_aside.listed()) == (1, [])


def test_a_worker_with_the_key_in_memory_seals_nothing_more(desk: Eraser, other: Eraser) -> None:
    stream = desk.opened(**BROKEN, id="m1")
    ann = desk.author(stream)
    late = Batch(appends=(append(stream, len(desk.history(stream)), note(ann, "too late")),))
    other.store.keys.for_writing([(stream, ann)])
    desk.erased(ann)

    with pytest.raises(Conflict) as refused:
        other.store.commit(late)
    assert refused.value.keys == {ann}
    with pytest.raises(SubjectErased):
        other.store.commit(late)
    assert len(desk.history(stream)) == 3


def test_a_worker_that_has_just_made_a_key_for_the_person_stores_it_no_more(desk: Eraser, other: Eraser) -> None:
    ann = desk.author(desk.opened(**BROKEN, id="m1"))
    new = derived("new case")
    other.store.keys.for_writing([(new, ann)], {new})
    desk.erased(ann)

    with pytest.raises(Conflict) as refused:
        other.store.commit(Batch(appends=(append(new, 0, note(ann, "too late")),)))
    assert refused.value.keys == {ann}
    assert desk.sql("SELECT count(*) FROM plaint_keys.data_keys WHERE stream = %s", new) == [(0,)]


def test_a_worker_that_has_read_the_texts_reads_them_no_more(desk: Eraser, other: Eraser) -> None:
    stream = desk.opened(**BROKEN, id="m1")
    assert other.texts(stream) == [TEXT]
    desk.erased(desk.author(stream))
    assert other.texts(stream) == ["erased"]


def test_what_a_lagging_worker_had_planned_is_planned_again(
    desk: Eraser, other: Eraser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A note and a message on their way while the person is erased: both have their effect, neither is his."""
    stream = desk.opened(**BROKEN, id="m1")
    ann = desk.author(stream)
    commit, left = other.store.commit, [True]

    def erased_before(batch: Batch) -> object:
        if left:
            left.pop()
            desk.erased(ann)
        return commit(batch)

    monkeypatch.setattr(other.store, "commit", erased_before)
    assert isinstance(other.give(stream, AddNote(note="She phoned.")), Done)
    left.append(True)
    new = other.hear(**BROKEN, id="m2")
    assert isinstance(new, Done)
    assert desk.author(new.stream) != ann
    assert desk.texts(stream) == ["erased", "She phoned."]
    assert desk.sql("SELECT count(*) FROM plaint_keys.data_keys WHERE subject = %s AND wrapped IS NOT NULL", ann) == [
        (0,)
    ]


def test_what_a_person_is_recognised_by_is_told_by_nobody(desk: Eraser) -> None:
    stream = desk.opened(**BROKEN, id="m1")
    person = naming.person(desk.author(stream), [desk.history(stream)], [])
    assert person.reach == {"ann@example.com"}
    assert person.names == {"ann example"}
    assert "ann" not in repr(person)
    assert isinstance(desk.message(**BROKEN, id="m2"), Arrived)
