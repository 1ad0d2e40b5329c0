"""Ids that derive from other ids: ``uuid.uuid5`` without its detours, since a message needs five of them."""

from hashlib import sha1
from typing import Final
from uuid import UUID, SafeUUID

_SET_INT: Final = UUID.__dict__["int"].__set__
_SET_SAFE: Final = UUID.__dict__["is_safe"].__set__
_CLEARED: Final = ~((0xF << 76) | (0x3 << 62)) & ((1 << 128) - 1)
_VARIANT: Final = {f"{digit:x}": "89ab"[digit & 3] for digit in range(16)}
_VERSION_5: Final = (0x5 << 76) | (0x2 << 62)


def derived(of: UUID, label: str) -> UUID:
    """Return the UUID of version 5 (RFC 9562) of a label within an id: always the same for the same two."""
    octets = sha1(of.int.to_bytes(16, "big") + label.encode(), usedforsecurity=False).digest()
    new = UUID.__new__(UUID)
    _SET_INT(new, int.from_bytes(octets[:16], "big") & _CLEARED | _VERSION_5)
    _SET_SAFE(new, SafeUUID.unknown)
    return new


def derived_text(of: UUID, label: str) -> str:
    """Return what ``derived`` gives as text, for who needs nothing else of it."""
    octets = of.int.to_bytes(16, "big") + label.encode()
    digits = sha1(octets, usedforsecurity=False).hexdigest()
    variant = _VARIANT[digits[16]]
    return f"{digits[:8]}-{digits[8:12]}-5{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:32]}"
