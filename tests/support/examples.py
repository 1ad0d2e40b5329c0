"""One whole example of every stored model: every field set, the same in every run."""

import types
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin
from uuid import UUID, uuid5

from pydantic import BaseModel, StringConstraints

from engine.store.batch import Append, NewEvent
from schemas.complaint.base import Event
from schemas.complaint.correspondence import NoteAdded
from schemas.envelope import Envelope, RequestSource
from schemas.words import Withheld

NAMESPACE = UUID("8c1d0f4e-6f0b-4f0e-9a55-0d5ab0f6f3c1")
NOON = datetime(2026, 3, 2, 12, 0, 0, 250_000, tzinfo=UTC)

_BY_PATTERN = (
    (r"^[^@]*$", "Part 12 broke; it is bought elsewhere now."),
    (r"^[A-Za-z0-9][A-Za-z0-9._:/+-]{0,119}$", "code-1"),
    (r"^[a-z]{2,3}(-[A-Z]{2})?$", "ru"),
    (r"^[a-z0-9.+-]{1,60}/[a-zA-Z0-9.+_-]{1,100}$", "application/pdf"),
    (r"^[0-9a-f]{64}$", "5" * 64),
    (r"^[A-Z]{3}$", "RUB"),
    (r"^[A-Za-z][A-Za-z0-9_+/-]{0,63}$", "Europe/Moscow"),
    (r"^PL-[0-9A-Z]{5}-[0-9A-Z]{5}$", "PL-7K3M9-Q2X4B"),
    (r"^(person|service|rule):[a-z0-9][a-z0-9._-]{0,79}$", "person:k7"),
    (r"^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$", f"00-{'a' * 32}-{'b' * 16}-01"),
    (r"^[a-z_]+(:[a-z0-9_.-]+)?$", "stage:investigation"),
    (r"^[a-z0-9 :]{3,60}$", "3 working days"),
    (r"^[a-z_]+(\.[a-z_]+)?(:[a-z0-9_.-]+)?$", "complaint.received"),
)
_PLAIN: dict[Any, Any] = {
    bool: True, int: 7, float: 0.5, Decimal: Decimal("12.50"), date: date(2026, 3, 1), datetime: NOON,
}  # fmt: skip

M = TypeVar("M", bound=BaseModel)


def whole(model: type[M], place: str = "") -> M:
    """An instance with every field set; ids and texts follow from the place of the field."""
    where = place or model.__name__
    values = {}
    for name, info in model.model_fields.items():
        if info.annotation is not None:
            values[name] = _value(info.annotation, info.metadata, f"{where}.{name}")
    return model(**values)


def _value(annotation: Any, marks: Any, place: str) -> Any:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _value(arguments[0], [*marks, *arguments[1:]], place)
    if origin in (Union, types.UnionType):
        first = next(arm for arm in arguments if arm is not type(None) and arm is not Withheld)
        return _value(first, marks, place)
    if origin is Literal:
        return arguments[0]
    if origin is tuple:
        return (_value(arguments[0], (), f"{place}.0"),)
    if origin is dict:
        return {"нуль": None, "list": [1, {"deep": "x"}], "text": place}
    if annotation is str:
        return _text(marks, place)
    if annotation is UUID:
        return uuid5(NAMESPACE, place)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return whole(annotation, place)
    return _PLAIN.get(annotation, NOON)


def _text(marks: Any, place: str) -> str:
    patterns = [mark.pattern for mark in marks if isinstance(mark, StringConstraints)]
    if not patterns:
        patterns = [getattr(mark, "pattern", None) for mark in marks]
    known = [value for pattern, value in _BY_PATTERN if pattern in patterns]
    return known[0] if known else f"Личное: {place}"


def envelope(number: int = 1, **changed: Any) -> Envelope:
    """A plain envelope; ``number`` makes its ids differ."""
    given: dict[str, Any] = {
        "event_id": uuid5(NAMESPACE, f"event {number}"),
        "occurred_at": NOON + timedelta(seconds=number),
        "actor": "service:tests",
        "identity": "local",
        "source": RequestSource(request=uuid5(NAMESPACE, f"request {number}")),
        "command_id": uuid5(NAMESPACE, f"command {number}"),
        "correlation_id": uuid5(NAMESPACE, f"correlation {number}"),
        "business_unit": "retail",
    }
    return Envelope(**{**given, **changed})


def note(subject: UUID, text: str = "a note") -> Event:
    """The smallest event with personal text."""
    return NoteAdded(subject_id=subject, note=text)


def append(stream: UUID, expected: int, *events: Event) -> Append:
    """Events for one stream, each in a plain envelope."""
    return Append(stream, expected, tuple(NewEvent(envelope(n), event) for n, event in enumerate(events, start=1)))
