"""A record that can never be taken: whole as it stands among the dead letters, and as the topic carries it.

The relayed record has the original key, value and headers, octet for octet; what Plaint says of it
follows in headers of its own, all of whose names begin with ``plaint-dl-`` (``HEADERS`` describes
each). Neither the reason nor any of these headers repeats anything of the record itself: an error is
told by its class, its code and the path of a field.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Annotated, Final, Literal, NamedTuple, Self, get_args
from uuid import UUID, uuid5

from pydantic import Field, StringConstraints

from schemas.input import Base64, Instant
from schemas.words import Code, Frozen, Sha256, Traceparent

ErrorClass = Literal["encoding", "syntax", "schema", "size", "depth", "headers", "codec", "semantic", "internal"]
"""What kind of fault it is.

``encoding``: not UTF-8. ``syntax``: not JSON. ``schema``: JSON of another form. ``size``, ``depth``,
``headers``: beyond a limit. ``codec``: its batch cannot be unpacked. ``semantic``: well formed, and
refused by what it is about. ``internal``: a fault of Plaint's own.
"""
CLASSES: Final[tuple[ErrorClass, ...]] = get_args(ErrorClass)
TimestampType = Literal["create", "log_append", "none"]
PREFIX: Final = "plaint-dl-"
HEADERS: Final[Mapping[str, str]] = {
    "plaint-dl-id": "The dead letter's id. Relaying is at least once: this and the attempts tell a repetition.",
    "plaint-dl-class": "Kind of fault: " + ", ".join(CLASSES) + ".",
    "plaint-dl-code": "Which fault of that kind.",
    "plaint-dl-path": "Path of the field at fault; absent where it is the whole record.",
    "plaint-dl-attempts": "How often it was tried; higher where it was replayed and failed again.",
    "plaint-dl-cluster": "Cluster id of the broker that it came from.",
    "plaint-dl-topic": "Topic that it came from.",
    "plaint-dl-topic-id": "Id of that topic; a topic made anew under the same name has another.",
    "plaint-dl-partition": "Partition that it came from.",
    "plaint-dl-offset": "Its offset there.",
    "plaint-dl-timestamp": "Its timestamp, ISO 8601 in UTC; absent where it had none.",
    "plaint-dl-timestamp-type": "Whose clock that was: create (the producer's), log_append (the broker's), none.",
    "plaint-dl-first-failed-at": "When it failed first, ISO 8601 in UTC.",
    "plaint-dl-last-failed-at": "When it failed last, ISO 8601 in UTC.",
    "plaint-dl-consumer-group": "Consumer group that read it.",
    "plaint-dl-engine-version": "Version of Plaint that could not take it.",
    "plaint-dl-traceparent": "W3C trace context, where the record had one.",
    "plaint-dl-value-size": "Octets of a value that was too large to keep; the relayed value is then null.",
    "plaint-dl-value-sha256": "SHA-256 of that value.",
    "plaint-dl-null-value": "true where neither key nor value is there, which clients do not send; the value is empty.",
    "plaint-dl-null-headers": "Positions, from 0, of original headers that had no value; they are relayed empty.",
    "plaint-dl-unsent-headers": "How many original headers are left out: tokens, names that are not UTF-8, too large.",
}
"""Every header that Plaint adds to a relayed record, with its meaning."""

KafkaHeaders = list[tuple[str, bytes]]
_NAMESPACE: Final = uuid5(UUID(int=0), "plaint/dead_letter")


class RawHeader(NamedTuple):
    """One header as octets. The name may be no UTF-8; a value may be absent, which is not empty."""

    name: bytes
    value: bytes | None


class LeftOut(Frozen):
    """Stands for a value that was too large to keep: the record itself is still in its topic, while that keeps it."""

    size: Annotated[int, Field(ge=1)]
    """In octets."""
    sha256: Sha256


class _Header(Frozen):
    name: Base64
    value: Base64 | None = None


class DeadLetter(Frozen):
    """One record whole, where it stood, and why it failed. Instants are aware."""

    cluster: Code
    topic: Code
    topic_id: UUID
    partition: Annotated[int, Field(ge=0)]
    offset: Annotated[int, Field(ge=0)]
    """The record's own, not the next one's."""
    timestamp: Instant | None = None
    timestamp_type: TimestampType = "none"
    key: Base64 | None = Field(default=None, repr=False)
    value: Base64 | None = Field(default=None, repr=False)
    headers: Annotated[tuple[_Header, ...], Field(repr=False)] = ()
    left_out: LeftOut | None = None
    """The value was too large to keep, and ``value`` is None."""
    error_class: ErrorClass
    code: Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,60}$")]
    path: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.() -]{0,300}$")] = ""
    """Of the field at fault; empty where it is the whole record."""
    attempts: Annotated[int, Field(ge=1)] = 1
    first_failed_at: Instant
    last_failed_at: Instant
    traceparent: Traceparent | None = None
    consumer_group: Annotated[str, StringConstraints(max_length=300)]
    engine_version: Annotated[str, StringConstraints(max_length=60)]

    @property
    def id(self) -> UUID:
        """The same for the same record, however often and by whomever it is read."""
        return letter_id(self.cluster, self.topic_id, self.partition, self.offset, self.timestamp)

    @property
    def fingerprint(self) -> bytes:
        """The same for the same record; tells nothing of what is in it."""
        return sha256(b"dead letter\0" + self.id.bytes).digest()

    @property
    def reason(self) -> str:
        """Class, code and path with blanks between."""
        return f"{self.error_class} {self.code} {self.path}".rstrip()

    @property
    def raw_headers(self) -> list[RawHeader]:
        """The original headers, in order."""
        return [RawHeader(header.name, header.value) for header in self.headers]

    def failed_again(self, error_class: ErrorClass, code: str, path: str, at: datetime, version: str) -> Self:
        """Return the letter after one more attempt, with what was wrong this time."""
        changed = {"error_class": error_class, "code": code, "path": path, "engine_version": version}
        again = {"attempts": self.attempts + 1, "last_failed_at": at}
        return type(self).model_validate({**dict(self), **changed, **again})

    def to_octets(self) -> bytes:
        """Return it as JSON; key, value and headers in base64."""
        return self.model_dump_json(exclude_defaults=True).encode()

    @classmethod
    def from_octets(cls, octets: bytes) -> Self:
        """Return what ``to_octets`` gave.

        Raises:
            ValidationError: these octets are no dead letter.
        """
        return cls.model_validate_json(octets)


def letter_id(cluster: str, topic_id: UUID, partition: int, offset: int, timestamp: datetime | None) -> UUID:
    """Return the id of the dead letter of the record that stands there.

    The timestamp tells it from one that stood there before: a log that lost its end gives offsets out again.
    """
    return uuid5(_NAMESPACE, f"{cluster}/{topic_id}/{partition}/{offset}/{_instant(timestamp) or ''}")


def headers_of(raw: Sequence[tuple[bytes, bytes | None]]) -> tuple[_Header, ...]:
    """Return headers as a letter keeps them."""
    return tuple(_Header(name=name, value=value) for name, value in raw)


TOKEN_HEADER: Final = "authorization"  # noqa: S105 -- its name
"""Header of a command's record with the token of who gives it."""


def kafka_headers(letter: DeadLetter, *, original: bool = True) -> KafkaHeaders:
    """Return the headers of the relayed record: the original ones as they are, then ours.

    Without ``original`` those are only counted, where they alone are too large for a record. A token is never sent on:
    whoever may read that topic would be its person for as long as it is valid.

    A record that was relayed, fed in again and failed again has ours twice: the last ones hold.
    """
    sent: KafkaHeaders = []
    absent: list[int] = []
    unsent = 0
    for number, (name, value) in enumerate(letter.raw_headers):
        if not original or (text := _text(name)) is None or text.lower() == TOKEN_HEADER:
            unsent += 1
            continue
        if value is None:
            absent.append(number)
        sent.append((text, value or b""))
    extra = {"null-headers": ",".join(map(str, absent)) or None, "unsent-headers": str(unsent) if unsent else None}
    ours = {**dict(_said(letter)), **extra}
    return [*sent, *((PREFIX + name, value.encode()) for name, value in ours.items() if value is not None)]


def _text(name: bytes) -> str | None:
    try:
        return name.decode()
    except UnicodeDecodeError:
        return None


def _said(letter: DeadLetter) -> Iterator[tuple[str, str | None]]:
    yield "id", str(letter.id)
    yield "class", letter.error_class
    yield "code", letter.code
    yield "path", letter.path or None
    yield "attempts", str(letter.attempts)
    yield "cluster", letter.cluster
    yield "topic", letter.topic
    yield "topic-id", str(letter.topic_id)
    yield "partition", str(letter.partition)
    yield "offset", str(letter.offset)
    yield "timestamp", _instant(letter.timestamp)
    yield "timestamp-type", letter.timestamp_type
    yield "first-failed-at", _instant(letter.first_failed_at)
    yield "last-failed-at", _instant(letter.last_failed_at)
    yield "consumer-group", letter.consumer_group
    yield "engine-version", letter.engine_version
    yield "traceparent", letter.traceparent
    yield "null-value", "true" if letter.key is None and letter.value is None else None
    if letter.left_out is not None:
        yield "value-size", str(letter.left_out.size)
        yield "value-sha256", letter.left_out.sha256


def _instant(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
