"""The only list of all stored events and all commands, by name.

A stored name never changes its meaning; ``UPCASTERS`` maps an old name to the function that
turns its fields into those of the next version, applied step by step by the store's mapper.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from schemas.complaint import (
    assignment,
    classification,
    clocks,
    correspondence,
    investigation,
    lifecycle,
    records,
    registration,
    remedies,
    waiting,
)  # fmt: skip
from schemas.complaint.base import Command, Event
from schemas.configuration import activated
from schemas.streams import feedback, problem, staff, subject, survey

_MODULES = (
    registration, classification, assignment, correspondence, waiting, investigation, remedies, clocks, lifecycle,
    records, feedback, problem, survey, subject, staff, activated,
)  # fmt: skip

T = TypeVar("T", Event, Command)

Upcaster = Callable[[dict[str, Any]], tuple[str, dict[str, Any]]]
"""Fields of an old version -> (next stored name, its fields)."""


def _named(base: type[T]) -> dict[str, type[T]]:
    found: dict[str, type[T]] = {}
    for module in _MODULES:
        for cls in vars(module).values():
            if isinstance(cls, type) and issubclass(cls, base) and cls.__module__ == module.__name__:
                if cls.NAME in found:
                    raise ValueError(f"two classes are named {cls.NAME}")
                found[cls.NAME] = cls
    return found


EVENTS: Final[Mapping[str, type[Event]]] = _named(Event)
COMMANDS: Final[Mapping[str, type[Command]]] = _named(Command)
UPCASTERS: Final[Mapping[str, Upcaster]] = {}


def unversioned(name: str) -> str:
    """``complaint.received.v1`` -> ``complaint.received``: the word that conditions and phrases use."""
    return name.rsplit(".v", 1)[0]
