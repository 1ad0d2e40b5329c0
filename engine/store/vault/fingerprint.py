"""Keyed hashes: the store recognises a message, command, conversation or contact without keeping it.

HMAC-SHA256 under a key of its own that is kept for good (rotating a master key does not touch
it). Each kind has a domain of its own, so that equal octets of two kinds have different hashes.
"""

import hmac
from typing import Final
from uuid import UUID

_LENGTH_OCTETS: Final = 8


class Fingerprint:
    """Hashes under one secret key; give octets as they are, normalised by the caller."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def __repr__(self) -> str:
        return "Fingerprint()"

    def of(self, kind: str, octets: bytes) -> bytes:
        """Return 32 octets for ``octets`` of a named kind: message, content, command, conversation, contact."""
        framed = b"".join((kind.encode(), b"\0", len(octets).to_bytes(_LENGTH_OCTETS, "big"), octets))
        return hmac.digest(self._key, framed, "sha256")


def opaque_id(fingerprint: bytes) -> UUID:
    """Return a keyed hash as an id: always the same one, and nobody without the key can tell from what.

    A UUID of version 8, "custom" (RFC 9562, section 5.8).
    """
    octets = bytearray(fingerprint[:16])
    octets[6] = octets[6] & 0x0F | 0x80
    octets[8] = octets[8] & 0x3F | 0x80
    return UUID(bytes=bytes(octets))
