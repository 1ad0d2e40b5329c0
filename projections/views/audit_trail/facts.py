"""What of an event may stand in a view: everything but personal text, and but what is bulky and kept elsewhere."""

from collections.abc import Mapping
from typing import Any, Final

from engine.store.vault.plan import Plan, plan_of
from schemas.complaint.base import Event
from schemas.complaint.clocks import SlaApplied
from schemas.configuration.activated import ConfigurationActivated

_BULKY: Final[Mapping[type[Event], frozenset[str]]] = {
    ConfigurationActivated: frozenset({"content"}),
    SlaApplied: frozenset({"clocks"}),
}
_NOTHING: Final[frozenset[str]] = frozenset()


def impersonal(event: Event) -> dict[str, Any]:
    """Return the event's fields as JSON data without personal text, sealed or not, and without absent values."""
    kind = type(event)
    data: dict[str, Any] = event.__pydantic_serializer__.to_python(event, mode="json", exclude_none=True, by_alias=True)
    for name in _BULKY.get(kind, _NOTHING):
        data.pop(name, None)
    _strip(plan_of(kind), data)
    return data


def _strip(plan: Plan, node: dict[str, Any]) -> None:
    for key in plan.personal:
        node.pop(key, None)
    for key, inner in plan.single:
        child = node.get(key)
        if isinstance(child, dict):
            _strip(inner, child)
    for key, inner in plan.repeated:
        for child in node.get(key) or ():
            if isinstance(child, dict):
                _strip(inner, child)
