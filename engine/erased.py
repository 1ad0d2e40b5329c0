"""What an erasure did, and what one would do: ids and codes alone, nothing of what the person said."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from engine.naming import Unread
from engine.store.batch import Recorded
from schemas.streams.subject import ErasureReason


@dataclass(frozen=True, slots=True)
class Held:
    """A case that a legal hold keeps, with those who hold it."""

    stream: UUID
    holders: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OthersText:
    """Text of somebody else in a case of the person: for a person to decide whether it names him."""

    stream: UUID
    version: int
    name: str
    subject: UUID
    names_him: bool
    """A contact or the name of his stands in it, letter for letter."""


@dataclass(frozen=True, slots=True)
class Erased:
    """What an erasure did. ``already``: this request had its effect before, and nothing was looked through again."""

    subject: UUID
    request_id: UUID
    reason: ErasureReason
    streams: tuple[UUID, ...]
    left_out: tuple[Held, ...]
    position: int
    recorded_at: datetime
    already: bool = False
    discarded: tuple[UUID, ...] = ()
    """Messages set aside that were his and are gone."""
    unread: tuple[Unread, ...] = ()
    """Messages set aside that could not be opened, so that nobody knows whose they are."""
    may_name: tuple[UUID, ...] = ()
    """Messages set aside, of others or of nobody known, that name him: for a person to decide."""
    others: tuple[OthersText, ...] = ()


@dataclass(frozen=True, slots=True)
class Scope:
    """What is known of a person: where his keys are, and which cases a hold keeps."""

    subject: UUID
    streams: tuple[UUID, ...]
    """That would be erased now."""
    held: tuple[Held, ...]
    gone: tuple[UUID, ...]
    """Where his key was destroyed already."""
    erased: tuple[Recorded, ...]
    """What was recorded of him."""
    others: tuple[OthersText, ...] = ()
