"""Event <-> the octets of a row: the storage format, and the only code that knows it.

``state`` is one UTF-8 JSON object without white space::

    {"meta": {...},      the envelope (schemas.envelope.Envelope)
     "data": {...},      the event's own fields (the class that ``name`` stands for)
     "sealed": [...]}    one part per data subject; absent where nothing is personal

Fields that are None are left out, all others are written, defaults too. Where a personal value
belongs, ``meta`` and ``data`` hold ``{"withheld":"sealed"}``. A sealed part is::

    {"subject": "<uuid>",                       whose it is
     "key": "<base64 of 32 octets>",            SHA-256 of the data key
     "fields": ["/data/body", "/meta/why"],     JSON Pointers (RFC 6901) into this state
     "box": "<base64>"}                         see vault/seal.py; inside, a JSON array: the values
                                                in the order of "fields"

So folding reads a row in one step and needs no key; who opens puts the values, or
``{"withheld":"erased"}`` where the key was destroyed, in the place of the marks. Then old names
are turned into newer ones by the upcasters, step by step, and then the models validate. Unknown
fields are passed over; an unknown name is an error, since to pass over an event would be to
decide without it.
"""

import base64
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from eventsourcing.persistence import StoredEvent
from pydantic import BaseModel, ValidationError, create_model

from engine.store.batch import NewEvent, Recorded
from engine.store.vault.plan import ERASED_MARK, NotSealable, Parts, is_withheld, plan_of, put_back, take_out
from engine.store.vault.seal import (
    DataKey,
    Pair,
    SealBroken,
    associated,
    close_box,
    new_nonce,
    open_box,
)  # fmt: skip
from schemas.catalogue import EVENTS, UPCASTERS, Upcaster
from schemas.complaint.base import Event
from schemas.envelope import Envelope


class UnknownEvent(Exception):
    """The program is too old to read the log from here: stop, and let a newer one go on."""

    def __init__(self, name: str, position: int) -> None:
        self.name, self.position = name, position
        super().__init__(f"event {name} at position {position} is unknown: this program is older than the log")


class UnreadableEvent(Exception):
    """A stored event does not say what its name promises, or its sealed part was changed."""

    def __init__(self, name: str, position: int, problem: str) -> None:
        self.name, self.position = name, position
        super().__init__(f"event {name} at position {position} cannot be read: {problem}")


class Row(NamedTuple):
    """A row of the log, as selected."""

    position: int
    recorded_at: datetime
    stream: UUID
    version: int
    name: str
    state: bytes


class _Stored(BaseModel):
    """A state; each event class has one of its own, with ``data`` of that class."""

    meta: Envelope
    data: Event


@dataclass(frozen=True, slots=True)
class Draft:
    """An event on its way to a row: personal values taken out, not yet sealed."""

    stream: UUID
    version: int
    name: str
    state: dict[str, Any]
    parts: Mapping[UUID, Mapping[str, Any]]

    @property
    def pairs(self) -> Iterable[Pair]:
        return ((self.stream, subject) for subject in self.parts)


class Mapper:
    """Turns events into rows and back. Holds no keys; any number of threads may share one."""

    def __init__(
        self,
        events: Mapping[str, type[Event]] = EVENTS,
        upcasters: Mapping[str, Upcaster] = UPCASTERS,
    ) -> None:
        self._events = events
        self._upcasters = upcasters
        self._shapes: dict[type[Event], type[_Stored]] = {}

    def draft(self, stream: UUID, version: int, new: NewEvent) -> Draft:
        """Take the personal values out of an event.

        Raises:
            NotSealable: personal text without a ``subject_id`` to own it, or already withheld.
        """
        event, envelope = new.event, new.envelope
        parts: Parts = {}
        owner = None if event.subject_id is None else str(event.subject_id)
        meta = _without_personal(envelope, "/meta", owner, parts)
        data = _without_personal(event, "/data", None, parts)
        for owner, values in parts.items():
            _must_be_sealable(event.NAME, owner, values)
        owned = {UUID(owner): values for owner, values in parts.items() if owner is not None}
        return Draft(stream, version, event.NAME, {"meta": meta, "data": data}, owned)

    def seal(self, draft: Draft, keys: Mapping[Pair, DataKey], nonce: Callable[[], bytes] = new_nonce) -> StoredEvent:
        """Encrypt what was taken out, one part per subject, and write the whole as octets."""
        state = draft.state
        if draft.parts:
            sealed = [
                _sealed(draft, subject, values, keys[draft.stream, subject], nonce())
                for subject, values in draft.parts.items()
            ]
            state = {**state, "sealed": sealed}
        return StoredEvent(draft.stream, draft.version, draft.name, orjson.dumps(state))

    def read(self, row: Row) -> Recorded:
        """A row as an event, personal text withheld.

        Raises:
            UnknownEvent: no class and no upcaster of that name.
            UnreadableEvent: the state does not fit its class.
        """
        name = row.name
        if name in self._upcasters:
            return self._validated(row, self._upcast(row, orjson.loads(row.state)))
        shape = self._shape(name, row.position)
        try:
            stored = shape.__pydantic_validator__.validate_json(row.state)
        except ValidationError as error:
            raise _unreadable(row, error) from None
        return Recorded(row[0], row[1], row[2], row[3], name, stored.meta, stored.data)

    def parse(self, row: Row) -> dict[str, Any]:
        """The state as JSON, to be opened."""
        try:
            state = orjson.loads(row.state)
        except orjson.JSONDecodeError:
            state = None
        if not isinstance(state, dict):
            raise UnreadableEvent(row.name, row.position, "its state is no JSON object")
        return state

    def pairs(self, row: Row, state: Mapping[str, Any]) -> list[Pair]:
        """Whose keys are needed to open this state."""
        return [(row.stream, UUID(part["subject"])) for part in state.get("sealed", ())]

    def open(self, row: Row, state: dict[str, Any], keys: Mapping[Pair, DataKey | None]) -> Recorded:
        """A row as an event, in the clear as far as its keys still exist.

        A part whose key is not stored at all (None is "destroyed") stays sealed.

        Raises:
            UnknownEvent: no class and no upcaster of that name.
            UnreadableEvent: a part does not open by its own key, or the state does not fit.
        """
        for part in state.get("sealed", ()):
            pair = (row.stream, UUID(part["subject"]))
            if pair in keys:
                _put_back(row, state, part, pair, keys[pair])
        return self._validated(row, self._upcast(row, state))

    def _upcast(self, row: Row, state: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        name, data = row.name, state["data"]
        while name in self._upcasters:
            name, data = self._upcasters[name](data)
        return name, {"meta": state["meta"], "data": data}

    def _validated(self, row: Row, upcast: tuple[str, dict[str, Any]]) -> Recorded:
        name, state = upcast
        shape = self._shape(name, row.position)
        try:
            stored = shape.__pydantic_validator__.validate_json(orjson.dumps(state))
        except ValidationError as error:
            raise _unreadable(row, error) from None
        return Recorded(row[0], row[1], row[2], row[3], row[4], stored.meta, stored.data)

    def _shape(self, name: str, position: int) -> type[_Stored]:
        event = self._events.get(name)
        if event is None:
            raise UnknownEvent(name, position)
        shape = self._shapes.get(event)
        if shape is None:
            shape = self._shapes[event] = create_model(event.__name__, __base__=_Stored, data=(event, ...))
        return shape


def pairs_of(drafts: Iterable[Draft]) -> Collection[Pair]:
    """Whose keys are needed to seal these drafts, each once, in order."""
    return dict.fromkeys(pair for draft in drafts for pair in draft.pairs)


def _without_personal(model: BaseModel, place: str, owner: str | None, parts: Parts) -> Any:
    """What of a model is stored open; what is personal moves into ``parts``. Where there is none, JSON in one step."""
    plan, serializer = plan_of(type(model)), model.__pydantic_serializer__
    if not plan.single and not plan.repeated and all(getattr(model, key, model) is None for key in plan.personal):
        return orjson.Fragment(serializer.to_json(model, exclude_none=True))
    node = serializer.to_python(model, mode="json", exclude_none=True)
    take_out(plan, node, place, owner, parts)
    return node


def _must_be_sealable(name: str, owner: str | None, values: Mapping[str, Any]) -> None:
    if owner is None:
        raise NotSealable(name, next(iter(values)), "is personal text but no subject_id says whose: set it")
    for pointer, value in values.items():
        if is_withheld(value):
            raise NotSealable(name, pointer, "is withheld itself: read the text opened before it is stored again")


def _sealed(draft: Draft, subject: UUID, values: Mapping[str, Any], key: DataKey, nonce: bytes) -> dict[str, Any]:
    bound_to = associated(draft.stream, draft.version, draft.name, subject, key.key_id, values)
    box = close_box(key, orjson.dumps(list(values.values())), bound_to, nonce)
    return {
        "subject": str(subject),
        "key": base64.b64encode(key.key_id).decode("ascii"),
        "fields": list(values),
        "box": base64.b64encode(box).decode("ascii"),
    }


def _put_back(row: Row, state: dict[str, Any], part: Mapping[str, Any], pair: Pair, key: DataKey | None) -> None:
    fields: Sequence[str] = part["fields"]
    if key is None:
        for pointer in fields:
            put_back(state, pointer, ERASED_MARK)
        return
    key_id = base64.b64decode(part["key"])
    if key_id != key.key_id:
        raise UnreadableEvent(row.name, row.position, f"subject {pair[1]} has another key than it was sealed with")
    bound_to = associated(row.stream, row.version, row.name, pair[1], key_id, fields)
    try:
        values = orjson.loads(open_box(key, base64.b64decode(part["box"]), bound_to))
    except SealBroken as error:
        raise UnreadableEvent(row.name, row.position, str(error)) from None
    for pointer, value in zip(fields, values, strict=True):
        put_back(state, pointer, value)


def _unreadable(row: Row, error: ValidationError) -> UnreadableEvent:
    """Says where and what kind, never what stood there."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    place = "/".join(str(step) for step in first["loc"])
    return UnreadableEvent(row.name, row.position, f"{place}: {first['type']}")
