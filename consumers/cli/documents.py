"""A document that a person hands in, YAML or JSON, as plain data in which every value knows its line."""

import json
import sys
from collections.abc import Hashable, Iterator
from pathlib import Path as File
from typing import Any, Final

import yaml

from consumers.cli import output
from schemas.configuration.document import composed

Path = tuple[str | int, ...]
_LARGEST: Final = 64 * 1024 * 1024
_MARKS: Final = ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"\xef\xbb\xbf", "utf-8-sig"))
_DEEP: Final = "is nested too deep, or contains itself; write it flat"


class Unreadable(ValueError):
    """The text is no document. ``problems`` holds a line (from 1, or None) and what is wrong, for each error."""

    def __init__(self, *problems: tuple[int | None, str]) -> None:
        self.problems = problems
        super().__init__("; ".join(text for _, text in problems))


class Document:
    """Plain data of lists, mappings and values, and where each of them stands."""

    def __init__(self, data: Any, text: str, node: yaml.Node | None) -> None:
        self.data = data
        self._text, self._node = text, node

    def line(self, path: Path) -> int:
        """Return the line (from 1) of the value at ``path``, or of the nearest one around it."""
        node = self._node or _composed(self._text.replace("\t", " "))  # JSON has tabs between values only
        line = 1 if node is None else node.start_mark.line + 1
        for part in path:
            found = None if node is None else _child(node, part)
            if found is None:
                break
            line, node = found
        return line


def load(file: str) -> tuple[str, bytes]:
    """Return how a file is called in messages, and its octets; ``-`` is standard input.

    Raises:
        Stop: it cannot be read, or is larger than 64 MB.
    """
    if file == output.STDIN:
        name, octets = "standard input", sys.stdin.buffer.read(_LARGEST + 1)
    else:
        name = file
        try:
            with File(file).open("rb") as opened:
                octets = opened.read(_LARGEST + 1)
        except OSError as error:
            output.stop(output.NOT_FOUND, f"{file}: {error.strerror or error}; name a file that can be read, or -")
    if len(octets) > _LARGEST:
        output.stop(output.SOME_REJECTED, f"{name}: is larger than {_LARGEST >> 20} MB; judge fewer events at once")
    return name, octets


def parse(octets: bytes) -> Document:
    """Return the document that ``octets`` hold: JSON where it is that, else YAML.

    Dates and instants may be read as such; whatever could also be a time of day stays the text that it is.

    Raises:
        Unreadable: naming each line and what is wrong there.
    """
    text = _decoded(octets)
    try:
        if text.lstrip()[:1] in ("{", "["):
            return _of_json(text)
        return _of_yaml(text)
    except RecursionError:
        raise Unreadable((None, _DEEP)) from None


def _decoded(octets: bytes) -> str:
    encoding = next((name for mark, name in _MARKS if octets.startswith(mark)), "utf-8")
    try:
        return octets.decode(encoding)
    except UnicodeDecodeError as error:
        line = octets[: error.start].count(b"\n") + 1
        raise Unreadable((line, f"is not {encoding}; save the file as UTF-8")) from None


def _of_json(text: str) -> Document:
    """YAML's own flow style looks alike, so what is no JSON may still be that."""
    try:
        data = json.loads(text, object_pairs_hook=_once)
    except _Twice:
        return _of_yaml(text.replace("\t", " "))  # which tells the line
    except json.JSONDecodeError as error:
        try:
            return _of_yaml(text)
        except Unreadable:
            raise Unreadable((error.lineno, f"is neither JSON nor YAML: {error.msg} (column {error.colno})")) from None
    except ValueError as error:
        raise Unreadable((None, str(error))) from None
    return Document(data, text, None)


class _Twice(Exception):
    """A key stands twice."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _Twice
    return found


def _of_yaml(text: str) -> Document:
    node = _composed(text)
    if node is None:
        raise Unreadable((None, "is empty"))
    twice = list(_twice(node, set()))
    if twice:
        raise Unreadable(*twice)
    try:
        return Document(_Loader("").construct_document(node), text, node)
    except yaml.MarkedYAMLError as error:
        raise _not_yaml(error) from None


def _composed(text: str) -> yaml.Node | None:
    try:
        return composed(text)
    except yaml.MarkedYAMLError as error:
        raise _not_yaml(error) from None
    except yaml.YAMLError as error:
        raise Unreadable((None, f"is not YAML: {' '.join(str(error).split())}")) from None


def _not_yaml(error: yaml.MarkedYAMLError) -> Unreadable:
    mark = error.problem_mark or error.context_mark
    where = f" (column {mark.column + 1})" if mark else ""
    return Unreadable((mark.line + 1 if mark else None, f"is not YAML: {error.problem or error.context}{where}"))


class _Loader(yaml.SafeLoader):
    """YAML 1.1 as a person means it: 10:30 is no number, and a date that does not exist is a text."""


def _plain_number(loader: _Loader, node: yaml.ScalarNode) -> object:
    if ":" in node.value:
        return node.value
    is_float = node.tag.endswith(":float")
    return loader.construct_yaml_float(node) if is_float else loader.construct_yaml_int(node)


def _timestamp(loader: _Loader, node: yaml.ScalarNode) -> object:
    try:
        return loader.construct_yaml_timestamp(node)
    except ValueError:
        return node.value


_Loader.add_constructor("tag:yaml.org,2002:int", _plain_number)
_Loader.add_constructor("tag:yaml.org,2002:float", _plain_number)
_Loader.add_constructor("tag:yaml.org,2002:timestamp", _timestamp)


def _twice(node: yaml.Node, seen: set[int]) -> Iterator[tuple[int, str]]:
    """Yield every key that stands twice; what is named again by an alias is looked through once."""
    if id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _twice(item, seen)
    elif isinstance(node, yaml.MappingNode):
        keys: set[Hashable] = set()
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge":
                if key.value in keys:
                    yield key.start_mark.line + 1, f"key '{key.value}' stands twice; remove one"
                keys.add(key.value)
            yield from _twice(value, seen)


def _child(node: yaml.Node, part: str | int) -> tuple[int, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(part):
                return key.start_mark.line + 1, value
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part].start_mark.line + 1, node.value[part]
    return None
