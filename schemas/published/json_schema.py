"""The words as JSON Schema 2020-12: what is stored, what may be sent to us, what others read, how we are configured.

One document for each name. A document stands alone (its parts are in ``$defs``) and is called by a
URN made of its path, never by an address: ``events/complaint.received.v1.json`` is
``urn:plaint:schema:events:complaint.received.v1``. Beyond the standard's keywords it may say:

``x-plaint-personal``   the value is sealed under its data subject's key; a reader without the key
                        finds ``Withheld`` in its place. In what is published it is left out instead
``x-plaint-decimal``    limits of a decimal number that is written as a string
``x-plaint-right``      what the sender of a command must hold
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import orjson
from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from schemas.catalogue import COMMANDS, EVENTS
from schemas.channels import ChannelMessage
from schemas.channels.authority import AuthorityMessage
from schemas.channels.call import CallMessage
from schemas.channels.email import EmailMessage
from schemas.channels.generic import GenericMessage
from schemas.channels.letter import LetterMessage
from schemas.channels.messenger import MessengerMessage
from schemas.channels.review import ReviewMessage
from schemas.channels.social import SocialMessage
from schemas.channels.web_form import WebFormMessage
from schemas.configuration import Calendar, CodeList, Desk, Fields, Figures, Policy, Role, Survey, Template
from schemas.configuration.mapping import Mapping as HistoryMapping
from schemas.configuration.rule_set import CONCERNS
from schemas.envelope import Envelope
from schemas.published.cloudevent import CloudEvent
from schemas.published.command import CommandMessage
from schemas.published.integration import PUBLISHED
from schemas.published.notice import NOTICES

Schema = dict[str, Any]
"""One JSON Schema, as plain data."""

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
URN: Final = "urn:plaint:schema:"
WITHHELD: Final = {"$ref": "#/$defs/Withheld"}
DECIMAL_PATTERN: Final = r"^[+-]?\d+(\.\d+)?([eE][+-]?\d+)?$"

CHANNELS: Final[Mapping[str, type[BaseModel]]] = {
    "authority": AuthorityMessage,
    "call": CallMessage,
    "email": EmailMessage,
    "generic": GenericMessage,
    "letter": LetterMessage,
    "messenger": MessengerMessage,
    "review": ReviewMessage,
    "social": SocialMessage,
    "web_form": WebFormMessage,
}
"""Module name -> model; ``generic`` serves the channels chat, visit and other."""
KINDS: Final[Mapping[str, type[BaseModel]]] = {
    "calendar": Calendar,
    "code_list": CodeList,
    "desk": Desk,
    "fields": Fields,
    "figures": Figures,
    "policy": Policy,
    "roles": Role,
    "survey": Survey,
    "template": Template,
}
"""Kinds of configuration whose file says ``kind``."""


class Accepted(GenerateJsonSchema):
    """The shape that a reader of ours accepts. A field's name is its title, so none is repeated."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 -- pydantic's signature
        return False


class Stored(Accepted):
    """The shape as stored: a decimal number is always a string."""

    def decimal_schema(self, schema: core_schema.DecimalSchema) -> JsonSchemaValue:
        limits = {
            name: value if isinstance(value := schema[name], int) else str(value)
            for name in ("ge", "gt", "le", "lt", "max_digits", "decimal_places")
            if schema.get(name) is not None
        }
        found: JsonSchemaValue = {"type": "string", "pattern": DECIMAL_PATTERN}
        return {**found, "x-plaint-decimal": limits} if limits else found


def documents() -> dict[str, Schema]:
    """Return every document by its path within an export, ordered by path."""
    found = {path: _named(path, schema) for path, schema in _all()}
    return dict(sorted(found.items()))


def render() -> dict[str, bytes]:
    """Return every document as octets by its path: the same octets for the same words."""
    form = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
    return {path: orjson.dumps(schema, option=form) for path, schema in documents().items()}


def _all() -> Iterator[tuple[str, Schema]]:
    yield "envelope.json", _of(Envelope, Stored)
    yield "cloudevent.json", _of(CloudEvent)
    yield "command_message.json", _of(CommandMessage)
    yield "channel_message.json", {"title": "ChannelMessage", **_of(ChannelMessage)}
    for name, event in EVENTS.items():
        yield f"events/{name}.json", {**_of(event, Stored), "title": name}
    for name, command in COMMANDS.items():
        yield f"commands/{name}.json", {**_of(command), "title": name, "x-plaint-right": command.RIGHT}
    for name, fact in {**PUBLISHED, **NOTICES}.items():
        yield f"published/{name}.json", {**_of(fact, Stored), "title": name}
    for name, message in CHANNELS.items():
        yield f"channels/{name}.json", _of(message)
    for kind, model in KINDS.items():
        yield f"configuration/{kind}.json", _with_kind(kind, _of(model))
    for concern, rules in CONCERNS.items():
        yield f"configuration/rule_set.{concern}.json", _with_kind("rule_set", _of(rules))
    yield "configuration/mapping.json", _of(HistoryMapping)


def _of(words: Any, generator: type[GenerateJsonSchema] = Accepted) -> Schema:
    found = TypeAdapter(words).json_schema(by_alias=True, schema_generator=generator, mode="validation")
    _tidy(found)
    return found


def _named(path: str, schema: Schema) -> Schema:
    """Put name and dialect on top, the parts at the end."""
    name = path.removesuffix(".json").replace("/", ":")
    head = {"$schema": DIALECT, "$id": URN + name, "title": schema["title"]}
    parts = {"$defs": schema["$defs"]} if "$defs" in schema else {}
    return {**head, **{key: value for key, value in schema.items() if key not in (*head, "$defs")}, **parts}


def _with_kind(kind: str, schema: Schema) -> Schema:
    """Add the key by which a file says what it configures; ``schemas.configuration.load`` takes it off."""
    return {
        **schema,
        "properties": {"kind": {"const": kind, "type": "string"}, **schema["properties"]},
        "required": ["kind", *schema["required"]],
    }


def _tidy(node: Any) -> None:
    """Mark what is personal, and say exactly what pydantic says only nearly."""
    if isinstance(node, list):
        for item in node:
            _tidy(item)
    if not isinstance(node, dict):
        return
    if WITHHELD in node.get("anyOf", ()):
        node["x-plaint-personal"] = True
    if node.get("type") == "array" and "minLength" in node:
        node["minItems"] = node.pop("minLength")
    if "patternProperties" in node:
        node["additionalProperties"] = False
    for value in node.values():
        _tidy(value)
