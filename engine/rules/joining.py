"""To which stream does a message belong: a known one, a new one, or must it wait for its opener?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from schemas.words import Sense

DISSATISFIED: frozenset[Sense] = frozenset({"complaint"})


@dataclass(frozen=True, slots=True)
class Join:
    """The message belongs to this stream."""

    stream: UUID


@dataclass(frozen=True, slots=True)
class Open:
    """The message begins a stream of its own; ``continues`` names the ended one it goes on from."""

    continues: UUID | None = None


@dataclass(frozen=True, slots=True)
class Wait:
    """The message answers one that has not arrived yet."""


Place = Join | Open | Wait


def place(keys: Sequence[bytes], known: Mapping[bytes, UUID], *, answers_another: bool) -> Place:
    """Return where a message belongs by its conversation keys, strongest first.

    ``answers_another``: it says itself that it is a reply, so without a known key it cannot
    be a first message and waits.
    """
    for key in keys:
        if key in known:
            return Join(known[key])
    return Wait() if answers_another else Open()
