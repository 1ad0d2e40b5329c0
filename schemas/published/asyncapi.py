"""The topics of Plaint as one AsyncAPI 3.0 document, generated from the words. Pure.

Payloads are the JSON Schemas of ``json_schema``, put together under ``#/components/schemas``; headers
are those of CloudEvents' binary mode. Topic names are the defaults, an installation may have others.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import orjson

from schemas.catalogue import COMMANDS
from schemas.published.cloudevent import CONTENT_TYPE, JSON, KAFKA_PREFIX
from schemas.published.compatibility import ASYNCAPI
from schemas.published.dead_letter import HEADERS as DEAD_LETTER_HEADERS
from schemas.published.integration import PUBLISHED
from schemas.published.json_schema import Schema, documents
from schemas.published.notice import NOTICES

VERSION: Final = "1.1.0"
"""Of what the topics carry: the first number grows with a break, the second with anything new."""
BINDING: Final = "0.5.0"
"""Version of AsyncAPI's Kafka binding."""
_DESCRIPTION: Final = (
    "Delivery is at least once. Records of one complaint share a key and are in the order of its history. A consumer "
    "that keeps the last ce_sequence of each partition and ce_source, and passes over what is not larger as text, "
    "has every event exactly once. Topic names are the defaults."
)
_INBOUND: Final = (
    "Channel messages. Messages of one conversation share a key. The topic stamps records when they are appended "
    "(message.timestamp.type=LogAppendTime): that starts the clocks."
)
_ATTRIBUTES: Final[Mapping[str, tuple[bool, Schema, str]]] = {
    "specversion": (True, {"const": "1.0"}, "Version of CloudEvents."),
    "id": (True, {}, "With the source it names the event; sent again it is the same."),
    "source": (True, {}, "The log and its incarnation, urn:plaint:log:<uuid>."),
    "type": (True, {}, "What happened, with its version."),
    "subject": (True, {"format": "uuid"}, "The complaint, feedback or problem."),
    "time": (True, {"format": "date-time"}, "When it happened in the world."),
    "recordedtime": (True, {"format": "date-time"}, "When it was stored."),
    "dataschema": (True, {"format": "uri"}, "Name of the payload's JSON Schema."),
    "partitionkey": (True, {"format": "uuid"}, "The record's key."),
    "sequence": (True, {"pattern": r"^[0-9]{19}(\.[0-9]{6})?$"}, "Place in the log; sorts as text."),
    "authtype": (False, {"enum": ["app_user", "service_account", "system"]}, "What kind of actor did it; from 1.1 on."),
    "authid": (False, {}, "Who did it, opaquely: the actor of the payload; from 1.1 on."),
    "correlationid": (True, {"format": "uuid"}, "Shared by all that follows from one cause."),
    "causationid": (False, {"format": "uuid"}, "The event that this one follows from."),
    "traceparent": (False, {}, "W3C trace context; stands in a header without prefix, too."),
    "personaldata": (False, {"const": "true"}, "Only on a topic that carries texts, where one is in the payload."),
}
"""Attribute of what Plaint publishes -> whether it is always there, its form, what it says."""


def document() -> dict[str, Any]:
    """Return the document as plain data."""
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Plaint", "version": VERSION, "description": _DESCRIPTION},
        "defaultContentType": JSON,
        "channels": {name: _channel(name, *about) for name, about in _channels().items()},
        "operations": {name: _operation(*about) for name, about in _OPERATIONS.items()},
        "components": {"messages": dict(_messages()), "schemas": dict(sorted(_schemas().items()))},
    }


def render() -> dict[str, bytes]:
    """Return the document as octets by its path within an export: the same octets for the same words."""
    return {ASYNCAPI: orjson.dumps(document(), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)}


_OPERATIONS: Final = {
    "takeMessages": ("receive", "inbound", "Plaint takes what customers and others say."),
    "takeCommands": ("receive", "commands", "Plaint takes what staff and other systems want done."),
    "publishEvents": ("send", "events", "Plaint tells what happened."),
    "publishNotices": ("send", "notices", "Plaint tells what somebody has to act upon."),
    "relayDeadLetters": ("send", "deadLetters", "Plaint sets aside what it can never take."),
}


def _channels() -> dict[str, tuple[str, str, list[str]]]:
    return {
        "inbound": (
            "complaints.inbound",
            _INBOUND,
            ["channelMessage"],
        ),
        "commands": ("complaints.commands", "Commands; those for one complaint share a key.", list(COMMANDS)),
        "events": ("complaints.events", "Integration events; the key is the complaint.", list(PUBLISHED)),
        "notices": ("complaints.notices", "Notices; the key is the complaint.", list(NOTICES)),
        "deadLetters": (
            "complaints.dead-letters",
            "Records that can never be taken, with key, value and headers as they came.",
            ["deadLetter"],
        ),
    }


def _channel(name: str, address: str, description: str, messages: list[str]) -> dict[str, Any]:
    return {
        "address": address,
        "title": name,
        "description": description,
        "messages": {message: {"$ref": f"#/components/messages/{message}"} for message in messages},
        "bindings": {"kafka": {"topic": address, "bindingVersion": BINDING}},
    }


def _operation(action: str, channel: str, summary: str) -> dict[str, Any]:
    return {"action": action, "channel": {"$ref": f"#/channels/{channel}"}, "summary": summary}


def _messages() -> Iterator[tuple[str, dict[str, Any]]]:
    yield (
        "channelMessage",
        _message(
            "channelMessage",
            "A message of any channel, bare or in a CloudEvent.",
            "channel_message",
            key="Id of the conversation: its messages share a partition, so that they are taken in order.",
        ),
    )
    for name, command in COMMANDS.items():
        made = _message(name, _first_line(command), "command_message", key="Id of the complaint.")
        yield name, {**made, "payload": _command(name)}
    for name, fact in {**PUBLISHED, **NOTICES}.items():
        made = _message(name, _first_line(fact), f"published.{name}", key="Id of the complaint, feedback or problem.")
        yield name, {**made, "headers": _headers_of(name)}
    yield (
        "deadLetter",
        {
            "name": "deadLetter",
            "summary": "A record as it came, key, value and headers; the headers named here are added.",
            "contentType": "application/octet-stream",
            "headers": {"$ref": "#/components/schemas/headers.deadLetter"},
            "bindings": _bindings("The key of the original record; absent where that had none."),
        },
    )


def _message(name: str, summary: str, schema: str, *, key: str) -> dict[str, Any]:
    return {
        "name": name,
        "summary": summary,
        "contentType": JSON,
        "payload": {"$ref": f"#/components/schemas/{schema}"},
        "bindings": _bindings(key),
    }


def _command(name: str) -> Schema:
    """Return the form of one command: that of all of them, with its own fields in it."""
    own = {"name": {"const": name}, "command": {"$ref": f"#/components/schemas/commands.{name}"}}
    return {"allOf": [{"$ref": "#/components/schemas/command_message"}, {"properties": own}]}


def _bindings(key: str) -> dict[str, Any]:
    return {"kafka": {"key": {"type": "string", "description": key}, "bindingVersion": BINDING}}


def _first_line(words: type) -> str:
    return (words.__doc__ or "").strip().splitlines()[0]


def _headers_of(name: str) -> Schema:
    typed = {"properties": {f"{KAFKA_PREFIX}type": {"const": name}}}
    return {"allOf": [{"$ref": "#/components/schemas/headers.cloudevent"}, typed]}


def _schemas() -> dict[str, Schema]:
    """Return every payload and every part of one; parts are named after the room of words that they come from."""
    found: dict[str, Schema] = {"headers.cloudevent": _cloudevent_headers(), "headers.deadLetter": _dead_letter()}
    for path, schema in documents().items():
        room, _, rest = path.removesuffix(".json").partition("/")
        group = _GROUPS.get(room, room)
        if group not in ("channels", "commands", "published") or (rest and group == "channels"):
            continue
        parts = {f"{group}.{name}": part for name, part in schema.get("$defs", {}).items()}
        for name, part in {f"{room}.{rest}" if rest else room: schema, **parts}.items():
            plain = _plain(part, group)
            if found.setdefault(name, plain) != plain:
                raise ValueError(f"two parts of {group} are named {name}")
    return found


def _plain(node: Any, group: str) -> Any:
    """Return a schema without what has another meaning or none in AsyncAPI, its references turned to our parts."""
    if isinstance(node, list):
        return [_plain(item, group) for item in node]
    if not isinstance(node, dict):
        return node
    left = {key: _plain(value, group) for key, value in node.items() if key not in _ELSEWHERE or _names_a_field(value)}
    if isinstance(left.get("$ref"), str):
        left["$ref"] = left["$ref"].replace("#/$defs/", f"#/components/schemas/{group}.")
    return left


_GROUPS: Final = {"channel_message": "channels", "command_message": "commands"}
_ELSEWHERE: Final = frozenset({"$schema", "$id", "$defs", "discriminator"})


def _names_a_field(value: Any) -> bool:
    """Whether this is the schema of a field that bears the name of a keyword."""
    return isinstance(value, dict) and ("type" in value or "anyOf" in value)


def _cloudevent_headers() -> Schema:
    properties = {
        f"{KAFKA_PREFIX}{name}": {"type": "string", **form, "description": says}
        for name, (_, form, says) in _ATTRIBUTES.items()
    }
    properties[CONTENT_TYPE] = {"type": "string", "const": JSON}
    properties["traceparent"] = {"type": "string", "description": "W3C trace context."}
    always = [f"{KAFKA_PREFIX}{name}" for name, (needed, _, _) in _ATTRIBUTES.items() if needed]
    return {"type": "object", "properties": properties, "required": [*always, CONTENT_TYPE]}


def _dead_letter() -> Schema:
    described = {name: {"type": "string", "description": says} for name, says in DEAD_LETTER_HEADERS.items()}
    return {"type": "object", "properties": described}
