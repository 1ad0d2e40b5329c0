"""Messages set aside, of which an erasure takes what is the person's, and tells what may name him."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import orjson
import pytest

from consumers.reactions import holds
from consumers.wiring import presets
from engine import naming
from engine.incoming import Done, Parked
from engine.store.batch import Batch, SetAside
from schemas.complaint.records import PlaceLegalHold, ReleaseLegalHold
from schemas.published.dead_letter import DeadLetter
from support.erasing import Eraser, eraser, lines
from support.installation import derived

ANN = {"name": "Ann Example", "contacts": [{"kind": "email", "value": "ann@example.com"}]}
BOB = {"name": "Bob Other", "contacts": [{"kind": "email", "value": "bob@example.com"}]}
BROKEN = {"channel": "web_form", "system": "site", "author": ANN, "text": "My kettle is broken, I want a refund."}
HOSTILE = {
    "charset": "Subject: =?x-unknown?Q?abc?=\n\nsee my mail above",
    "base64": "Subject: =?utf-8?B?abcde?=\n\nsee my mail above",
    "idna": "Content-Type: text/plain; charset=idna\n\nx..y",
    "undefined": "Content-Type: text/plain; charset=undefined\n\nx..y",
    "NUL": 'Content-Type: text/plain; charset="a\x00b"\n\nx..y',
    "nested": "[" * 1000 + '"a"' + "]" * 1000,
}


@pytest.fixture
def desk(database: str, tmp_path: Path) -> Iterator[Eraser]:
    with eraser(database, tmp_path) as here:
        here.service.activate(presets.shipped(), here.around(), here.at)
        yield here


def dead(desk: Eraser, name: str, octets: bytes) -> UUID:
    """Set a dead letter aside."""
    aside = SetAside("dead_letter", derived(name), derived(name).bytes * 2, "unreadable", "topic:0", octets)
    desk.store.commit(Batch(set_aside=(aside,)))
    return aside.id


def record(desk: Eraser, message: object) -> bytes:
    """Return the record of a topic that holds a message, as it stands among the dead letters."""
    where = {"cluster": "c", "topic": "t", "topic_id": derived("t"), "partition": 0, "offset": 0}
    failed = {"first_failed_at": desk.at, "last_failed_at": desk.at, "consumer_group": "g", "engine_version": "1"}
    why = {"error_class": "schema", "code": "missing", "value": orjson.dumps(message)}
    return DeadLetter.model_validate({**where, **failed, **why}).to_octets()


def parked(desk: Eraser, author: object, text: str, id: str, **more: object) -> UUID:
    """Have a message wait for its opener."""
    message = {"channel": "visit", "system": "site", "author": author, "text": text, "id": id, **more}
    result = desk.hear(**message, in_reply_to=f"nothing-known-{id}")
    assert isinstance(result, Parked), result
    return result.id


def left(desk: Eraser) -> set[UUID]:
    return {row.id for row in desk.store.set_aside.listed()}


def test_messages_set_aside_are_looked_through(desk: Eraser, tmp_path: Path) -> None:
    stream = desk.opened(**BROKEN, id="m1")
    his = parked(desk, ANN, "And the lid.", "p1")
    about = parked(desk, BOB, "ANN@example.com says it is broken", "p2")
    kept = parked(desk, BOB, "Broken.", "p3")
    letters = {
        "plain": b"x ann@example.com x",
        "base64": b'{"raw": "eCBhbm5AZXhhbXBsZS5jb20geA=="}',
        "quoted": b"Subject: x\nContent-Transfer-Encoding: quoted-printable\n\nann=40example.com\n",
        "name": b'{"name": "\\u0041nn Example"}',
        "others": b"somebody@example.com",
        "broken": b"\xff\xfe\x00",
    }
    for name, octets in letters.items():
        dead(desk, name, octets)

    result = desk.erased(desk.author(stream))

    assert set(result.discarded) == {his, *(derived(name) for name in ("plain", "base64", "quoted"))}
    assert set(result.may_name) == {about, derived("name")}
    assert left(desk) == {about, kept, *(derived(name) for name in ("name", "others", "broken"))}
    told = orjson.loads(lines(tmp_path)[0])["discarded"]
    assert {UUID(one): known_by is not None for one, known_by in told} == {one: one == his for one in result.discarded}
    again = desk.hear(
        **{**BROKEN, "channel": "visit", "text": "And the lid.", "id": "p1", "in_reply_to": "nothing-known-p1"}
    )
    assert isinstance(again, Done)
    assert (again.already, again.events) == (True, 0)
    assert {row.id for row in desk.store.set_aside.listed("parked")} == {about, kept}


def test_a_message_of_a_namesake_is_told_and_stays(desk: Eraser) -> None:
    stream = desk.opened(**BROKEN, id="m1")
    namesake = {"name": "Ann Example", "contacts": [{"kind": "email", "value": "another.ann@example.org"}]}
    message = parked(desk, namesake, "My own parcel never came", "p1")
    result = desk.erased(desk.author(stream))
    assert (result.discarded, result.may_name, left(desk)) == ((), (message,), {message})


def test_what_others_wrote_on_his_behalf_is_theirs_but_what_an_authority_passed_on_is_his(desk: Eraser) -> None:
    stream = desk.opened(**BROKEN, id="m1")
    for_him = parked(desk, BOB, "He asks for his money.", "p1", on_behalf_of=ANN)
    passed_on = parked(desk, {**BOB, "role": "authority"}, "I want my money.", "p2", on_behalf_of=ANN)
    result = desk.erased(desk.author(stream))
    assert (result.discarded, result.may_name) == ((passed_on,), (for_him,))


def test_a_dead_letter_that_is_a_message_after_all_belongs_to_its_author(desk: Eraser) -> None:
    stream = desk.opened(**BROKEN, id="m1")
    form = {"channel": "web_form", "system": "site", "id": "d"}
    his = dead(desk, "his", record(desk, {**form, "author": ANN, "text": "Broken."}))
    cited = dead(desk, "cited", record(desk, {**form, "author": BOB, "text": "ann@example.com knows."}))
    result = desk.erased(desk.author(stream))
    assert (result.discarded, result.may_name) == ((his,), (cited,))


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_what_a_stranger_wrote_cannot_stand_in_the_way_of_an_erasure(desk: Eraser, text: str) -> None:
    stream = desk.opened(**BROKEN, id="m1")
    stranger, letter = parked(desk, BOB, text, "p1"), dead(desk, "d", text.encode())
    result = desk.erased(desk.author(stream))
    assert (result.discarded, result.unread, left(desk)) == ((), (), {stranger, letter})


def test_what_no_parser_takes_apart_is_told_as_unread(desk: Eraser) -> None:
    stream = desk.opened(**BROKEN, id="m1")
    nested = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(2000))
    other, his = dead(desk, "other", nested), dead(desk, "his", nested + b"ann@example.com")
    result = desk.erased(desk.author(stream))
    assert (result.discarded, [one.id for one in result.unread]) == ((his,), [other])


def test_a_parked_message_that_no_model_takes_any_more_is_looked_at_as_octets(desk: Eraser) -> None:
    stream = desk.opened(**BROKEN, id="m1")
    for name, octets in {"his": b'{"payload": "?", "x": "ann@example.com"}', "other": b"[]"}.items():
        aside = SetAside("parked", derived(name), derived(name).bytes * 2, "opener_unknown", "http", octets)
        desk.store.commit(Batch(set_aside=(aside,)))
    assert desk.erased(desk.author(stream)).discarded == (derived("his"),)


def test_a_hostile_message_keeps_no_released_case_waiting(desk: Eraser) -> None:
    stream = desk.opened(**BROKEN, id="m1")
    hold = derived("h")
    desk.give(stream, PlaceLegalHold(hold_id=hold, holder="court-7", reason="litigation"))
    desk.erased(desk.author(stream))
    desk.give(stream, ReleaseLegalHold(hold_id=hold, reason="over"), by="person:bea")
    parked(desk, BOB, HOSTILE["charset"], "p1")
    assert holds.take_up(desk.service, desk.at) == 1


def test_a_message_parked_meanwhile_goes_too_though_the_clock_was_set_back(
    desk: Eraser, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = desk.opened(**BROKEN, id="m1")
    dead(desk, "other", b"other")
    desk.sql("UPDATE plaint.set_aside SET since = since + interval '1 hour'")
    look, late = naming.look_through, [True]

    def then_parked(*given: object, **more: object) -> naming.Aside:
        found = look(*given, **more)  # type: ignore[arg-type] # handed on as it came
        if late:
            late.pop()
            parked(desk, ANN, "And the lid.", "p1")
        return found

    monkeypatch.setattr(naming, "look_through", then_parked)
    desk.erased(desk.author(stream))
    assert left(desk) == {derived("other")}


def test_a_message_is_opened_once_however_often_it_is_decided(desk: Eraser, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = desk.opened(**BROKEN, id="m1")
    for number in range(5):
        dead(desk, f"d{number}", b"other")
    person = naming.person(desk.author(stream), [desk.history(stream)], [])
    keyed, box = desk.store.fingerprint.of, desk.store.set_aside
    first = naming.look_through(box, person, keyed)
    new = dead(desk, "new", b"ann@example.com")
    opened: list[UUID] = []
    show = box.show

    def noted(id: UUID) -> object:
        opened.append(id)
        return show(id)

    monkeypatch.setattr(box, "show", noted)
    second = naming.look_through(box, person, keyed, before=first)
    assert opened == [new]
    assert [one.id for one in second.his] == [new]
    assert len(second.seen or ()) == 6
    early = naming.look_through(box, person, keyed, until=box.listed()[0].since - timedelta(seconds=1))
    assert (early.his, early.seen) == ((), frozenset())


def test_a_telephone_number_is_found_however_it_is_written(desk: Eraser) -> None:
    person = {"name": "Ann Example", "contacts": [{"kind": "phone", "value": "+7 (916) 123-45-67"}]}
    stream = desk.opened(**{**BROKEN, "id": "m1", "author": person})
    for name, octets in {"his": b"call 7 916 1234567 now", "no": b"79161234568", "far": b"7 916 in 1234567"}.items():
        dead(desk, name, octets)
    assert desk.erased(desk.author(stream)).discarded == (derived("his"),)


def test_a_name_that_many_bear_takes_nothing_away_but_is_told(desk: Eraser) -> None:
    person = {"name": "Maria", "contacts": [{"kind": "email", "value": "m@example.com"}]}
    stream = desk.opened(**{**BROKEN, "id": "m1", "author": person})
    dead(desk, "d", b"maria was here")
    result = desk.erased(desk.author(stream))
    assert (result.discarded, result.may_name) == ((), (derived("d"),))


def test_a_message_that_cannot_be_opened_is_told(desk: Eraser) -> None:
    stream = desk.opened(**BROKEN, id="m1")
    dead(desk, "d", b"ann@example.com")
    desk.sql("UPDATE plaint.set_aside SET box = set_byte(box, 20, get_byte(box, 20) # 1)")
    result = desk.erased(desk.author(stream))
    assert (result.discarded, [one.id for one in result.unread]) == ((), [derived("d")])
