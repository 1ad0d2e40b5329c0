"""Complaints to measure with: realistic in size and in what is personal, the same for the same seed."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final
from uuid import UUID, uuid5

import orjson

from consumers import intake
from engine.complaint.number import case_number
from engine.incoming import Arrived, Circumstances, Sender
from engine.past import PastCase, PastFact
from engine.store.batch import (
    Append,
    Batch,
    ConversationKey,
    KnownContact,
    NewEvent,
    SeenMessage,
    SourceMove,
)  # fmt: skip
from engine.taking import Keyed
from schemas.complaint.assignment import ComplaintAssigned
from schemas.complaint.base import Event
from schemas.complaint.classification import ComplaintClassified
from schemas.complaint.correspondence import ComplaintReplied, MessageRecorded, NoteAdded
from schemas.complaint.investigation import InvestigationStarted
from schemas.complaint.lifecycle import ComplaintClosed, ComplaintRated, ComplaintResolved, Score
from schemas.complaint.registration import ComplaintReceived, ComplaintRegistered
from schemas.complaint.waiting import InformationProvided, InformationRequested
from schemas.envelope import Envelope, KafkaSource, RequestSource
from schemas.words import Contact, Party, Point

SOURCE: Final = "kafka:bench/complaints.inbound/0"
POLICY: Final = "default"
"""The shipped policy by whose promises the recorded histories are judged."""
_BEGIN: Final = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
_BODY_CHARACTERS: Final = 150
"""Of a complaint's text, so that the event itself is about 600 octets."""

_FIRST: Final = (
    "Anna",
    "Boris",
    "Clara",
    "Dmitri",
    "Elena",
    "Farid",
    "Grace",
    "Igor",
    "Jana",
    "Karim",
    "Lena",
    "Marta",
)
_LAST: Final = ("Adams", "Berzins", "Clarke", "Ivanova", "Karimov", "Leclerc", "Novak", "Petrov", "Smith", "Suleimenov")
_PRODUCTS: Final = ("kettle-k20", "vacuum-v7", "phone-p3", "sofa-lund", "delivery", "subscription")
_LOCATIONS: Final = ("online", "riga-centre", "almaty-mall", "leeds-north")
_SUBJECTS: Final = ("Broken after two days", "Delivery is late again", "Charged twice", "Rude staff", "Refund not paid")
_SENTENCES: Final = (
    "The kettle that I ordered arrived broken and the box was damaged.",
    "I have been waiting for three weeks and nobody calls back.",
    "I was charged twice for the same order and want a refund.",
    "The courier was rude and left the parcel in the rain.",
    "Your shop promised a replacement by Friday, which never came.",
    "The vacuum cleaner does not work since the second use.",
    "I paid for assembly, but the sofa was left at the door.",
    "This is the second complaint about the same defective phone.",
)


@dataclass(frozen=True, slots=True)
class Person:
    """A complainant. ``known``: an earlier complaint brought his contact."""

    subject: UUID
    name: str
    email: str
    known: bool = False


class Supply:
    """Complaints without end, each another one; half of them come from people who complained before."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)  # noqa: S311 -- repeatable by seed, nothing secret
        self._people: list[Person] = []
        self._made = 0

    def batch(self, count: int, keyed: Keyed, moved_to: int | None) -> Batch:
        """Return complaints of one event each, with every side row that the service writes when one arrives.

        ``moved_to`` is where the source stands before it; it moves by ``count``.
        """
        streams = [self._id() for _ in range(count)]
        people = [self._person() for _ in range(count)]
        messages = [self._id() for _ in range(count)]
        rows = list(zip(streams, people, messages, strict=True))
        return Batch(
            appends=tuple(Append(stream, 0, (self._arrival(person, message),)) for stream, person, message in rows),
            sources=(SourceMove(SOURCE, moved_to, (moved_to or 0) + count),),
            messages=tuple(
                SeenMessage(keyed("message", message.bytes), stream, message) for stream, _, message in rows
            ),
            conversations=tuple(
                ConversationKey(keyed("conversation", f"message:{message}".encode()), stream)
                for stream, _, message in rows
            ),
            contacts=tuple(
                KnownContact(keyed("contact", f"email:{person.email}".encode()), person.subject)
                for _, person, _ in rows
                if not person.known
            ),
        )

    def forms(self, count: int) -> list[bytes]:
        """Return web-form messages as they arrive: JSON, each opening a complaint."""
        return [orjson.dumps(self._form()) for _ in range(count)]

    def past(self, count: int) -> list[PastCase]:
        """Return whole histories of eleven events (with the promises that apply), from receipt to closing."""
        return [self._case(self._life) for _ in range(count)]

    def long_case(self, events: int) -> PastCase:
        """Return one history that becomes so many events, of a matter that is argued about for months."""
        return self._case(lambda who: self._dispute(who, events))

    def _id(self) -> UUID:
        return UUID(int=self._random.getrandbits(128), version=4)

    def _person(self) -> Person:
        if self._people and self._random.random() < 0.5:
            return replace(self._random.choice(self._people), known=True)
        name = f"{self._random.choice(_FIRST)} {self._random.choice(_LAST)}"
        person = Person(self._id(), name, f"{name.replace(' ', '.').lower()}.{len(self._people)}@example.org")
        self._people.append(person)
        return person

    def _text(self) -> str:
        text = ""
        while len(text) < _BODY_CHARACTERS:
            text = f"{text} {self._random.choice(_SENTENCES)}".lstrip()
        return text

    def _at(self) -> datetime:
        self._made += 1
        return _BEGIN + timedelta(seconds=37 * self._made)

    def _received(self, person: Person, message: UUID) -> ComplaintReceived:
        contact = Contact(kind="email", value=person.email)
        return ComplaintReceived(
            subject_id=person.subject,
            channel="web_form",
            message=message,
            parties=(Party(role="complainant", subject_id=person.subject, name=person.name, contacts=(contact,)),),
            language="en",
            subject=self._random.choice(_SUBJECTS),
            body=self._text(),
            foreign_id=f"shop:{message.hex[:12]}",
            location=self._random.choice(_LOCATIONS),
        )

    def _arrival(self, person: Person, message: UUID) -> NewEvent:
        at = self._at()
        source = KafkaSource(cluster="bench", topic="complaints.inbound", partition=0, offset=self._made)
        envelope = Envelope(
            event_id=uuid5(message, "event"),
            occurred_at=at,
            actor="service:bench",
            identity="workload",
            source=source,
            received_at=at,
            command_id=uuid5(message, "command"),
            correlation_id=uuid5(message, "command"),
            business_unit="main",
        )
        return NewEvent(envelope, self._received(person, message))

    def _form(self) -> dict[str, Any]:
        person = self._person()
        return {
            "channel": "web_form",
            "system": "shop",
            "id": self._id().hex,
            "submitted_at": self._at().isoformat(),
            "author": {"name": person.name, "contacts": [{"kind": "email", "value": person.email}]},
            "subject": self._random.choice(_SUBJECTS),
            "text": self._text(),
            "language": "en",
            "hints": {
                "sense": "complaint",
                "product": self._random.choice(_PRODUCTS),
                "location": self._random.choice(_LOCATIONS),
                "order_reference": f"A-{self._random.randrange(10**6)}",
            },
        }

    def _case(self, life: Callable[[Person], Iterable[Event]]) -> PastCase:
        began = self._at()
        facts = tuple(
            PastFact(event, began + timedelta(hours=7 * hour)) for hour, event in enumerate(life(self._person()))
        )
        return PastCase(f"bench:{self._id()}", facts, line=self._made, policy=POLICY)

    def _life(self, who: Person) -> Iterable[Event]:
        yield self._received(who, self._id())
        yield self._registered(who)
        yield ComplaintClassified(nature="objective", type="product", tone="dissatisfied")
        yield ComplaintAssigned(team="first-line", assignee="person:p7", reason="rule")
        yield InvestigationStarted()
        answer = self._id()
        yield self._outbound(who, answer)
        yield ComplaintReplied(message=answer, final=True, signed_by="person:p7")
        yield ComplaintResolved(subject_id=who.subject, outcome="upheld", findings=self._text())
        yield ComplaintRated(survey="after-closing", cycle=1, scores=(Score(parameter="overall", score=4),))
        yield ComplaintClosed(reason="rated", cycle=1)

    def _dispute(self, who: Person, events: int) -> Iterable[Event]:
        yield self._received(who, self._id())
        yield self._registered(who)
        kinds = (self._inbound, self._note, self._handover, self._question, self._answer)
        for number in range(events - 3):
            yield kinds[number % len(kinds)](who)

    def _registered(self, who: Person) -> ComplaintRegistered:
        point = Point(point=1, product=self._random.choice(_PRODUCTS), order_reference=f"A-{self._made}")
        return ComplaintRegistered(subject_id=who.subject, number=case_number(UUID(int=0)), points=(point,))

    def _outbound(self, who: Person, message: UUID) -> Event:
        return MessageRecorded(
            subject_id=who.subject, direction="outbound", message=message, channel="email", to=who.email,
            author="person:p7", subject="Re: your complaint", body=self._text(), purpose="final",
        )  # fmt: skip

    def _inbound(self, who: Person) -> Event:
        return MessageRecorded(
            subject_id=who.subject, direction="inbound", message=self._id(), channel="email", body=self._text()
        )

    def _note(self, who: Person) -> Event:
        return NoteAdded(subject_id=who.subject, note=self._text())

    def _handover(self, _: Person) -> Event:
        return ComplaintAssigned(team=f"team-{self._random.randrange(5)}", reason="handover")

    def _question(self, who: Person) -> Event:
        return InformationRequested(subject_id=who.subject, request_id=self._id(), what="the order number")

    def _answer(self, _: Person) -> Event:
        return InformationProvided(message=self._id())


def around(moved_to: int | None = None, by: int = 0) -> Circumstances:
    """Return the circumstances of everything that the benchmarks bring; ``by`` moves their source."""
    return Circumstances(
        Sender("bench", "service:bench", "workload"),
        RequestSource(request=UUID(int=7)),
        _BEGIN,
        clock=_BEGIN,
        move=SourceMove(SOURCE, moved_to, (moved_to or 0) + by) if by else None,
    )


def taken(octets: bytes, around: Circumstances) -> Arrived:
    """Return a message of ``Supply.forms`` as the intake takes it.

    Raises:
        TypeError: the intake refuses it.
    """
    item = intake.from_octets(octets, around)
    if isinstance(item, intake.Rejected):
        raise TypeError(f"the intake refuses a message made to measure with: {item.path}: {item.reason}")
    return item
