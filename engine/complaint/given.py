"""The circumstances in which a command is decided: time, actor, ids and configuration come in here."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid5

from engine.configuration.in_force import Book
from schemas.words import Identity, Origin, Precision


@dataclass(frozen=True, slots=True)
class Given:
    """What the decider may know beside command and state.

    ``at`` is when what the command reports happened in the world, ``now`` the server's time;
    both aware. ``why`` tells only that a written reason is given, never what it says.
    """

    at: datetime
    now: datetime
    actor: str
    identity: Identity
    command_id: UUID
    book: Book
    business_unit: str
    precision: Precision = "instant"
    why: bool = False
    origin: Origin = "live"

    @property
    def by_person(self) -> bool:
        """The actor is a verified person."""
        return self.actor.startswith("person:") and self.identity != "claimed"

    def derive(self, label: str) -> UUID:
        """Return an id that the same command always gets for the same label."""
        return uuid5(self.command_id, label)
