"""Others work on while a person is erased: a hold placed meanwhile is seen, and nobody seals with what is gone.

Two desks on one database are two processes: each has its keys in its own memory.
"""

from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

import orjson
import pytest

from consumers.wiring import presets
from engine import naming
from engine.erased import Held
from engine.incoming import Arrived, Done, Parked
from engine.store.batch import Batch, Conflict, SetAside
from engine.store.vault.erasure import Erasures, Order
from engine.store.vault.keys import SubjectErased
from engine.store.vault.ledger import Entry
from schemas.complaint.correspondence import AddNote
from schemas.complaint.records import PlaceLegalHold
from schemas.published.dead_letter import headers_of
from support.erasing import Eraser, eraser
from support.examples import append, note
from support.installation import derived
from support.letters import bury, letter

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


def test_messages_set_aside_are_looked_through(desk: Eraser) -> None:
    stream = desk.opened(**BROKEN, id="m1")
    follow = {**BROKEN, "channel": "visit", "in_reply_to": "nothing-known"}
    stranger = {"name": "Bob Other", "contacts": [{"kind": "email", "value": "bob@example.com"}]}
    parked = desk.hear(**{**follow, "id": "p1"})
    about = desk.hear(**{**follow, "id": "p2", "author": stranger, "text": "ANN@example.com says it is broken"})
    kept = desk.hear(**{**follow, "id": "p3", "author": stranger, "text": "Broken."})
    assert isinstance(parked, Parked)
    assert isinstance(about, Parked)
    assert isinstance(kept, Parked)
    letters = {
        "plain": b"x ann@example.com x",
        "base64": b'{"raw": "eCBhbm5AZXhhbXBsZS5jb20geA=="}',
        "quoted": b"Subject: x\nContent-Transfer-Encoding: quoted-printable\n\nann=40example.com\n",
        "name": b'{"name": "\\u0041nn Example"}',
        "others": b"somebody@example.com",
        "broken": b"\xff\xfe\x00",
    }
    for name, octets in letters.items():
        aside = SetAside("dead_letter", derived(name), derived(name).bytes * 2, "unreadable", "topic:0", octets)
        desk.store.commit(Batch(set_aside=(aside,)))

    result = desk.erased(desk.author(stream))

    gone = {parked.id, about.id, *(derived(name) for name in ("plain", "base64", "quoted", "name"))}
    assert set(result.discarded) == gone
    assert {row.id for row in desk.store.set_aside.listed()} == {kept.id, derived("others"), derived("broken")}
    again = desk.hear(**{**follow, "id": "p1"})
    assert isinstance(again, Done)
    assert (again.already, again.events) == (True, 0)
    assert {row.id for row in desk.store.set_aside.listed("parked")} == {kept.id}


NAMED: dict[str, dict[str, object]] = {
    "key": {"key": b"ann@example.com", "value": None},
    "header name": {"headers": headers_of([(b"to-ann@example.com", b"1")])},
    "header value": {"headers": headers_of([(b"to", b"ann@example.com")])},
    "value": {"value": b"{not json, says ann@example.com"},
    "mail itself": {"value": b"Subject: x\nContent-Transfer-Encoding: base64\n\n0JDQvdC90LAg0J/QtdGC0YDQvtCy0LA=\n"},
    "another charset": {"value": "Пишет Анна Петрова".encode("cp1251"), "error_class": "encoding"},
    "wide": {"value": "Пишет Анна Петрова".encode("utf-16-le"), "error_class": "encoding"},
    "escaped": {"value": b'{"text": "' + "анна петрова".encode("unicode-escape") + b'", '},
    "CloudEvent": {"value": b'{"data_base64": "' + b64encode("Анна Петрова".encode()) + b'"}'},
}


@pytest.mark.parametrize("where", NAMED)
def test_a_person_is_found_anywhere_in_a_record_that_was_not_taken(desk: Eraser, where: str) -> None:
    person = {"name": "Анна Петрова", "contacts": [{"kind": "email", "value": "ann@example.com"}]}
    stream = desk.opened(**{**BROKEN, "id": "m1", "author": person})
    his, others = letter(1, **NAMED[where]), letter(2, key=b"bob@example.com", value="Боб Петров".encode())
    bury(desk, his, others)
    result = desk.erased(desk.author(stream))
    assert (result.discarded, result.unread) == ((his.id,), ())
    assert [row.id for row in desk.store.set_aside.listed()] == [others.id]


def test_a_record_that_could_be_read_now_is_its_authors(desk: Eraser) -> None:
    person = {"name": "Ann", "contacts": [{"kind": "phone", "value": "+7 916 123-45-67"}]}
    stream = desk.opened(**{**BROKEN, "id": "m1", "author": person})
    same = {"contacts": [{"kind": "phone", "value": "+7 916: 123 and 45-67"}]}
    his = letter(value=orjson.dumps({**BROKEN, "id": "m2", "author": same}), error_class="internal")
    bury(desk, his)
    assert desk.erased(desk.author(stream)).discarded == (his.id,)


def test_a_record_that_nobody_can_unpack_is_told_with_its_end(desk: Eraser) -> None:
    stream = desk.opened(**BROKEN, id="m1")
    packed = letter(value=b"\x28\xb5\x2f\xfd", error_class="codec", code="unsupported")
    bury(desk, packed)
    result = desk.erased(desk.author(stream))
    assert (result.discarded, [one.id for one in result.unread]) == ((), [packed.id])


def test_a_telephone_number_is_found_however_it_is_written(desk: Eraser) -> None:
    person = {"name": "Ann Example", "contacts": [{"kind": "phone", "value": "+7 (916) 123-45-67"}]}
    stream = desk.opened(**{**BROKEN, "id": "m1", "author": person})
    for name, octets in {"his": b"call 7 916 1234567 now", "no": b"79161234568", "far": b"7 916 in 1234567"}.items():
        aside = SetAside("dead_letter", derived(name), derived(name).bytes * 2, "unreadable", "topic:0", octets)
        desk.store.commit(Batch(set_aside=(aside,)))
    assert desk.erased(desk.author(stream)).discarded == (derived("his"),)


def test_a_name_that_many_bear_takes_nothing_away_but_is_told(desk: Eraser) -> None:
    person = {"name": "Maria", "contacts": [{"kind": "email", "value": "m@example.com"}]}
    stream = desk.opened(**{**BROKEN, "id": "m1", "author": person})
    aside = SetAside("dead_letter", derived("d"), b"f" * 32, "unreadable", "topic:0", b"maria was here")
    desk.store.commit(Batch(set_aside=(aside,)))
    result = desk.erased(desk.author(stream))
    assert (result.discarded, result.may_name) == ((), (derived("d"),))


def test_a_message_that_cannot_be_opened_is_told(desk: Eraser) -> None:
    stream = desk.opened(**BROKEN, id="m1")
    aside = SetAside("dead_letter", derived("d"), b"f" * 32, "unreadable", "topic:0", b"ann@example.com")
    desk.store.commit(Batch(set_aside=(aside,)))
    desk.sql("UPDATE plaint.set_aside SET box = set_byte(box, 20, get_byte(box, 20) # 1)")
    result = desk.erased(desk.author(stream))
    assert (result.discarded, [one.id for one in result.unread]) == ((), [derived("d")])


def test_what_was_parked_and_is_no_message_is_looked_through_as_it_stands(desk: Eraser) -> None:
    stream = desk.opened(**BROKEN, id="m1")
    for name, octets in {"his": b"[ann@example.com", "others": b"{"}.items():
        aside = SetAside("parked", derived(name), derived(name).bytes * 2, "opener_unknown", "topic:0", octets)
        desk.store.commit(Batch(set_aside=(aside,)))
    assert desk.erased(desk.author(stream)).discarded == (derived("his"),)


def test_what_a_person_is_recognised_by_is_told_by_nobody(desk: Eraser) -> None:
    stream = desk.opened(**BROKEN, id="m1")
    person = naming.person(desk.author(stream), [desk.history(stream)], [])
    assert person.sure == {"ann@example.com", "ann example"}
    assert "ann" not in repr(person)
    assert isinstance(desk.message(**BROKEN, id="m2"), Arrived)
