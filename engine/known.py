"""What the store knows of a batch, and the keys by which it is asked."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from engine.complaint.given import Stored
from engine.incoming import Arrived, Asked
from engine.store.batch import Premises
from engine.store.vault.fingerprint import opaque_id
from engine.streams_of import StreamState
from engine.taking import Keyed
from engine.text.replies.finding import About
from schemas.channels.message import Contact, Message, fingerprint_parts
from schemas.complaint.base import Event
from schemas.envelope import Envelope
from schemas.streams.survey import EnrolRespondent


@dataclass(frozen=True, slots=True)
class Loaded:
    """A stream as the store has it, and as the items before in the batch have left it."""

    state: StreamState
    version: int
    history: Sequence[Stored] | None = ()
    """All its events; None where they were not read, since no command of the batch is decided by them."""
    business_unit: str | None = None
    position: int = 0
    """Of its last stored event."""


@dataclass(frozen=True, slots=True)
class Fresh:
    """An event of this very batch, as later items of it see it."""

    event: Event
    envelope: Envelope
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer given before."""

    fingerprint: bytes
    result: Mapping[str, Any] | None
    """None once the answer's retention is over."""
    position: int = 0


@dataclass(frozen=True, slots=True)
class Entered:
    """Where a message that had its effect left its stream, and the log: what it was answered."""

    version: int
    position: int = 0
    """0: of the commit that is being planned."""


@dataclass(frozen=True, slots=True)
class ParkedMessage:
    """A parked message, read back, or parked by this very batch (then not ``stored``)."""

    id: UUID
    arrived: Arrived
    stored: bool


@dataclass(slots=True)
class Known:
    """What is known of a batch; planning adds what the batch itself does."""

    answers: dict[UUID, Kept] = field(default_factory=dict)
    messages: dict[bytes, UUID] = field(default_factory=dict)
    """Fingerprint of a message that had its effect -> stream."""
    entered: dict[bytes, Entered] = field(default_factory=dict)
    """By the same fingerprint; no entry for a message that led to no event."""
    conversations: dict[bytes, UUID] = field(default_factory=dict)
    contacts: dict[bytes, UUID] = field(default_factory=dict)
    streams: dict[UUID, Loaded] = field(default_factory=dict)
    parked: dict[bytes, list[ParkedMessage]] = field(default_factory=dict)
    """By the key that they wait for."""
    parked_already: dict[bytes, tuple[UUID, datetime]] = field(default_factory=dict)
    """Fingerprint of a message that is parked, before or by this batch -> its id and until when it waits."""
    about: dict[UUID, About] = field(default_factory=dict)
    """By stream, what a reply to it is judged by. Personal, and gone with the batch."""
    gone: frozenset[tuple[UUID, UUID]] = frozenset()
    """Pairs of stream and person whose key was destroyed, as far as the batch has met them."""
    premises: Premises = field(default_factory=Premises)
    """What of this the store must confirm when the batch is committed."""


def fingerprint_of(message: Message, keyed: Keyed) -> bytes:
    """Return the keyed hash by which the same message is recognised for good."""
    return keyed("message", fingerprint_parts(message))


def command_id_of(item: Arrived | Asked, keyed: Keyed) -> UUID:
    """Return the opaque id under which an incoming thing has its effect once."""
    if isinstance(item, Arrived):
        return opaque_id(fingerprint_of(item.message, keyed))
    sender = item.around.sender.workload
    return opaque_id(keyed("command", f"{len(sender)}:{sender}{item.id}".encode()))


def others_of(item: Asked) -> Iterator[UUID]:
    """Yield the complaints beside its own that a command names, where roles say what its sender may."""
    if item.around.sender.groups is None:
        return
    for name in item.command.OTHERS:
        named = getattr(item.command, name)
        yield from (named,) if isinstance(named, UUID) else named or ()


def conversation_keys(message: Message, keyed: Keyed) -> list[bytes]:
    """Return the keys of what the message belongs to, strongest first."""
    return [keyed("conversation", key.octets) for key in message.conversation]


def contact_key(command: EnrolRespondent, keyed: Keyed) -> bytes:
    """Return the look-up key of the contact by which somebody is enrolled."""
    return keyed("contact", Contact(kind=command.kind, value=command.contact).octets)


def own_key(message: Message, keyed: Keyed) -> bytes:
    """Return the key under which replies name the message itself."""
    return keyed("conversation", message.opens[0].octets)


def opening_keys(item: Arrived, keyed: Keyed) -> list[bytes]:
    """Return the keys under which other messages will find this one.

    One whose opener never came stands for it, so whoever waits for the same opener joins here.
    """
    own = [keyed("conversation", key.octets) for key in item.message.opens]
    return own if item.waited is None else own + conversation_keys(item.message, keyed)
