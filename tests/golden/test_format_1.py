"""Rows of the first storage format, one UTF-8 JSON object: logs that hold them are read for good.

The files of ``format-1`` are what that format wrote; no program writes it any more, so nothing is ever added.
"""

import hashlib
import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from engine.store.batch import Recorded
from engine.store.mapper import Mapper, Row
from engine.store.vault.keys import DataKey, KeyName, key_name
from schemas.catalogue import UPCASTERS
from support.examples import NOON

FILES = sorted(Path(__file__).parent.joinpath("format-1").glob("*.json"))
WRITTEN = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in FILES}


def row_of(written: dict[str, Any]) -> Row:
    state = written["state"].encode()
    return Row(7, NOON, UUID(written["stream"]), written["version"], written["name"], state)


def keys_of(written: dict[str, Any]) -> dict[KeyName, DataKey]:
    """The keys with which the files were sealed."""
    stream = UUID(written["stream"])
    subjects = [UUID(part["subject"]) for part in json.loads(written["state"]).get("sealed", ())]
    key_of = {each: hashlib.sha256(b"golden" + stream.bytes + each.bytes).digest() for each in subjects}
    return {key_name(stream, subject): DataKey.of(key) for subject, key in key_of.items()}


def shown(recorded: Recorded) -> dict[str, Any]:
    return {
        "meta": recorded.envelope.model_dump(mode="json", exclude_none=True),
        "data": recorded.event.model_dump(mode="json", exclude_none=True),
    }


def test_every_name_of_the_first_format_is_there() -> None:
    assert len(WRITTEN) == 58
    assert {written["state"][0] for written in WRITTEN.values()} == {"{"}


@pytest.mark.parametrize("name", sorted(set(WRITTEN) - set(UPCASTERS)))
def test_a_row_of_the_first_format_opens_as_it_did_then(name: str) -> None:
    written, mapper = WRITTEN[name], Mapper()
    row = row_of(written)

    opened = mapper.open(row, mapper.parse(row), keys_of(written))

    assert (opened.position, opened.stream, opened.version, opened.name) == (7, row.stream, 3, name)
    assert shown(opened) == written["opened"]


@pytest.mark.parametrize("name", sorted(set(WRITTEN) - set(UPCASTERS)))
def test_a_row_of_the_first_format_reads_without_keys_with_every_personal_text_withheld(name: str) -> None:
    written = WRITTEN[name]

    read = shown(Mapper().read(row_of(written)))

    assert read == _marked(written, "sealed")


@pytest.mark.parametrize("name", sorted(set(WRITTEN) - set(UPCASTERS)))
def test_a_row_of_the_first_format_whose_keys_are_destroyed_says_erased(name: str) -> None:
    written, mapper = WRITTEN[name], Mapper()
    row = row_of(written)

    erased = mapper.open(row, mapper.parse(row), dict.fromkeys(keys_of(written)))

    assert shown(erased) == _marked(written, "erased")


def _marked(written: dict[str, Any], word: str) -> dict[str, Any]:
    """The event as it opened, with a mark in each place that was sealed."""
    expected: dict[str, Any] = json.loads(json.dumps(written["opened"]))
    for part in json.loads(written["state"]).get("sealed", ()):
        for pointer in part["fields"]:
            *path, last = pointer.split("/")[1:]
            node: Any = expected
            for step in path:
                node = node[int(step)] if isinstance(node, list) else node[step]
            node[last] = {"withheld": word}
    return expected
