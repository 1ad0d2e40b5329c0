"""Event <-> the octets of a row: the storage format, together with ``frame`` and ``vault/seal``.

Personal values are taken out of an event, one part per data subject, and sealed; the rest is
JSON that stands open. Fields that are None are left out, all others are written, defaults too.

Folding reads a row in two steps of pydantic and needs no key: what is sealed stands as
``Withheld``. Who opens puts the texts in their places, or ``Withheld("erased")`` where the key was
destroyed. Old names are turned into newer ones by the upcasters, step by step, over the event's
fields with everything in its place, before the models validate. Unknown fields are passed over;
an unknown name is an error, since to pass over an event would be to decide without it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, Protocol
from uuid import UUID

import orjson
from pydantic import ValidationError

from engine.store.batch import NewEvent, Recorded
from engine.store.frame import Frame, FrameBroken, FrameUnknown, Part, packed, unpacked
from engine.store.shape import places, put_in, shape_of
from engine.store.vault.keys import KeyName, key_name
from engine.store.vault.plan import ERASED_MARK, SEALED_MARK, NotSealable, Parts, plan_of, put_back, take_out
from engine.store.vault.seal import (
    DataKey,
    SealBroken,
    associated,
    close_box,
    new_nonce,
    new_nonces,
    open_box,
)  # fmt: skip
from schemas.catalogue import EVENTS, UPCASTERS, Upcaster
from schemas.complaint.base import Event
from schemas.envelope import Envelope
from schemas.words import ERASED, SEALED, Withheld

_ENVELOPE = shape_of(Envelope)
_ENVELOPE_PLAN = plan_of(Envelope)


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


class Sealed(NamedTuple):
    """A row on its way to the log, where it gets its position."""

    stream: UUID
    version: int
    name: str
    state: bytes


class Draft(NamedTuple):
    """An event on its way to a row: its personal values are found, nothing is written or sealed yet."""

    stream: UUID
    version: int
    new: NewEvent
    parts: Sequence[tuple[KeyName, Mapping[str, str]]]
    """For each data subject the name of its key, and its texts by JSON Pointer."""


class Prewritten(Protocol):
    """The events of a stream whose octets stand but for a few; see ``mould``."""

    @property
    def boxes(self) -> int:
        """How many parts are sealed, all by one key."""

    @property
    def key(self) -> KeyName: ...

    def sealed(self, keys: Mapping[KeyName, DataKey], nonce: Callable[[], bytes]) -> list[Sealed]:
        """Return the rows."""


class Mapper:
    """Turns events into rows and back. Holds no keys; any number of threads may share one."""

    def __init__(
        self,
        events: Mapping[str, type[Event]] = EVENTS,
        upcasters: Mapping[str, Upcaster] = UPCASTERS,
    ) -> None:
        self._events = events
        self._upcasters = upcasters

    def draft(self, stream: UUID, version: int, new: NewEvent) -> Draft:
        """Find the personal values of an event, and whose they are.

        Raises:
            NotSealable: personal text without a ``subject_id`` to own it, or already withheld.
        """
        event, envelope = new.event, new.envelope
        parts: Parts = []
        if envelope.why is not None:
            take_out(_ENVELOPE_PLAN, envelope, "/meta/", event.subject_id, parts)
        take_out(plan_of(type(event)), event, "/data/", None, parts)
        named = [(_key_of(event.NAME, stream, owner, texts), texts) for owner, texts in parts]
        return Draft(stream, version, new, named)

    def seal(self, draft: Draft, keys: Mapping[KeyName, DataKey], nonce: Callable[[], bytes] = new_nonce) -> Sealed:
        """Write what stands open, and encrypt the rest, one part per subject."""
        stream, version, new, parts = draft
        event = new.event
        name = event.NAME
        sealed = [_sealed(version, name, key, texts, keys[key], nonce()) for key, texts in parts]
        meta, data = written(new)
        return Sealed(stream, version, name, packed(meta, data, sealed))

    def seal_all(self, drafts: Sequence[Draft | Prewritten], keys: Mapping[KeyName, DataKey]) -> list[Sealed]:
        """Seal many drafts, each as ``seal`` does."""
        nonce = iter(new_nonces(sum(map(_boxes, drafts)))).__next__
        rows: list[Sealed] = []
        for draft in drafts:
            if isinstance(draft, Draft):
                rows.append(self.seal(draft, keys, nonce))
            else:
                rows += draft.sealed(keys, nonce)
        return rows

    def read(self, row: Row) -> Recorded:
        """A row as an event, personal text withheld.

        Raises:
            UnknownEvent, UnreadableEvent: as ``parse`` and ``open``.
        """
        return self.open(row, self.parse(row), {})

    def parse(self, row: Row) -> Frame:
        """The state taken apart, to be opened.

        Raises:
            UnknownEvent: no class and no upcaster of that name, or the state is of a newer format.
            UnreadableEvent: it is no stored state.
        """
        if row.name not in self._events and row.name not in self._upcasters:
            raise UnknownEvent(row.name, row.position)
        try:
            return unpacked(row.state)
        except FrameUnknown as error:
            raise UnknownEvent(f"{row.name} in format {error.number}", row.position) from None
        except FrameBroken as error:
            raise UnreadableEvent(row.name, row.position, str(error)) from None

    def keys(self, row: Row, frame: Frame) -> list[KeyName]:
        """The names of the keys that are needed to open this state."""
        stream = row.stream.bytes
        return [stream + part.subject for part in frame.parts]

    def open(self, row: Row, frame: Frame, keys: Mapping[KeyName, DataKey | None]) -> Recorded:
        """A row as an event, in the clear as far as its keys still exist.

        A part whose key is not given at all (None is "destroyed") stays sealed.

        Raises:
            UnknownEvent: no class and no upcaster of that name.
            UnreadableEvent: a part does not open by its own key, or the state does not fit.
        """
        position, recorded_at, stream, version, name, _ = row
        if name in self._upcasters:
            return self._upcast(row, frame, keys)
        part = "meta"
        try:
            meta = _ENVELOPE.from_json(frame.meta)
            part = "data"
            data = shape_of(self._kind(name, position)).from_json(frame.data)
        except ValidationError as error:
            raise _unreadable(row, part, error) from None
        for sealed in frame.parts:
            put_in(meta, data, places(sealed.fields), iter(_values(row, sealed, keys)))
        return Recorded(position, recorded_at, stream, version, name, meta, data)

    def _upcast(self, row: Row, frame: Frame, keys: Mapping[KeyName, DataKey | None]) -> Recorded:
        """The long way: everything in its place first, since an upcaster may move any of it."""
        state = {"meta": orjson.loads(frame.meta), "data": orjson.loads(frame.data)}
        for sealed in frame.parts:
            values = _values(row, sealed, keys)
            for pointer, value in zip(sealed.fields.decode().split("\0"), values, strict=True):
                put_back(state, pointer, _MARKS.get(value, value))
        name, data = row.name, state["data"]
        while name in self._upcasters:
            name, data = self._upcasters[name](data)
        kind, part = self._kind(name, row.position), "meta"
        try:
            meta = Envelope.__pydantic_validator__.validate_json(orjson.dumps(state["meta"]))
            part = "data"
            event = kind.__pydantic_validator__.validate_json(orjson.dumps(data))
        except ValidationError as error:
            raise _unreadable(row, part, error) from None
        return Recorded(row[0], row[1], row[2], row[3], row[4], meta, event)

    def _kind(self, name: str, position: int) -> type[Event]:
        event = self._events.get(name)
        if event is None:
            raise UnknownEvent(name, position)
        return event


_MARKS: Mapping[Any, Any] = {SEALED: SEALED_MARK, ERASED: ERASED_MARK}
_MISSING: Any = object()


def written(new: NewEvent) -> tuple[bytes, bytes]:
    """What of an event stands open: its envelope and its own fields, as JSON."""
    return _ENVELOPE.to_json(new.envelope), shape_of(type(new.event)).to_json(new.event)


def keys_of(drafts: Iterable[Draft | Prewritten]) -> dict[KeyName, None]:
    """The names of the keys that are needed to seal these drafts, each once, in order."""
    names: dict[KeyName, None] = {}
    for draft in drafts:
        if isinstance(draft, Draft):
            for key, _ in draft.parts:
                names[key] = None
        elif draft.boxes:
            names[draft.key] = None
    return names


def _boxes(draft: Draft | Prewritten) -> int:
    return len(draft.parts) if isinstance(draft, Draft) else draft.boxes


def _key_of(name: str, stream: UUID, owner: UUID | None, texts: Mapping[str, Any]) -> KeyName:
    """Return the name of the key that seals these texts, after a look at whether they can be sealed."""
    if owner is None:
        raise NotSealable(name, next(iter(texts)), "is personal text but no subject_id says whose: set it")
    for pointer, text in texts.items():
        if text.__class__ is Withheld:
            raise NotSealable(name, pointer, "is withheld itself: read the text opened before it is stored again")
    return key_name(stream, owner)


def _sealed(version: int, name: str, key_name: KeyName, texts: Mapping[str, str], key: DataKey, nonce: bytes) -> Part:
    subject, key_id = key_name[16:], key.key_id
    fields = "\0".join(texts).encode()
    bound_to = associated(key_name[:16], version, name, subject, key_id, fields)
    return Part(subject, key_id, fields, close_box(key, orjson.dumps(list(texts.values())), bound_to, nonce))


def _values(row: Row, part: Part, keys: Mapping[KeyName, DataKey | None]) -> Sequence[Any]:
    """What belongs into the places of a part: texts, or what says why there is none."""
    subject, key_id, fields, box = part
    stream = row.stream.bytes
    key = keys.get(stream + subject, _MISSING)
    if key is None or key is _MISSING:
        return [SEALED if key is _MISSING else ERASED] * (fields.count(b"\0") + 1)
    if key_id != key.key_id:
        raise UnreadableEvent(row.name, row.position, f"subject {subject.hex()} has another key than sealed it")
    bound_to = associated(stream, row.version, row.name, subject, key_id, fields)
    try:
        return _texts(row, orjson.loads(open_box(key, box, bound_to)), fields.count(b"\0") + 1)
    except SealBroken as error:
        raise UnreadableEvent(row.name, row.position, str(error)) from None


def _texts(row: Row, values: Any, count: int) -> list[str]:
    """Validate what was sealed: one text for every place."""
    if values.__class__ is list and len(values) == count:
        for value in values:
            if value.__class__ is not str:
                break
        else:
            return values
    raise UnreadableEvent(row.name, row.position, "a sealed part does not hold one text for every field")


def _unreadable(row: Row, part: str, error: ValidationError) -> UnreadableEvent:
    """Says where and what kind, never what stood there."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    place = "/".join(str(step) for step in (part, *first["loc"]))
    return UnreadableEvent(row.name, row.position, f"{place}: {first['type']}")
