"""The rules of XES (IEEE 1849) for a log, told again from the schema and the text of the standard.

Read by the standard library alone: which elements may stand where and in which order, what each type of
value looks like, that keys are XML names, unique in their component and of a declared extension, that every
component has the attributes declared global, and that classifiers name such attributes.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import IO, Final
from uuid import UUID
from xml.etree import ElementTree as ET

_NAME: Final = re.compile(r"[A-Za-z_:][\w:.\-]*")
_PLAIN_NAME: Final = re.compile(r"[A-Za-z_][\w.\-]*")
_INSTANT: Final = re.compile(r"-?\d{4,}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?")
_TYPES: Final = ("string", "date", "int", "float", "boolean", "id", "list")
_ORDER: Final = ("extension", "global", "classifier", "attribute", "trace", "event")
_STANDARD: Final = {
    "concept": {"name": "string", "instance": "string"},
    "time": {"timestamp": "date"},
    "org": {"resource": "string", "role": "string", "group": "string"},
    "lifecycle": {"model": "string", "transition": "string", "state": "string"},
    "identity": {"id": "id"},
}
"""Keys and types of the standard's own extensions."""
_TRANSITIONS: Final = (
    "schedule", "assign", "withdraw", "reassign", "start", "suspend", "resume", "pi_abort", "ate_abort", "complete",
    "autoskip", "manualskip", "unknown",
)  # fmt: skip


def broken(file: IO[bytes]) -> Iterator[str]:
    """Yield what a log breaks, in words; nothing for one that keeps the rules. In the memory of one trace."""
    prefixes: set[str] = set()
    wanted: dict[str, dict[str, str]] = {"trace": {}, "event": {}}
    parts: list[str] = []
    depth, root = 0, None
    for step, element in ET.iterparse(file, events=("start", "end")):  # noqa: S314 -- made by the test
        depth += 1 if step == "start" else -1
        if step == "start" and depth == 1:
            root = element
            yield from _of_log(element)
        if step == "start" or depth != 1:
            continue
        parts.append("attribute" if element.tag in _TYPES else element.tag)
        match element.tag:
            case "extension":
                prefixes.add(element.get("prefix", ""))
                yield from _of_extension(element)
            case "global":
                scope = element.get("scope", "event")
                wanted[scope] = {one.get("key", ""): one.tag for one in element}
                yield from _attributes(element, prefixes, f"global of {scope}")
            case "classifier":
                yield from _of_classifier(element, wanted)
            case "trace":
                yield from _of_trace(element, prefixes, wanted)
            case tag if tag not in _TYPES:
                yield f"<{tag}> in <log>"
        element.clear()
        if root is not None:
            root.clear()
    known = [_ORDER.index(part) for part in parts if part in _ORDER]
    if known != sorted(known):
        yield "the parts of the log are not in their order"


def _of_log(log: ET.Element) -> Iterator[str]:
    if log.tag != "log":
        yield f"begins with <{log.tag}>"
    if not re.fullmatch(r"[+-]?(\d+(\.\d*)?|\.\d+)", log.get("xes.version", "")):
        yield "xes.version is no decimal number"
    if set(log.keys()) - {"xes.version", "xes.features"}:
        yield "<log> has other attributes than xes.version and xes.features"


def _of_extension(one: ET.Element) -> Iterator[str]:
    if set(one.keys()) != {"name", "prefix", "uri"} or not _PLAIN_NAME.fullmatch(one.get("prefix", "")):
        yield f"the extension {one.get('name')} lacks name, prefix or URI"


def _of_classifier(one: ET.Element, wanted: dict[str, dict[str, str]]) -> Iterator[str]:
    if not _PLAIN_NAME.fullmatch(one.get("name", "")):
        yield "a classifier's name is no name"
    for key in one.get("keys", "").split():
        if key not in wanted[one.get("scope", "event")]:
            yield f"the classifier {one.get('name')} names {key}, which is not global"


def _of_trace(trace: ET.Element, prefixes: set[str], wanted: dict[str, dict[str, str]]) -> Iterator[str]:
    tags = [one.tag for one in trace]
    if "event" in tags and any(tag != "event" for tag in tags[tags.index("event") :]):
        yield "an attribute of a trace behind its events"
    own = ET.Element("trace")
    own.extend(one for one in trace if one.tag != "event")
    for component in (own, *trace.findall("event")):
        yield from _attributes(component, prefixes, component.tag)
        has = {one.get("key"): one.tag for one in component}
        for key, kind in wanted[component.tag].items():
            if has.get(key) != kind:
                yield f"<{component.tag}> without its global {key}"


def _attributes(component: ET.Element, prefixes: set[str], where: str) -> Iterator[str]:
    keys = [one.get("key", "") for one in component]
    if len(set(keys)) != len(keys):
        yield f"a key twice in <{where}>"
    for one in component:
        key, value = one.get("key", ""), one.get("value", "")
        prefix, colon, name = key.partition(":")
        if one.tag not in _TYPES or not _NAME.fullmatch(key) or one.get("value") is None:
            yield f"<{one.tag} key={key!r}> in <{where}>"
        elif not _fits(one.tag, value):
            yield f"{key} of <{where}> is no {one.tag}"
        if colon and (prefix not in prefixes or _STANDARD.get(prefix, {}).get(name, one.tag) != one.tag):
            yield f"{key} of <{where}> is not of a declared extension, or of another type"
        if key == "lifecycle:transition" and value not in _TRANSITIONS:
            yield f"{value} is no transition of the standard life cycle"


def _fits(kind: str, value: str) -> bool:
    match kind:
        case "date":
            return bool(_INSTANT.fullmatch(value)) and datetime.fromisoformat(value) is not None
        case "int":
            return bool(re.fullmatch(r"[+-]?\d+", value)) and -(2**63) <= int(value) < 2**63
        case "float":
            return bool(re.fullmatch(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?|INF|-INF|NaN", value))
        case "boolean":
            return value in ("true", "false", "1", "0")
        case "id":
            return str(UUID(value)) == value
        case _:
            return True
