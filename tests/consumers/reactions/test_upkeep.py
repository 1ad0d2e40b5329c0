"""What has had its time ends, each kind at its own pace, and nothing that is needed ends with it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from consumers.reactions.upkeep import Finding, Upkeep
from engine.incoming import Done, Refused
from engine.store.batch import Batch, SetAside
from engine.store.database.pool import Pool, open_pool
from engine.store.vault.content import ROW_LIMIT_OCTETS
from engine.store.vault.sweep import Sweep
from schemas.complaint.correspondence import AddNote
from support.installation import Desk

NOW = datetime.now(UTC)
DAY = timedelta(days=1)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "content"


def works(desk: Desk, pool: Pool, directory: Path) -> Upkeep:
    return Upkeep(desk.store, pool, Sweep(pool, directory, DAY), kept=90 * DAY)


def test_a_command_whose_answer_was_forgotten_is_known_and_has_no_second_effect(desk: Desk, directory: Path) -> None:
    stream = desk.opened(channel="visit", id="v-1", text="The lamp broke.")
    note = AddNote(note="Called back.")
    assert isinstance(desk.give(stream, note, id="c-1"), Done)
    with open_pool(desk.conninfo, max_size=2, name="test") as pool:
        upkeep = works(desk, pool, directory)
        assert list(upkeep.do(NOW + 89 * DAY)) == []
        assert desk.give(stream, note, id="c-1") == desk.give(stream, note, id="c-1")
        assert list(upkeep.do(NOW + 91 * DAY)) == [Finding("answers_forgotten", {"count": 1})]

    before = desk.names(stream)
    again = desk.give(stream, note, id="c-1")
    other = desk.give(stream, AddNote(note="Something else."), id="c-1")

    assert isinstance(again, Refused)
    assert isinstance(other, Refused)
    assert (again.code, again.already, other.code) == ("already_handled", True, "command_reused")
    assert desk.names(stream) == before


def test_dead_letters_end_with_their_week_and_an_hour_passes_before_it_is_asked_again(
    desk: Desk, directory: Path
) -> None:
    with open_pool(desk.conninfo, max_size=2, name="test") as pool:
        upkeep = works(desk, pool, directory)
        assert list(upkeep.do(NOW)) == []
        letter = SetAside("dead_letter", uuid4(), b"f" * 16, "invalid", "topic", b"...", until=NOW - 30 * DAY)
        desk.store.commit(Batch(set_aside=(letter,)))

        list(upkeep.do(NOW + timedelta(minutes=59)))
        assert len(desk.store.set_aside.listed("dead_letter")) == 1
        list(upkeep.do(NOW + timedelta(minutes=61)))
        assert desk.store.set_aside.listed("dead_letter") == []


def test_dead_letters_that_end_without_ever_standing_in_their_topic_are_counted_for_somebody_to_look_at(
    desk: Desk, directory: Path
) -> None:
    ended = NOW - 30 * DAY
    letters = [
        SetAside("dead_letter", uuid4(), bytes([n]) * 16, "invalid", "topic", b"...", until=ended) for n in b"123"
    ]
    parked = SetAside("parked", uuid4(), b"p" * 16, "opener_unknown", "topic", b"...", until=ended)
    desk.store.commit(Batch(set_aside=(*letters, parked)))
    box = desk.store.set_aside
    box.relayed(box.listed("dead_letter")[:1])

    with open_pool(desk.conninfo, max_size=2, name="test") as pool:
        found = list(works(desk, pool, directory).do(NOW))

    assert found == [Finding("dead_letters_ended_unrelayed", {"count": 2}, serious=True)]
    assert box.listed() == box.listed("parked") != []


def test_dead_letters_that_stand_in_their_topic_end_in_silence(desk: Desk, directory: Path) -> None:
    letter = SetAside("dead_letter", uuid4(), b"f" * 16, "invalid", "topic", b"...", until=NOW - 30 * DAY)
    desk.store.commit(Batch(set_aside=(letter,)))
    box = desk.store.set_aside
    box.relayed(box.listed("dead_letter"))
    with open_pool(desk.conninfo, max_size=2, name="test") as pool:
        assert list(works(desk, pool, directory).do(NOW)) == []
    assert box.listed() == []


def test_missing_files_are_a_finding_that_somebody_should_look_at(desk: Desk, directory: Path) -> None:
    prepared = desk.store.contents.prepare(uuid4(), uuid4(), uuid4(), b"L" * (ROW_LIMIT_OCTETS + 1), "text/plain")
    desk.store.commit(Batch(contents=(prepared.content,)))
    for file in directory.rglob("*.box"):
        file.unlink()

    with open_pool(desk.conninfo, max_size=2, name="test") as pool:
        found = list(works(desk, pool, directory).do(NOW))

    missing = [str(prepared.content.content_id)]
    assert found == [Finding("content_missing", {"count": 1, "contents": missing}, serious=True)]


def test_a_work_that_fails_puts_off_no_other(desk: Desk, directory: Path) -> None:
    stream = desk.opened(channel="visit", id="v-1", text="The lamp broke.")
    desk.give(stream, AddNote(note="Called back."), id="c-1")
    directory.write_text("no directory", encoding="ascii")

    with open_pool(desk.conninfo, max_size=2, name="test") as pool:
        found = list(works(desk, pool, directory).do(NOW + 91 * DAY))

    assert [one.event for one in found] == ["answers_forgotten", "upkeep_put_off"]
    assert found[1].figures["work"] == "content"
    assert found[1].serious
