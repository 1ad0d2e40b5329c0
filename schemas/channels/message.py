"""The common shape: every channel's model turns into one ``Message``, and the intake knows no other.

A ``Message`` lives in memory between a door and the application service. It is not a stored
format: events take from it what they keep, and settle ids, codes and subjects.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from decimal import Decimal
from hashlib import sha256
from typing import Annotated, Literal

from pydantic import Field

from schemas.input import Day, Id, InputRefused, Line, When
from schemas.once import once
from schemas.words import (
    Automatic,
    Channel,
    ContactKind,
    DeliveryStatus,
    Direction,
    Money,
    PartyRole,
    Precision,
    RemedyForm,
    Sense,
)  # fmt: skip

MAX_CONTACTS = 20
MAX_REFERENCES = 20
DERIVED = "content:"  # begins the id of a message whose sender gave none
FINGERPRINT_VERSION = b"plaint-message-1"

KeyKind = Literal["message", "case", "thread"]


class MessageRefused(InputRefused):
    """A channel message that can never be accepted: it belongs to the dead letters, with its reason."""


@dataclass(frozen=True, kw_only=True)
class Contact:
    """One way to reach a person.

    A ``username`` is ``network:id``; where a network has a stable id and a handle that its owner
    can change, both are given, the stable one first.
    """

    kind: ContactKind
    value: Annotated[Line, Field(min_length=1)]

    @property
    def comparable(self) -> str:
        """Return the form in which two spellings of one contact are equal, for look-ups only."""
        value = self.value.strip()
        if self.kind == "phone":
            digits = re.sub(r"\D", "", value)
            return f"+{digits.removeprefix('00')}" if value.startswith(("+", "00")) else digits
        return value.casefold()

    @once
    def octets(self) -> bytes:
        """The contact as it is looked up: what is hashed of it."""
        return f"{self.kind}:{self.comparable}".encode()


@dataclass(frozen=True, kw_only=True)
class Author:
    """Who wrote or said it, as far as the channel tells; ``role`` is a hint, never a finding."""

    role: PartyRole | None = None
    name: Line = ""
    contacts: Annotated[tuple[Contact, ...], Field(max_length=MAX_CONTACTS)] = ()


@dataclass(frozen=True, kw_only=True)
class Rating:
    """A score with its scale, as given: 2 out of 5."""

    score: Annotated[Decimal, Field(ge=0, max_digits=6, decimal_places=2)]
    out_of: Annotated[Decimal, Field(gt=0, max_digits=6, decimal_places=2)]


@dataclass(frozen=True, kw_only=True)
class ExternalRef:
    """How another system or authority calls the matter."""

    system: Id
    number: Id
    dated: Day | None = None


@dataclass(frozen=True, kw_only=True)
class Hints:
    """What a structured source states about the matter: a claim, mapped to codes later and by others.

    ``sense`` is what the sender or form takes the message for. ``answer_by`` is a date an
    authority sets. ``written_on`` is the date on a letter, which its writer chose.
    """

    sense: Sense | None = None
    product: Line | None = None
    order_reference: Line | None = None
    serial: Line | None = None
    location: Line | None = None
    customer_segment: Line | None = None
    business_unit: Line | None = None
    incident_on: Day | None = None
    purchased_on: Day | None = None
    written_on: Day | None = None
    claimed: Money | None = None
    remedy_sought: RemedyForm | None = None
    answer_by: When | None = None
    external_refs: Annotated[tuple[ExternalRef, ...], Field(max_length=MAX_REFERENCES)] = ()


@dataclass(frozen=True, kw_only=True)
class ConversationKey:
    """What ties a message to a conversation.

    ``message``: it answers the message of that id (strong). ``case``: somebody wrote this case
    number (a number that is not known means nothing: it never parks a message). ``thread``: it was
    said in this chat, review or post, where one person may raise several matters one after another.
    """

    kind: KeyKind
    value: str

    @once
    def octets(self) -> bytes:
        """The key as it is looked up: what is hashed of it."""
        return f"{self.kind}:{self.value}".encode()


@dataclass(frozen=True, kw_only=True)
class DeliveryReport:
    """What became of a message of ours, by its Message-ID; the worst of all recipients counts."""

    message_id: str | None
    status: DeliveryStatus
    status_code: str | None = None
    """Enhanced status code of RFC 3463, such as 5.1.1."""


@dataclass(frozen=True, kw_only=True, repr=False)
class Attachment:
    """A file that came with a message: its octets, or the sender network's reference to them."""

    filename: str = ""
    media_type: str = "application/octet-stream"
    content: bytes | None = None
    reference: str | None = None
    inline: bool = False

    @once
    def sha256(self) -> str | None:
        """SHA-256 of the octets in hex, computed when first asked; ``None`` for a mere reference."""
        return None if self.content is None else sha256(self.content).hexdigest()

    def __repr__(self) -> str:
        return f"<Attachment {self.media_type}>"


@dataclass(frozen=True, kw_only=True, repr=False)
class Message:
    """One message of any channel. Its ``repr`` shows no word of it."""

    channel: Channel
    source_id: str | None = None
    """The sender system's own id, unique within the channel (system or network and account are part of it)."""
    revision: str = ""
    """Which edit of it; empty for the first. An edited message is a new one, not a duplicate."""
    conversation: tuple[ConversationKey, ...] = ()
    """What it belongs to, strongest first."""
    author: Author = field(default_factory=Author)
    on_behalf_of: Author | None = None
    taken_by: str | None = None
    """Who of ours took the words down (a call, a visit), as the sending system calls him."""
    direction: Direction = "inbound"
    addressed_to: tuple[str, ...] = ()
    subject: str = ""
    text: str = ""
    quoted: str = ""
    """The earlier correspondence below a reply, where it could be told apart."""
    html_only: bool = False
    """The text was derived from HTML: there was no plain one."""
    language: str | None = None
    claimed_at: datetime | date | None = None
    """When the sender says it was sent: an instant in UTC, or a day. Never trusted by itself."""
    automated: Automatic | None = None
    automated_by: str = ""
    """What gave the automatic away: the name of a header or field, never its value."""
    delivery_report: DeliveryReport | None = None
    attachments: tuple[Attachment, ...] = ()
    raw: bytes | None = None
    """The octets as they came; e-mail only: a structured message is kept whole by its event."""
    rating: Rating | None = None
    public: bool = False
    hints: Hints = field(default_factory=Hints)

    @property
    def claimed_precision(self) -> Precision:
        """``day`` where only a date was claimed."""
        return "instant" if self.claimed_at is None or isinstance(self.claimed_at, datetime) else "day"

    @once
    def message_id(self) -> str:
        """The sender's id, or one derived from the content; equal for equal messages."""
        return self.source_id or DERIVED + sha256(content_parts(self)).hexdigest()

    @once
    def identity(self) -> bytes:
        """Canonical octets that are equal exactly for two arrivals of the same message, see ``fingerprint_parts``."""
        claimed = self.claimed_at.isoformat() if self.channel == "email" and self.claimed_at else ""
        return FINGERPRINT_VERSION + _framed((self.channel, self.message_id, self.revision, claimed))

    @once
    def opens(self) -> tuple[ConversationKey, ...]:
        """The keys under which later messages will find this one."""
        own = ConversationKey(kind="message", value=self.message_id)
        return (own, *(key for key in self.conversation if key.kind == "thread"))

    def __repr__(self) -> str:
        return f"<Message {self.channel}>"


def fingerprint_parts(message: Message) -> bytes:
    """Return canonical bytes that are equal exactly for two arrivals of the same message.

    An e-mail counts by its Message-ID and Date together: mailers exist that repeat one Message-ID
    for everything they send, and a complaint must not vanish as the duplicate of another. Received
    and other transport headers never count. A message without an id counts by its content.
    """
    return message.identity


def content_parts(message: Message) -> bytes:
    """Return canonical bytes of what was said, by whom, when: no ids, no transport, no addressee.

    For a message without id, and to see whether a repeated id came with other content.
    """
    stated = {name: value for name, value in asdict(message.hints).items() if value}
    return _framed((
        message.channel, *_person(message.author), *_person(message.on_behalf_of or Author()),
        message.claimed_at.isoformat() if message.claimed_at else "",
        _even(message.subject), _even(message.text), _even(message.quoted),
        *(f"{key.kind}:{key.value}" for key in message.conversation),
        *(part.sha256 or part.reference or "" for part in message.attachments),
        str(message.rating or ""), json.dumps(stated, default=str, sort_keys=True),
    ))  # fmt: skip


def case_numbers(*texts: str) -> tuple[str, ...]:
    """Return the case numbers (``PL-`` and ten Crockford base 32 digits) written in ``texts``, in order.

    Letters that Crockford reads as digits (O, I, L) are taken as such, in either case.
    """
    found: dict[str, None] = {}
    for text in texts:
        for digits in re.findall(r"(?i)(?<![0-9a-z-])PL-([0-9a-z]{5}-[0-9a-z]{5})(?![0-9a-z-])", text):
            found["PL-" + digits.upper().translate(str.maketrans("OIL", "011"))] = None
    return tuple(found)


def conversation_keys(
    *, messages: Iterable[str | None] = (), cases: Iterable[str] = (), threads: Iterable[str | None] = ()
) -> tuple[ConversationKey, ...]:
    """Put keys in their order of strength, each once; what is absent makes no key."""
    groups: dict[KeyKind, Iterable[str | None]] = {"message": messages, "case": cases, "thread": threads}
    keys = (ConversationKey(kind=kind, value=value) for kind, values in groups.items() for value in values if value)
    return tuple(dict.fromkeys(keys))


def foreign_id(*parts: str) -> str:
    """Join the parts of another system's id so that different parts never give equal ids."""
    return ":".join(part.replace("%", "%25").replace(":", "%3A") for part in parts)


def language_tag(value: str | None) -> str | None:
    """Return ``ru`` or ``en-GB`` from whatever a sender calls a language; ``None`` if it names none."""
    found = re.match(r"([A-Za-z]{2,3})(?:[-_]([A-Za-z]{2}))?(?:$|[-_.,; ])", value or "")
    if found is None:
        return None
    language, country = found.groups()
    return f"{language.lower()}-{country.upper()}" if country else language.lower()


def _person(person: Author) -> tuple[str, ...]:
    return (person.name, *(f"{contact.kind}:{contact.comparable}" for contact in person.contacts))


def _even(text: str) -> str:
    """Level what transport changes: line ends, blanks at the end of lines, blank lines around."""
    return "\n".join(line.rstrip() for line in text.splitlines()).strip()


def _framed(parts: Iterable[str]) -> bytes:
    """Write each part with its length before it, so that no two lists of parts look alike."""
    octets = (part.encode("utf-8", "replace") for part in parts)
    return b"".join(b"%d:%b," % (len(part), part) for part in octets)
