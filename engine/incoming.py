"""What every door hands to the service: a message, a command, or what can be neither, with its circumstances."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from engine.rules.rights import EVERYWHERE, Credentials, Units
from engine.store.batch import SourceMove
from schemas.channels.mail.automatic import NOTHING_OWN, OwnMail
from schemas.channels.message import Message
from schemas.complaint.base import Command
from schemas.envelope import Source
from schemas.refusals import RefusalCode
from schemas.words import Identity, RuleRef


@dataclass(frozen=True, slots=True)
class Sender:
    """Who is asking: a workload, and perhaps a person. The door judged how we know."""

    workload: str
    """Scopes command ids: two workloads may use the same id."""
    actor: str
    identity: Identity
    on_behalf_of: str | None = None
    back_dating: bool = False
    """May say when it happened, whatever his roles; otherwise they or the server's time decide."""
    groups: frozenset[str] | None = None
    """What gives him roles; None: he is asked for none, since a door without identity let him in, or he is a part
    of this program."""
    units: Units = EVERYWHERE
    """The business units that his token confines him to."""

    @property
    def credentials(self) -> Credentials:
        """Return what his rights are judged by."""
        return Credentials(self.actor, self.identity, self.groups, self.workload, self.units)


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What surrounds one incoming thing. Times are aware."""

    sender: Sender
    source: Source
    received_at: datetime
    """When it reached a clock we trust."""
    trusts_claim: bool = False
    """The channel's configuration lets the sender's time stand as the world time."""
    traceparent: str | None = None
    own: OwnMail = NOTHING_OWN
    """How mail of our own is told from others'."""
    clock: datetime | None = None
    """Stands for the server's time where time is played: samples and tests."""
    move: SourceMove | None = None
    """The source's compare-and-set that belongs to it."""
    buried: UUID | None = None
    """It was a dead letter under this id, and is tried again: released in the transaction of its effect."""
    decided_by: RuleRef | None = None
    """The rule that asks, where no person does."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """A channel message. ``payload`` is its JSON form, kept whole should it be parked."""

    message: Message
    payload: bytes = field(repr=False)
    around: Circumstances
    waited: UUID | None = None
    """It was parked under this id and its opener never came: it opens a stream of its own."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A command for one stream. ``id`` is unique per sender; ``expected`` the version it was made for."""

    stream: UUID
    command: Command = field(repr=False)
    id: str
    around: Circumstances
    why: str | None = field(default=None, repr=False)
    expected: int | None = None
    occurred_at: datetime | None = None
    data: bytes | None = field(default=None, repr=False)
    """Octets of the file that an ``AddAttachment`` names; they are stored in the transaction of its effect."""
    otherwise: "Callable[[Refused], Spoiled] | None" = field(default=None, repr=False, compare=False)
    """What it becomes where it is refused now and its sender gets no answer: a dead letter, in the same transaction."""


@dataclass(frozen=True, slots=True)
class Spoiled:
    """Something that can never be taken: it is kept whole among the dead letters, in the batch's transaction.

    Where ``around.buried`` names the dead letter that it was before, it takes that one's place.
    """

    id: UUID
    """Derived from where it stood (cluster, topic id, partition, offset, time): the same for the same record."""
    fingerprint: bytes
    """The same record has the same one, and is kept once."""
    reason: str
    """Class, code and field path with blanks between; never a value."""
    payload: bytes = field(repr=False)
    """Octets of ``schemas.published.dead_letter.DeadLetter``."""
    around: Circumstances
    until: datetime | None = None
    """When it is gone for good; None: 90 days from now."""


Incoming = Arrived | Asked | Spoiled


@dataclass(frozen=True, slots=True)
class Done:
    """It had its effect now, or had it before (``already``). ``events`` counts what was appended now."""

    stream: UUID
    version: int
    position: int
    events: int
    already: bool = False
    opened: bool = False
    """It began a new stream, now or before."""
    kind: str = "complaint"
    incarnation: UUID | None = field(default=None, compare=False)
    """Of the log that ``position`` is one of, where it was written now."""


@dataclass(frozen=True, slots=True)
class Refused:
    """It contradicts the case, or its sender may not. Nothing was appended."""

    code: RefusalCode
    reason: str
    facts: dict[str, str | int | None] = field(default_factory=dict)
    already: bool = False


@dataclass(frozen=True, slots=True)
class Parked:
    """A follow-up whose opening message is unknown waits for it, visibly."""

    id: UUID
    until: datetime
    already: bool = False
    """It has waited since before."""


@dataclass(frozen=True, slots=True)
class Buried:
    """It is kept among the dead letters, now or since before."""

    id: UUID


Result = Done | Refused | Parked | Buried
