"""Whatever instant a process dies at, and whatever backup is restored: the next opening makes an erasure hold."""

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from consumers.wiring import presets
from engine.incoming import Done, Refused
from engine.past import PastCase, PastFact
from engine.settling import Settled
from engine.store.vault.content import Contents
from engine.store.vault.erasure import Erasures, Order
from engine.store.vault.ledger import Entry, FileLedger, LedgerDamaged
from schemas.complaint.records import PlaceLegalHold
from schemas.complaint.registration import ComplaintReceived
from support.erasing import REQUEST, Died, Eraser, cut_off, eraser, lines
from support.examples import NOON
from support.installation import derived
from support.restoring import BackUp

ANN = {"name": "Ann Example", "contacts": [{"kind": "email", "value": "ann@example.com"}]}
BROKEN = {"channel": "web_form", "system": "site", "author": ANN, "text": "My kettle is broken, I want a refund."}
TEXT = "My kettle is broken, I want a refund."


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
def desk(database: str, place: Path) -> Iterator[Eraser]:
    with eraser(database, place) as here:
        here.service.activate(presets.shipped(), here.around(), here.at)
        yield here


def dies(*_: object, **__: object) -> None:
    raise Died


BEFORE: list[tuple[type, str]] = [
    (Erasures, "_transaction"),
    (Erasures, "_write"),
    (FileLedger, "intend"),
    (Erasures, "finish"),
    (Contents, "discard"),
    (FileLedger, "complete"),
]


def files(place: Path) -> list[Path]:
    return [file for file in (place / "content").rglob("*") if file.is_file()]


def large(desk: Eraser) -> UUID:
    return desk.opened(**BROKEN, id="m1", attachments=[{"filename": "b.bin", "content": "eHh4" * 150_000}])


@pytest.mark.parametrize(("owner", "step"), BEFORE, ids=[step for _, step in BEFORE])
def test_dying_before_any_step_leaves_it_undone_or_completed_by_the_next_opening(
    desk: Eraser, place: Path, monkeypatch: pytest.MonkeyPatch, owner: type, step: str
) -> None:
    stream = large(desk)
    ann = desk.author(stream)
    with monkeypatch.context() as dying:
        dying.setattr(owner, step, dies)
        with pytest.raises(Died):
            desk.erase(ann)

    with eraser(desk.conninfo, place) as later:
        begun = len(later.ledger.entries()) > 0
        settled = later.service.settle(later.at)
        assert settled.completed == (1 if begun else 0)
        assert later.texts(stream) == (["erased"] if begun else [TEXT])
        assert len(files(place)) == (0 if begun else 1)
        assert later.names(ann) == (["erased"] if begun else [])
        assert later.service.settle(later.at) == Settled()
        assert later.erased(ann).already is begun
        assert (later.texts(stream), files(place)) == (["erased"], [])
        assert [entry.done for entry in later.ledger.entries()] == [True]


def test_dying_between_the_ledger_and_the_commit_is_completed(
    desk: Eraser, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = desk.opened(**BROKEN, id="m1")
    ann = desk.author(stream)
    cut_off(ann, desk.erase, monkeypatch)
    assert desk.texts(stream) == [TEXT]
    with eraser(desk.conninfo, place) as later:
        assert later.service.settle(later.at) == Settled(completed=1)
        assert (later.texts(stream), later.names(ann)) == (["erased"], ["erased"])
        (recorded,) = later.history(ann)
        assert recorded.envelope.actor == "person:dpo"
        assert [entry.done for entry in later.ledger.entries()] == [True]


def test_a_hold_placed_before_a_cut_off_erasure_goes_on_is_respected(
    desk: Eraser, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = desk.opened(**BROKEN, id="m1")
    ann = desk.author(stream)
    cut_off(ann, desk.erase, monkeypatch)
    desk.give(stream, PlaceLegalHold(hold_id=derived("h"), holder="court-7", reason="litigation"))
    with eraser(desk.conninfo, place) as later:
        assert later.service.settle(later.at) == Settled(completed=1)
        assert later.texts(stream) == [TEXT]
        (entry,) = later.ledger.entries()
        assert (entry.event.streams, entry.event.left_out, entry.done) == ((), (stream,), True)


def test_a_restored_backup_brings_nobody_back(database: str, place: Path, backed_up: BackUp) -> None:
    with eraser(database, place) as desk:
        desk.service.activate(presets.shipped(), desk.around(), desk.at)
        one, two = desk.opened(**BROKEN, id="m1"), desk.opened(**BROKEN, id="m2")
        ann = desk.author(one)
    backup = backed_up()
    with eraser(database, place) as desk:
        before = desk.store.read.head()
        assert set(desk.erased(ann).streams) == {one, two}
        recorded = desk.history(ann)[0].event
    backup.restore()

    with eraser(database, place) as desk:
        assert desk.texts(one) == [TEXT]
        settled = desk.service.settle(desk.at)
        assert (settled.completed, settled.again, settled.entered) == (0, 1, 0)
        assert (desk.texts(one), desk.texts(two)) == (["erased"], ["erased"])
        assert [one.event for one in desk.history(ann)] == [recorded]
        after = desk.store.read.head()
        assert settled.incarnation == after.incarnation != before.incarnation
        assert desk.sql("SELECT after_position FROM plaint.log ORDER BY number") == [(0,), (before.position,)]
        assert desk.service.settle(desk.at) == Settled()
        again = desk.hear(**BROKEN, id="m1")
        assert isinstance(again, Done)
        assert again.already
        assert desk.author(desk.opened(**BROKEN, id="m3")) != ann


def test_keys_restored_alone_are_destroyed_again_and_nothing_is_recorded_twice(desk: Eraser, place: Path) -> None:
    stream = desk.opened(**BROKEN, id="m1")
    ann = desk.author(stream)
    keys = desk.sql("SELECT wrapped, master_id FROM plaint_keys.data_keys")[0]
    desk.erased(ann)
    desk.sql("UPDATE plaint_keys.data_keys SET wrapped = %s, master_id = %s", *keys)
    desk.sql("DELETE FROM plaint_keys.erased_subjects")
    desk.sql("DELETE FROM plaint_keys.ledger")
    with eraser(desk.conninfo, place) as later:
        assert later.texts(stream) == [TEXT]
        assert later.service.settle(later.at) == Settled(again=1)
        assert (later.texts(stream), later.names(ann)) == (["erased"], ["erased"])
        assert later.service.settle(later.at) == Settled()


def test_a_message_that_the_restore_lost_does_not_bring_its_author_back(
    database: str, place: Path, backed_up: BackUp
) -> None:
    """Its ids derive from the message: the same case and the same person would begin again."""
    with eraser(database, place) as desk:
        desk.service.activate(presets.shipped(), desk.around(), desk.at)
    backup = backed_up()
    with eraser(database, place) as desk:
        stream = desk.opened(**BROKEN, id="m1")
        ann = desk.author(stream)
        desk.erased(ann)
    backup.restore()
    with eraser(database, place) as desk:
        assert desk.service.settle(desk.at).again == 1
        result = desk.hear(**BROKEN, id="m1")
        assert getattr(result, "code", None) == "subject_erased"
        assert desk.names(stream) == []
        assert desk.sql("SELECT count(*) FROM plaint_keys.data_keys WHERE wrapped IS NOT NULL") == [(0,)]


def test_a_new_ledger_gets_what_was_erased_before(desk: Eraser, place: Path) -> None:
    stream = desk.opened(**BROKEN, id="m1")
    result = desk.erased(desk.author(stream))
    (place / "erasures.ledger").unlink()
    with eraser(desk.conninfo, place) as later:
        assert later.service.settle(later.at) == Settled(entered=1)
        (entry,) = later.ledger.entries()
        assert (entry.position, entry.event.streams, entry.whole, entry.done) == (
            result.position,
            (stream,),
            True,
            True,
        )
        assert entry.event.request_id == REQUEST
        assert later.service.settle(later.at) == Settled()


def test_nothing_opens_over_a_damaged_ledger(desk: Eraser, place: Path) -> None:
    desk.erased(desk.author(desk.opened(**BROKEN, id="m1")))
    file = place / "erasures.ledger"
    file.write_bytes(b"x" + file.read_bytes())
    with eraser(desk.conninfo, place) as later, pytest.raises(LedgerDamaged):
        later.service.settle(later.at)


def test_an_opening_that_has_nothing_to_settle_asks_one_question(desk: Eraser, place: Path) -> None:
    desk.erased(desk.author(desk.opened(**BROKEN, id="m1")))
    assert desk.service.settle(desk.at) == Settled()
    asked = len(lines(place))
    file = place / "erasures.ledger"
    file.write_bytes(b"#" * file.stat().st_size)
    assert desk.service.settle(desk.at) == Settled()
    assert asked == 2


def test_an_import_that_the_restore_lost_leaves_the_erased_out(database: str, place: Path, backed_up: BackUp) -> None:
    def case(key: str, subject: UUID) -> PastCase:
        content = {"subject_id": subject, "channel": "letter", "message": derived(key), "body": f"Text of {key}"}
        return PastCase(key, (PastFact(ComplaintReceived.model_validate(content), NOON),), 1)

    ann, bob = derived("ann"), derived("bob")
    with eraser(database, place) as desk:
        desk.service.activate(presets.shipped(), desk.around(), desk.at)
    backup = backed_up()
    with eraser(database, place) as desk:
        assert desk.service.record([case("a", ann), case("b", bob)], desk.around()).added == 2
        desk.erased(ann)
    backup.restore()
    with eraser(database, place) as desk:
        desk.service.settle(desk.at)
        result = desk.service.record([case("a", ann), case("b", bob)], desk.around())
        assert (result.added, result.already) == (1, 1)
        assert desk.texts(desk.service.identify("b")) == ["Text of b"]
        assert desk.names(desk.service.identify("a")) == []


def test_one_case_that_a_restore_lost_does_not_come_back_with_its_message(
    database: str, place: Path, backed_up: BackUp
) -> None:
    """Its person lives on elsewhere, so only the pair is blocked."""
    with eraser(database, place) as desk:
        desk.service.activate(presets.shipped(), desk.around(), desk.at)
        young = desk.opened(**BROKEN, id="m1")
    backup = backed_up()
    with eraser(database, place) as desk:
        old = desk.opened(**BROKEN, id="m2")
        (erased,) = desk.service.erasing.erase_complaint(old, desk.around("rule:upkeep"), desk.at)
        assert erased.streams == (old,)
    backup.restore()
    with eraser(database, place) as desk:
        assert desk.service.settle(desk.at).again == 1
        result = desk.hear(**BROKEN, id="m2")
        assert isinstance(result, Refused)
        assert result.code == "subject_erased"
        assert desk.names(old) == []
        assert desk.texts(young) == [TEXT]


def test_two_openings_at_once_record_a_lost_erasure_once(
    database: str, place: Path, backed_up: BackUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    with eraser(database, place) as desk:
        desk.service.activate(presets.shipped(), desk.around(), desk.at)
        stream = desk.opened(**BROKEN, id="m1")
        ann = desk.author(stream)
    backup = backed_up()
    with eraser(database, place) as desk:
        desk.erased(ann)
    backup.restore()
    with eraser(database, place) as one, eraser(database, place) as two:
        carry_out, left = Erasures.carry_out, [True]

        def beside(self: Erasures, order: Order) -> Entry:
            if left:
                left.pop()
                assert two.service.settle(two.at).again == 1
            return carry_out(self, order)

        monkeypatch.setattr(Erasures, "carry_out", beside)
        assert one.service.settle(one.at).again == 1
        assert one.names(ann) == ["erased"]
        assert one.texts(stream) == ["erased"]
        assert one.sql("SELECT count(*) FROM plaint.log") == [(2,)]
        assert one.service.settle(one.at) == Settled()
