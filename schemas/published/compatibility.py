"""What a change of a schema would break, so that no release has to find out.

Two promises, by where a document stands (``promise_of``):

``stored``  events, the envelope, and what others read: the CloudEvent and its data. Every old row must be readable by
            a new program, and during a rolling deploy every new row by an old one. So what a known
            field may hold neither shrinks nor grows: a value added to a closed list is a break, too,
            since a replica of the last version cannot read it. A field may be added if it may be
            absent: readers pass over fields that they do not know. Everything else is a new version
            of the event with an upcaster, written only once every replica reads it.
``input``   commands, channel messages, configuration files. What an old sender sends stays valid and
            is still used: it may grow (a value, a wider limit, an optional field), never shrink.

Both count a changed default as a break, because who leaves the field out then says something else.
Comparing is cautious: a keyword that has no rule here and differs is a break; of a choice between
shapes, every old shape must fit one new shape whole. A field that is new promises nothing about what
was sent under its name while nobody knew it.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, NamedTuple

Schema = Any
"""A JSON Schema: an object, or true or false."""
Promise = Literal["stored", "input"]

ANNOTATIONS: Final = frozenset(
    {
        "$schema",
        "$id",
        "$defs",
        "title",
        "description",
        "default",
        "discriminator",
        "x-plaint-personal",
        "x-plaint-right",
    }
)
"""Say nothing about what is valid. That a field is personal shows in its shape: ``Withheld`` may stand for it."""
ASYNCAPI: Final = "asyncapi.json"
DERIVED: Final = frozenset({ASYNCAPI, "openapi.json"})
CHOICES: Final = ("anyOf", "oneOf")
AT_LEAST: Final = frozenset({"minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"})
AT_MOST: Final = frozenset({"maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"})
FORMS: Final = frozenset({"pattern", "format", "multipleOf", "uniqueItems", "x-plaint-decimal"})
"""Without one of these more is valid; with another one, nobody can say."""
PARTS: Final = frozenset(
    {
        "type",
        "enum",
        "const",
        "items",
        "properties",
        "required",
        "additionalProperties",
        "patternProperties",
        "propertyNames",
    }
)
"""Have a rule of their own below."""
_TYPES: Final[Mapping[str, tuple[type, ...]]] = {
    "string": (str,), "boolean": (bool,), "null": (type(None),), "integer": (int,), "number": (int, float),
    "array": (list,), "object": (dict,),
}  # fmt: skip


def promise_of(path: str) -> Promise:
    """Return what is promised about the document of this path within an export."""
    return (
        "stored"
        if path.startswith(("events/", "published/")) or path in ("envelope.json", "cloudevent.json")
        else "input"
    )


def breaks_of_export(old: Mapping[str, Schema], new: Mapping[str, Schema]) -> list[str]:
    """Return every break between two exports, each with its path; a document that is new breaks nothing.

    What ``asyncapi.json`` promises beside the others that it is put together from, ``asyncapi_compatibility`` tells;
    what ``openapi.json`` promises, ``api_compatibility``.
    """
    found: list[str] = []
    for path, schema in sorted(old.items()):
        if path in DERIVED:
            continue
        if path in new:
            found += [f"{path}: {text}" for text in breaks(schema, new[path], promise_of(path))]
        else:
            found.append(f"{path}: is gone; what has been published stays")
    return found


def breaks(old: Schema, new: Schema, promise: Promise) -> list[str]:
    """Return what the change from ``old`` to ``new`` breaks, each as ``place: what``; empty if nothing.

    A place reads ``parties[].contacts[].kind``; ``{}`` stands for the values of a mapping.
    """
    found = _Reading(old, new, "no longer valid", must_use=True).misfits(old, new, "")
    if promise == "stored":
        found += _Reading(new, old, "not readable by the last version", must_use=False).misfits(new, old, "")
    return list(dict.fromkeys(found))


class _Limit(NamedTuple):
    keyword: str
    was: Any
    now: Any


@dataclass(frozen=True)
class _Reading:
    """One program reads what another wrote: everything valid when ``written`` must be valid when ``read``."""

    written: Schema
    read: Schema
    verdict: str
    must_use: bool
    """The reader is the newer one: it still uses every field, and an absent one means what it meant."""
    under_way: list[tuple[str, str]] = field(default_factory=list)
    """Pairs of named parts that are being compared: a part may contain itself."""

    def misfits(self, written: Schema, read: Schema, place: str) -> list[str]:
        names = (_reference(written), _reference(read))
        if all(names):
            if names in self.under_way:
                return []
            self.under_way.append(names)
        try:
            return list(self._compared(_resolved(written, self.written), _resolved(read, self.read), place))
        finally:
            if all(names):
                self.under_way.pop()

    def _compared(self, written: Schema, read: Schema, place: str) -> Iterator[str]:
        if read in (True, {}) or written is False:
            return
        if read is False:
            yield self._says(place, "anything")
        elif written is True:
            yield self._says(place, "something of any shape")
        elif any(choice in schema for choice in CHOICES for schema in (written, read)):
            yield from self._choices(written, read, place)
        else:
            yield from self._plain(written, read, place)

    def _choices(self, written: Schema, read: Schema, place: str) -> Iterator[str]:
        """Every shape that may be written fits one of those that are read; else say how the likeliest fails."""
        yield from self._keywords(_beside(written), _beside(read), place)
        for one in _shapes(written):
            failures = {index: self.misfits(one, other, place) for index, other in enumerate(_shapes(read))}
            if all(failures.values()):
                alike = [i for i, other in enumerate(_shapes(read)) if self._alike(one, other)]
                yield from failures[alike[0]] if len(alike) == 1 else [self._says(place, self._called(one))]

    def _alike(self, one: Schema, other: Schema) -> bool:
        ours, theirs = _resolved(one, self.written), _resolved(other, self.read)
        return all(ours.get(key) == theirs.get(key) for key in ("type", "title"))

    def _called(self, shape: Schema) -> str:
        found = _resolved(shape, self.written)
        return str(found.get("title") or found.get("format") or found.get("type") or "something of any shape")

    def _plain(self, written: Schema, read: Schema, place: str) -> Iterator[str]:
        values = _values(written)
        if values is not None:
            yield from (self._says(place, repr(value)) for value in values if not _takes(read, value))
            return
        was, now = _types(written), _types(read)
        if now and not (was and all(_is_one_of(one, now) for one in was)):
            yield self._says(place, f"the type {_listed(was)} (it is {_listed(now)})")
            return
        if _values(read) is not None:
            yield self._says(place, "what is not on a closed list")
        yield from self._keywords(written, read, place)
        if "items" in written or "items" in read:
            yield from self.misfits(written.get("items", True), read.get("items", True), f"{place}[]")
        yield from self._fields(written, read, place)
        yield from self._other_keys(written, read, place)

    def _keywords(self, written: Schema, read: Schema, place: str) -> Iterator[str]:
        for key in sorted((written.keys() | read.keys()) - ANNOTATIONS - PARTS):
            limit = _Limit(key, written.get(key), read.get(key))
            if _narrows(limit):
                had = "none" if limit.was is None else repr(limit.was)
                yield self._says(place, f"what only {key} {had} allows (it is {limit.now!r})")

    def _fields(self, written: Schema, read: Schema, place: str) -> Iterator[str]:
        ours, theirs = written.get("properties", {}), read.get("properties", {})
        for name, one in ours.items():
            at = f"{place}.{name}".removeprefix(".")
            if name in theirs:
                yield from self.misfits(one, theirs[name], at)
                if self.must_use and name not in written.get("required", ()):
                    yield from _default_changed(one, theirs[name], at)
            elif read.get("additionalProperties", True) not in (True, {}):
                yield from self.misfits(one, read["additionalProperties"], at)
            elif self.must_use:
                yield f"{at}: no longer read"
        for name in read.get("required", ()):
            if name not in written.get("required", ()):
                yield self._says(f"{place}.{name}".removeprefix("."), "its absence")

    def _other_keys(self, written: Schema, read: Schema, place: str) -> Iterator[str]:
        """Compare mappings: the keys that no field is named after, and their values."""
        at = f"{place}{{}}"
        open_to = written.get("additionalProperties", True)
        if open_to is not False and read.get("additionalProperties", True) is False:
            yield self._says(place, "a field of another name")
        else:
            yield from self.misfits(open_to, read.get("additionalProperties", True), at)
        theirs = read.get("patternProperties", {})
        for pattern, one in written.get("patternProperties", {}).items():
            if pattern in theirs or not theirs:
                yield from self.misfits(one, theirs.get(pattern, read.get("additionalProperties", True)), at)
            else:
                yield self._says(place, f"a field whose name matches {pattern!r}")
        if "propertyNames" in read:
            yield from self.misfits(written.get("propertyNames", True), read["propertyNames"], f"{place}{{name}}")

    def _says(self, place: str, what: str) -> str:
        return f"{place or '(document)'}: {self.verdict}: {what}"


def _default_changed(written: Schema, read: Schema, place: str) -> Iterator[str]:
    was, now = (json.dumps(one["default"]) if "default" in one else "unknown" for one in (written, read))
    if was != now:
        yield f"{place}: its absence meant {was} and would mean {now}"


def _narrows(limit: _Limit) -> bool:
    keyword, was, now = limit
    if keyword in AT_LEAST or keyword in AT_MOST:
        return now is not None and (was is None or (now > was if keyword in AT_LEAST else now < was))
    return was != now and not (keyword in FORMS and now is None)


def _takes(schema: Schema, value: Any) -> bool:
    """Tell whether a single value is valid, for the keywords that a single value can meet."""
    allowed, types = _values(schema), _types(schema)
    if allowed is not None:
        return any(type(one) is type(value) and one == value for one in allowed)
    if types and not any(type(value) in _TYPES[one] for one in types):
        return False
    if isinstance(value, str):
        length = schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value))
        return length and re.search(schema.get("pattern", ""), value) is not None and "format" not in schema
    return not (AT_LEAST | AT_MOST | FORMS).intersection(schema)


def _values(schema: Schema) -> list[Any] | None:
    if "const" in schema:
        return [schema["const"]]
    found: list[Any] | None = schema.get("enum")
    return found


def _types(schema: Schema) -> list[str]:
    found = schema.get("type", [])
    return [found] if isinstance(found, str) else list(found)


def _is_one_of(type: str, others: list[str]) -> bool:
    return type in others or (type == "integer" and "number" in others)


def _listed(types: list[str]) -> str:
    return " or ".join(types) or "of any kind"


def _shapes(schema: Schema) -> list[Schema]:
    found: list[Schema] = next((schema[choice] for choice in CHOICES if choice in schema), [schema])
    return found


def _beside(schema: Schema) -> Schema:
    """Return what stands beside a choice and holds for all its shapes."""
    has_choice = any(choice in schema for choice in CHOICES)
    return {key: value for key, value in schema.items() if key not in CHOICES} if has_choice else {}


def _reference(schema: Schema) -> str:
    return str(schema.get("$ref", "")) if isinstance(schema, dict) else ""


def _resolved(schema: Schema, document: Schema) -> Schema:
    """Follow a reference into ``$defs``; what stands beside it stays."""
    while _reference(schema):
        beside = {key: value for key, value in schema.items() if key != "$ref"}
        schema = {**document["$defs"][_reference(schema).removeprefix("#/$defs/")], **beside}
    return schema
