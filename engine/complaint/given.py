"""The circumstances in which a command is decided and a fact is folded: time, actor, ids and configuration."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID

from engine.configuration.in_force import Book
from engine.ids import derived
from engine.text.replies.finding import About
from schemas.complaint.assignment import EscalateByClock
from schemas.complaint.base import Command, Event
from schemas.complaint.clocks import ExtendDeadline, ReapplySla, ReportMiss
from schemas.complaint.lifecycle import Close
from schemas.complaint.records import CorrectEntry
from schemas.envelope import Envelope
from schemas.streams.survey import InviteRespondent
from schemas.words import Identity, Origin, Precision

NEEDS_HISTORY: Final = (CorrectEntry, EscalateByClock, ExtendDeadline, ReapplySla, ReportMiss)
"""Commands that are decided by the stored events themselves, beside the state."""


def proposed(command: Command) -> bool:
    """Whether a clock asks by it to be looked at: one that comes too early is refused, and may come again."""
    if isinstance(command, Close):
        return command.reason == "term_elapsed"
    return isinstance(command, EscalateByClock | ReportMiss | InviteRespondent)


class Circumstances(Protocol):
    """What the fold may know of an event's envelope. ``Envelope`` is one, and so is ``Given``."""

    @property
    def occurred_at(self) -> datetime: ...
    @property
    def occurred_precision(self) -> Precision: ...
    @property
    def received_at(self) -> datetime | None: ...
    @property
    def actor(self) -> str: ...
    @property
    def on_behalf_of(self) -> str | None: ...
    @property
    def identity(self) -> Identity: ...
    @property
    def command_id(self) -> UUID: ...
    @property
    def origin(self) -> Origin: ...


class Fact(Protocol):
    """An event with its circumstances: ``Recorded`` and ``NewEvent`` of the store, or ``Happened``."""

    @property
    def event(self) -> Event: ...
    @property
    def envelope(self) -> Circumstances: ...


class Stored(Protocol):
    """A fact as the store gives it back."""

    @property
    def event(self) -> Event: ...
    @property
    def envelope(self) -> Envelope: ...
    @property
    def recorded_at(self) -> datetime: ...


@dataclass(frozen=True, slots=True)
class Happened:
    """A fact that stands in no store: an event just decided, under the circumstances of its command."""

    event: Event
    envelope: Circumstances


@dataclass(frozen=True, slots=True)
class Given:
    """What the decider may know beside command and state.

    ``at`` is when what the command reports happened in the world, ``now`` the server's time;
    both aware. ``why`` tells only that a written reason is given, never what it says.
    ``stream`` is the id of the complaint (feedback, problem) that the command is for, ``history``
    what it holds, in stored order. Only ``NEEDS_HISTORY`` look at it: the state keeps no event ids,
    and the journal that clocks are judged by is the history itself.
    """

    at: datetime
    now: datetime
    actor: str
    identity: Identity
    command_id: UUID
    book: Book
    business_unit: str
    stream: UUID
    precision: Precision = "instant"
    on_behalf_of: str | None = None
    why: bool = False
    origin: Origin = "live"
    received_at: datetime | None = None
    history: Sequence[Stored] = ()
    erased: frozenset[UUID] = frozenset()
    """Persons whose key in this stream was destroyed: no text can be theirs any more."""

    about: About | None = None
    """The texts of the case that a reply is judged by, handed in with ``complaint.reply`` alone. Personal."""

    @property
    def by_person(self) -> bool:
        """The actor is a verified person."""
        return self.actor.startswith("person:") and self.identity != "claimed"

    @property
    def occurred_at(self) -> datetime:
        """World time of the events that the command leads to."""
        return self.at

    @property
    def occurred_precision(self) -> Precision:
        return self.precision

    def owner(self, subject: UUID) -> UUID:
        """Return whose a text is that would be ``subject``'s: after his erasure the case's own.

        What a desk still writes has then an owner that stands for nobody, one for each case, which is
        erased by its own id, and after that by the next one.
        """
        while subject in self.erased:
            subject = derived(self.stream, f"after/{subject}")
        return subject

    def derive(self, label: str) -> UUID:
        """Return an id that the same command always gets for the same label."""
        return derived(self.command_id, label)
