"""Where it stands who an actor is: a small stream of his own, and the data subject that he is. Nobody decides on it."""

from typing import Final
from uuid import UUID

from engine.ids import derived
from schemas.words import ActorId

_STAFF: Final = derived(UUID(int=0), "plaint/staff")


def stream_of(actor: ActorId) -> UUID:
    """Return the small stream that says who an actor is."""
    return derived(_STAFF, actor)


def subject_of(actor: ActorId) -> UUID:
    """Return the data subject that an actor is: under his key his name is sealed, and erased."""
    return derived(_STAFF, f"subject/{actor}")
