"""Whatever is restored, the database, its keys or its log alone, what was erased is erased again before doors open."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import pytest

from consumers.reactions import parked as parked_reaction
from consumers.wiring import presets
from engine.incoming import Done, Parked
from engine.settling import Settled
from engine.store.batch import Batch, SetAside
from support.erasing import Eraser, eraser
from support.installation import derived
from support.restoring import BackUp

ANN = {"name": "Ann Example", "contacts": [{"kind": "email", "value": "ann@example.com"}]}
BOB = {"name": "Bob Other", "contacts": [{"kind": "email", "value": "bob@example.com"}]}
TEXT = "My kettle is broken, I want a refund."
BROKEN = {"channel": "web_form", "system": "site", "author": ANN, "text": TEXT}
BOBS = {**BROKEN, "author": BOB}
FOLLOW = {**BROKEN, "channel": "visit", "text": "Canary: and the lid.", "id": "p1", "in_reply_to": "nothing-known"}
WHOLE: list[str | None] = [None, "plaint", "plaint_keys"]
IDS = ["database", "plaint", "plaint_keys"]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path


@contextmanager
def opened(database: str, place: Path) -> Iterator[Eraser]:
    with eraser(database, place) as desk:
        desk.service.activate(presets.shipped(), desk.around(), desk.at)
        yield desk


def parked(desk: Eraser) -> UUID:
    result = desk.hear(**FOLLOW)
    assert isinstance(result, Parked)
    return result.id


def dead(desk: Eraser, name: str, octets: bytes) -> UUID:
    aside = SetAside("dead_letter", derived(name), derived(name).bytes * 2, "unreadable", "topic:0", octets)
    desk.store.commit(Batch(set_aside=(aside,)))
    return aside.id


def aside(desk: Eraser) -> set[UUID]:
    return {row.id for row in desk.store.set_aside.listed()}


def everything(desk: Eraser) -> str:
    """Return all that can be read of the cases."""
    return "".join(one.event.model_dump_json() for one in desk.store.read.log(0, 10_000, open=True))


@pytest.mark.parametrize("schema", WHOLE, ids=IDS)
def test_what_an_erasure_took_of_the_messages_set_aside_is_gone_after_a_restore_too(
    database: str, place: Path, backed_up: BackUp, schema: str | None
) -> None:
    with opened(database, place) as desk:
        ann = desk.author(desk.opened(**BROKEN, id="m1"))
        his = {parked(desk), dead(desk, "his", b"Canary ann@example.com")}
        others = dead(desk, "others", b"bob@example.com")
        backup = backed_up(schema)
        assert set(desk.erased(ann).discarded) == his
        desk.service.settle(desk.at)
    backup.restore()

    with eraser(database, place) as desk:
        assert desk.service.settle(desk.at).again == 1
        assert aside(desk) == {others}
        assert desk.names(ann) == ["erased"]
        again = desk.hear(**FOLLOW)
        assert isinstance(again, Done)
        assert (again.already, again.events) == (True, 0)
        desk.sql("UPDATE plaint.set_aside SET until = now() - interval '1 second'")
        assert parked_reaction.take_up(desk.store, desk.service, desk.at) == 0
        assert "Canary" not in everything(desk)


def test_what_had_become_a_case_before_the_erasure_does_not_come_back_as_a_parked_message(
    database: str, place: Path, backed_up: BackUp
) -> None:
    with opened(database, place) as desk:
        ann = desk.author(desk.opened(**BROKEN, id="m1"))
        waiting = parked(desk)
        backup = backed_up()
        desk.sql("UPDATE plaint.set_aside SET until = now() - interval '1 second'")
        assert parked_reaction.take_up(desk.store, desk.service, desk.at) == 1
        assert desk.erased(ann).discarded == ()
    backup.restore()
    with eraser(database, place) as desk:
        assert aside(desk) == {waiting}
        assert desk.service.settle(desk.at).again == 1
        assert aside(desk) == set()


def test_a_parked_message_that_the_restore_lost_does_not_come_back_by_being_sent_again(
    database: str, place: Path, backed_up: BackUp
) -> None:
    with opened(database, place) as desk:
        ann = desk.author(desk.opened(**BROKEN, id="m1"))
        backup = backed_up()
        parked(desk)
        desk.erased(ann)
    backup.restore()
    with eraser(database, place) as desk:
        desk.service.settle(desk.at)
        again = desk.hear(**FOLLOW)
        assert isinstance(again, Done)
        assert (again.already, aside(desk)) == (True, set())


def test_what_he_sends_after_his_erasure_stays_when_his_old_keys_are_restored(
    database: str, place: Path, backed_up: BackUp
) -> None:
    with opened(database, place) as desk:
        ann = desk.author(desk.opened(**BROKEN, id="m1"))
        parked(desk)
        others = dead(desk, "others", b"bob@example.com")
        backup = backed_up("plaint_keys")
        desk.erased(ann)
        new = desk.hear(**{**FOLLOW, "id": "p2", "text": "I am here anew."})
        assert isinstance(new, Parked)
        letter = dead(desk, "new", b"I am here anew, ann@example.com")
    backup.restore()
    with eraser(database, place) as desk:
        assert desk.service.settle(desk.at).again == 1
        assert aside(desk) == {others, new.id, letter}


def test_a_log_that_was_restored_without_its_keys_is_noticed(database: str, place: Path, backed_up: BackUp) -> None:
    """The figures that are compared stand beside the keys, so they agree with the ledger still."""
    with opened(database, place) as desk:
        stream = desk.opened(**BROKEN, id="m1")
        ann = desk.author(stream)
        backup = backed_up("plaint")
        desk.erased(ann)
        assert desk.service.settle(desk.at) == Settled()
    backup.restore()
    with eraser(database, place) as desk:
        assert desk.sql("SELECT count(*) FROM plaint.contacts") == [(1,)]
        settled = desk.service.settle(desk.at)
        assert (settled.again, settled.incarnation) == (1, desk.store.read.head().incarnation)
        assert desk.sql("SELECT count(*) FROM plaint.contacts") == [(0,)]
        assert (desk.names(ann), desk.texts(stream)) == (["erased"], ["erased"])
        assert desk.service.settle(desk.at) == Settled()


def test_a_log_that_went_another_way_up_to_the_same_position_is_noticed(
    database: str, place: Path, backed_up: BackUp
) -> None:
    with opened(database, place) as desk:
        ann = desk.author(desk.opened(**BROKEN, id="m1"))
        backup = backed_up("plaint")
        desk.erased(ann)
        assert desk.service.settle(desk.at) == Settled()
        before = desk.store.read.head().position
    backup.restore()
    with eraser(database, place) as desk:
        while desk.store.read.head().position < before:
            desk.opened(**BOBS, id=f"b{desk.store.read.head().position}")
        assert desk.service.settle(desk.at).again == 1
