"""Old names become new ones step by step: sealed, opened and erased, from rows of every storage format."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar
from uuid import UUID, uuid4

import pytest

from engine.store.batch import Append, Batch, NewEvent
from engine.store.commit import Writer
from engine.store.database.pool import Pool
from engine.store.herald import Herald
from engine.store.mapper import Mapper, UnknownEvent, UnreadableEvent
from engine.store.read import Reader
from engine.store.store import Store
from schemas.catalogue import EVENTS, UPCASTERS, Upcaster
from schemas.complaint.base import Event
from schemas.words import ERASED, SEALED, Frozen, Personal, Withheld
from support.examples import envelope

ANNA, BORIS = uuid4(), uuid4()
FORMAT_1 = Path(__file__).parents[2] / "golden" / "format-1"


class Witness(Frozen):
    subject_id: UUID
    said: Personal[str]


class Visit1(Event):
    NAME: ClassVar[str] = "trial.visit.v1"
    guest: Personal[str]
    stars: int
    witness: Witness | None = None


class Visit2(Event):
    """``guest`` was split, ``stars`` renamed and rescaled."""

    NAME: ClassVar[str] = "trial.visit.v2"
    first: Personal[str]
    last: Personal[str]
    score: int
    witness: Witness | None = None


class Visit3(Event):
    """The witness became the first of several; the score has a scale."""

    NAME: ClassVar[str] = "trial.visit.v3"
    first: Personal[str]
    last: Personal[str]
    score: int
    scale: int
    witnesses: tuple[Witness, ...] = ()


def split(data: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """A text may be a mark that says why there is none; then both halves are."""
    guest = data.pop("guest")
    first, last = guest.split(" ", 1) if isinstance(guest, str) else (guest, guest)
    return Visit2.NAME, {**data, "first": first, "last": last, "score": data.pop("stars") * 20}


def gathered(data: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    witness = data.pop("witness", None)
    return Visit3.NAME, {**data, "scale": 100, "witnesses": [] if witness is None else [witness]}


STEPS: Mapping[str, Upcaster] = {Visit1.NAME: split, Visit2.NAME: gathered}
NOW = Mapper({Visit3.NAME: Visit3}, STEPS)
RELEASES = [Mapper({Visit1.NAME: Visit1}, {}), Mapper({Visit2.NAME: Visit2}, {Visit1.NAME: split}), NOW]


def visit(version: int, stream: UUID) -> Event:
    witness = Witness(subject_id=BORIS, said="saw it")
    match version:
        case 1:
            return Visit1(subject_id=ANNA, guest="Анна Петрова", stars=4, witness=witness)
        case 2:
            return Visit2(subject_id=ANNA, first="Анна", last="Петрова", score=80, witness=witness)
        case _:
            return Visit3(subject_id=ANNA, first="Анна", last="Петрова", score=80, scale=100, witnesses=(witness,))


def expected(anna: tuple[Any, Any], boris: Any) -> Visit3:
    witness = Witness(subject_id=BORIS, said=boris)
    return Visit3(subject_id=ANNA, first=anna[0], last=anna[1], score=80, scale=100, witnesses=(witness,))


@pytest.fixture
def stream(store: Store, pool: Pool) -> UUID:
    """A stream to which three releases have written, each by its own catalogue."""
    to = uuid4()
    for number, mapper in enumerate(RELEASES, start=1):
        writer = Writer(pool, store.keys, store.set_aside, Herald(pool), mapper)
        new = NewEvent(envelope(number, why="asked for"), visit(number, to))
        writer.commit(Batch(appends=(Append(to, number - 1, (new,)),)))
    return to


def events(store: Store, pool: Pool, stream: UUID, *, open: bool) -> list[Event]:
    return [one.event for one in Reader(pool, store.keys, NOW).stream(stream, open=open)]


def test_events_of_every_version_open_as_the_newest_says_them(store: Store, pool: Pool, stream: UUID) -> None:
    assert events(store, pool, stream, open=True) == [expected(("Анна", "Петрова"), "saw it")] * 3


def test_without_keys_their_texts_are_withheld_wherever_they_have_moved(store: Store, pool: Pool, stream: UUID) -> None:
    assert events(store, pool, stream, open=False) == [expected((SEALED, SEALED), SEALED)] * 3


@pytest.mark.parametrize("gone", [ANNA, BORIS])
def test_an_erased_text_is_erased_in_every_place_that_an_upcaster_gave_it(
    store: Store, pool: Pool, stream: UUID, gone: UUID
) -> None:
    with pool.connection() as connection:
        destroy = "UPDATE plaint_keys.data_keys SET wrapped = NULL, master_id = NULL WHERE subject = %s"
        connection.execute(destroy, (gone,))
        connection.execute("UPDATE plaint_keys.destructions SET count = count + 1")

    anna: tuple[str | Withheld, str | Withheld] = (ERASED, ERASED) if gone == ANNA else ("Анна", "Петрова")
    boris = ERASED if gone == BORIS else "saw it"
    assert events(store, pool, stream, open=True) == [expected(anna, boris)] * 3


def test_a_stored_name_stays_what_was_written(store: Store, pool: Pool, stream: UUID) -> None:
    read = Reader(pool, store.keys, NOW).stream(stream, open=True)

    assert [one.name for one in read] == ["trial.visit.v1", "trial.visit.v2", "trial.visit.v3"]
    assert {one.envelope.why for one in read} == {"asked for"}


def test_each_release_reads_up_to_what_it_knows_and_stops_there(store: Store, pool: Pool, stream: UUID) -> None:
    for number, mapper in enumerate(RELEASES[:2], start=1):
        reader = Reader(pool, store.keys, mapper)
        assert len(reader.stream(stream, up_to_version=number, open=True)) == number
        with pytest.raises(UnknownEvent) as caught:
            reader.stream(stream)
        assert (caught.value.name, caught.value.position) == (f"trial.visit.v{number + 1}", number + 1)


def test_an_upcaster_that_leads_nowhere_stops_the_reader(store: Store, pool: Pool, stream: UUID) -> None:
    lost = Mapper({}, {Visit1.NAME: split})

    with pytest.raises(UnknownEvent, match=r"event trial\.visit\.v2 at position 1 is unknown"):
        Reader(pool, store.keys, lost).stream(stream, up_to_version=1)


def test_an_upcaster_whose_result_does_not_fit_is_named_by_place_and_says_nothing_of_the_text(
    store: Store, pool: Pool, stream: UUID
) -> None:
    def forgetful(data: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        name, newer = split(data)
        del newer["score"]
        return name, newer

    broken = Mapper({Visit2.NAME: Visit2}, {Visit1.NAME: forgetful})

    with pytest.raises(UnreadableEvent, match="data/score: missing") as caught:
        Reader(pool, store.keys, broken).stream(stream, up_to_version=1, open=True)
    assert "Анна" not in str(caught.value)


class NoteAdded2(Event):
    NAME: ClassVar[str] = "complaint.note_added.v2"
    text: Personal[str]
    loud: bool


def louder(data: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    return NoteAdded2.NAME, {"subject_id": data["subject_id"], "text": data["note"], "loud": False}


def test_a_row_of_the_first_storage_format_goes_through_the_upcasters_too(pool: Pool, store: Store) -> None:
    written = json.loads((FORMAT_1 / "complaint.note_added.v1.json").read_text(encoding="utf-8"))
    with pool.connection() as connection:
        connection.execute(
            "INSERT INTO plaint.events (position, recorded_at, stream, version, name, state)"
            " VALUES (1, '2026-03-02 12:00Z', %s, %s, %s, %s)",
            (written["stream"], written["version"], written["name"], written["state"].encode()),
        )
    later = Mapper({NoteAdded2.NAME: NoteAdded2}, {"complaint.note_added.v1": louder})

    (read,) = Reader(pool, store.keys, later).log(0, 1)

    subject = UUID(written["opened"]["data"]["subject_id"])
    assert read.event == NoteAdded2(subject_id=subject, text=SEALED, loud=False)
    assert read.envelope.why == SEALED


def test_every_upcaster_of_the_catalogue_leads_to_an_event_of_today() -> None:
    for name in UPCASTERS:
        assert name not in EVENTS, f"{name} is both an event of today and an old one"
    old = {name.rpartition(".v") for name in UPCASTERS}
    newest = {name.rpartition(".v")[0]: int(name.rpartition(".v")[2]) for name in EVENTS}
    assert [name for name, _, number in old if int(number) >= newest.get(name, 0)] == []


def test_every_stored_name_ends_in_its_version_and_has_all_versions_before_it() -> None:
    numbers: dict[str, list[int]] = {}
    for name in [*EVENTS, *UPCASTERS]:
        word, _, number = name.rpartition(".v")
        numbers.setdefault(word, []).append(int(number))
    for found in numbers.values():
        assert sorted(found) == list(range(1, len(found) + 1))
