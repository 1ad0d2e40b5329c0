"""A channel message becomes a command: codes, subjects and parties are settled here, purely."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from uuid import UUID

from engine.configuration.in_force import Book
from engine.ids import derived
from engine.incoming import Arrived
from engine.plausible import EARLIEST
from engine.text.triage import sense_of
from schemas.channels.message import Author, ExternalRef, Message
from schemas.complaint.lifecycle import Rate, Score
from schemas.complaint.registration import MessageContent, Receive
from schemas.streams.feedback import ReceiveFeedback
from schemas.unchecked import unchecked
from schemas.words import Attachment, Contact, Party, PartyRole, Point, Reference, Sense

Keyed = Callable[[str, bytes], bytes]
"""A keyed hash: (what it is for, octets) -> 32 octets."""

_LONGEST = 200_000
_REPLY = re.compile(r"\s*(re|aw|sv|отв|ответ|на)(\[\d+\])?\s*:", re.IGNORECASE)
"""How the subject of an answer begins: the words after it are those of what is answered, ours among them."""
_new_party, _new_contact = unchecked(Party), unchecked(Contact)
_new_point, _new_content = unchecked(Point), unchecked(MessageContent)


@dataclass(frozen=True, slots=True)
class People:
    """The data subjects of one message and the contacts by which they are found again."""

    author: UUID
    behalf: UUID | None
    contacts: Mapping[bytes, UUID]
    """Keyed hash of each contact and whom it reaches."""
    assumed: bool = False
    """Nothing says who it is; the conversation's complainant is taken to be."""


def contact_keys(author: Author | None, keyed: Keyed) -> list[bytes]:
    """Return the look-up keys of a person's contacts."""
    if author is None:
        return []
    return [keyed("contact", contact.octets) for contact in author.contacts]


def people_of(
    message: Message, command_id: UUID, known: Mapping[bytes, UUID], keyed: Keyed, complainant: UUID | None = None
) -> People:
    """Return who speaks: a known subject where a contact is known, else a new one.

    Who gives neither name nor contact in the conversation of a complaint counts as its ``complainant``.
    """
    contacts: dict[bytes, UUID] = {}

    def subject(author: Author | None, label: str) -> UUID:
        keys = contact_keys(author, keyed)
        found = next((known[key] for key in keys if key in known), None) or derived(command_id, label)
        contacts.update((key, found) for key in keys if key not in known)
        return found

    nameless = complainant is not None and message.author == Author() and message.on_behalf_of is None
    author = complainant if nameless and complainant else subject(message.author, "author")
    behalf = subject(message.on_behalf_of, "behalf") if message.on_behalf_of else None
    return People(author, behalf, contacts, assumed=nameless)


def speaker(message: Message) -> Author:
    """Return whose the text of a message is: the author's, or his whose words an authority passes on."""
    behalf = message.on_behalf_of
    return behalf if behalf is not None and message.author.role == "authority" else message.author


def sense(message: Message) -> Sense:
    """Return what the message is taken for: what its form states, or what its words say."""
    stated = message.hints.sense
    if stated is not None and stated != "unknown":
        return stated
    rating = message.rating
    share = float(rating.score / rating.out_of) if rating else None
    answers = _REPLY.match(message.subject) is not None and bool(message.text)
    return sense_of((None if answers else message.subject, message.text), rating=share)


def world_time(message: Message, received_at: datetime, *, trusted: bool) -> datetime:
    """Return when it happened: the claim where the channel trusts it, it is plausible and not in the future.

    A day-precise claim (a letter's arrival) is that day's 00:00 in UTC here; the zone stands beside it.
    """
    claimed = claimed_at(message)
    if trusted and claimed is not None and EARLIEST <= claimed <= received_at:
        return claimed
    return received_at


def when(item: Arrived) -> tuple[datetime, bool]:
    """Return when it happened in the world, and whether only the day is known.

    A letter is entered by us, so the day of its arrival is believed.
    """
    message = item.message
    trusted = item.around.trusts_claim or message.channel == "letter"
    at = world_time(message, item.around.received_at, trusted=trusted)
    return at, message.claimed_precision == "day" and at == claimed_at(message)


def claimed_at(message: Message) -> datetime | None:
    """Return the sender's time as an instant, a bare date as its 00:00 UTC."""
    claim = message.claimed_at
    if isinstance(claim, datetime):
        return claim
    return datetime.combine(claim, time.min, tzinfo=UTC) if isinstance(claim, date) else None


def _party(author: Author, subject: UUID, role: PartyRole) -> Party:
    return _new_party(
        role=role,
        subject_id=subject,
        name=author.name or None,
        contacts=tuple([_new_contact(kind=contact.kind, value=contact.value) for contact in author.contacts]),
    )


def _parties(message: Message, people: People) -> tuple[PartyRole, tuple[Party, ...]]:
    behalf = message.on_behalf_of
    role: PartyRole = message.author.role or ("representative" if behalf else "complainant")
    parties = [_party(message.author, people.author, role)] if not people.assumed else []
    if behalf and people.behalf:
        parties.append(_party(behalf, people.behalf, behalf.role or "complainant"))
    return role, tuple(parties)


def body(message: Message) -> str | None:
    """Return the words of a message with what they answer, as far as they are kept."""
    text = f"{message.text}\n\n{message.quoted}" if message.text and message.quoted else message.text or message.quoted
    return text[:_LONGEST] or None


def content(
    message: Message, people: People, *, message_id: UUID, raw: UUID | None, files: tuple[Attachment, ...], sense: Sense
) -> MessageContent:
    """Return the message as a complaint takes it."""
    role, parties = _parties(message, people)
    passed_on = speaker(message) is not message.author
    return _new_content(
        message=message_id,
        channel=message.channel,
        subject_id=people.behalf if passed_on and people.behalf else people.author,
        role=role,
        parties=parties,
        direction=message.direction,
        addressed_to=", ".join(message.addressed_to) or None,
        language=message.language,
        subject=message.subject or None,
        body=body(message),
        foreign_id=message.source_id,
        raw=raw,
        attachments=files,
        automated=message.automated,
        sense=sense,
        public=message.public,
    )


def _point(message: Message, book: Book) -> tuple[Point, ...]:
    hints = message.hints
    stated = (hints.product, hints.serial, hints.order_reference, hints.claimed, hints.remedy_sought)
    if not any(stated):
        return ()
    product = book.code("product", hints.product)
    return (
        _new_point(
            point=1,
            product=product,
            product_name=hints.product if product is None else None,
            serial=hints.serial,
            order_reference=hints.order_reference,
            claimed=hints.claimed,
            remedy_sought=hints.remedy_sought,
        ),
    )


def _references(message: Message, book: Book) -> tuple[Reference, ...]:
    return tuple(_reference(ref, book) for ref in message.hints.external_refs)


def _reference(ref: ExternalRef, book: Book) -> Reference:
    """A system that no code list publishes is a text that somebody typed: it is sealed with its number."""
    system = book.code("system", ref.system)
    number = ref.number if system else f"{ref.system} {ref.number}"
    return Reference(system=system or "other", number=number, dated=ref.dated)


def leaves_out(message: Message, book: Book) -> bool:
    """Whether the message says what no field of its event takes, so that it is kept whole beside it.

    That is a file that stays with another system, who of ours took the words down, a date that only
    its writer set, or a text where the event takes published codes alone.
    """
    hints = message.hints
    coded = {
        "location": hints.location,
        "customer_segment": hints.customer_segment,
        "business_unit": hints.business_unit,
    }
    return (
        any(part.content is None for part in message.attachments)
        or bool(message.taken_by or hints.written_on or hints.answer_by)
        or any(text and book.code(name, text) is None for name, text in coded.items())
    )


def receive(message: Message, taken: MessageContent, book: Book) -> Receive:
    """Return the command that brings the message to a complaint."""
    hints = message.hints
    return Receive(
        content=taken,
        points=_point(message, book),
        incident_on=hints.incident_on,
        purchased_on=hints.purchased_on,
        external_refs=_references(message, book),
        location=book.code("location", hints.location),
        customer_segment=book.code("customer_segment", hints.customer_segment),
    )


def rate(message: Message) -> Rate | None:
    """Return the rating that a message of a known complaint carries; halves and tenths become whole by scaling."""
    given = message.rating
    if given is None or message.automated is not None:
        return None
    scale = 1 if given.score == int(given.score) and given.out_of == int(given.out_of) else 100
    score = Score(parameter="overall", score=int(given.score * scale), out_of=int(given.out_of * scale))
    return Rate(scores=(score,), message=None)


def receive_feedback(message: Message, taken: MessageContent, book: Book) -> ReceiveFeedback:
    """Return the command that brings the message to a feedback stream."""
    return ReceiveFeedback(
        content=taken,
        location=book.code("location", message.hints.location),
        customer_segment=book.code("customer_segment", message.hints.customer_segment),
    )


def command(
    message: Message,
    people: People,
    book: Book,
    kind: str,
    *,
    message_id: UUID,
    sense: Sense,
    raw: UUID | None = None,
    files: tuple[Attachment, ...] = (),
) -> Receive | ReceiveFeedback:
    """Return the command that brings the message to a stream of this kind."""
    taken = content(message, people, message_id=message_id, raw=raw, files=files, sense=sense)
    return receive(message, taken, book) if kind == "complaint" else receive_feedback(message, taken, book)
