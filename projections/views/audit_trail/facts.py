"""What of an event may stand in a view: everything but personal text, and but what is bulky and kept elsewhere."""

from collections.abc import Mapping
from typing import Any, Final

import orjson

from engine.store.shape import shape_of
from schemas.complaint.base import Event
from schemas.complaint.clocks import SlaApplied
from schemas.configuration.activated import ConfigurationActivated

_BULKY: Final[Mapping[type[Event], set[str]]] = {ConfigurationActivated: {"content"}, SlaApplied: {"clocks"}}


def impersonal(event: Event) -> dict[str, Any]:
    """Return the event's fields as JSON data without personal text, sealed or not, and without absent values."""
    facts: dict[str, Any] = orjson.loads(as_json(event))
    return facts


def as_json(event: Event) -> bytes:
    """Return the same as JSON: what stands open in the log."""
    kind = type(event)
    return shape_of(kind).to_json(event, _BULKY.get(kind))
