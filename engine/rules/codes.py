"""Is a code in a command one that has been published? Only published codes are impersonal (design, section 2)."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from pydantic import BaseModel

from engine.configuration.in_force import Book
from schemas.complaint.base import Command

LISTS: Final[Mapping[str, str]] = {
    "product": "product",
    "location": "location",
    "customer_segment": "customer_segment",
    "business_unit": "business_unit",
    "team": "team",
    "subtype": "subtype",
    "tags": "tag",
    "departments": "department",
}
"""Field of a command -> the code list that it takes its values from, where such a list is in force."""


class Unlisted(NamedTuple):
    """A code that its list does not have: the field's place, and the list."""

    place: str
    list_id: str


def unlisted(command: Command, book: Book) -> Unlisted | None:
    """Return the first code of ``command`` that its list lacks; None if all are published or have no list."""
    for place, field, value in _codes(command, ""):
        found = book.code_lists.get(LISTS[field])
        if found is not None and value not in found.values:
            return Unlisted(place, found.id)
    return None


def _codes(model: BaseModel, prefix: str) -> Iterator[tuple[str, str, str]]:
    """Yield place, field and value of every coded field, in nested parts too."""
    for field in type(model).model_fields:
        value: Any = getattr(model, field)
        for place, one in _each(f"{prefix}{field}", value):
            if isinstance(one, BaseModel):
                yield from _codes(one, f"{place}.")
            elif field in LISTS and isinstance(one, str):
                yield place, field, one


def _each(place: str, value: object) -> Iterator[tuple[str, object]]:
    if isinstance(value, tuple):
        yield from ((f"{place}.{index}", one) for index, one in enumerate(value))
    else:
        yield place, value
