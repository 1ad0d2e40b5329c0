"""Decided events get their envelopes: when, who, why, from where, caused by what."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from engine.complaint.automatic import rule_of
from engine.complaint.given import Given
from engine.ids import derived, derived_text
from engine.incoming import Circumstances
from engine.store.batch import NewEvent
from schemas.complaint.base import Command, Event
from schemas.complaint.clocks import SlaApplied
from schemas.complaint.registration import ComplaintRegistered
from schemas.envelope import Envelope, RuleSource, Source
from schemas.unchecked import unchecked

AT_THE_DESK = frozenset({ComplaintRegistered, SlaApplied})
"""What the desk does of itself when a message comes: done at the server's time, not at the message's."""

_DESK = "rule:desk"
_made = unchecked(Envelope)


@dataclass(frozen=True, slots=True)
class Said:
    """What the sender said beside the command."""

    why: str | None = None
    claimed_at: datetime | None = None
    zone: str | None = None
    """Time zone of a day-precise time."""
    correlation_id: UUID | None = None
    """Of the message or command that began it all; absent: this one."""


def stamp(
    command: Command, events: Sequence[Event], given: Given, around: Circumstances, said: Said
) -> tuple[NewEvent, ...]:
    """Return ``events`` with envelopes; ids derive from the command, so deciding again gives the same.

    The first event is what the command reports, and names what a reaction reacted to; what follows names
    the first as its cause. What a rule added is the rule's act, not the sender's.
    """
    stamped: list[NewEvent] = []
    named = str(given.stream)
    far = differs(said.claimed_at, around.received_at, given.book.desk.claim_tolerance_seconds)
    for index, event in enumerate(events):
        cause = stamped[0].envelope.event_id if stamped else None
        own = event_id(given.command_id, named, index)
        stamped.append(NewEvent(_envelope(command, event, own, given, around, said, cause=cause, differs=far), event))
    return tuple(stamped)


def _envelope(
    command: Command,
    event: Event,
    own: UUID,
    given: Given,
    around: Circumstances,
    said: Said,
    *,
    cause: UUID | None,
    differs: bool,
) -> Envelope:
    rule = rule_of(command, event, given)
    at_the_desk = rule is not None and type(event) in AT_THE_DESK
    day = given.precision == "day" and not at_the_desk
    return _made(
        event_id=own,
        occurred_at=given.now if at_the_desk else given.at,
        occurred_precision="day" if day else "instant",
        zone=said.zone if day else None,
        actor=given.actor if rule is None else _DESK,
        on_behalf_of=around.sender.on_behalf_of,
        identity=given.identity if rule is None else "workload",
        why=said.why if cause is None and event.subject_id is not None else None,
        decided_by=rule or around.decided_by,
        source=around.source,
        received_at=around.received_at,
        claimed_at=said.claimed_at,
        claim_differs=differs,
        command_id=given.command_id,
        correlation_id=said.correlation_id or given.command_id,
        causation_id=cause or _reacted_to(around.source),
        traceparent=around.traceparent,
        business_unit=given.business_unit,
        origin=given.origin,
    )


def event_id(command_id: UUID, stream: str, index: int) -> UUID:
    """Return the id of an event, by its place among those of its command in one stream."""
    return derived(command_id, f"{stream}/{index}")


def event_id_text(command_id: UUID, stream: str, index: int) -> str:
    """Return ``event_id`` as text."""
    return derived_text(command_id, f"{stream}/{index}")


def differs(claimed: datetime | None, received: datetime, tolerance_seconds: int) -> bool:
    """Whether what a sender says of the time differs from ours beyond the tolerance."""
    return claimed is not None and abs((claimed - received).total_seconds()) > tolerance_seconds


def _reacted_to(source: Source) -> UUID | None:
    return source.event_id if isinstance(source, RuleSource) else None
