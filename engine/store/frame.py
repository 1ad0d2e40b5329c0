"""The octets of a stored state: two JSON texts and the sealed parts beside them.

Format 2, integers big-endian::

    octet 2 | length(4) meta | length(4) data | part ...
    part = subject(16) key id(32) length(2) fields length(4) box

``meta`` is the envelope, ``data`` the event's own fields, each as JSON without its personal
values. ``fields`` says where those belong: JSON Pointers (RFC 6901) that begin with ``/meta`` or
``/data``, UTF-8, a NUL between two. ``box`` is described in ``vault/seal.py``; inside is a JSON
array, the values in the order of ``fields``. ``key id`` is the SHA-256 of the data key.

Format 1 was one JSON object, ``{"meta", "data", "sealed"}``, with ``{"withheld":"sealed"}`` where
a personal value belongs. Its first octet is ``{``; such rows are read for good, and never written.
"""

import base64
from collections.abc import Iterable
from struct import Struct
from typing import Any, Final, NamedTuple
from uuid import UUID

import orjson

_HEAD: Final = Struct("!BI")
_LENGTH: Final = Struct("!I")
_PART: Final = Struct("!16s32sH")
_FORMAT: Final = 2
_FORMAT_1: Final = ord("{")


class FrameBroken(ValueError):
    """These octets are no stored state; the text says what is wrong with them."""


class FrameUnknown(FrameBroken):
    """A state of a format that this program does not know; a newer one wrote it."""

    def __init__(self, number: int) -> None:
        self.number = number
        super().__init__(f"its state is of format {number}")


class Part(NamedTuple):
    """What of one data subject is sealed in a state."""

    subject: bytes
    """The 16 octets of its id."""
    key_id: bytes
    fields: bytes
    box: bytes


class Frame(NamedTuple):
    """A state taken apart, nothing of it decoded yet."""

    meta: bytes
    data: bytes
    parts: tuple[Part, ...]


def packed(meta: bytes, data: bytes, parts: Iterable[Part] = ()) -> bytes:
    """Return the octets of a state."""
    octets = [_HEAD.pack(_FORMAT, len(meta)), meta, _LENGTH.pack(len(data)), data]
    for part in parts:
        octets += (
            _PART.pack(part.subject, part.key_id, len(part.fields)),
            part.fields,
            _LENGTH.pack(len(part.box)),
            part.box,
        )
    return b"".join(octets)


def unpacked(state: bytes) -> Frame:
    """Take a state apart.

    Raises:
        FrameUnknown: it is of a format that this program does not know.
        FrameBroken: it ends too early, or is nothing at all.
    """
    first = state[0] if state else 0
    if first == _FORMAT_1:
        return _format_1(state)
    if first != _FORMAT:
        raise FrameUnknown(first)
    at, limit = 5, len(state)
    end = at + int.from_bytes(state[1:5], "big")
    meta = state[at:end]
    at = end + 4
    end = at + int.from_bytes(state[end:at], "big")
    data = state[at:end]
    parts: tuple[Part, ...] = ()
    while end < limit:
        at, fields_at = end, end + 50
        box_length_at = fields_at + int.from_bytes(state[at + 48 : fields_at], "big")
        box_at = box_length_at + 4
        end = box_at + int.from_bytes(state[box_length_at:box_at], "big")
        fields, box = state[fields_at:box_length_at], state[box_at:end]
        parts += (Part(state[at : at + 16], state[at + 16 : at + 48], fields, box),)
    if end != limit or at > limit:
        raise FrameBroken("its state ends too early")
    return Frame(meta, data, parts)


def _format_1(state: bytes) -> Frame:
    try:
        whole = orjson.loads(state)
        meta, data = orjson.dumps(whole["meta"]), orjson.dumps(whole["data"])
        return Frame(meta, data, tuple(map(_part_1, whole.get("sealed", ()))))
    except (orjson.JSONDecodeError, AttributeError, KeyError, TypeError, ValueError):
        raise FrameBroken("its state is no JSON object of format 1") from None


def _part_1(part: dict[str, Any]) -> Part:
    return Part(
        subject=UUID(part["subject"]).bytes,
        key_id=base64.b64decode(part["key"]),
        fields="\0".join(part["fields"]).encode(),
        box=base64.b64decode(part["box"]),
    )
