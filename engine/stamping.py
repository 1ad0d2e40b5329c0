"""Decided events get their envelopes: when, who, why, from where, caused by what."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid5

from engine.complaint.given import Given
from engine.incoming import Circumstances
from engine.store.batch import NewEvent
from schemas.complaint.base import Event
from schemas.envelope import Envelope
from schemas.words import RuleRef

OUR_ACTS = frozenset(
    {
        "complaint.registered.v1",
        "complaint.sla_applied.v1",
        "complaint.prioritised.v1",
        "complaint.assigned.v1",
        "complaint.acknowledged.v1",
        "complaint.classified.v1",
    }
)
"""What the desk does of itself when a message comes: done at the server's time, not at the message's."""

DESK_RULE = RuleRef(rule_set="desk", version=1, rule="on-receipt")
_SERVICE = "rule:desk"


def stamp(
    events: Sequence[Event],
    given: Given,
    around: Circumstances,
    *,
    stream: UUID,
    zone: str | None = None,
    why: str | None = None,
    claimed_at: datetime | None = None,
) -> tuple[NewEvent, ...]:
    """Return ``events`` with envelopes; ids derive from the command, so deciding again gives the same.

    The first event is what the command reports; what follows by itself names it as its cause.
    """
    differs = _differs(claimed_at, around.received_at, given.book.desk.claim_tolerance_seconds)
    stamped: list[NewEvent] = []
    for index, event in enumerate(events):
        ours = index > 0 and event.NAME in OUR_ACTS
        day = given.precision == "day" and not ours
        envelope = Envelope(
            event_id=uuid5(given.command_id, f"{stream}/{index}"),
            occurred_at=given.now if ours else given.at,
            occurred_precision="day" if day else "instant",
            zone=zone if day else None,
            actor=_SERVICE if ours else given.actor,
            on_behalf_of=around.sender.on_behalf_of,
            identity="workload" if ours else given.identity,
            why=why if index == 0 and event.subject_id is not None else None,
            decided_by=DESK_RULE if ours else None,
            source=around.source,
            received_at=around.received_at,
            claimed_at=claimed_at,
            claim_differs=differs,
            command_id=given.command_id,
            correlation_id=given.command_id,
            causation_id=stamped[0].envelope.event_id if stamped else None,
            traceparent=around.traceparent,
            business_unit=given.business_unit,
            origin=given.origin,
        )
        stamped.append(NewEvent(envelope, event))
    return tuple(stamped)


def _differs(claimed: datetime | None, received: datetime, tolerance_seconds: int) -> bool:
    return claimed is not None and abs((claimed - received).total_seconds()) > tolerance_seconds
