"""A YAML document whose every value knows its line, so that an error can name place and fix."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

M = TypeVar("M", bound=BaseModel)
Path = tuple[str | int, ...]
DEEPEST: Final = 50
"""Levels of lists and mappings that a document may have: far more than any kind of configuration."""


class ConfigurationRefused(Exception):
    """A configuration file is not admissible, as a whole. Lists every error with its line."""

    def __init__(self, name: str, problems: Sequence[str]) -> None:
        self.name = name
        self.problems = tuple(problems)
        super().__init__("\n".join(f"{name}: {problem}" for problem in problems))


class SeveralRefused(ConfigurationRefused):
    """Several files are not admissible; none of them, and nothing beside them, comes into force."""

    def __init__(self, refusals: Iterable[ConfigurationRefused]) -> None:
        told = [f"{one.name}: {problem}" for one in refusals for problem in one.problems]
        super().__init__("configuration", told)
        self.args = ("\n".join(told),)


@dataclass(frozen=True, slots=True)
class Document:
    """Plain data and the line (from 1) of every value in it."""

    name: str
    data: Any
    lines: dict[Path, int]
    text: str = ""
    """As it was read, with its comments."""

    def line(self, path: Sequence[str | int]) -> int:
        """Return the line of the value at ``path``, or of its nearest enclosing one."""
        key = tuple(path)
        while key and key not in self.lines:
            key = key[:-1]
        return self.lines.get(key, 1)


def read(text: str, name: str) -> Document:
    """Return the document that ``text`` holds.

    Raises:
        ConfigurationRefused: it is not YAML, or a mapping names a key twice.
    """
    lines: dict[Path, int] = {}
    twice: list[str] = []
    try:
        data = _parsed(text, lines, twice)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        at = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise ConfigurationRefused(name, [f"{at}not YAML: {error.problem}"]) from error
    except yaml.reader.ReaderError as error:
        at = f"line {text.count(chr(10), 0, error.position) + 1}"
        raise ConfigurationRefused(
            name, [f"{at}: not YAML: remove the control character U+{error.character:04X}"]
        ) from error
    if twice:
        raise ConfigurationRefused(name, twice)
    return Document(name, data, lines, text)


def composed(text: str) -> yaml.Node | None:
    """Return what ``text`` is made of, with its places; None: nothing stands there.

    The parser in C is quick, the one in Python understands more (``{sat:, sun: []}``) and says what is wrong.

    Raises:
        yaml.YAMLError: it is not YAML, or goes deeper than ``DEEPEST``.
    """
    try:
        return _composed(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except _TooDeep:
        raise
    except yaml.YAMLError:
        return _composed(text, yaml.SafeLoader)


class _TooDeep(yaml.MarkedYAMLError):
    """Both parsers go down by calling themselves; what the one in C does not come back from ends the process."""


def _composed(text: str, parser: Any) -> yaml.Node | None:
    depth = 0
    for event in yaml.parse(text, Loader=parser):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            mark: Any = event.start_mark  # of either parser: they are alike and no relatives
            raise _TooDeep(problem="nested too deeply; write what the kind names", problem_mark=mark)
    found: yaml.Node | None = yaml.compose(text, Loader=parser)
    return found


def _parsed(text: str, lines: dict[Path, int], twice: list[str]) -> Any:
    """Return the plain data of ``text``; its one parse tells the lines too."""
    node = composed(text)
    if node is None:
        return None
    _walk(node, (), lines, twice)
    return _Loader("").construct_document(node)


class _Loader(yaml.SafeLoader):
    """What looks like a date or a number and is none, such as 30 February, stays a text: the model tells its place."""


def _or_text(construct: Callable[[yaml.SafeLoader, yaml.ScalarNode], object]) -> Callable[..., object]:
    def made(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> object:
        try:
            return construct(loader, node)
        except ValueError:
            return node.value

    return made


for _tag, _construct in (
    ("int", yaml.SafeLoader.construct_yaml_int),
    ("float", yaml.SafeLoader.construct_yaml_float),
    ("timestamp", yaml.SafeLoader.construct_yaml_timestamp),
):
    _Loader.add_constructor(f"tag:yaml.org,2002:{_tag}", _or_text(_construct))


def _walk(node: yaml.Node, path: Path, lines: dict[Path, int], twice: list[str]) -> None:
    lines[path] = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            child = (*path, str(key.value))
            if child in lines:
                twice.append(f"line {key.start_mark.line + 1}: key '{key.value}' stands twice; remove one")
            _walk(value, child, lines, twice)
            lines[child] = key.start_mark.line + 1
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            _walk(value, (*path, index), lines, twice)


def build(document: Document, model: type[M], data: Any = None) -> M:
    """Return ``model`` made of the document, or of ``data`` where part of it was taken off.

    Raises:
        ConfigurationRefused: one line per error, naming line, field and what is wrong.
    """
    try:
        return model.model_validate(document.data if data is None else data)
    except ValidationError as error:
        found = [problem for item in error.errors() for problem in _problems(document, item)]
        raise ConfigurationRefused(document.name, found) from error


def problem(document: Document, path: Path, fix: str) -> str:
    """Return how an error is told: its line, its field, what is wrong and what to write."""
    return f"line {document.line(path)}: {'.'.join(map(str, path)) or '(document)'}: {fix}"


def _problems(document: Document, item: Any) -> Iterable[str]:
    """Return the errors of one finding; a check of a whole mapping tells several, one a line, each with its field."""
    path: Path = tuple(part for part in item["loc"] if isinstance(part, str | int))
    for text in _fix(item).split("\n"):
        named = _FIELD.match(text)
        inner = tuple(int(part) if part.isdecimal() else part for part in named[1].split(".")) if named else ()
        if named and (*path, *inner[:1]) in document.lines:
            yield problem(document, (*path, *inner), text[named.end() :])
        else:
            yield problem(document, path, text)


_FIELD = re.compile(r"([a-z_]+(?:\.[a-z0-9_]+)*): ")
_FIXES = {
    "extra_forbidden": "is not known; check its spelling, or remove it",
    "missing": "is missing; add it",
    "date_from_datetime_parsing": "write a date as YYYY-MM-DD",
    "date_parsing": "write a date as YYYY-MM-DD",
    "date_type": "write a date as YYYY-MM-DD",
    "string_type": "is no text; put it in quotes (YAML takes Yes, No, On, Off, numbers and dates for something else)",
    "tuple_type": "write a list: [one, another]",
    "dict_type": "write a mapping, one 'key: value' a line",
    "model_type": "write a mapping, one 'key: value' a line",
}


def _fix(item: Any) -> str:
    """Return what to do about a finding of pydantic's."""
    if item["type"] in _FIXES:
        return _FIXES[item["type"]]
    text = str(item["msg"]).removeprefix("Value error, ")
    if item["type"].startswith(("greater_than", "less_than")):
        return text.replace("Input should be ", "write a number ", 1)
    return text.replace("Input should be ", "write ", 1)
