"""A fact is what the clocks need of an event: its name, its times and its impersonal plain fields.

Stored events and the events of a plain file become facts here, so that both are judged alike.
"""

from collections.abc import Mapping
from datetime import date, datetime, time
from functools import cache
from types import MappingProxyType
from typing import Any, Final, NamedTuple, get_args
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from schemas.complaint.base import Event
from schemas.complaint.clocks import AppliedClock, SlaApplied
from schemas.envelope import Envelope
from schemas.words import (
    Counterparty,
    DeliveryStatus,
    Direction,
    Origin,
    PersonalMark,
    Precision,
    Purpose,
    Visibility,
    WaitFor,
)  # fmt: skip

CLOSED: Final[Mapping[tuple[str, str], tuple[str, ...]]] = {
    ("complaint.message_recorded", "direction"): get_args(Direction),
    ("complaint.message_recorded", "counterparty"): get_args(Counterparty),
    ("complaint.message_recorded", "visibility"): get_args(Visibility),
    ("complaint.message_recorded", "purpose"): get_args(Purpose),
    ("complaint.information_requested", "from"): get_args(WaitFor),
    ("complaint.information_provided", "from"): get_args(WaitFor),
    ("complaint.delivery_reported", "status"): get_args(DeliveryStatus),
}
"""Fields on whose words the judgement depends: an unknown word is refused, never passed over."""
REQUIRED: Final = frozenset({("complaint.message_recorded", "direction"), ("complaint.delivery_reported", "status")})


class Fact(NamedTuple):
    """One event as the clocks see it. Times are aware.

    ``type`` is the stored name without version. With precision ``day`` the date of
    ``occurred_at`` in its own zone is the day, and its time is 00:00. Absent ``recorded_at``
    means ``occurred_at``, absent ``received_at`` means ``recorded_at``.
    """

    type: str
    occurred_at: datetime
    occurred_precision: Precision = "instant"
    received_at: datetime | None = None
    recorded_at: datetime | None = None
    origin: Origin = "live"
    id: str | None = None
    """By which ``complaint.corrected`` names it."""
    fields: Mapping[str, Any] = MappingProxyType({})
    clocks: tuple[AppliedClock, ...] | None = None
    """What a stored ``complaint.sla_applied`` states; of a plain file that stands among the fields."""


class BadFact(ValueError):
    """An event of a plain file cannot be read. ``path`` is the field, the message says what to write."""

    def __init__(self, path: str, fix: str) -> None:
        self.path = path
        super().__init__(f"{path}: {fix}")


def from_stored(event: Event, envelope: Envelope, recorded_at: datetime) -> Fact:
    """Return a stored event as a fact. Its personal fields are left out, sealed or not."""
    occurred = envelope.occurred_at
    if envelope.occurred_precision == "day" and envelope.zone:
        occurred = occurred.astimezone(ZoneInfo(envelope.zone))
    type_, told = _told(type(event))
    return Fact(
        type_,
        occurred,
        envelope.occurred_precision,
        envelope.received_at,
        recorded_at,
        envelope.origin,
        str(envelope.event_id),
        event.__pydantic_serializer__.to_python(event, mode="json", by_alias=True, include=told, exclude_none=True),
        event.clocks if isinstance(event, SlaApplied) else None,
    )


@cache
def _told(kind: type[Event]) -> tuple[str, set[str]]:
    """Return the type of facts of a class, and which of its fields they tell."""
    told = set(_impersonal(kind))
    return kind.NAME.rsplit(".v", 1)[0], told - {"clocks"} if kind is SlaApplied else told


@cache
def _impersonal(model: type[BaseModel]) -> tuple[str, ...]:
    return tuple(name for name, info in model.model_fields.items() if not _personal((info.annotation, *info.metadata)))


def _personal(annotation: object) -> bool:
    parts = annotation if isinstance(annotation, tuple) else (annotation,)
    for part in parts:
        if isinstance(part, PersonalMark):
            return True
        inner = (*get_args(part), *getattr(part, "__metadata__", ()))
        if inner and _personal(inner):
            return True
        if isinstance(part, type) and issubclass(part, BaseModel) and len(_impersonal(part)) < len(part.model_fields):
            return True
    return False


def from_plain(data: Mapping[str, Any], path: str, zone: ZoneInfo) -> Fact:
    """Return one event of a plain file as a fact; ``zone`` is where a date without time is read.

    Its fields stand beside ``type`` and the times, or under ``fields`` (where one is itself called ``type``).
    ``id`` is by what a ``complaint.corrected`` may name it.

    Raises:
        BadFact: naming the field under ``path`` and what to write there.
    """
    rest = dict(data)
    inner = rest.pop("fields", None)
    type_ = rest.pop("type", None)
    if not isinstance(type_, str) or "." not in type_:
        raise BadFact(f"{path}.type", "write a stored name such as 'complaint.received'")
    head, _, version = type_.rpartition(".v")
    type_ = head if head and version.isdigit() else type_
    occurred, precision = _occurred(rest.pop("occurred_at", None), rest.pop("occurred_precision", None), path, zone)
    origin = rest.pop("origin", "live")
    if origin not in get_args(Origin):
        raise BadFact(f"{path}.origin", "write 'live' or 'import'")
    received, recorded, name = rest.pop("received_at", None), rest.pop("recorded_at", None), rest.pop("id", None)
    if isinstance(inner, Mapping):
        rest.update(inner)
    _check_words(type_, rest, path)
    return Fact(
        type=type_,
        occurred_at=occurred,
        occurred_precision=precision,
        received_at=None if received is None else instant(received, f"{path}.received_at"),
        recorded_at=None if recorded is None else instant(recorded, f"{path}.recorded_at"),
        origin=origin,
        id=None if name is None else str(name),
        fields=MappingProxyType(rest),
    )


def _check_words(type_: str, fields: Mapping[str, Any], path: str) -> None:
    for (event, name), words in CLOSED.items():
        if event != type_:
            continue
        value = fields.get(name)
        missing = value is None and (event, name) in REQUIRED
        if missing or (value is not None and value not in words):
            raise BadFact(f"{path}.{name}", f"write one of: {', '.join(words)}")
    if not isinstance(fields.get("automated", False), bool | None):
        raise BadFact(f"{path}.automated", "write true or false")


def _occurred(value: object, precision: object, path: str, zone: ZoneInfo) -> tuple[datetime, Precision]:
    if precision not in (None, "instant", "day"):
        raise BadFact(f"{path}.occurred_precision", "write 'instant' or 'day'")
    day = as_day(value)
    if day is not None and precision != "instant":
        return datetime.combine(day, time(), tzinfo=zone), "day"
    if day is not None:
        raise BadFact(f"{path}.occurred_at", "a date has no instant; add a time, or write occurred_precision: day")
    if precision == "day" and (written := _day_written(value)) is not None:
        return datetime.combine(written, time(), tzinfo=zone), "day"
    return instant(value, f"{path}.occurred_at"), "instant"


def _day_written(value: object) -> date | None:
    """Return the date that a time states where it was written, with a zone or without."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    return value.date() if isinstance(value, datetime) else None


def as_day(value: object) -> date | None:
    """Return the date that ``value`` states without a time, or None."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if isinstance(value, str) and len(value) == 10:
        try:
            return date.fromisoformat(value)
        except ValueError:
            return None
    return None


def instant(value: object, path: str) -> datetime:
    """Return an aware instant.

    Raises:
        BadFact: it is none, or has no time zone.
    """
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            value = None
    if not isinstance(value, datetime) or value.utcoffset() is None:
        raise BadFact(path, "write an instant with its zone, such as 2024-03-01T09:30:00Z")
    return value
