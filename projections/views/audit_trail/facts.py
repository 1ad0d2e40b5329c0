"""What of an event may stand in a view: all but personal text and what is bulky and kept elsewhere; whom it names."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final
from uuid import UUID

import orjson
from pydantic import BaseModel

from engine.store.shape import shape_of
from schemas.complaint.base import Event
from schemas.complaint.clocks import SlaApplied
from schemas.configuration.activated import ConfigurationActivated
from schemas.words import Party

_BULKY: Final[Mapping[type[Event], set[str]]] = {ConfigurationActivated: {"content"}, SlaApplied: {"clocks"}}


def impersonal(event: Event) -> dict[str, Any]:
    """Return the event's fields as JSON data without personal text, sealed or not, and without absent values."""
    facts: dict[str, Any] = orjson.loads(as_json(event))
    return facts


def as_json(event: Event) -> bytes:
    """Return the same as JSON: what stands open in the log."""
    kind = type(event)
    return shape_of(kind).to_json(event, _BULKY.get(kind))


def subjects_of(event: Event) -> frozenset[UUID]:
    """Return whose words an event holds, and whom it names: as a party, or as the one who was erased."""
    names = _naming(type(event))
    if not names:
        return frozenset() if event.subject_id is None else frozenset((event.subject_id,))
    return frozenset(_named(event, ("subject_id", *names)))


def _named(event: Event, names: tuple[str, ...]) -> Iterator[UUID]:
    for name in names:
        value = getattr(event, name)
        for one in value if isinstance(value, tuple) else (value,):
            named = one.subject_id if isinstance(one, Party) else one
            if isinstance(named, UUID):
                yield named


@cache
def _naming(kind: type[BaseModel]) -> tuple[str, ...]:
    """Return the fields of a class that may name a person. A ``subject`` is elsewhere what a message is about."""
    return tuple(name for name in ("subject", "party", "parties") if name in kind.model_fields)
