"""One record of a topic becomes a message, a command or a dead letter. Limits are judged before anything is parsed."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final, Literal
from uuid import UUID

from consumers import intake
from consumers.intake import Rejected
from consumers.kafka.protocol import LOG_APPEND_TIME, Damaged, Record
from consumers.tokens import TokenRefused
from engine.incoming import Arrived, Asked, Circumstances, Refused, Sender, Spoiled
from engine.store.batch import SourceMove
from schemas.channels.mail.automatic import NOTHING_OWN, OwnMail
from schemas.envelope import KafkaSource
from schemas.published import cloudevent
from schemas.published.dead_letter import TOKEN_HEADER, DeadLetter, ErrorClass, LeftOut, TimestampType, headers_of
from schemas.unchecked import unchecked

Purpose = Literal["messages", "commands"]
Item = Arrived | Asked | Spoiled

_CLOUDEVENT: Final = "application/cloudevents"
_VERSION: Final = f"{cloudevent.KAFKA_PREFIX}specversion"
_new_source: Final = unchecked(KafkaSource)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NESTING: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[\[\]{}]', re.DOTALL)
"""A string whole, or one bracket."""
_CODE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/+-]{0,119}")
_PATH: Final = re.compile(r"[A-Za-z0-9_.() -]{0,300}")


@dataclass(frozen=True, slots=True)
class Limits:
    """What is looked at, at most. A record beyond is a dead letter at once."""

    octets: int = intake.MAX_OCTETS
    """Of key and value; a larger value is kept as its size and SHA-256."""
    headers: int = 100
    header_octets: int = 64 * 1024
    depth: int = 100
    """Of JSON: brackets within brackets."""


@dataclass(frozen=True, slots=True)
class Origin:
    """A topic as it is read: what it is for, and who is taken to have sent what is in it."""

    cluster: str
    topic: str
    topic_id: UUID
    purpose: Purpose
    sender: Sender
    group: str
    version: str
    """Of this program, for who looks at a dead letter."""
    trusts_claim: bool = False
    own: OwnMail = NOTHING_OWN
    people: Callable[[str, datetime], Sender] | None = None
    """Who gives a command with this token in its header ``authorization``, as valid when it reached us; None: tokens
    are not looked at, and whoever may write to the topic is the sender of all that is in it."""

    def source(self, partition: int) -> str:
        """Return the name under which a partition's position is kept; another topic of that name has another."""
        return f"kafka:{self.cluster}/{self.topic_id}/{partition}"


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a record is spoiled; repeats nothing of it."""

    error_class: ErrorClass
    code: str
    path: str = ""


def code_word(name: str) -> str:
    """Return a cluster's id as a code: those that Kafka makes up may begin with a sign that no code begins with."""
    return name if _CODE.fullmatch(name) else f"id:{name}"


def is_code(name: str) -> bool:
    """Whether a topic's name can stand in an event's envelope."""
    return _CODE.fullmatch(name) is not None


class Reader:
    """Reads the records of one topic. ``clock`` tells our time, for records whose own is the sender's."""

    def __init__(self, origin: Origin, limits: Limits, clock: Callable[[], datetime]) -> None:
        self.origin, self._limits, self._clock = origin, limits, clock
        self._cluster = KafkaSource(
            cluster=code_word(origin.cluster), topic=origin.topic, partition=0, offset=0
        ).cluster

    def read(self, record: Record, move: SourceMove | None) -> Item | None:
        """Return what a record asks for; None for a tombstone, which asks for nothing."""
        if record.value is None:
            return None
        around = self._around(record, move)
        fault = _beyond(record, self._limits)
        if fault is None:
            whom = self._by_whom(record, around)
            found = whom if isinstance(whom, Rejected) else self._taken(record, record.value, whom)
            if not isinstance(found, Rejected):
                return found
            fault = _fault(found)
        return self._spoiled(record, fault, around)

    def spoil(self, record: Record, fault: Fault, move: SourceMove | None) -> Spoiled:
        """Return a record as a dead letter."""
        return self._spoiled(record, fault, self._around(record, move))

    def damaged(self, found: Damaged, move: SourceMove | None) -> Spoiled:
        """Return as a dead letter what the client cannot read."""
        error: ErrorClass = "encoding" if found.error_class == "encoding" else "codec"
        return self.spoil(found.record, Fault(error, found.code), move)

    def _around(self, record: Record, move: SourceMove | None) -> Circumstances:
        origin = self.origin
        return Circumstances(
            origin.sender,
            _new_source(
                cluster=self._cluster,
                topic=origin.topic,
                partition=record.partition,
                offset=record.offset,
            ),
            self._received_at(record),
            trusts_claim=origin.trusts_claim,
            traceparent=_trace(record.headers),
            own=origin.own,
            move=move,
        )

    def _by_whom(self, record: Record, around: Circumstances) -> Circumstances | Rejected:
        """Return the circumstances with the person whom a token names: nobody is one by what a record merely says.

        Raises:
            KeysUnavailable: whether the token is good cannot be known now; the record waits.
        """
        given = [value or b"" for name, value in record.headers if name.lower() == TOKEN_HEADER]
        if self.origin.people is None or self.origin.purpose != "commands" or not given:
            return around
        if len(given) > 1:
            return Rejected(f"headers.{TOKEN_HEADER}", "stands twice; send one", "headers")
        token = given[0].decode("ascii", "replace").strip()
        try:
            return replace(around, sender=self.origin.people(token.removeprefix("Bearer "), around.received_at))
        except TokenRefused as refused:
            return Rejected(f"headers.{TOKEN_HEADER}", f"{refused}; send it with a new one", "headers")

    def _received_at(self, record: Record) -> datetime:
        """The broker's time where it gave one, and never later than ours: its clock may be ahead."""
        now = self._clock()
        stamped = _instant(record.timestamp) if record.timestamp_type == LOG_APPEND_TIME else None
        return now if stamped is None else min(stamped, now)

    def _taken(self, record: Record, value: bytes, around: Circumstances) -> Arrived | Asked | Rejected:
        media = _media(record.headers)
        if media.startswith(_CLOUDEVENT) or any(name == _VERSION for name, _ in record.headers):
            return self._from_cloudevent(record, around)
        if self.origin.purpose == "commands":
            return self._with_dead_letter(record, intake.command_from_octets(value, around))
        if media == intake.MAIL:
            return intake.from_rfc5322(value, around)
        return intake.from_octets(value, around)

    def _from_cloudevent(self, record: Record, around: Circumstances) -> Arrived | Asked | Rejected:
        headers = [(name, value or b"") for name, value in record.headers]
        try:
            event = cloudevent.from_kafka_headers(headers, record.value)
        except cloudevent.EnvelopeRefused as refused:
            return Rejected(refused.path or "(message)", f"{refused.reason}; {refused.fix}")
        if self.origin.purpose == "commands":
            return self._with_dead_letter(record, intake.command_from_event(event, around))
        return intake.from_event(event, around)

    def _with_dead_letter(self, record: Record, found: Asked | Rejected) -> Asked | Rejected:
        """Have a command that is refused become a dead letter: nobody waits here for its answer."""
        if isinstance(found, Rejected):
            return found
        around = found.around

        def otherwise(refused: Refused) -> Spoiled:
            return self._spoiled(record, Fault("semantic", refused.code), around)

        return replace(found, otherwise=otherwise)

    def _spoiled(self, record: Record, fault: Fault, around: Circumstances) -> Spoiled:
        letter = self._letter(record, fault, around)
        return Spoiled(letter.id, letter.fingerprint, letter.reason, letter.to_octets(), around)

    def _letter(self, record: Record, fault: Fault, around: Circumstances) -> DeadLetter:
        origin, now = self.origin, self._clock()
        value: bytes | None = record.value
        left_out = None
        if value is not None and len(value) > self._limits.octets:
            left_out, value = LeftOut(size=len(value), sha256=sha256(value).hexdigest()), None
        stamped, kind = _timestamp(record)
        return DeadLetter(
            cluster=code_word(origin.cluster),
            topic=origin.topic,
            topic_id=origin.topic_id,
            partition=record.partition,
            offset=record.offset,
            timestamp=stamped,
            timestamp_type=kind,
            key=record.key,
            value=value,
            headers=headers_of([(name.encode("utf-8", "surrogateescape"), given) for name, given in record.headers]),
            left_out=left_out,
            error_class=fault.error_class,
            code=fault.code,
            path=fault.path if _PATH.fullmatch(fault.path) else "",
            first_failed_at=now,
            last_failed_at=now,
            traceparent=around.traceparent,
            consumer_group=origin.group,
            engine_version=origin.version,
        )


def _beyond(record: Record, limits: Limits) -> Fault | None:
    """Return which limit a record passes, if one; nothing is parsed for it."""
    value = record.value or b""
    if len(value) + len(record.key or b"") > limits.octets:
        return Fault("size", "too_large")
    if (fault := _headers_beyond(record.headers, limits)) is not None:
        return fault
    return Fault("depth", "too_deep") if _is_deep(value, limits.depth) else None


def _headers_beyond(headers: Sequence[tuple[str, bytes | None]], limits: Limits) -> Fault | None:
    if len(headers) > limits.headers:
        return Fault("headers", "too_many")
    if sum(len(name) + len(value or b"") for name, value in headers) > limits.header_octets:
        return Fault("headers", "too_large")
    if any("\udc80" <= letter <= "\udcff" for name, _ in headers for letter in name if not name.isascii()):
        return Fault("encoding", "header_name")
    return None


def _is_deep(value: bytes, depth: int) -> bool:
    """Whether brackets stand within each other beyond the depth; most values have too few of them to be looked into."""
    if value.count(b"{") + value.count(b"[") <= depth:
        return False
    at = 0
    for found in _NESTING.finditer(value):
        sign = found[0]
        if sign in (b"{", b"["):
            at += 1
            if at > depth:
                return True
        elif sign in (b"}", b"]"):
            at -= 1
    return False


def _fault(rejected: Rejected) -> Fault:
    reason = rejected.reason.partition(";")[0].lower()
    code = re.sub("[^a-z0-9]+", "_", reason).strip("_")[:60] or "refused"
    return Fault(rejected.error, code, rejected.path)


def _media(headers: Sequence[tuple[str, bytes | None]]) -> str:
    for name, value in headers:
        if name.lower() == cloudevent.CONTENT_TYPE:
            return (value or b"").decode("ascii", "replace").partition(";")[0].strip().lower()
    return ""


def _trace(headers: Sequence[tuple[str, bytes | None]]) -> str | None:
    for name, value in headers:
        if name == "traceparent" and value is not None:
            return intake.trace_of(value.decode("ascii", "replace"))
    return None


def _instant(milliseconds: int) -> datetime | None:
    """Return a record's time; None where it has none, or one outside of the calendar."""
    if milliseconds < 0:
        return None
    try:
        return _EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError:
        return None


def _timestamp(record: Record) -> tuple[datetime | None, TimestampType]:
    stamped = _instant(record.timestamp)
    if stamped is None:
        return None, "none"
    return stamped, "log_append" if record.timestamp_type == LOG_APPEND_TIME else "create"


def timestamp(record: Record) -> datetime | None:
    """Return the record's own time, whoever gave it."""
    return _instant(record.timestamp)


def code_of(error: Exception) -> str:
    """Return an error's kind as a code, and nothing of its text."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", type(error).__name__).lower()[:60]
