"""The events of a new stream, written by a mould: their octets stand, but for what each message has of its own.

Most messages open a stream, and what then follows is the same for all of one kind: the same events
with the same fields, but for ids, instants and texts. A mould is cast once from events of that kind
with marks in these places; filling it is a tenth of the work of making, writing and sealing events
anew, and gives the very same rows. ``engine.moulds`` says which messages are of one kind.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Final, NamedTuple, Protocol, overload
from uuid import UUID

import orjson

from engine.store.batch import NewEvent
from engine.store.frame import Part, packed
from engine.store.mapper import Mapper, Sealed, written
from engine.store.vault.keys import DataKey, KeyName, key_name
from engine.store.vault.seal import associated, close_box

Holes = Mapping[str, bytes]
"""What stands in the holes, by their names."""


class _Holed(NamedTuple):
    """Octets with holes, and what picks from all that a message has of its own what stands in them."""

    octets: bytes
    pick: Callable[[Holes], Any]

    def filled(self, holes: Holes) -> bytes:
        octets: bytes = self.octets % self.pick(holes)
        return octets


class _Form(NamedTuple):
    """One event: its open JSON, and its texts by name, in the order of ``fields``."""

    name: str
    meta: _Holed
    data: _Holed
    fields: bytes
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Mould:
    """The events of one kind of message, in order. All text in them is one person's."""

    forms: tuple[_Form, ...]
    boxes: int
    """How many of them have texts."""

    def fits(self, filling: "Filling") -> bool:
        """Whether it gives what the events of a message are written as."""
        holes, texts, events = filling.holes(), filling.texts, filling.events()
        if len(events) != len(self.forms):
            return False
        for version, (form, new) in enumerate(zip(self.forms, events, strict=True), start=1):
            parts = _MAPPER.draft(filling.stream, version, new).parts
            said = (
                {}
                if not form.texts
                else {
                    pointer: texts[name]
                    for pointer, name in zip(form.fields.decode().split("\0"), form.texts, strict=True)
                }
            )
            if written(new) != (form.meta.filled(holes), form.data.filled(holes)):
                return False
            if [said] * bool(said) != [dict(texts) for _, texts in parts]:
                return False
        return True


class Filling(Protocol):
    """What one message has of its own."""

    @property
    def stream(self) -> UUID: ...
    @property
    def subject(self) -> UUID: ...
    @property
    def texts(self) -> Mapping[str, str]: ...

    def holes(self) -> Holes:
        """Return what stands in the holes."""

    def events(self) -> Sequence[NewEvent]:
        """Return the events as they are decided and stamped for any message."""


class Moulded(Sequence[NewEvent]):
    """The events of a new stream: octets for who stores them, events for whoever looks at one."""

    __slots__ = ("_events", "_filling", "_mould")

    def __init__(self, mould: Mould, filling: Filling) -> None:
        self._mould, self._filling = mould, filling
        self._events: Sequence[NewEvent] | None = None

    @property
    def events(self) -> Sequence[NewEvent]:
        if self._events is None:
            self._events = self._filling.events()
        return self._events

    @property
    def boxes(self) -> int:
        return self._mould.boxes

    @property
    def key(self) -> KeyName:
        """Name of the key that seals their texts."""
        return self._filling.stream.bytes + self._filling.subject.bytes

    def sealed(self, keys: Mapping[KeyName, DataKey], nonce: Callable[[], bytes]) -> list[Sealed]:
        """Return the rows, equal to those that ``Mapper.seal`` makes of the events, but for the nonces."""
        filling = self._filling
        stream, texts, holes = filling.stream, filling.texts, filling.holes()
        octets, subject = stream.bytes, filling.subject.bytes
        key = keys[octets + subject] if self.boxes else None
        rows: list[Sealed] = []
        for version, (name, meta, data, fields, named) in enumerate(self._mould.forms, start=1):
            parts: tuple[Part, ...] = ()
            if key is not None and named:
                bound_to = associated(octets, version, name, subject, key.key_id, fields)
                box = close_box(key, orjson.dumps([texts[one] for one in named]), bound_to, nonce())
                parts = (Part(subject, key.key_id, fields, box),)
            rows.append(Sealed(stream, version, name, packed(meta.filled(holes), data.filled(holes), parts)))
        return rows

    def __len__(self) -> int:
        return len(self._mould.forms)

    @overload
    def __getitem__(self, index: int) -> NewEvent: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[NewEvent]: ...
    def __getitem__(self, index: int | slice) -> NewEvent | Sequence[NewEvent]:
        return self.events[index]

    def __iter__(self) -> Iterator[NewEvent]:
        return iter(self.events)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self.events) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self.events))

    def __repr__(self) -> str:
        return f"<Moulded {', '.join(form.name for form in self._mould.forms)}>"


_MAPPER: Final = Mapper()


def cast(events: Sequence[NewEvent], marked: Filling) -> Mould | None:
    """Return the mould of streams that begin with these events; None where one cannot be cast.

    The holes of ``marked`` tell what stands in the events' JSON where each message has its own. Texts are
    marked by their names. All of them must be one person's.
    """
    forms: list[_Form] = []
    marks = {octets: name for name, octets in marked.holes().items()}
    own = key_name(marked.stream, marked.subject)
    for version, new in enumerate(events, start=1):
        parts = _MAPPER.draft(marked.stream, version, new).parts
        if len(parts) > 1 or any(key != own for key, _ in parts):
            return None
        texts = parts[0][1] if parts else {}
        meta, data = (_holed(octets, marks) for octets in written(new))
        fields = "\0".join(texts).encode()
        forms.append(_Form(new.event.NAME, meta, data, fields, tuple(texts.values())))
    if any(name not in marked.texts for form in forms for name in form.texts):
        return None
    return Mould(tuple(forms), sum(bool(form.texts) for form in forms))


def _holed(octets: bytes, marks: Mapping[bytes, str]) -> _Holed:
    either = re.compile(b"(%s)" % b"|".join(map(re.escape, marks)))
    *pieces, last = either.split(octets.replace(b"%", b"%%"))
    holes = [marks[mark] for mark in pieces[1::2]]
    pick = itemgetter(*holes) if holes else _nothing
    return _Holed(b"%b".join((*pieces[::2], last)), pick)


def _nothing(_: Holes) -> tuple[()]:
    return ()
