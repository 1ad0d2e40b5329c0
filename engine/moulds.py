"""Which messages open a stream in the same way: what follows of them differs in ids, instants and texts alone. Pure.

What the decider makes of a first message depends on few things: its channel, the codes it states, what it
is taken for, who is asked, what is in force. All messages that agree in these are of one kind, and share a
mould (``engine.store.mould``). It is cast from what the decider itself makes of such a message with marks
for all that is its own; so the rules are written once, and a message that is out of the ordinary in any way
(files, dates, another's behalf, a machine's mail) goes the long way.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from engine import taking
from engine.complaint.number import case_number
from engine.configuration.in_force import Book
from engine.incoming import Arrived
from engine.stamping import event_id_text
from engine.store.batch import NewEvent
from engine.store.mould import Holes, Mould, cast
from engine.streams_of import Kind
from engine.taking import People
from schemas.channels.message import MAX_CONTACTS, Contact, Message
from schemas.envelope import RequestSource, RuleSource, Source
from schemas.words import Sense

Decided = Callable[["Opening"], Sequence[NewEvent]]
"""Decides and stamps what an opening message leads to, as any command."""

_STREAM, _SUBJECT, _MESSAGE, _SOURCE = (UUID(f"{number}5e1f0c3-6b0d-4d53-9d0a-2f1f6a8b7c90") for number in range(4))
_RECEIVED: Final = datetime(2101, 2, 3, 4, 5, 6, 700_001, UTC)
_NEAR, _FAR = _RECEIVED.replace(microsecond=700_000), _RECEIVED.replace(year=2001)
_NOW: Final = _RECEIVED.replace(year=2102)
_TRACE: Final = "00-5e1f0c36b0d4d539d0a2f1f6a8b7c900-a7c15e1f0c36b0d4-01"
_NOT_YET: Final = Mould((), 0)
"""Of a kind that was seen once: most of those that are never seen again are made up by somebody."""
_MOST: Final = 1024
"""Kinds that are remembered. A sender has a say in some of what makes a kind, so there may be any number."""


@dataclass(slots=True)
class Opening:
    """A message that opens a stream, with all that is its own."""

    item: Arrived
    id: UUID
    """Of the message, and of the command that it is."""
    stream: UUID
    kind: Kind
    people: People
    sense: Sense
    unit: str
    now: datetime
    differs: bool
    """What its sender says of the time differs from ours beyond the tolerance."""
    texts: Mapping[str, str]
    decided: Decided

    @property
    def subject(self) -> UUID:
        return self.people.author

    def events(self) -> Sequence[NewEvent]:
        return self.decided(self)

    def holes(self) -> Holes:
        around, claimed, own = self.item.around, self.item.message.claimed_at, self.id
        received, named = _instant(around.received_at), str(self.stream)
        found = {
            "number": case_number(self.stream).encode(),
            "subject": str(self.people.author).encode(),
            "message": str(own).encode(),
            "received": received,
            "now": received if self.now is around.received_at else _instant(self.now),
            "source": _written(around.source),
            "event0": event_id_text(own, named, 0).encode(),
        }
        if self.kind == "complaint":
            found["event1"] = event_id_text(own, named, 1).encode()
            found["event2"] = event_id_text(own, named, 2).encode()
        if isinstance(claimed, datetime):
            found["claimed"] = _instant(claimed)
        if around.traceparent is not None:
            found["trace"] = around.traceparent.encode()
        return found


class Moulds:
    """The moulds of what is in force. Any number of threads may share them."""

    def __init__(self) -> None:
        self._of: tuple[Book | None, dict[Hashable, Mould | None]] = (None, {})

    def of(self, opening: Opening, book: Book) -> Mould | None:
        """Return the mould for a message; None where it goes the long way, as the first of a kind always does."""
        of, moulds = self._of
        if of is not book or len(moulds) > _MOST:
            moulds = {}
            self._of = (book, moulds)
        kind = _kind(opening, book)
        if kind not in moulds:
            moulds[kind] = _NOT_YET
            return None
        found = moulds[kind]
        if found is _NOT_YET:
            found = moulds[kind] = _cast(opening)
        return found

    def __len__(self) -> int:
        return len(self._of[1])


def is_plain(item: Arrived, book: Book) -> bool:
    """Whether nothing but a first message's own words, contacts and codes is to be stored of it."""
    message, around = item.message, item.around
    hints, claimed = message.hints, message.claimed_at
    return (
        item.waited is None
        and message.automated is None
        and message.on_behalf_of is None
        and message.direction == "inbound"
        and message.raw is None
        and not message.attachments
        and message.channel != "letter"
        and (claimed is None or (isinstance(claimed, datetime) and claimed.tzinfo is UTC))
        and around.decided_by is None
        and not isinstance(around.source, RuleSource)
        and around.received_at.tzinfo is UTC
        and (around.clock is None or around.clock.tzinfo is UTC)
        and hints.claimed is None
        and hints.remedy_sought is None
        and hints.incident_on is None
        and hints.purchased_on is None
        and not hints.external_refs
        and not taking.leaves_out(message, book)
    )


def texts_of(message: Message, book: Book) -> dict[str, str]:
    """Return the personal texts of a plain message by name, as the events of a new stream take them."""
    hints, author = message.hints, message.author
    texts: dict[str, str] = {}
    if author.name:
        texts["name"] = author.name
    for name, contact in zip(_CONTACTS, author.contacts, strict=False):
        texts[name] = contact.value
    if message.addressed_to and (addressed := ", ".join(message.addressed_to)):
        texts["addressed_to"] = addressed
    if message.subject:
        texts["subject"] = message.subject
    if body := taking.body(message):
        texts["body"] = body
    if message.source_id is not None:
        texts["foreign_id"] = message.source_id
    if hints.product or hints.serial or hints.order_reference:
        if hints.product is not None and book.code("product", hints.product) is None:
            texts["product"] = hints.product
        if hints.serial is not None:
            texts["serial"] = hints.serial
        if hints.order_reference is not None:
            texts["order_reference"] = hints.order_reference
    return texts


_CONTACTS: Final = tuple(f"contact{index}" for index in range(MAX_CONTACTS))


def _kind(opening: Opening, book: Book) -> Hashable:
    """Return all that decides what follows of a plain message, beside what is its own."""
    message, around = opening.item.message, opening.item.around
    hints, author = message.hints, message.author
    return (
        opening.kind,
        opening.sense,
        opening.unit,
        message.channel,
        message.public,
        message.language,
        author.role,
        tuple([contact.kind for contact in author.contacts]),
        tuple(opening.texts),
        book.code("product", hints.product),
        book.code("location", hints.location),
        book.code("customer_segment", hints.customer_segment),
        around.sender,
        around.traceparent is None,
        message.claimed_at is None,
        taking.when(opening.item)[0] is around.received_at,
        opening.differs,
    )


# --- casting ------------------------------------------------------------------------------------


def _cast(opening: Opening) -> Mould | None:
    """Return the mould of all messages of this one's kind, tried on this one; None where they have none."""
    marked = _marked(opening)
    mould = cast(marked.events(), marked)
    return mould if mould is not None and mould.fits(opening) else None


def _marked(opening: Opening) -> Opening:
    """Return the same kind of message with marks for all that is its own."""
    around, texts = opening.item.around, opening.texts
    message, far = opening.item.message, opening.differs
    as_claimed = taking.when(opening.item)[0] is not around.received_at
    marked = replace(
        message,
        source_id=_mark("foreign_id", texts),
        author=replace(message.author, name=_mark("name", texts) or "", contacts=_marked_contacts(message)),
        addressed_to=("addressed_to",) if "addressed_to" in texts else (),
        subject=_mark("subject", texts) or "",
        text=_mark("body", texts) or "",
        quoted="",
        claimed_at=message.claimed_at and (_FAR if far else _NEAR),
        hints=replace(
            message.hints,
            product=_mark("product", texts) or message.hints.product,
            serial=_mark("serial", texts),
            order_reference=_mark("order_reference", texts),
        ),
    )
    trace = around.traceparent and _TRACE
    circumstances = replace(
        around,
        received_at=_RECEIVED,
        clock=_NOW,
        source=RequestSource(request=_SOURCE),
        trusts_claim=as_claimed,
        traceparent=trace,
        move=None,
    )
    return replace(
        opening,
        item=replace(opening.item, message=marked, around=circumstances),
        id=_MESSAGE,
        stream=_STREAM,
        people=People(_SUBJECT, None, {}),
        now=_NOW,
        texts={name: name for name in texts},
    )


def _mark(name: str, texts: Mapping[str, str]) -> str | None:
    return name if name in texts else None


def _marked_contacts(message: Message) -> tuple[Contact, ...]:
    contacts = message.author.contacts
    return tuple(Contact(kind=each.kind, value=name) for name, each in zip(_CONTACTS, contacts, strict=False))


def _instant(at: datetime) -> bytes:
    """Return an instant in UTC as pydantic writes it."""
    return at.isoformat()[:-6].encode() + b"Z"


def _written(source: Source) -> bytes:
    return source.__pydantic_serializer__.to_json(source, exclude_none=True)
