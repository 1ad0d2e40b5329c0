"""Ids that derive from other ids: ``uuid.uuid5`` without its detours, since a message needs five of them."""

from hashlib import sha1
from typing import Final
from uuid import UUID, SafeUUID

_SET_INT: Final = UUID.__dict__["int"].__set__
_SET_SAFE: Final = UUID.__dict__["is_safe"].__set__
_CLEARED: Final = ~((0xF << 76) | (0x3 << 62)) & ((1 << 128) - 1)
_VERSION_5: Final = (0x5 << 76) | (0x2 << 62)


def derived(of: UUID, label: str) -> UUID:
    """Return the UUID of version 5 (RFC 9562) of a label within an id: always the same for the same two."""
    octets = sha1(of.int.to_bytes(16, "big") + label.encode(), usedforsecurity=False).digest()
    new = UUID.__new__(UUID)
    _SET_INT(new, int.from_bytes(octets[:16], "big") & _CLEARED | _VERSION_5)
    _SET_SAFE(new, SafeUUID.unknown)
    return new
