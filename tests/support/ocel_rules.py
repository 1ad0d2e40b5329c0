"""The rules of OCEL 2.0 in JSON, told again from its published schema and the page of the format.

The schema of the format gives every value of an attribute as text; the page beside it, and the logs that
are published with it, give numbers as numbers. What is checked is the page: a value is of the type that its
event type or object type declares.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

_TOP: Final = ("eventTypes", "objectTypes", "events", "objects")
_TYPES: Final[Mapping[str, type | tuple[type, ...]]] = {
    "string": str, "time": str, "integer": int, "float": (int, float), "boolean": bool,
}  # fmt: skip


def broken(log: Any) -> Iterator[str]:
    """Yield what a log breaks, in words; nothing for one that keeps the rules."""
    if not isinstance(log, dict) or sorted(log) != sorted(_TOP) or not all(isinstance(log[one], list) for one in _TOP):
        yield "not the four lists of event types, object types, events and objects"
        return
    kinds = {}
    for name in ("eventTypes", "objectTypes"):
        yield from _types(log[name], name)
        kinds[name] = {one["name"]: {each["name"]: each["type"] for each in one["attributes"]} for one in log[name]}
    ids = [one.get("id") for one in log["objects"]]
    if len(set(ids)) != len(ids) or len({one.get("id") for one in log["events"]}) != len(log["events"]):
        yield "an id twice"
    there = set(ids)
    for one in log["events"]:
        yield from _thing(one, kinds["eventTypes"], there, timed=False)
        yield from _instant(one.get("time"), "an event")
    for one in log["objects"]:
        yield from _thing(one, kinds["objectTypes"], there, timed=True)


def _types(types: list[Any], where: str) -> Iterator[str]:
    names = [one.get("name") for one in types]
    if len(set(names)) != len(names) or not all(isinstance(name, str) for name in names):
        yield f"{where}: a name twice, or none"
    for one in types:
        own = [each.get("name") for each in one["attributes"]]
        if len(set(own)) != len(own):
            yield f"{where}: {one['name']}: an attribute twice"
        for each in one["attributes"]:
            if sorted(each) != ["name", "type"] or each["type"] not in _TYPES:
                yield f"{where}: {one['name']}: an attribute of no known type"


def _thing(one: dict[str, Any], kinds: dict[str, dict[str, str]], there: set[Any], *, timed: bool) -> Iterator[str]:
    if not isinstance(one.get("id"), str) or one.get("type") not in kinds:
        yield "an event or object without an id, or of a type that is not declared"
        return
    declared = kinds[one["type"]]
    for each in one.get("attributes", []):
        if sorted(each) != (["name", "time", "value"] if timed else ["name", "value"]):
            yield f"{one['type']}: an attribute has other parts than name, value and, of an object, time"
            continue
        kind = declared.get(each["name"])
        value = each["value"]
        if kind is None or not isinstance(value, _TYPES[kind]) or (isinstance(value, bool) and kind != "boolean"):
            yield f"{one['type']}: {each['name']} is not declared, or of another type"
        if kind == "time":
            yield from _instant(value, each["name"])
        if timed:
            yield from _instant(each["time"], each["name"])
    for each in one.get("relationships", []):
        if sorted(each) != ["objectId", "qualifier"] or each["objectId"] not in there:
            yield f"{one['type']}: a relationship to an object that is not there"


def _instant(text: Any, where: str) -> Iterator[str]:
    try:
        known = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        yield f"{where}: no instant"
        return
    if known.tzinfo is None:
        yield f"{where}: an instant without a zone"
