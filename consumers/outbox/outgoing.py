"""What leaves for a topic: one event of the log as records of Kafka, in CloudEvents binary mode. Pure.

A record's key is the complaint, so one partition has all records of a complaint, in the order of the
log. ``sequence`` is the position in the log, padded so that it sorts as text; the records of one
erasure have a number behind it, counted from 1. ``source`` names the log and its incarnation: after
a restore that lost events, positions are given again, under another source.
"""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple
from uuid import UUID, uuid5

from engine.complaint.number import case_number
from engine.store.batch import Recorded
from schemas.published import integration, notice
from schemas.published.cloudevent import CONTENT_TYPE, JSON, KafkaHeader
from schemas.published.integration_parts import Fact

SOURCE: Final = "urn:plaint:log:"
SCHEMA: Final = "urn:plaint:schema:published:"
POSITION_DIGITS: Final = 19
"""As many as the largest position has."""
PERSONAL: Final = "personaldata"
"""Extension attribute of an event that holds a person's text; no other event has it."""
TRACEPARENT: Final = "traceparent"
"""Header of the W3C trace context, beside the CloudEvents attribute of the same name."""
AUTHTYPE: Final = {"person": "app_user", "service": "service_account", "rule": "system"}
"""First word of an actor -> its kind in CloudEvents' extension ``authcontext``."""


class Outgoing(NamedTuple):
    """One record to send, in octets as they go over the wire."""

    key: bytes
    headers: list[KafkaHeader]
    value: bytes


Make = Callable[[Recorded, UUID], Sequence[Outgoing]]
"""Stored event, incarnation of its log -> what a topic gets of it. The same arguments give the same octets."""


def events_of(recorded: Recorded, incarnation: UUID) -> Sequence[Outgoing]:
    """Return the integration events of one stored event, without texts; none where it is internal."""
    return _events(recorded, incarnation, texts=False)


def events_with_texts_of(recorded: Recorded, incarnation: UUID) -> Sequence[Outgoing]:
    """Return the same with the texts that the event holds in the clear, marked by ``personaldata``."""
    return _events(recorded, incarnation, texts=True)


def notices_of(recorded: Recorded, incarnation: UUID) -> Sequence[Outgoing]:
    """Return the notice of one stored event, if there is one."""
    stream, envelope = recorded.stream, recorded.envelope
    found = notice.notice_of(stream, case_number(stream), envelope, recorded.event)
    if found is None:
        return ()
    own_id = uuid5(envelope.event_id, found.NAME)
    return [_record(recorded, incarnation, found, own_id, _sequence(recorded), texts=False)]


def _events(recorded: Recorded, incarnation: UUID, *, texts: bool) -> Sequence[Outgoing]:
    stream, envelope = recorded.stream, recorded.envelope
    facts = integration.integration_of(stream, case_number(stream), envelope, recorded.event, texts=texts)
    if not facts:
        return ()
    if facts[0].OF != integration.ERASURE:
        return [_record(recorded, incarnation, facts[0], envelope.event_id, _sequence(recorded), texts=texts)]
    ids = [uuid5(envelope.event_id, str(fact.about)) for fact in facts]
    return [
        _record(recorded, incarnation, fact, ids[nth], _sequence(recorded, nth + 1), texts=texts)
        for nth, fact in enumerate(facts)
    ]


def _sequence(recorded: Recorded, nth: int | None = None) -> str:
    return f"{recorded.position:0{POSITION_DIGITS}d}" + ("" if nth is None else f".{nth:06d}")


def _record(recorded: Recorded, incarnation: UUID, fact: Fact, id: UUID, sequence: str, *, texts: bool) -> Outgoing:
    """Return a fact as a CloudEvent in binary mode, put together by hand: it is made for every event of the log."""
    envelope, about = recorded.envelope, str(fact.about)
    attributes = {
        "ce_specversion": "1.0",
        "ce_id": str(id),
        "ce_source": f"{SOURCE}{incarnation}",
        "ce_type": fact.NAME,
        "ce_subject": about,
        "ce_time": envelope.occurred_at.isoformat(),
        "ce_dataschema": f"{SCHEMA}{fact.NAME}",
        "ce_partitionkey": about,
        "ce_authtype": AUTHTYPE[envelope.actor.partition(":")[0]],
        "ce_authid": envelope.actor,
        "ce_correlationid": str(envelope.correlation_id),
        "ce_sequence": sequence,
        "ce_recordedtime": recorded.recorded_at.isoformat(),
        CONTENT_TYPE: JSON,
    }
    if envelope.causation_id is not None:
        attributes["ce_causationid"] = str(envelope.causation_id)
    if envelope.traceparent is not None:
        attributes["ce_traceparent"] = attributes[TRACEPARENT] = envelope.traceparent
    if texts and fact.holds_text:
        attributes[f"ce_{PERSONAL}"] = "true"
    value = fact.__pydantic_serializer__.to_json(fact, by_alias=True, exclude_none=True)
    return Outgoing(about.encode(), [(name, text.encode()) for name, text in attributes.items()], value)
