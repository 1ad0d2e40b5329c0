"""Erasures that were cut off come to their end once, or to nothing where another one did what they were to do."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import pytest

from consumers.wiring import presets
from engine.settling import Settled, Settling
from engine.store.vault.erasure import Erasures
from schemas.complaint.records import PlaceLegalHold
from support.erasing import REQUEST, Died, Eraser, cut_off, eraser, lines
from support.installation import derived
from support.restoring import BackUp

TEXT = "My kettle is broken, I want a refund."
ANN = {"name": "Ann Example", "contacts": [{"kind": "email", "value": "ann@example.com"}]}
BOB = {"name": "Bob Other", "contacts": [{"kind": "email", "value": "bob@example.com"}]}
BROKEN = {"channel": "web_form", "system": "site", "author": ANN, "text": TEXT}
BOBS = {**BROKEN, "author": BOB}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path


@contextmanager
def opened(database: str, place: Path) -> Iterator[Eraser]:
    with eraser(database, place) as desk:
        desk.service.activate(presets.shipped(), desk.around(), desk.at)
        yield desk


def test_a_request_that_was_cut_off_and_asked_anew_by_another_id_is_no_lost_erasure(
    database: str, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(database, place) as desk:
        ann, bob = desk.author(desk.opened(**BROKEN, id="m1")), desk.author(desk.opened(**BOBS, id="m2"))
        cut_off(ann, desk.erase, monkeypatch)
        desk.erased(ann, derived("asked anew"))
    with eraser(database, place) as desk:
        assert desk.service.settle(desk.at) == Settled()
        assert [entry.event.request_id for entry in desk.ledger.entries()] == [derived("asked anew")]
        desk.erased(bob, derived("bob"))
    with eraser(database, place) as desk:
        assert desk.service.settle(desk.at) == Settled()
        assert desk.names(ann) == ["erased"]
        assert desk.sql("SELECT count(*) FROM plaint.log") == [(1,)]


def test_it_came_to_nothing_too_where_a_hold_keeps_a_case_from_the_other(
    database: str, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(database, place) as desk:
        kept = desk.opened(**BROKEN, id="m1")
        ann = desk.author(kept)
        cut_off(ann, desk.erase, monkeypatch)
        desk.give(kept, PlaceLegalHold(hold_id=derived("h"), holder="court-7", reason="litigation"))
        desk.erased(ann, derived("asked anew"))
    with eraser(database, place) as desk:
        assert desk.service.settle(desk.at) == Settled()
        assert (desk.names(ann), desk.texts(kept)) == (["erased"], [TEXT])
        assert desk.service.settle(desk.at) == Settled()


def test_an_end_of_time_that_was_cut_off_before_the_person_was_erased_came_to_nothing(
    database: str, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(database, place) as desk:
        old = desk.opened(**BROKEN, id="m1")
        ann = desk.author(old)
        cut_off(old, lambda stream: desk.service.erasing.erase_complaint(stream, desk.around(), desk.at), monkeypatch)
        desk.erased(ann)
    with eraser(database, place) as desk:
        assert desk.service.settle(desk.at) == Settled()
        assert (desk.names(ann), len(desk.ledger.entries())) == (["erased"], 1)


def test_a_withdrawn_intent_does_not_go_before_a_restore_either(
    database: str, place: Path, backed_up: BackUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(database, place) as desk:
        stream = desk.opened(**BROKEN, id="m1")
        ann = desk.author(stream)
        backup = backed_up()
        cut_off(ann, desk.erase, monkeypatch)
        desk.erased(ann, derived("asked anew"))
    backup.restore()
    with eraser(database, place) as desk:
        assert desk.service.settle(desk.at).again == 1
        assert (desk.names(ann), desk.texts(stream)) == (["erased"], ["erased"])
        assert [entry.event.request_id for entry in desk.ledger.entries()] == [derived("asked anew")]


def test_an_erasure_without_its_last_line_whose_log_alone_was_restored_is_recorded_as_it_was(
    database: str, place: Path, backed_up: BackUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_: object) -> None:
        raise Died

    with opened(database, place) as desk:
        stream = desk.opened(**BROKEN, id="m1")
        ann = desk.author(stream)
        backup = backed_up("plaint")
        with monkeypatch.context() as dying:
            dying.setattr(Erasures, "finish", dies)
            with pytest.raises(Died):
                desk.erase(ann)
    backup.restore()
    with eraser(database, place) as desk:
        desk.service.settle(desk.at)
        (recorded,) = desk.history(ann)
        assert recorded.event.model_dump()["streams"] == (stream,)
        assert desk.sql("SELECT count(*) FROM plaint.contacts") == [(0,)]
        (entry,) = desk.ledger.entries()
        assert (entry.event.request_id, entry.done) == (REQUEST, True)


def test_an_intent_written_while_the_ledger_was_compared_is_compared_by_the_next_opening(
    database: str, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(database, place) as desk:
        desk.erased(desk.author(desk.opened(**BROKEN, id="m1")))
        bobs = desk.opened(**BOBS, id="m2")
        bob = desk.author(bobs)
        (place / "erasures.ledger").unlink()
        enter = Settling._enter  # noqa: SLF001 # between the look and the note

        def entered(self: Settling, known: set[UUID]) -> int:
            count = enter(self, known)
            cut_off(bob, desk.erase, monkeypatch)
            return count

        with monkeypatch.context() as meanwhile:
            meanwhile.setattr(Settling, "_enter", entered)
            assert desk.service.settle(desk.at) == Settled(entered=1)
    with eraser(database, place) as desk:
        assert desk.service.settle(desk.at) == Settled(completed=1)
        assert desk.texts(bobs) == ["erased"]


def test_an_erasure_of_which_all_was_held_is_entered_into_a_new_ledger(database: str, place: Path) -> None:
    with opened(database, place) as desk:
        kept = desk.opened(**BROKEN, id="m1")
        desk.give(kept, PlaceLegalHold(hold_id=derived("h"), holder="court-7", reason="litigation"))
        desk.erased(desk.author(kept))
        (place / "erasures.ledger").unlink()
    with eraser(database, place) as desk:
        assert desk.service.settle(desk.at) == Settled(entered=1)
        (entry,) = desk.ledger.entries()
        assert (entry.event.left_out, entry.whole, len(lines(place))) == ((kept,), True, 2)
