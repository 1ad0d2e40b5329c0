"""A YAML document whose every value knows its line, so that an error can name place and fix."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

M = TypeVar("M", bound=BaseModel)
Path = tuple[str | int, ...]


class ConfigurationRefused(Exception):
    """A configuration file is not admissible, as a whole. Lists every error with its line."""

    def __init__(self, name: str, problems: Sequence[str]) -> None:
        self.name = name
        self.problems = tuple(problems)
        super().__init__("\n".join(f"{name}: {problem}" for problem in problems))


@dataclass(frozen=True, slots=True)
class Document:
    """Plain data and the line (from 1) of every value in it."""

    name: str
    data: Any
    lines: dict[Path, int]

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
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        data = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        at = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise ConfigurationRefused(name, [f"{at}not YAML: {error.problem}"]) from error
    lines: dict[Path, int] = {}
    twice: list[str] = []
    if node is not None:
        _walk(node, (), lines, twice)
    if twice:
        raise ConfigurationRefused(name, twice)
    return Document(name, data, lines)


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
        raise ConfigurationRefused(document.name, [_problem(document, item) for item in error.errors()]) from error


def _problem(document: Document, item: Any) -> str:
    path = tuple(part for part in item["loc"] if isinstance(part, str | int))
    field = ".".join(str(part) for part in path) or "(document)"
    return f"line {document.line(path)}: {field}: {item['msg']}"
