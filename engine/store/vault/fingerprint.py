"""Keyed hashes: the store recognises a message, command, conversation or contact without keeping it.

HMAC-SHA256 under a key of its own that is kept for good (rotating a master key does not touch
it). Each kind has a domain of its own, so that equal octets of two kinds have different hashes.
"""

from hashlib import sha256
from typing import Final
from uuid import UUID

_LENGTH_OCTETS: Final = 8
_BLOCK_OCTETS: Final = 64
_INNER: Final = bytes(octet ^ 0x36 for octet in range(256))
_OUTER: Final = bytes(octet ^ 0x5C for octet in range(256))
"""Tables of the two pads of HMAC (RFC 2104); its key is hashed in once, not for every message."""


class Fingerprint:
    """Hashes under one secret key; give octets as they are, normalised by the caller."""

    def __init__(self, key: bytes) -> None:
        block = (sha256(key).digest() if len(key) > _BLOCK_OCTETS else key).ljust(_BLOCK_OCTETS, b"\0")
        self._inner = sha256(block.translate(_INNER)).copy
        self._outer = sha256(block.translate(_OUTER)).copy

    def __repr__(self) -> str:
        return "Fingerprint()"

    def of(self, kind: str, octets: bytes) -> bytes:
        """Return 32 octets for ``octets`` of a named kind: message, content, command, conversation, contact."""
        framed = b"".join((kind.encode(), b"\0", len(octets).to_bytes(_LENGTH_OCTETS, "big"), octets))
        inner, outer = self._inner(), self._outer()
        inner.update(framed)
        outer.update(inner.digest())
        return outer.digest()


def opaque_id(fingerprint: bytes) -> UUID:
    """Return a keyed hash as an id: always the same one, and nobody without the key can tell from what.

    A UUID of version 8, "custom" (RFC 9562, section 5.8).
    """
    octets = bytearray(fingerprint[:16])
    octets[6] = octets[6] & 0x0F | 0x80
    octets[8] = octets[8] & 0x3F | 0x80
    return UUID(bytes=bytes(octets))
