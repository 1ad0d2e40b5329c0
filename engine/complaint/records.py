"""Keeping the record straight: links, moved messages, corrections, legal holds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, assert_never
from uuid import UUID

from engine.complaint.change import changed
from engine.complaint.correspondence import knows
from engine.complaint.given import Circumstances, Given
from schemas.complaint.base import Event
from schemas.complaint.records import (
    ComplaintLinked,
    CorrectEntry,
    EntryCorrected,
    LegalHoldPlaced,
    LegalHoldReleased,
    LinkComplaint,
    MessageMoved,
    MoveMessage,
    PlaceLegalHold,
    ReleaseLegalHold,
)
from schemas.refusals import Refusal
from schemas.words import LinkKind

if TYPE_CHECKING:
    from engine.complaint.case import Case

Events = ComplaintLinked | MessageMoved | EntryCorrected | LegalHoldPlaced | LegalHoldReleased
Commands = LinkComplaint | MoveMessage | CorrectEntry | PlaceLegalHold | ReleaseLegalHold


@dataclass(frozen=True, slots=True)
class Link:
    """What another complaint has to do with this one."""

    other: UUID
    kind: LinkKind
    confirmed: bool
    other_received_at: datetime | None
    other_replied_at: datetime | None


@dataclass(frozen=True, slots=True)
class Hold:
    """Forbids erasure until another person releases it."""

    hold_id: UUID
    holder: str
    reason: str
    placed_by: str
    released: bool = False


@dataclass(frozen=True, slots=True)
class Records:
    """What was put straight, and what must be kept."""

    links: tuple[Link, ...] = ()
    moved: tuple[UUID, ...] = ()
    """Messages that belong to another case."""
    corrected: tuple[UUID, ...] = ()
    """Event ids of entries that were wrong."""
    holds: tuple[Hold, ...] = ()

    @property
    def held(self) -> bool:
        """A legal hold stands."""
        return any(not hold.released for hold in self.holds)


# ------------------------------------------------------------------------------------------------ decide


def decide(command: Commands, case: Case, given: Given) -> tuple[Event, ...]:
    """Return what follows from a command of this concern."""
    match command:
        case LinkComplaint():
            return _link(command, case, given)
        case MoveMessage():
            return _move(command, case, given)
        case CorrectEntry():
            return _correct(command, case, given)
        case PlaceLegalHold():
            return _place(command, case, given)
        case ReleaseLegalHold():
            return _release(command, case, given)
    assert_never(command)


def _link(command: LinkComplaint, case: Case, given: Given) -> tuple[Event, ...]:
    """A suggestion becomes a confirmed link by a person's word; it never goes back to one."""
    _require_other(command.other, given)
    if command.confirmed and not given.by_person:
        raise Refusal("person_required", "a verified person confirms a link; leave confirmed out to suggest it")
    event = ComplaintLinked(
        subject_id=case.subject(given),
        other=command.other,
        kind=command.kind,
        confirmed=command.confirmed,
        other_received_at=command.other_received_at,
        other_replied_at=command.other_replied_at,
    )
    return () if _linked(case.records, event) == case.records else (event,)


def _move(command: MoveMessage, case: Case, given: Given) -> tuple[Event, ...]:
    _require_other(command.other, given)
    if not knows(case, command.message):
        raise Refusal("unknown_message", "no such message was recorded", message=str(command.message))
    if command.message in case.records.moved:
        return ()
    return (MessageMoved(subject_id=case.subject(given), message=command.message, other=command.other),)


def _correct(command: CorrectEntry, case: Case, given: Given) -> tuple[Event, ...]:
    if all(stored.envelope.event_id != command.event_id for stored in given.history):
        raise Refusal("unknown_entry", "this complaint has no such entry", event=str(command.event_id))
    if command.note is None and command.event_id in case.records.corrected:
        return ()
    return (EntryCorrected(subject_id=case.subject(given), event_id=command.event_id, note=command.note),)


def _place(command: PlaceLegalHold, case: Case, given: Given) -> tuple[Event, ...]:
    hold_id = command.hold_id or given.derive("hold")
    if any(hold.hold_id == hold_id for hold in case.records.holds):
        return ()
    return (
        LegalHoldPlaced(subject_id=case.subject(given), hold_id=hold_id, holder=command.holder, reason=command.reason),
    )


def _release(command: ReleaseLegalHold, case: Case, given: Given) -> tuple[Event, ...]:
    hold = next((hold for hold in case.records.holds if hold.hold_id == command.hold_id), None)
    if hold is None:
        raise Refusal("unknown_hold", "no such hold was placed", hold=str(command.hold_id))
    if hold.released:
        return ()
    if not given.by_person:
        raise Refusal("person_required", "a verified person releases a hold", hold=str(command.hold_id))
    if hold.placed_by == given.actor:
        raise Refusal("same_person", "who placed a hold does not release it", hold=str(command.hold_id))
    return (
        LegalHoldReleased(
            subject_id=case.subject(given), hold_id=hold.hold_id, holder=hold.holder, reason=command.reason
        ),
    )


def _require_other(other: UUID, given: Given) -> None:
    if other == given.stream:
        raise Refusal("self_link", "name another complaint than this one", complaint=str(other))


# ------------------------------------------------------------------------------------------------ evolve


def evolve(part: Records, event: Events, around: Circumstances) -> Records:
    """Apply one stored fact."""
    match event:
        case ComplaintLinked():
            return _linked(part, event)
        case MessageMoved():
            return part if event.message in part.moved else changed(part, moved=(*part.moved, event.message))
        case EntryCorrected():
            return (
                part if event.event_id in part.corrected else changed(part, corrected=(*part.corrected, event.event_id))
            )
        case LegalHoldPlaced():
            hold = Hold(event.hold_id, event.holder, event.reason, around.actor)
            return changed(part, holds=(*(other for other in part.holds if other.hold_id != event.hold_id), hold))
        case LegalHoldReleased():
            return changed(part, holds=tuple(_released(hold, event) for hold in part.holds))
    assert_never(event)


def _linked(part: Records, event: ComplaintLinked) -> Records:
    same = [link for link in part.links if (link.other, link.kind) == (event.other, event.kind)]
    link = Link(
        event.other,
        event.kind,
        event.confirmed or any(known.confirmed for known in same),
        event.other_received_at or next((known.other_received_at for known in same), None),
        event.other_replied_at or next((known.other_replied_at for known in same), None),
    )
    if same == [link]:
        return part
    return changed(part, links=(*(known for known in part.links if known not in same), link))


def _released(hold: Hold, event: LegalHoldReleased) -> Hold:
    return changed(hold, released=True) if hold.hold_id == event.hold_id else hold
