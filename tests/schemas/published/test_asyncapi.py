"""The description of the topics: whole, true to what is sent, and within the rules of AsyncAPI 3.0."""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from schemas.catalogue import COMMANDS
from schemas.published.asyncapi import document, render
from schemas.published.dead_letter import HEADERS
from schemas.published.integration import PUBLISHED
from schemas.published.notice import NOTICES

FIELDS = {
    "root": {"asyncapi", "id", "info", "servers", "defaultContentType", "channels", "operations", "components"},
    "channel": {
        "address", "messages", "title", "summary", "description", "servers", "parameters", "tags", "externalDocs",
        "bindings",
    },
    "operation": {
        "action", "channel", "title", "summary", "description", "security", "tags", "externalDocs", "bindings",
        "traits", "messages", "reply",
    },
    "message": {
        "headers", "payload", "correlationId", "contentType", "name", "title", "summary", "description", "tags",
        "externalDocs", "bindings", "examples", "traits",
    },
}  # fmt: skip
"""The fixed fields of AsyncAPI 3.0.0 by kind of object."""
DRAFT_7 = {
    "title", "description", "default", "type", "enum", "const", "format", "pattern", "minLength", "maxLength",
    "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "items", "minItems", "maxItems",
    "uniqueItems", "properties", "required", "additionalProperties", "patternProperties", "propertyNames", "anyOf",
    "oneOf", "allOf", "$ref", "contentEncoding", "contentMediaType",
}  # fmt: skip
"""What an AsyncAPI Schema Object shares with JSON Schema draft 7, as far as we use it."""
COMPONENT = re.compile(r"[A-Za-z0-9._-]+")


@cache
def described() -> dict[str, Any]:
    return document()


def resolved(reference: str) -> Any:
    node: Any = described()
    for step in reference.removeprefix("#/").split("/"):
        node = node[step]
    return node


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from references(value)
    if isinstance(node, list):
        for value in node:
            yield from references(value)


def schemas_in(schema: Any) -> Iterator[dict[str, Any]]:
    """A schema and every schema in it; names of fields are no keywords."""
    if not isinstance(schema, dict):
        return
    yield schema
    for key in ("properties", "patternProperties"):
        for part in schema.get(key, {}).values():
            yield from schemas_in(part)
    for key in ("items", "additionalProperties", "propertyNames"):
        yield from schemas_in(schema.get(key))
    for key in ("anyOf", "oneOf", "allOf"):
        for part in schema.get(key, ()):
            yield from schemas_in(part)


def test_it_is_the_same_octets_every_time() -> None:
    assert render() == render()
    assert list(render()) == ["asyncapi.json"]


def test_every_reference_leads_somewhere() -> None:
    found = list(references(described()))

    assert len(found) > 300
    assert [reference for reference in found if resolved(reference) is None] == []


def test_every_object_has_the_fields_of_the_specification_and_no_others() -> None:
    root = described()

    assert root["asyncapi"] == "3.0.0"
    assert {"title", "version"} <= set(root["info"])
    assert set(root) <= FIELDS["root"]
    assert all(set(one) <= FIELDS["channel"] for one in root["channels"].values())
    assert all(set(one) <= FIELDS["operation"] for one in root["operations"].values())
    assert all(set(one) <= FIELDS["message"] for one in root["components"]["messages"].values())
    assert {one["action"] for one in root["operations"].values()} == {"send", "receive"}


def test_components_are_named_as_the_specification_asks() -> None:
    names = [name for part in described()["components"].values() for name in part]

    assert [name for name in names if not COMPONENT.fullmatch(name)] == []


def test_schemas_keep_to_what_a_schema_object_may_say() -> None:
    everything = [one for part in described()["components"]["schemas"].values() for one in schemas_in(part)]
    said = {word for one in everything for word in one if not word.startswith("x-")}

    assert len(everything) > 1000
    assert said <= DRAFT_7


def test_every_channel_has_its_messages_and_every_message_its_channel() -> None:
    root = described()
    carried = {name: sorted(channel["messages"]) for name, channel in root["channels"].items()}

    assert carried == {
        "inbound": ["channelMessage"],
        "commands": sorted(COMMANDS),
        "events": sorted(PUBLISHED),
        "notices": sorted(NOTICES),
        "deadLetters": ["deadLetter"],
    }
    assert sorted(name for names in carried.values() for name in names) == sorted(root["components"]["messages"])
    assert sorted(one["channel"]["$ref"] for one in root["operations"].values()) == sorted(
        f"#/channels/{name}" for name in root["channels"]
    )


@pytest.mark.parametrize("name", [*PUBLISHED, *NOTICES])
def test_what_is_published_names_its_type_and_its_fields(name: str) -> None:
    message = described()["components"]["messages"][name]

    assert message["headers"]["allOf"][1] == {"properties": {"ce_type": {"const": name}}}
    assert resolved(message["payload"]["$ref"])["title"] == name
    assert message["summary"].endswith(".")


def test_a_dead_letter_has_the_headers_that_are_added_to_it() -> None:
    headers = resolved(described()["components"]["messages"]["deadLetter"]["headers"]["$ref"])

    assert list(headers["properties"]) == list(HEADERS)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_a_message_of_its_name_with_its_fields(name: str) -> None:
    form, own = described()["components"]["messages"][name]["payload"]["allOf"]

    assert "stream" in resolved(form["$ref"])["required"]
    assert own["properties"]["name"] == {"const": name}
    assert resolved(own["properties"]["command"]["$ref"])["title"] == name
