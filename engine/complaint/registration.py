"""Dissatisfaction arrives, is entered in the register, and the complainant is told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, assert_never
from uuid import UUID

from engine.complaint.change import changed
from engine.complaint.given import Circumstances, Given
from engine.complaint.number import case_number
from schemas.complaint.base import Event
from schemas.complaint.registration import (
    Acknowledge,
    Assessment,
    ComplaintAcknowledged,
    ComplaintReceived,
    ComplaintRegistered,
    MessageContent,
    Receive,
    Register,
)
from schemas.refusals import Refusal
from schemas.unchecked import unchecked
from schemas.words import Channel, ComplaintType, Money, Party, Point, RemedyForm

if TYPE_CHECKING:
    from engine.complaint.case import Case

Events = ComplaintReceived | ComplaintRegistered | ComplaintAcknowledged
Commands = Register | Acknowledge
_new_received, _new_registered = unchecked(ComplaintReceived), unchecked(ComplaintRegistered)
"""``Receive`` concerns several parts; ``correspondence`` decides it for a known case, ``open_case`` for a new one."""


@dataclass(frozen=True, slots=True)
class PartyRef:
    """A party by role and data subject; name and contacts stay sealed in the event."""

    role: str
    subject_id: UUID


@dataclass(frozen=True, slots=True)
class PointFacts:
    """What a point says without its personal text."""

    point: int
    type: ComplaintType | None
    subtype: str | None
    product: str | None
    claimed: Money | None
    remedy_sought: RemedyForm | None
    distress: Money | None = None


@dataclass(frozen=True, slots=True)
class Registration:
    """What the register knows of the complaint."""

    message: UUID | None = None
    """The message that opened it."""
    author: UUID | None = None
    """Whose words that message is."""
    channel: Channel | None = None
    public: bool = False
    vulnerable: bool | None = None
    location: str | None = None
    customer_segment: str | None = None
    language: str | None = None
    parties: tuple[PartyRef, ...] = ()
    number: str | None = None
    points: tuple[PointFacts, ...] = ()
    incident_on: date | None = None
    purchased_on: date | None = None
    assessment: Assessment | None = None
    acknowledged: bool = False
    """In this cycle."""


def point_facts(point: Point) -> PointFacts:
    """Return the point without its personal text."""
    known = (point.point, point.type, point.subtype, point.product, point.claimed, point.remedy_sought, point.distress)
    return PointFacts(*known)


def merged(points: tuple[PointFacts, ...], newer: tuple[PointFacts, ...]) -> tuple[PointFacts, ...]:
    """Return the points by number, where the newer ones replace those they name."""
    by_number = {point.point: point for point in (*points, *newer)}
    return tuple(by_number[number] for number in sorted(by_number))


def has_text(points: tuple[Point, ...]) -> bool:
    """Tell whether a point brings text, which no state can be compared with."""
    return any(p.serial or p.product_name or p.order_reference for p in points)


# ------------------------------------------------------------------------------------------------ decide


def open_case(command: Receive, given: Given) -> tuple[Event, ...]:
    """Return the first events of a complaint: it arrived and stands in the register.

    Raises:
        Refusal: ``unknown_complaint`` where the message is automatic or not from outside: such mail opens nothing.
    """
    content = command.content
    if content.automated is not None or content.direction != "inbound":
        raise Refusal(
            "unknown_complaint", "an automatic or outgoing message opens no complaint", message=str(content.message)
        )
    return (_received(command, content), _registered(command, given))


def _received(command: Receive, content: MessageContent) -> ComplaintReceived:
    return _new_received(
        subject_id=content.subject_id,
        channel=content.channel,
        message=content.message,
        parties=with_author(content),
        addressed_to=content.addressed_to,
        language=content.language,
        subject=content.subject,
        body=content.body,
        foreign_id=content.foreign_id,
        raw=content.raw,
        attachments=content.attachments,
        location=command.location,
        customer_segment=command.customer_segment,
        vulnerable=command.vulnerable,
        public=content.public,
        sense=content.sense,
    )


def with_author(content: MessageContent) -> tuple[Party, ...]:
    """Return the parties of a message, its author among them even if it gives no contact of his."""
    if any(party.subject_id == content.subject_id for party in content.parties):
        return content.parties
    return (*content.parties, Party(role=content.role, subject_id=content.subject_id))


def _registered(command: Receive, given: Given) -> ComplaintRegistered:
    return _new_registered(
        subject_id=command.content.subject_id,
        number=case_number(given.stream),
        points=command.points,
        incident_on=command.incident_on,
        purchased_on=command.purchased_on,
        external_refs=command.external_refs,
        starts_investigation=given.book.desk.registered_starts_investigation,
    )


def decide(command: Commands, case: Case, given: Given) -> tuple[Event, ...]:
    """Return what follows from a command of this concern."""
    match command:
        case Register():
            return _register(command, case, given)
        case Acknowledge():
            return _acknowledge(command, case, given)
    assert_never(command)


def _register(command: Register, case: Case, given: Given) -> tuple[Event, ...]:
    part = case.registration
    event = ComplaintRegistered(
        subject_id=case.subject(given),
        number=part.number or case_number(given.stream),
        points=command.points,
        incident_on=command.incident_on,
        purchased_on=command.purchased_on,
        external_refs=command.external_refs,
        assessment=command.assessment,
        starts_investigation=part.number is None and given.book.desk.registered_starts_investigation,
    )
    brings_text = has_text(command.points) or bool(command.external_refs)
    same = changed(_evolve_registered(part, event), number=part.number) == part
    return () if part.number and same and not brings_text else (event,)


def _acknowledge(command: Acknowledge, case: Case, given: Given) -> tuple[Event, ...]:
    if case.registration.acknowledged:
        return ()
    if case.registration.number is None:
        raise Refusal("not_registered", "there is no number yet that the complainant could be told")
    return (
        ComplaintAcknowledged(
            subject_id=case.subject(given),
            number=case.registration.number,
            topic=command.topic,
            expected_by=command.expected_by,
            link_id=command.link_id,
            channel=command.channel,
        ),
    )


# ------------------------------------------------------------------------------------------------ evolve


def evolve(part: Registration, event: Events, _: Circumstances) -> Registration:
    """Apply one stored fact."""
    match event:
        case ComplaintReceived():
            return _evolve_received(part, event)
        case ComplaintRegistered():
            return _evolve_registered(part, event)
        case ComplaintAcknowledged():
            return changed(part, acknowledged=True)
    assert_never(event)


def _evolve_received(part: Registration, event: ComplaintReceived) -> Registration:
    return changed(
        part,
        message=event.message,
        author=event.subject_id,
        channel=event.channel,
        public=event.public,
        vulnerable=event.vulnerable,
        location=event.location,
        customer_segment=event.customer_segment,
        language=event.language,
        parties=tuple(PartyRef(party.role, party.subject_id) for party in event.parties),
    )


def _evolve_registered(part: Registration, event: ComplaintRegistered) -> Registration:
    return changed(
        part,
        number=event.number,
        points=merged(part.points, tuple(point_facts(point) for point in event.points)),
        incident_on=event.incident_on or part.incident_on,
        purchased_on=event.purchased_on or part.purchased_on,
        assessment=event.assessment or part.assessment,
    )


def next_cycle(part: Registration) -> Registration:
    """Forget what holds for one cycle only."""
    return changed(part, acknowledged=False)
