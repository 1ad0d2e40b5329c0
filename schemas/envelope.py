"""What stands around every stored event: who, when, on whose behalf, from where, by which rule.

Position, recorded time, stream, version and name are columns of the log; the rest of the
envelope is stored with the event's own fields.
"""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from schemas.words import (
    ActorId,
    Code,
    Frozen,
    Identity,
    Instant,
    Origin,
    Personal,
    Precision,
    RuleRef,
    Sha256,
    Traceparent,
    ZoneName,
)  # fmt: skip


class KafkaSource(Frozen):
    """A record of a topic; ``offset`` is that record's own, not the next one's."""

    kind: Literal["kafka"] = "kafka"
    cluster: Code
    topic: Code
    partition: Annotated[int, Field(ge=0)]
    offset: Annotated[int, Field(ge=0)]


class FileSource(Frozen):
    """A line (or trace, or message) of a file, known by the digest of its content, never its name."""

    kind: Literal["file"] = "file"
    file: Sha256
    line: Annotated[int, Field(ge=1)]


class RequestSource(Frozen):
    """A request over HTTP or from the command line."""

    kind: Literal["request"] = "request"
    request: UUID


class RuleSource(Frozen):
    """A reaction to an earlier event or to the clock."""

    kind: Literal["rule"] = "rule"
    event_id: UUID | None = None


Source = Annotated[KafkaSource | FileSource | RequestSource | RuleSource, Field(discriminator="kind")]


class Envelope(Frozen):
    """The circumstances of one event.

    ``occurred_at`` is world time; with precision ``day`` it is 00:00 of that date in ``zone``.
    ``received_at`` is when it reached a clock we trust, ``claimed_at`` what the sender says.
    ``command_id`` is derived from the sender and his id by a keyed hash, so it is opaque.
    """

    event_id: UUID
    occurred_at: Instant
    occurred_precision: Precision = "instant"
    zone: ZoneName | None = None
    actor: ActorId
    on_behalf_of: ActorId | None = None
    identity: Identity
    why: Personal[str] | None = None
    decided_by: RuleRef | None = None
    source: Source
    received_at: Instant | None = None
    claimed_at: Instant | None = None
    claim_differs: bool = False
    """The sender's time differs from ours beyond the tolerance."""
    command_id: UUID
    correlation_id: UUID
    causation_id: UUID | None = None
    traceparent: Traceparent | None = None
    business_unit: Code
    origin: Origin = "live"
