import json
from typing import Any

import pytest

from engine.store.batch import NewEvent
from engine.store.frame import unpacked
from engine.store.mapper import Mapper
from schemas.catalogue import EVENTS, UPCASTERS
from schemas.words import SEALED
from support.golden import FOLDER, keys_for, newest_of, octets_of, opened, row_of
from support.golden import example as example_of

GOLDEN = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.json"))}


def test_every_stored_name_has_a_golden_file_and_no_name_ever_written_is_forgotten() -> None:
    assert {each["name"] for each in GOLDEN.values()} == set(EVENTS) | set(UPCASTERS), (
        "python -m support.golden writes the missing ones"
    )


@pytest.mark.parametrize("file", GOLDEN)
def test_an_event_as_it_was_once_written_reads_as_it_did_then(file: str) -> None:
    golden, mapper = GOLDEN[file], Mapper()
    row, name = row_of(golden), golden["name"]
    state = mapper.parse(row)

    read = mapper.open(row, state, keys_for(mapper.keys(row, state)))

    assert (read.position, read.stream, read.version, read.name) == (7, row.stream, 3, name)
    if name not in UPCASTERS:
        assert opened(NewEvent(read.envelope, read.event)) == golden["opened"]


@pytest.mark.parametrize("name", EVENTS)
def test_an_event_is_written_to_the_octet_as_it_always_was(name: str) -> None:
    assert octets_of(EVENTS[name]) == row_of(newest_of(name)).state


@pytest.mark.parametrize("name", EVENTS)
def test_an_event_comes_back_equal(name: str) -> None:
    new, row, mapper = example_of(EVENTS[name]), row_of(newest_of(name)), Mapper()
    state = mapper.parse(row)

    read = mapper.open(row, state, keys_for(mapper.keys(row, state)))

    assert (read.envelope, read.event) == (new.envelope, new.event)


@pytest.mark.parametrize("name", EVENTS)
def test_nothing_personal_stands_open_in_a_row(name: str) -> None:
    golden = newest_of(name)
    personal = [text for text in _texts(golden["opened"]) if text.startswith("Личное")]

    state = row_of(golden).state

    assert not [text for text in personal if text.encode() in state]
    assert len(personal) == sum(len(part.fields.split(b"\0")) for part in unpacked(state).parts)


@pytest.mark.parametrize("name", EVENTS)
def test_without_keys_an_event_reads_with_its_personal_text_withheld(name: str) -> None:
    new = example_of(EVENTS[name])

    read = Mapper().read(row_of(newest_of(name)))

    shown = {"meta": read.envelope.model_dump(mode="json"), "data": read.event.model_dump(mode="json")}
    assert not [text for text in _texts(shown) if text.startswith("Личное")]
    if new.envelope.why is not None:
        assert read.envelope.why == SEALED
    assert opened(new)["data"].keys() <= shown["data"].keys()


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for inner in value.values() for text in _texts(inner)]
    if isinstance(value, list):
        return [text for inner in value for text in _texts(inner)]
    return [value] if isinstance(value, str) else []
