"""What one transaction of the store writes, and what it answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal, NamedTuple
from uuid import UUID

from schemas.complaint.base import Event
from schemas.envelope import Envelope


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event about to be stored, with personal fields in the clear; the store seals them."""

    envelope: Envelope
    event: Event


@dataclass(frozen=True, slots=True)
class Append:
    """Events to add to one stream whose last version must be ``expected`` (0: must not exist)."""

    stream: UUID
    expected: int
    events: Sequence[NewEvent]


@dataclass(frozen=True, slots=True)
class SourceMove:
    """Compare-and-set of a source's position. ``expected`` None: the source must be new."""

    source: str
    expected: int | None
    new: int


@dataclass(frozen=True, slots=True)
class Answer:
    """The result of a command, kept under its id so that asking again gives it again."""

    command_id: UUID
    fingerprint: bytes
    """Keyed hash of the command's content: the same id with another fingerprint is refused."""
    result: Mapping[str, Any]
    """Codes, ids and numbers that JSON can say; it is stored open, so nothing personal."""
    stream: UUID | None = None
    """The commit adds ``position`` and this stream's ``version`` to the kept result."""


@dataclass(frozen=True, slots=True)
class SeenMessage:
    """A channel message that has had its effect; kept for good."""

    fingerprint: bytes
    stream: UUID
    message: UUID


@dataclass(frozen=True, slots=True)
class ConversationKey:
    """A keyed hash of a conversation's name (thread, chat, case number) and its stream.

    The first stream to claim a key keeps it, unless ``moves`` says the conversation goes on elsewhere.
    """

    key: bytes
    stream: UUID
    moves: bool = False


@dataclass(frozen=True, slots=True)
class KnownContact:
    """A keyed hash of a contact and the data subject that it reaches."""

    key: bytes
    subject: UUID


@dataclass(frozen=True, slots=True)
class PreparedContent:
    """An attachment or raw e-mail, already encrypted under its stream's and subject's key."""

    content_id: UUID
    stream: UUID
    subject: UUID
    key_id: bytes
    ciphertext: bytes | None
    """None: too large for a row, already durable in the content store."""
    size: int
    """Octets of the ciphertext."""


@dataclass(frozen=True, slots=True)
class SetAside:
    """A message kept whole outside of any case: a dead letter, or parked until its opener comes."""

    kind: Literal["dead_letter", "parked"]
    id: UUID
    fingerprint: bytes
    reason: str
    """A code and a field path, never a value."""
    source: str
    payload: bytes = field(repr=False)
    keys: tuple[bytes, ...] = ()
    """Keyed hashes of the conversations it waits for."""
    until: datetime | None = None
    """When it is gone for good; None: 90 days from now."""


@dataclass(frozen=True, slots=True)
class Premises:
    """What a batch was planned on beside the streams that it appends to; the commit compares it under the lock.

    Without it two batches that both found a conversation or a contact unknown would each begin one.
    """

    conversations: tuple[tuple[bytes, UUID | None], ...] = ()
    """Key of a conversation and the stream that it was found to belong to."""
    contacts: tuple[tuple[bytes, UUID | None], ...] = ()
    """Key of a contact and the data subject that it was found to reach."""
    openings: tuple[bytes, ...] = ()
    """Keys that parked messages may wait for."""
    waiting: tuple[UUID, ...] = ()
    """The parked messages that were found to wait for them."""


@dataclass(frozen=True, slots=True)
class Batch:
    """All or nothing."""

    appends: tuple[Append, ...] = ()
    sources: tuple[SourceMove, ...] = ()
    answers: tuple[Answer, ...] = ()
    messages: tuple[SeenMessage, ...] = ()
    conversations: tuple[ConversationKey, ...] = ()
    contacts: tuple[KnownContact, ...] = ()
    contents: tuple[PreparedContent, ...] = ()
    set_aside: tuple[SetAside, ...] = ()
    released: tuple[UUID, ...] = ()
    """Parked messages that this batch takes up."""
    continued: tuple[tuple[UUID, UUID], ...] = ()
    """Streams that have ended, and where every conversation of theirs goes on."""
    premises: Premises = Premises()


@dataclass(frozen=True, slots=True)
class Committed:
    """What a commit did. ``position`` is the last one of the log's ``incarnation`` after it; versions by stream."""

    position: int
    recorded_at: datetime
    incarnation: UUID
    versions: Mapping[UUID, int] = field(default_factory=dict)


class Conflict(Exception):
    """Nothing was written: somebody else was first. Load again, decide again, retry.

    Names exactly what conflicted, so that the rest of the batch can go on without it. ``keys`` are
    data subjects whose data key is another one by now: contents prepared for them must be prepared
    again. ``parked`` are messages that somebody else has released, or parked where this batch has
    their opener. ``conversations`` and ``contacts`` belong to somebody else than the batch was planned on.
    """

    def __init__(
        self,
        *,
        streams: frozenset[UUID] = frozenset(),
        sources: frozenset[str] = frozenset(),
        commands: frozenset[UUID] = frozenset(),
        messages: frozenset[bytes] = frozenset(),
        keys: frozenset[UUID] = frozenset(),
        parked: frozenset[UUID] = frozenset(),
        conversations: frozenset[bytes] = frozenset(),
        contacts: frozenset[bytes] = frozenset(),
    ) -> None:
        self.streams, self.sources, self.commands = streams, sources, commands
        self.messages, self.keys, self.parked = messages, keys, parked
        self.conversations, self.contacts = conversations, contacts
        found = ", ".join(f"{len(names)} {_CALLED.get(kind, kind)}" for kind, names in self.named.items())
        super().__init__(f"conflict in {found or 'nothing that is there any more'}")

    @property
    def named(self) -> dict[str, frozenset[Any]]:
        """Everything that conflicted, by kind; kinds of which nothing did are left out."""
        found = {kind: getattr(self, kind) for kind in _KINDS}
        return {kind: names for kind, names in found.items() if names}


_KINDS: Final = ("streams", "sources", "commands", "messages", "keys", "parked", "conversations", "contacts")
_CALLED: Final = {"keys": "subjects", "parked": "parked messages"}


class Recorded(NamedTuple):
    """One stored event as read back."""

    position: int
    recorded_at: datetime
    stream: UUID
    version: int
    name: str
    envelope: Envelope
    event: Event
