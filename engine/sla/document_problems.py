"""What is wrong in a plain document: each place with what to write there."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, TypeVar, get_args

from pydantic import BaseModel, ValidationError

M = TypeVar("M", bound=BaseModel)
Path = tuple[str | int, ...]
Problem = tuple[Path, str]

_FIXES: Final[Mapping[str, str]] = {
    "missing": "is missing; add it",
    "string_type": "write a text; put numbers and dates into quotes",
    "string_pattern_mismatch": "write letters, digits and any of . _ : / + - (no spaces, at most 120)",
    "too_short": "is empty; write at least one",
    "tuple_type": "write a list, in [ ]",
    "list_type": "write a list, in [ ]",
    "mapping_type": "write a mapping of key: value",
    "dict_type": "write a mapping of key: value",
    "model_type": "write a mapping of key: value",
    "int_type": "write a whole number",
    "int_parsing": "write a whole number",
    "int_from_float": "write a whole number",
    "date_type": "write a date such as 2024-03-09",
    "date_parsing": "write a date such as 2024-03-09",
    "date_from_datetime_parsing": "write a date such as 2024-03-09",
    "date_from_datetime_inexact": "write a date such as 2024-03-09, without a time",
}
_PLACED: Final = re.compile(r"([a-z_]+(?:\.\w+)*): (.+)", re.DOTALL)


class BadDocument(ValueError):
    """A document cannot be judged as it is. ``problems`` holds a path and what to write there, for each error."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(f"{spelled(path)}: {fix}" for path, fix in problems))


def spelled(path: Path) -> str:
    """Return a path as a person reads it: policy.clocks.0.target."""
    return ".".join(map(str, path)) or "document"


def built(model: type[M], data: object, path: Path, problems: list[Problem]) -> M | None:
    """Return ``data`` as a model; what does not fit goes to ``problems``, and None is returned.

    A key without a value is as good as a key left out.
    """
    if not isinstance(data, Mapping):
        problems.append((path, "is missing; write a mapping" if data is None else "write a mapping of key: value"))
        return None
    try:
        return model.model_validate({key: value for key, value in data.items() if value is not None})
    except ValidationError as error:
        found = error.errors(include_url=False)
        problems.extend(_problem(model, path, item) for item in found if not _follows(item, found))
        return None


def _follows(item: Any, found: Sequence[Any]) -> bool:
    """A list whose members are all wrong is told to be too short as well."""
    place = item["loc"]
    return item["type"] == "too_short" and any(one["loc"][: len(place)] == place for one in found if one is not item)


def _problem(model: type[BaseModel], path: Path, item: Any) -> Problem:
    place = tuple(part for part in item["loc"] if part != "[key]")
    if item["type"] == "extra_forbidden":
        known = ", ".join(_names(model, place[:-1]))
        return (*path, *place), f"unknown; write only {known}" if known else "unknown; leave it out"
    if item["type"] == "literal_error":
        return (*path, *place), f"write one of: {item['ctx']['expected']}"
    if item["type"] != "value_error":
        return (*path, *place), _FIXES.get(item["type"], item["msg"])
    text = str(item["msg"]).removeprefix("Value error, ")
    found = _PLACED.fullmatch(text)
    if found is not None and found[1].split(".")[0] in _names(model, place):
        inner = (int(part) if part.isdigit() else part for part in found[1].split("."))
        return (*path, *place, *inner), found[2]
    return (*path, *place), text


def _names(model: type[BaseModel], place: Path) -> tuple[str, ...]:
    """Return the keys that a mapping at ``place`` may have; none where it is no model."""
    here: type[BaseModel] | None = model
    for part in place:
        if here is None:
            return ()
        if isinstance(part, str):
            field = here.model_fields.get(part)
            here = None if field is None else next(_models(field.annotation), None)
    return () if here is None else tuple(here.model_fields)


def _models(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models(part)
