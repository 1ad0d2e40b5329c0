"""The exported schemas: current, whole, named for good, and true to what the models say."""

from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any

import orjson
import pytest

from consumers.http import described
from schemas.catalogue import COMMANDS, EVENTS
from schemas.configuration import ConfigurationRefused, load
from schemas.configuration.rule_set import CONCERNS
from schemas.published.asyncapi import render as render_asyncapi
from schemas.published.integration import PUBLISHED
from schemas.published.json_schema import CHANNELS, DIALECT, documents, render
from schemas.published.notice import NOTICES

CONFIGURED = ("calendar", "code_list", "desk", "fields", "figures", "mapping", "policy", "roles", "survey", "template")
COMMITTED = files("schemas") / "json"
AGAIN = "the words changed: run `plaint schemas export schemas/json`, look at the difference, commit it"


@cache
def exported() -> dict[str, Any]:
    return documents()


def committed() -> dict[str, bytes]:
    return dict(_files_in(COMMITTED, ""))


def _files_in(folder: Any, prefix: str) -> Iterator[tuple[str, bytes]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _files_in(entry, f"{prefix}{entry.name}/")
        else:
            yield prefix + entry.name, entry.read_bytes()


def test_the_committed_files_are_the_export_octet_for_octet() -> None:
    exported, kept = {**render(), **render_asyncapi(), **described.render()}, committed()

    assert sorted(kept) == sorted(exported), AGAIN
    assert [path for path in kept if kept[path] != exported[path]] == [], AGAIN


def test_an_export_is_the_same_octets_every_time_and_ends_with_a_line_end() -> None:
    first, second = render(), render()

    assert list(first.items()) == list(second.items())
    assert {octets[-2:] for octets in first.values()} == {b"}\n"}


def test_everything_that_is_stored_sent_or_configured_has_its_document() -> None:
    assert sorted(exported()) == sorted([
        "channel_message.json", "cloudevent.json", "command_message.json", "envelope.json",
        *(f"events/{name}.json" for name in EVENTS),
        *(f"commands/{name}.json" for name in COMMANDS),
        *(f"published/{name}.json" for name in (*PUBLISHED, *NOTICES)),
        *(f"channels/{name}.json" for name in CHANNELS),
        *(f"configuration/rule_set.{concern}.json" for concern in CONCERNS),
        *(f"configuration/{kind}.json" for kind in CONFIGURED),
    ])  # fmt: skip


def test_every_kind_of_configuration_that_can_be_loaded_has_a_document_that_asks_for_it() -> None:
    with pytest.raises(ConfigurationRefused) as refused:
        load("kind: nothing", "a file")
    kinds = str(refused.value).split("one of ")[1].split(", ")

    files = [(kind, kind) for kind in kinds if kind != "rule_set"]
    files += [("rule_set", f"rule_set.{concern}") for concern in CONCERNS]
    asked = {file: exported()[f"configuration/{file}.json"] for _, file in files}

    assert {file: schema["properties"]["kind"]["const"] for file, schema in asked.items()} == {f: k for k, f in files}
    assert all("kind" in schema["required"] for schema in asked.values())
    assert all("concern" in asked[f"rule_set.{concern}"]["properties"] for concern in CONCERNS)


def test_every_document_is_named_by_its_path_and_says_its_dialect() -> None:
    named = {path: (schema["$schema"], schema["$id"]) for path, schema in exported().items()}

    assert named == {
        path: (DIALECT, "urn:plaint:schema:" + path.removesuffix(".json").replace("/", ":")) for path in named
    }
    assert named["events/complaint.received.v1.json"][1] == "urn:plaint:schema:events:complaint.received.v1"


def test_every_document_stands_alone() -> None:
    for path, schema in exported().items():
        wanted = {node["$ref"] for node in nodes(schema) if "$ref" in node}

        assert wanted <= {f"#/$defs/{name}" for name in schema.get("$defs", {})}, path


def test_events_are_open_and_commands_are_closed() -> None:
    found = exported()

    assert [name for name in EVENTS if "additionalProperties" in found[f"events/{name}.json"]] == []
    assert {found[f"commands/{name}.json"]["additionalProperties"] for name in COMMANDS} == {False}


def test_every_command_says_the_right_it_needs() -> None:
    found = exported()

    assert {name: found[f"commands/{name}.json"]["x-plaint-right"] for name in COMMANDS} == {
        name: command.RIGHT for name, command in COMMANDS.items()
    }


@pytest.mark.parametrize(
    ("path", "personal"),
    [
        (
            "events/complaint.received.v1.json",
            {"addressed_to", "body", "foreign_id", "subject", "Attachment.file_name", "Contact.value", "Party.name"},
        ),
        ("events/complaint.closed.v1.json", set()),
        ("published/plaint.complaint.resolved.v1.json", {"findings"}),
        ("published/plaint.complaint.received.v1.json", {"subject", "body", "PartyOut.name", "ContactOut.value"}),
        ("published/plaint.notice.escalated.v1.json", set()),
        ("events/staff.bound.v1.json", {"issuer", "name", "subject"}),
        ("events/subject.erased.v1.json", set()),
        ("envelope.json", {"why"}),
    ],
)
def test_exactly_the_personal_fields_are_marked(path: str, personal: set[str]) -> None:
    schema = exported()[path]
    places = {"": schema, **{f"{name}.": part for name, part in schema.get("$defs", {}).items()}}

    marked = {
        prefix + name
        for prefix, place in places.items()
        for name, shape in place.get("properties", {}).items()
        if any("x-plaint-personal" in node for node in nodes(shape))
    }

    assert marked == personal


def test_stored_money_is_a_string_with_its_limits() -> None:
    schema = exported()["events/complaint.remedy_proposed.v1.json"]

    assert schema["$defs"]["Money"]["properties"]["amount"] == {
        "type": "string",
        "pattern": r"^[+-]?\d+(\.\d+)?([eE][+-]?\d+)?$",
        "x-plaint-decimal": {"ge": 0, "max_digits": 18, "decimal_places": 4},
    }


def test_the_union_of_channels_is_told_apart_by_channel_and_holds_every_model() -> None:
    schema = exported()["channel_message.json"]

    assert schema["discriminator"]["propertyName"] == "channel"
    assert sorted(shape["$ref"] for shape in schema["oneOf"]) == sorted(
        f"#/$defs/{model.__name__}" for model in CHANNELS.values()
    )


def test_a_list_that_must_not_be_empty_says_so_in_the_words_of_lists() -> None:
    lists = [node for schema in exported().values() for node in nodes(schema) if node.get("type") == "array"]

    assert [node for node in lists if "minLength" in node or "maxLength" in node] == []


def test_documents_are_plain_json() -> None:
    assert {path: orjson.loads(octets) for path, octets in render().items()} == exported()


def nodes(schema: Any) -> Iterator[dict[str, Any]]:
    """Every object within a schema."""
    if isinstance(schema, dict):
        yield schema
    for inner in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        yield from nodes(inner)
